//! Benchmarks: MicroProlly beside its peers, on the same data, on this machine, in the same run.
//!
//! ```text
//! cargo bench --bench bench -- [names] [--rows N] [--rounds N] [--flights FILE.csv.gz]
//! ```
//!
//! from the root of the workspace. Without names everything in [`plan`] runs and `tests/bench/RESULTS.md` is rewritten; with names only
//! those run, and the tables go to stdout. With SQL: `import`, `get`, `scan`, `branch`, `diff`; with keys and values: `bulk`, `point`,
//! `durable`, `commit`, `versions`, `recovery`, `chunking`.
//!
//! The process that the user starts only directs: each measurement, one [`work`] on one [`system`], runs in a child process of its
//! own, so that its peak memory is its own and no system warms another's caches. Rounds go through all systems in turn, so that a noisy
//! minute hits all alike; the medians of the rounds are reported.
//!
//! In reading order: [`plan`] says what is measured, [`dataset`] and [`generate`] on which rows, [`system`] what a
//! system must be able to do ([`subject`] is MicroProlly, [`peers`] the others), [`task`] how it is timed, [`report`] what is written.
//! [`key_value`] has the same for stores of keys and values.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads clocks, starts processes and looks at files: that is its work"
)]

mod arguments;
mod child;
mod dataset;
mod generate;
mod key_value;
mod machine;
mod measure;
mod peers;
mod plan;
mod report;
mod subject;
mod system;
mod task;
mod work;

use std::collections::HashSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use child::Order;
use plan::Benchmark;
use report::Report;
use system::SystemName;
use work::Work;

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
    let mut made = HashSet::new();
    for benchmark in &benchmarks {
        eprintln!("{}", benchmark.title());
        for round in 0..arguments.rounds {
            for system in arguments.systems_of(benchmark) {
                let figures = measure_one(arguments, benchmark, system, scratch.path(), &mut made);
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

/// One round of one system, in a child process; before it, if this is the first that needs the store, another that makes that.
fn measure_one(
    arguments: &Arguments,
    benchmark: &Benchmark,
    system: SystemName,
    scratch: &Path,
    made: &mut HashSet<PathBuf>,
) -> Result<Vec<measure::Figure>> {
    let order = |work: Work| Order {
        work,
        system,
        dataset: benchmark.dataset.clone(),
        scratch: scratch.to_owned(),
        gets: arguments.gets,
    };
    let work = benchmark.work;
    let store = order(work).directory();
    match work.preparation() {
        Some(preparation) if preparation == work => {
            // One that fails half-way leaves nothing that another may use.
            made.remove(&store);
            let figures = order(work).send()?;
            made.insert(store);
            return Ok(figures);
        }
        Some(preparation) if !made.contains(&store) => {
            order(preparation).send()?;
            made.insert(store);
        }
        _ => {}
    }
    order(work).send()
}
