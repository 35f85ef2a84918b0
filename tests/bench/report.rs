//! RESULTS.md: the medians, and beside each peer's how the first column compares, which is MicroProlly's.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arguments::Arguments;
use crate::generate::{self, User};
use crate::measure::{Figure, Unit, median};
use crate::plan::Benchmark;
use crate::system::SystemName;
use crate::{Result, machine};

/// Collects the rounds of all benchmarks.
pub(crate) struct Report {
    /// What the figures were measured on and how.
    introduction: String,
    tables: Vec<Table>,
    /// None is stdout.
    path: Option<PathBuf>,
}

/// One benchmark: its systems in the order of the columns.
struct Table {
    title: String,
    explanation: &'static str,
    /// The system that the others are compared with.
    baseline: Option<SystemName>,
    systems: Vec<(SystemName, Samples)>,
}

/// What the rounds of one system gave.
#[derive(Default)]
struct Samples {
    /// Name and unit of a figure, and its value in each round; in the order in which they were measured.
    figures: Vec<(String, Unit, Vec<f64>)>,
    /// Why a round failed.
    failure: Option<String>,
}

impl Report {
    pub(crate) fn new(arguments: &Arguments, scratch: &Path) -> Result<Report> {
        Ok(Report {
            introduction: introduction(arguments, scratch)?,
            tables: Vec::new(),
            path: arguments.report_path(),
        })
    }

    /// Adds one round.
    pub(crate) fn add(&mut self, benchmark: &Benchmark, system: SystemName, figures: Result<Vec<Figure>>) {
        let title = benchmark.title();
        if self.tables.last().is_none_or(|table| table.title != title) {
            let explanation = benchmark.work.explanation();
            let baseline = benchmark.systems.first().copied();
            self.tables.push(Table { title, explanation, baseline, systems: Vec::new() });
        }
        let Some(table) = self.tables.last_mut() else { return };
        let place = table.systems.iter().position(|(name, _)| *name == system).unwrap_or_else(|| {
            table.systems.push((system, Samples::default()));
            table.systems.len() - 1
        });
        let samples = &mut table.systems[place].1;
        match figures {
            Ok(figures) => figures.into_iter().for_each(|figure| samples.add(figure)),
            Err(error) => samples.failure = Some(error.to_string()),
        }
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.systems).any(|(_, samples)| samples.failure.is_some())
    }

    /// Writes it where the arguments say.
    pub(crate) fn publish(&self) -> Result<()> {
        let text = self.markdown();
        match &self.path {
            Some(path) => {
                fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
            }
            None => {
                print!("{text}");
                Ok(())
            }
        }
    }

    fn markdown(&self) -> String {
        let mut text = self.introduction.clone();
        for table in &self.tables {
            text.push('\n');
            text.push_str(&table.markdown());
        }
        text
    }
}

impl Samples {
    fn add(&mut self, figure: Figure) {
        match self.figures.iter_mut().find(|(name, _, _)| *name == figure.name) {
            Some((_, _, values)) => values.push(figure.value),
            None => self.figures.push((figure.name, figure.unit, vec![figure.value])),
        }
    }

    fn median(&self, name: &str) -> Option<f64> {
        median(&self.figures.iter().find(|(other, _, _)| other == name)?.2)
    }
}

impl Table {
    fn markdown(&self) -> String {
        let names: Vec<_> = self.systems.iter().map(|(name, _)| name.to_string()).collect();
        let mut text =
            format!("## {}\n\n{}\n\n| | unit | {} |\n", self.title, self.explanation, names.join(" | "));
        text.push_str(&format!("|---|---|{}\n", "---:|".repeat(names.len())));
        for (figure, unit) in self.figures() {
            let cells: Vec<_> =
                self.systems.iter().map(|(name, samples)| self.cell(*name, samples, figure, unit)).collect();
            text.push_str(&format!("| {figure} | {unit} | {} |\n", cells.join(" | ")));
        }
        for (name, samples) in &self.systems {
            if let Some(failure) = &samples.failure {
                text.push_str(&format!("\n{name} **failed**: {}\n", failure.replace('\n', " ")));
            }
        }
        text
    }

    /// Every figure that any system has, in the order of the first that has it.
    fn figures(&self) -> Vec<(&str, Unit)> {
        let mut figures: Vec<(&str, Unit)> = Vec::new();
        for (name, unit, _) in self.systems.iter().flat_map(|(_, samples)| &samples.figures) {
            if figures.iter().all(|(other, _)| other != name) {
                figures.push((name, *unit));
            }
        }
        figures
    }

    /// A median, and for a peer the ratio in brackets.
    fn cell(&self, system: SystemName, samples: &Samples, figure: &str, unit: Unit) -> String {
        let Some(value) = samples.median(figure) else { return "–".to_owned() };
        let ours = self.systems.iter().find(|(name, _)| Some(*name) == self.baseline);
        match ours.and_then(|(_, samples)| samples.median(figure)) {
            Some(ours) if Some(system) != self.baseline => {
                format!("{} ({:.2}×)", unit.show(value), unit.ratio(ours, value))
            }
            _ => unit.show(value),
        }
    }
}

/// The first lines: what was measured where, and how to read the tables.
fn introduction(arguments: &Arguments, scratch: &Path) -> Result<String> {
    const SAMPLE_ROWS: u64 = 1_000;
    let keys = generate::user_keys(arguments.seed, SAMPLE_ROWS);
    let bytes: usize = keys.iter().map(|key| User::new(arguments.seed, *key).json().len()).sum();
    let mut text = String::from("# Benchmark results\n\n");
    let mut line = |line: String| writeln!(text, "{line}").expect("writing to a String cannot fail");
    line("Written by `cargo bench --bench bench`; see `tests/bench/main.rs`.\n".to_owned());
    let commit = machine::commit().unwrap_or_else(|error| format!("unknown ({error})"));
    let profile =
        if cfg!(debug_assertions) { "a debug build: these times mean nothing" } else { "release build" };
    line(format!("- Commit {commit}, {}, {profile}.", machine::compiler()?));
    line(format!("- Machine: {}.", machine::describe(scratch)?));
    line(format!(
        "- Medians of {} rounds, the systems in turn, one connection or session if nothing else is said, each measurement in a process of \
         its own.",
        arguments.rounds
    ));
    line(format!(
        "- Users: generated from seed {}, 8 columns, {} bytes each as JSON. Flights: {}, 19 columns.",
        arguments.seed,
        bytes as u64 / SAMPLE_ROWS,
        arguments.flights.file_name().unwrap_or_default().display(),
    ));
    line(format!("- Reads by key in a round: {}.", grouped(arguments.gets)));
    for system in SystemName::DESCRIBED {
        let setup = system.setup().unwrap_or_else(|error| format!("not available: {error}"));
        line(format!("- {system}: {setup}."));
    }
    line("- Peak memory is the peak resident set of the process that does the work (`VmHWM`), shared pages included.".to_owned());
    line("- In brackets how many times as good as that column the first one is: above 1 it wins, whatever the unit.".to_owned());
    Ok(text)
}

/// A whole number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
