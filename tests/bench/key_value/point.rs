//! Reading values by key.

use super::rows::Rows;
use super::store::KeyValueStore;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Repeats, Unit};
use crate::task::expect_rows;

pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let keys = Rows::of(order)?.sample(order.gets);
    let store = S::open(&order.directory())?;
    let alone = seconds_each(&keys, |keys| store.get(keys))?;
    let together = seconds_each(&keys, |keys| store.get_from_snapshot(keys))?;
    let memory_bytes = measure::peak_rss_bytes(None)?;
    store.close()?;
    Ok(vec![
        Figure::new("each by itself", Unit::ReadsPerSecond, 1.0 / alone),
        Figure::new("all from one snapshot", Unit::ReadsPerSecond, 1.0 / together),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ])
}

/// What one read takes when what it needs is in memory, if there is room: the median of several rounds after a first.
pub(super) fn seconds_each(keys: &[Vec<u8>], read: impl Fn(&[Vec<u8>]) -> Result<u64>) -> Result<f64> {
    let count = keys.len() as u64;
    expect_rows("reads by key", read(keys)?, count)?;
    let mut times = Vec::new();
    for _ in Repeats::new() {
        let (found, time) = measure::clocked(|| read(keys))?;
        expect_rows("reads by key", found, count)?;
        times.push(time.as_secs_f64() / count as f64);
    }
    Ok(measure::median(&times).unwrap_or(f64::NAN))
}
