//! Recording versions of few and of many changed rows.

use super::rows::Rows;
use super::store::KeyValueStore;
use super::temporary::Temporary;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Repeats, Unit};
use crate::report::grouped;

/// Rows that are changed in a version.
const CHANGED_ROWS: [u64; 3] = [1, 100, 10_000];

pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let directory = Temporary::copy(order)?;
    let rows = Rows::of(order)?;
    let mut store = S::open(directory.path())?;
    let mut figures = Vec::new();
    for changed in CHANGED_ROWS {
        if changed <= rows.count() {
            figures.extend(commits(&mut store, &rows, changed)?);
        }
    }
    figures.push(Figure::new("peak memory", Unit::Bytes, measure::peak_rss_bytes(None)? as f64));
    store.close()?;
    Ok(figures)
}

/// What a version costs in which so many rows differ from the one before.
pub(super) fn commits<S: KeyValueStore>(store: &mut S, rows: &Rows, changed: u64) -> Result<Vec<Figure>> {
    /// More than there are repetitions, so that no row gets a value that it had.
    const VERSIONS_MAX: u64 = 1_000_000;
    store.settle()?;
    let appended_before = store.appended()?;
    let written_before = measure::written_bytes()?;
    let mut times = Vec::new();
    for number in Repeats::new() {
        let number = u64::from(number);
        let mut changes = Vec::new();
        for place in 0..changed {
            changes.push(rows.changed(number * changed + place, changed * VERSIONS_MAX + number)?);
        }
        let ((), time) = measure::clocked(|| store.commit(changes))?;
        times.push(measure::milliseconds(time));
    }
    store.settle()?;
    let written_bytes = measure::written_bytes()? - written_before;
    let appended = store.appended()?;

    let each = |total: u64| total as f64 / times.len() as f64;
    let name = if changed == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(changed)) };
    let mut figures =
        vec![Figure::new(&name, Unit::Milliseconds, measure::median(&times).unwrap_or(f64::NAN))];
    if let (Some(before), Some(after)) = (appended_before, appended) {
        let chunks = after.chunks - before.chunks;
        // A collection of garbage in the background may have made it shorter.
        let bytes = after.bytes.saturating_sub(before.bytes);
        figures.push(Figure::new(&format!("{name}: chunks written"), Unit::Chunks, each(chunks)));
        figures.push(Figure::new(&format!("{name}: appended"), Unit::FewBytes, each(bytes)));
    }
    figures.push(Figure::new(&format!("{name}: written"), Unit::FewBytes, each(written_bytes)));
    Ok(figures)
}
