//! Reading values by key on a branch that was made from a branch that was made from a branch…

use microprolly_engine::CommitOptions;

use super::engine::Engine;
use super::rows::Rows;
use super::store::KeyValueStore;
use super::temporary::Temporary;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Repeats, Unit};
use crate::task::expect_rows;

/// Branches, each made from the one before, the first from main.
const BRANCHES: u64 = 1_000;

pub(super) fn measure(order: &Order) -> Result<Vec<Figure>> {
    let directory = Temporary::copy(order)?;
    let rows = Rows::of(order)?;
    let keys = rows.sample(order.gets);
    let main = Engine::open(directory.path())?;
    let mut deep = Engine { session: main.session.clone() };
    let ((), time) = measure::clocked(|| make_branches(&mut deep, &rows))?;

    let mut seconds = [Vec::new(), Vec::new()];
    read(&main, &keys)?;
    read(&deep, &keys)?;
    // In turn, so that a noisy moment hits both.
    for _ in Repeats::new() {
        for (store, seconds) in [&main, &deep].into_iter().zip(&mut seconds) {
            seconds.push(read(store, &keys)?);
        }
    }
    let [on_main, on_deep] = seconds.map(|seconds| measure::median(&seconds).unwrap_or(f64::NAN));
    Ok(vec![
        Figure::new("on main", Unit::Nanoseconds, on_main * 1e9),
        Figure::new("1,000 branches deep", Unit::Nanoseconds, on_deep * 1e9),
        Figure::new("the second to the first", Unit::Times, on_deep / on_main),
        Figure::new(
            "to make, change and commit a branch",
            Unit::Milliseconds,
            measure::milliseconds(time) / BRANCHES as f64,
        ),
        Figure::new("peak memory", Unit::Bytes, measure::peak_rss_bytes(None)? as f64),
    ])
}

fn make_branches(deep: &mut Engine, rows: &Rows) -> Result<()> {
    let session = &mut deep.session;
    for number in 1..=BRANCHES {
        let name = format!("branch-{number}");
        let from = session.branch().to_string();
        session.create_branch(&name, &from)?;
        session.switch_branch(&name)?;
        let (key, value) = rows.changed(number, number)?;
        session.put(key, value)?;
        session.commit(CommitOptions::message(name))?;
    }
    Ok(())
}

/// Reads all keys. Returns the seconds that one took.
fn read(store: &Engine, keys: &[Vec<u8>]) -> Result<f64> {
    let (found, time) = measure::clocked(|| store.get(keys))?;
    expect_rows("reads by key", found, keys.len() as u64)?;
    Ok(time.as_secs_f64() / keys.len() as f64)
}
