//! Transactions of one key, each durable before the next of the same writer.

use std::thread;
use std::time::{Duration, Instant};

use super::rows::Rows;
use super::store::{KeyValueStore, Writer};
use super::temporary::Temporary;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};

/// How many write at once.
const WRITERS: [u64; 2] = [1, 8];
/// How long they do.
const TIME: Duration = Duration::from_secs(3);

pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let directory = Temporary::copy(order)?;
    let rows = Rows::of(order)?;
    let store = S::open(directory.path())?;
    let mut figures = Vec::new();
    for writers in WRITERS {
        store.settle()?;
        let written_before = measure::written_bytes()?;
        let (done, time) = measure::clocked(|| write(&store, writers, &rows))?;
        store.settle()?;
        let written_bytes = measure::written_bytes()? - written_before;
        let name = if writers == 1 { "1 writer".to_owned() } else { format!("{writers} writers") };
        figures.extend([
            Figure::new(&name, Unit::TransactionsPerSecond, done as f64 / time.as_secs_f64()),
            Figure::new(
                &format!("{name}: written for each"),
                Unit::FewBytes,
                written_bytes as f64 / done as f64,
            ),
        ]);
    }
    figures.push(Figure::new("peak memory", Unit::Bytes, measure::peak_rss_bytes(None)? as f64));
    store.close()?;
    Ok(figures)
}

/// Has `count` threads write until the time is up. Returns the transactions that they did.
fn write<S: KeyValueStore>(store: &S, count: u64, rows: &Rows) -> Result<u64> {
    let mut writers = Vec::new();
    for _ in 0..count {
        writers.push(store.writer()?);
    }
    let end = Instant::now() + TIME;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (writer, number) in writers.into_iter().zip(0..) {
            threads.push(scope.spawn(move || write_until(end, writer, number, count, rows)));
        }
        let mut done = 0;
        for thread in threads {
            done += thread.join().map_err(|_| "a writer panicked")??;
        }
        Ok(done)
    })
}

/// Writes the rows that fall to one of `count` writers: no two want the same row, so that no transaction is in vain.
fn write_until(end: Instant, mut writer: impl Writer, number: u64, count: u64, rows: &Rows) -> Result<u64> {
    let share = (rows.count() / count).max(1);
    let mut done = 0;
    while Instant::now() < end {
        // A value that the row never had, also not from other numbers of writers.
        let version = done * 10 + count;
        let (key, value) = rows.changed(number * share + done % share, version)?;
        writer.put(key, value)?;
        done += 1;
    }
    Ok(done)
}
