//! How large a tree's nodes should be.

use microprolly_engine::DatabaseOptions;
use microprolly_storage::{ChunkingParameters, StoreOptions};

use super::engine::Engine;
use super::entries::Entries;
use super::rows::Rows;
use super::store::KeyValueStore;
use super::temporary::Temporary;
use super::{commit, point, versions};
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Repeats, Unit};
use crate::task::expect_rows;

/// One row of so many is changed in a version.
const ROWS_FOR_A_CHANGE: u64 = 1_000;

/// Measures with nodes of this many bytes on average.
pub(super) fn measure(order: &Order, chunk_bytes: u32) -> Result<Vec<Figure>> {
    let directory = Temporary::empty(order)?;
    let disk_bytes = || measure::allocated_bytes(directory.path());
    let rows = Rows::of(order)?;
    let chunking = ChunkingParameters::with_target(chunk_bytes);
    let options = DatabaseOptions {
        store: StoreOptions { chunking, ..StoreOptions::default() },
        ..DatabaseOptions::default()
    };
    let mut store = Engine::create_with(directory.path(), &options)?;
    let entries = Entries::open(order)?;
    let ((), load) = measure::clocked(|| store.load(entries))?;
    let loaded_bytes = disk_bytes()?;

    let get = point::seconds_each(&rows.sample(order.gets), |keys| store.get(keys))?;
    let mut scans = Vec::new();
    for _ in Repeats::new() {
        let (found, time) = measure::clocked(|| store.scan())?;
        expect_rows("the scan", found, rows.count())?;
        scans.push(measure::milliseconds(time));
    }
    let updates = commit::commits(&mut store, &rows, 1)?;
    versions::record(&mut store, &rows, (rows.count() / ROWS_FOR_A_CHANGE).max(1))?;
    let versions_bytes = disk_bytes()?;
    store.collect_garbage()?;

    let speed = order.dataset.rows() as f64 / load.as_secs_f64();
    let mut figures = vec![
        Figure::new("load", Unit::RowsPerSecond, speed),
        Figure::new("read by key", Unit::Nanoseconds, get * 1e9),
        Figure::new("scan", Unit::Milliseconds, measure::median(&scans).unwrap_or(f64::NAN)),
    ];
    figures.extend(updates);
    figures.extend([
        Figure::new("on disk, loaded", Unit::Bytes, loaded_bytes as f64),
        Figure::new("on disk with 100 versions", Unit::Bytes, versions_bytes as f64),
        Figure::new("on disk with 100 versions, collected", Unit::Bytes, disk_bytes()? as f64),
        Figure::new("peak memory", Unit::Bytes, measure::peak_rss_bytes(None)? as f64),
    ]);
    store.close()?;
    Ok(figures)
}
