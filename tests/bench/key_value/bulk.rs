//! Loading many entries.

use std::time::Duration;

use super::entries::{self, Entries};
use super::rows::Rows;
use super::store::KeyValueStore;
use super::temporary::make_empty;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};
use crate::task::expect_rows;

/// Keys that are looked for after loading.
const CHECKED_KEYS: u64 = 1_000;

/// Makes the store anew.
pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let directory = order.directory();
    make_empty(&directory)?;
    let written_before = measure::written_bytes()?;
    let mut store = S::create(&directory)?;
    let entries = Entries::open(order)?;
    let ((), time) = measure::clocked(|| store.load(entries))?;
    let memory_bytes = measure::peak_rss_bytes(None)?;
    let keys = Rows::of(order)?.sample(CHECKED_KEYS);
    expect_rows("after loading, reads by key", store.get(&keys)?, CHECKED_KEYS)?;
    store.close()?;
    let written_bytes = measure::written_bytes()? - written_before;

    let mut figures = speed(order, time)?;
    let amplification = written_bytes as f64 / entries::bytes(order)? as f64;
    figures.extend([
        Figure::new("on disk", Unit::Bytes, measure::allocated_bytes(&directory)? as f64),
        Figure::new("written", Unit::Bytes, written_bytes as f64),
        Figure::new("written for each byte", Unit::Times, amplification),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ]);
    Ok(figures)
}

/// How fast all rows were loaded.
pub(super) fn speed(order: &Order, time: Duration) -> Result<Vec<Figure>> {
    let seconds = time.as_secs_f64();
    let bytes = entries::bytes(order)?;
    Ok(vec![
        Figure::new("rows", Unit::RowsPerSecond, order.dataset.rows() as f64 / seconds),
        Figure::new("keys and values", Unit::BytesPerSecond, bytes as f64 / seconds),
    ])
}
