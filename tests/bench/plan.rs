//! What is measured: the rows of the report.

use std::collections::HashSet;
use std::path::Path;

use clap::ValueEnum;

use crate::Result;
use crate::arguments::Arguments;
use crate::dataset::{Dataset, RowOrder};
use crate::system::SystemName::{self, MicroProlly, Parquet, Postgres, Sqlite};
use crate::task::Task;

/// The rows of the smaller store in which branches are made: their cost must not follow the rows.
const FEW_ROWS: u64 = 1_000;

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
}

/// One table of the report.
pub(crate) struct Benchmark {
    pub(crate) group: Group,
    pub(crate) task: Task,
    pub(crate) dataset: Dataset,
    /// MicroProlly first.
    pub(crate) systems: Vec<SystemName>,
}

impl Benchmark {
    /// The heading of its table.
    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.task.title(), self.dataset.title())
    }
}

/// The benchmarks that the arguments name, with their data written to `scratch`.
pub(crate) fn selected(arguments: &Arguments, scratch: &Path) -> Result<Vec<Benchmark>> {
    let sorted = Dataset::users(arguments.rows, RowOrder::Sorted, arguments.seed);
    let shuffled = Dataset::users(arguments.rows, RowOrder::Shuffled, arguments.seed);
    let few = Dataset::users(FEW_ROWS, RowOrder::Sorted, arguments.seed);
    let flights = Dataset::flights(&arguments.flights, scratch)?;

    let benchmark = |group, task, dataset: &Dataset, systems: &[SystemName]| Benchmark {
        group,
        task,
        dataset: dataset.clone(),
        systems: systems.to_vec(),
    };
    let loaders = [MicroProlly, Postgres, Sqlite, Parquet];
    let copiers = [MicroProlly, Postgres, Sqlite];
    let mut benchmarks = vec![
        benchmark(Group::Import, Task::Load, &sorted, &loaders),
        benchmark(Group::Import, Task::Load, &shuffled, &copiers),
        benchmark(Group::Import, Task::Load, &flights, &loaders),
        benchmark(Group::Get, Task::Get, &sorted, &[MicroProlly, Sqlite]),
        benchmark(Group::Scan, Task::Scan, &sorted, &loaders),
        benchmark(Group::Scan, Task::Scan, &flights, &loaders),
        benchmark(Group::Branch, Task::Branch, &few, &copiers),
        benchmark(Group::Branch, Task::Branch, &sorted, &copiers),
        benchmark(Group::Diff, Task::Diff, &sorted, &[MicroProlly, Sqlite]),
    ];
    benchmarks.retain(|benchmark| arguments.names.is_empty() || arguments.names.contains(&benchmark.group));
    let mut written = HashSet::new();
    for Benchmark { dataset, .. } in &benchmarks {
        if written.insert(dataset.name()) {
            dataset.write_csv(scratch)?;
        }
    }
    Ok(benchmarks)
}
