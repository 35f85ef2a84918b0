//! Opening a store whose process was killed: all of its last segment has to be read.

use std::mem;

use microprolly_engine::{DatabaseOptions, KeyRange};
use microprolly_storage::StoreOptions;

use super::engine::Engine;
use super::rows::Rows;
use super::temporary::make_empty;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};
use crate::task::expect_rows;

/// The segment's length is this…
const SEGMENT_BYTES: u64 = 256 << 20;
/// …or so many bytes for each row of the data set, so that a trial run with few rows is short.
const SEGMENT_BYTES_PER_ROW: u64 = 300;
/// The keys that are written again and again: so few that the engine never puts what is pending into the tree, which would leave less
/// of it to recover.
const KEYS: u64 = 10_000;
/// Keys that one transaction sets.
const TRANSACTION_KEYS: u64 = 100;

/// Segments are sealed long after the length that is measured.
fn options() -> DatabaseOptions {
    let store = StoreOptions { segment_bytes_max: 2 * SEGMENT_BYTES, ..StoreOptions::default() };
    DatabaseOptions { store, ..DatabaseOptions::default() }
}

/// Fills a segment with small transactions, and leaves the store as a kill would.
pub(super) fn prepare(order: &Order) -> Result<Vec<Figure>> {
    let directory = order.directory();
    make_empty(&directory)?;
    let rows = Rows::of(order)?;
    let segment_bytes = SEGMENT_BYTES.min(rows.count() * SEGMENT_BYTES_PER_ROW);
    let store = Engine::create_with(&directory, &options())?;
    let mut done = 0;
    while done < KEYS || store.session.store_statistics()?.bytes < segment_bytes {
        let mut transaction = store.session.begin_transaction()?;
        for number in done..done + TRANSACTION_KEYS {
            let (key, value) = rows.changed(number % KEYS, number)?;
            transaction.put(key, value)?;
        }
        transaction.commit()?;
        done += TRANSACTION_KEYS;
    }
    // Nothing of it is closed, written out or told that the end has come.
    mem::forget(store);
    Ok(Vec::new())
}

pub(super) fn measure(order: &Order) -> Result<Vec<Figure>> {
    let directory = order.directory();
    let (store, time) = measure::clocked(|| Engine::open_with(&directory, &options()))?;
    let memory_bytes = measure::peak_rss_bytes(None)?;
    let keys = KEYS.min(Rows::of(order)?.count());
    expect_rows("after recovery, a scan", store.session.working()?.count(&KeyRange::all())?, keys)?;
    let segments = store.session.store_statistics()?.segments;
    let unsealed = segments.iter().filter(|segment| !segment.sealed);
    let unsealed_bytes: u64 = unsealed.map(|segment| segment.bytes).sum();
    Ok(vec![
        Figure::new("unsealed segment", Unit::Bytes, unsealed_bytes as f64),
        Figure::time("open", time),
        Figure::new(
            "recovered of the segment",
            Unit::BytesPerSecond,
            unsealed_bytes as f64 / time.as_secs_f64(),
        ),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ])
}
