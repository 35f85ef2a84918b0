//! Benchmarks: MicroProlly beside its peers, on the same data, on this machine, in the same run.
//!
//! ```text
//! cargo bench -p microprolly-tests -- [names] [--rows N] [--rounds N] [--flights FILE.csv.gz]
//! ```
//!
//! Without names everything in [`plan`] runs and `tests/bench/RESULTS.md` is rewritten; with names (`import`, `get`, `scan`,
//! `branch`, `diff`) only those run, and the tables go to stdout.
//!
//! The process that the user starts only directs: each measurement, one [`task`] on one [`system`], runs in a child process of its
//! own, so that its peak memory is its own and no system warms another's caches. Rounds go through all systems in turn, so that a noisy
//! minute hits all alike; the medians of the rounds are reported.
//!
//! In reading order: [`plan`] says what is measured, [`dataset`] and [`generate`] on which rows, [`system`] what a
//! system must be able to do ([`subject`] is MicroProlly, [`peers`] the others), [`task`] how it is timed, [`report`] what is written.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads clocks, starts processes and looks at files: that is its work"
)]

mod arguments;
mod child;
mod dataset;
mod generate;
mod machine;
mod measure;
mod peers;
mod plan;
mod report;
mod subject;
mod system;
mod task;

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use child::Order;
use plan::Benchmark;
use report::Report;
use system::SystemName;
use task::Task;

/// Whatever stops a measurement, as text for the person who started it.
type AnyError = Box<dyn Error + Send + Sync>;
type Result<T> = std::result::Result<T, AnyError>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.order {
        Some(order) => child::obey(order).map(|()| true),
        None => direct(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what the arguments ask for and writes the report. False if a measurement failed; the report then says which.
fn direct(arguments: &Arguments) -> Result<bool> {
    let scratch = arguments.scratch()?;
    let benchmarks = plan::selected(arguments, scratch.path())?;
    let mut report = Report::new(arguments, scratch.path())?;
    let mut loaded = HashSet::new();
    for benchmark in &benchmarks {
        eprintln!("{}", benchmark.title());
        for round in 0..arguments.rounds {
            for system in arguments.systems_of(benchmark) {
                let figures = measure_one(arguments, benchmark, system, scratch.path(), &mut loaded);
                if let Err(error) = &figures {
                    eprintln!("  {system}, round {}: {error}", round + 1);
                }
                report.add(benchmark, system, figures);
            }
        }
    }
    report.publish()?;
    Ok(!report.has_failures())
}

/// One round of one system, in a child process; before it, if this is the first that needs them, another that loads the rows.
fn measure_one(
    arguments: &Arguments,
    benchmark: &Benchmark,
    system: SystemName,
    scratch: &std::path::Path,
    loaded: &mut HashSet<(SystemName, String)>,
) -> Result<Vec<measure::Figure>> {
    let order = |task| Order {
        task,
        system,
        dataset: benchmark.dataset.clone(),
        scratch: scratch.to_owned(),
        gets: arguments.gets,
    };
    let store = (system, benchmark.dataset.name());
    if benchmark.task == Task::Load {
        // A load that fails half-way leaves nothing that another task may use.
        loaded.remove(&store);
        let figures = order(Task::Load).send()?;
        loaded.insert(store);
        return Ok(figures);
    }
    if !loaded.contains(&store) {
        order(Task::Load).send()?;
        loaded.insert(store);
    }
    order(benchmark.task).send()
}
