//! How each thing is done and timed: the same for every system.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Repeats, Unit, timed};
use crate::system::Store;

/// Rows that differ between two branches.
const CHANGED_ROWS: u64 = 100;
/// The branch on which they were changed.
const CHANGED_BRANCH: &str = "changed";

/// What a child process measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Makes the store anew.
    Load,
    Get,
    Scan,
    Branch,
    Diff,
}

impl Task {
    /// The first words of its table's heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Task::Load => "Import",
            Task::Get => "Read by key",
            Task::Scan => "Scan and group",
            Task::Branch => "Branch",
            Task::Diff => "Diff of 100 changes",
        }
    }

    /// What the figures of this task mean.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Task::Load => {
                "CSV into a new store with a primary key, durable at the end (MicroProlly: COPY, then COMMIT MESSAGE; SQLite: one \
                 transaction of a prepared INSERT). Bytes on disk after everything is written back (PostgreSQL: the table with its index, \
                 without its log)."
            }
            Task::Get => {
                "All columns of one row by primary key, prepared, one after the other, in random order, in process; warm: after a first round of the same reads."
            }
            Task::Scan => {
                "All rows grouped, with a count and an average. Cold: the first query of a new process, with the files in the operating \
                 system's cache; warm: the median of those that follow."
            }
            Task::Branch => {
                "MicroProlly: CREATE BRANCH and USE BRANCH. The peers have none: they copy the database (PostgreSQL: CREATE DATABASE … \
                 TEMPLATE; SQLite: its file, synced) and connect to the copy."
            }
            Task::Diff => {
                "100 rows spread over the table were changed on a branch. MicroProlly: DIFF of the two branches, all columns. SQLite: EXCEPT of \
                 two files, both ways. Cold: the first after the store was closed and opened again, with the files in the operating system's \
                 cache; warm: the median of those that follow."
            }
        }
    }

    /// Measures one round of this task on a store of type `S`.
    pub(crate) async fn measure<S: Store>(self, order: &Order) -> Result<Vec<Figure>> {
        let directory = order.directory();
        if self == Task::Load {
            return load::<S>(order, &directory).await;
        }
        let mut store = S::open(&directory).await?;
        let mut figures = match self {
            Task::Load => Vec::new(),
            Task::Get => get(&mut store, order).await?,
            Task::Scan => scan(&mut store, order).await?,
            Task::Branch => branch(&mut store).await?,
            Task::Diff => {
                change(&mut store, order).await?;
                // What changing them had to read and decode must not lie in memory already.
                store.close(&order.dataset).await?;
                store = S::open(&directory).await?;
                diff(&mut store, order).await?
            }
        };
        if matches!(self, Task::Get | Task::Scan) {
            figures.push(Figure::new("peak memory", Unit::Bytes, store.peak_memory().await? as f64));
        }
        store.close(&order.dataset).await?;
        Ok(figures)
    }
}

async fn load<S: Store>(order: &Order, directory: &Path) -> Result<Vec<Figure>> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let mut store = S::create(directory).await?;
    let csv = order.dataset.csv(&order.scratch);
    let ((), time) = timed(store.load(&order.dataset, &csv)).await?;
    let memory_bytes = store.peak_memory().await?;
    store.after_load(&order.dataset).await?;
    expect_rows("after loading, the groups", store.group_by(&order.dataset).await?, order.dataset.rows())?;
    let disk_bytes = store.close(&order.dataset).await?;
    Ok(vec![
        Figure::new("speed", Unit::RowsPerSecond, order.dataset.rows() as f64 / time.as_secs_f64()),
        Figure::new("on disk", Unit::Bytes, disk_bytes as f64),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ])
}

async fn get(store: &mut impl Store, order: &Order) -> Result<Vec<Figure>> {
    let ids = order.dataset.sample_ids(order.gets)?;
    expect_rows("reads by key", store.get(&ids).await?, order.gets)?;
    let (found, time) = timed(store.get(&ids)).await?;
    expect_rows("reads by key", found, order.gets)?;
    Ok(vec![Figure::new("speed, warm", Unit::ReadsPerSecond, order.gets as f64 / time.as_secs_f64())])
}

async fn scan(store: &mut impl Store, order: &Order) -> Result<Vec<Figure>> {
    let (cold, warm) = first_and_rest(async || {
        let (rows, time) = timed(store.group_by(&order.dataset)).await?;
        expect_rows("the groups", rows, order.dataset.rows())?;
        Ok(time)
    })
    .await?;
    Ok(vec![Figure::time("cold", cold), Figure::new("warm", Unit::Milliseconds, warm)])
}

async fn branch(store: &mut impl Store) -> Result<Vec<Figure>> {
    let mut times = Vec::new();
    for number in Repeats::new() {
        let name = format!("branch_{number}");
        let ((), time) = timed(store.branch(&name)).await?;
        times.push(measure::milliseconds(time));
        store.drop_branch(&name).await?;
    }
    Ok(vec![Figure::new(
        "create and switch",
        Unit::Milliseconds,
        measure::median(&times).unwrap_or(f64::NAN),
    )])
}

/// Changes some rows on a branch.
async fn change(store: &mut impl Store, order: &Order) -> Result<()> {
    let ids = order.dataset.sample_ids(CHANGED_ROWS.min(order.dataset.rows()))?;
    store.branch(CHANGED_BRANCH).await?;
    store.change(CHANGED_BRANCH, &ids).await
}

async fn diff(store: &mut impl Store, order: &Order) -> Result<Vec<Figure>> {
    let expected = CHANGED_ROWS.min(order.dataset.rows());
    store.before_diff(CHANGED_BRANCH).await?;

    // Asking for the counter may itself read chunks: the cost of asking is taken off.
    let before_asking = store.chunks_read().await?;
    let before = store.chunks_read().await?;
    let mut after = None;
    let (cold, warm) = first_and_rest(async || {
        let (rows, time) = timed(store.diff(CHANGED_BRANCH)).await?;
        expect_rows("the difference", rows, expected)?;
        if after.is_none() {
            after = store.chunks_read().await?;
        }
        Ok(time)
    })
    .await?;
    store.drop_branch(CHANGED_BRANCH).await?;

    let mut figures = vec![Figure::time("cold", cold), Figure::new("warm", Unit::Milliseconds, warm)];
    if let (Some(before_asking), Some(before), Some(after)) = (before_asking, before, after) {
        let asking = before.saturating_sub(before_asking);
        let read = after.saturating_sub(before).saturating_sub(asking);
        figures.push(Figure::new("chunks read", Unit::Chunks, read as f64));
    }
    Ok(figures)
}

/// The time of the first run, and the median in milliseconds of those after it.
async fn first_and_rest(mut run: impl AsyncFnMut() -> Result<Duration>) -> Result<(Duration, f64)> {
    let cold = run().await?;
    let mut times = Vec::new();
    for _ in Repeats::new() {
        times.push(measure::milliseconds(run().await?));
    }
    Ok((cold, measure::median(&times).unwrap_or(f64::NAN)))
}

/// A fast wrong answer is no result.
pub(crate) fn expect_rows(what: &str, found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} gave {found} rows, expected {expected}").into())
}
