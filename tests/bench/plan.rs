//! What is measured: the rows of the report.

use std::collections::HashSet;
use std::path::Path;

use clap::ValueEnum;

use crate::Result;
use crate::arguments::Arguments;
use crate::dataset::{Dataset, RowOrder};
use crate::key_value::KeyValueTask;
use crate::system::SystemName::{
    self, Chunks4, Chunks8, Chunks16, Chunks32, Limit, MicroProlly, Parquet, Postgres, Redb, Sqlite,
};
use crate::task::Task;
use crate::work::Work;

/// The rows of the smaller store in which branches are made: their cost must not follow the rows.
const FEW_ROWS: u64 = 1_000;

/// A hundred versions are made of a data set with one row for so many of the others.
const ROWS_PER_VERSIONED_ROW: u64 = 10;

/// A name on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Load from CSV, durable: rows per second, bytes on disk, peak memory.
    Import,
    /// Read rows by key.
    Get,
    /// Scan everything and group it.
    Scan,
    /// Make a branch and switch to it.
    Branch,
    /// List the differences of two branches.
    Diff,
    /// Keys and values: load many.
    Bulk,
    /// Keys and values: read by key, also on a branch far from main.
    Point,
    /// Keys and values: durable transactions of one key, by one and by eight writers.
    Durable,
    /// Keys and values: commit 1, 100 and 10,000 changed rows.
    Commit,
    /// Keys and values: a hundred versions, and what they take on disk.
    Versions,
    /// Keys and values: open a store that was closed, and one whose process was killed.
    Recovery,
    /// Keys and values: trees with nodes of 4, 8, 16 and 32 KiB.
    Chunking,
}

/// One table of the report.
pub(crate) struct Benchmark {
    pub(crate) group: Group,
    pub(crate) work: Work,
    pub(crate) dataset: Dataset,
    /// First the one that the others are compared with: MicroProlly.
    pub(crate) systems: Vec<SystemName>,
}

impl Benchmark {
    /// The heading of its table.
    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.work.title(), self.dataset.title())
    }
}

/// The benchmarks that the arguments name, with their data written to `scratch`.
pub(crate) fn selected(arguments: &Arguments, scratch: &Path) -> Result<Vec<Benchmark>> {
    let sorted = Dataset::users(arguments.rows, RowOrder::Sorted, arguments.seed);
    let shuffled = Dataset::users(arguments.rows, RowOrder::Shuffled, arguments.seed);
    let few = Dataset::users(FEW_ROWS, RowOrder::Sorted, arguments.seed);
    let versioned_rows = (arguments.rows / ROWS_PER_VERSIONED_ROW).max(1);
    let versioned = Dataset::users(versioned_rows, RowOrder::Sorted, arguments.seed);
    let flights = Dataset::flights(&arguments.flights, scratch)?;

    let benchmark = |group, work, dataset: &Dataset, systems: &[SystemName]| Benchmark {
        group,
        work,
        dataset: dataset.clone(),
        systems: systems.to_vec(),
    };
    let with_sql = |group, task, dataset: &Dataset, systems: &[SystemName]| {
        benchmark(group, Work::Sql(task), dataset, systems)
    };
    let key_value = |group, task, dataset: &Dataset, systems: &[SystemName]| {
        benchmark(group, Work::KeyValue(task), dataset, systems)
    };
    let loaders = [MicroProlly, Postgres, Sqlite, Parquet];
    let copiers = [MicroProlly, Postgres, Sqlite];
    let stores = [MicroProlly, Redb, Sqlite];
    let stores_and_limit = [MicroProlly, Redb, Sqlite, Limit];
    let chunkings = [Chunks4, Chunks8, Chunks16, Chunks32];
    let mut benchmarks = vec![
        with_sql(Group::Import, Task::Load, &sorted, &loaders),
        with_sql(Group::Import, Task::Load, &shuffled, &copiers),
        with_sql(Group::Import, Task::Load, &flights, &loaders),
        with_sql(Group::Get, Task::Get, &sorted, &[MicroProlly, Sqlite]),
        with_sql(Group::Scan, Task::Scan, &sorted, &loaders),
        with_sql(Group::Scan, Task::Scan, &flights, &loaders),
        with_sql(Group::Branch, Task::Branch, &few, &copiers),
        with_sql(Group::Branch, Task::Branch, &sorted, &copiers),
        with_sql(Group::Diff, Task::Diff, &sorted, &[MicroProlly, Sqlite]),
        key_value(Group::Bulk, KeyValueTask::Bulk, &sorted, &stores_and_limit),
        key_value(Group::Bulk, KeyValueTask::Bulk, &shuffled, &stores_and_limit),
        key_value(Group::Point, KeyValueTask::Point, &sorted, &stores),
        key_value(Group::Point, KeyValueTask::BranchDepth, &sorted, &[MicroProlly]),
        key_value(Group::Durable, KeyValueTask::Durable, &sorted, &stores),
        key_value(Group::Commit, KeyValueTask::Commit, &sorted, &stores),
        key_value(Group::Versions, KeyValueTask::Versions, &versioned, &stores),
        key_value(Group::Recovery, KeyValueTask::Opening, &sorted, &stores),
        key_value(Group::Recovery, KeyValueTask::Recovery, &sorted, &[MicroProlly]),
        key_value(Group::Chunking, KeyValueTask::Chunking, &sorted, &chunkings),
        key_value(Group::Chunking, KeyValueTask::Chunking, &flights, &chunkings),
    ];
    benchmarks.retain(|benchmark| arguments.names.is_empty() || arguments.names.contains(&benchmark.group));
    let mut written = HashSet::new();
    for Benchmark { work, dataset, .. } in &benchmarks {
        if written.insert(work.input_name(dataset)) {
            work.write_input(dataset, scratch)?;
        }
    }
    Ok(benchmarks)
}
