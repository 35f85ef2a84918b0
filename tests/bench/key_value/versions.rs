//! What many versions take on disk.

use super::entries::{self, Entries};
use super::limit;
use super::rows::Rows;
use super::store::KeyValueStore;
use super::temporary::Temporary;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};
use crate::task::expect_rows;

/// Versions after the first.
pub(super) const VERSIONS: u64 = 100;
/// One row of so many is changed in each.
const ROWS_FOR_A_CHANGE: u64 = 100;

pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let directory = Temporary::empty(order)?;
    let rows = Rows::of(order)?;
    let mut store = S::create(directory.path())?;
    let first = (0..rows.count()).map(|number| rows.original(number));
    store.commit(first.map(|(key, value)| (stored_key::<S>(key, 0), value)).collect())?;
    let times = record(&mut store, &rows, (rows.count() / ROWS_FOR_A_CHANGE).max(1))?;
    store.settle()?;
    let disk_bytes = measure::allocated_bytes(directory.path())?;
    let ((), collection) = measure::clocked(|| store.collect_garbage())?;
    let memory_bytes = measure::peak_rss_bytes(None)?;

    let mut figures = vec![
        Figure::new("a version", Unit::Milliseconds, measure::median(&times).unwrap_or(f64::NAN)),
        Figure::new("on disk", Unit::Bytes, disk_bytes as f64),
        Figure::time("collection", collection),
        Figure::new("on disk, collected", Unit::Bytes, measure::allocated_bytes(directory.path())? as f64),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ];
    if S::KEEPS_VERSIONS {
        let packed_bytes = limit::pack(Entries::open(order)?)?;
        let copies_bytes = entries::bytes(order)? * (VERSIONS + 1);
        figures.push(Figure::new("for comparison: one copy, zstd level 1", Unit::Bytes, packed_bytes as f64));
        figures.push(Figure::new("for comparison: a copy of each version", Unit::Bytes, copies_bytes as f64));
    }
    store.close()?;
    Ok(figures)
}

/// Records versions in each of which `changed` other rows differ from the one before. Returns the milliseconds that each took.
pub(super) fn record<S: KeyValueStore>(store: &mut S, rows: &Rows, changed: u64) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    let mut keys = Vec::new();
    for version in 1..=VERSIONS {
        keys.clear();
        let mut changes = Vec::new();
        for number in 0..changed {
            let (key, value) = rows.changed(version * changed + number, version)?;
            let key = stored_key::<S>(key, version);
            keys.push(key.clone());
            changes.push((key, value));
        }
        let ((), time) = measure::clocked(|| store.commit(changes))?;
        times.push(measure::milliseconds(time));
    }
    expect_rows("the last version", store.get(&keys)?, changed)?;
    Ok(times)
}

/// The key under which a row's version is kept.
fn stored_key<S: KeyValueStore>(mut key: Vec<u8>, version: u64) -> Vec<u8> {
    if !S::KEEPS_VERSIONS {
        key.extend_from_slice(&version.to_be_bytes());
    }
    key
}
