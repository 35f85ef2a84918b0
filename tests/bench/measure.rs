//! Numbers and where they come from: the clock, the process table, the disk.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a number counts, which also decides whether more of it is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Rows per second.
    RowsPerSecond,
    /// Reads by key per second.
    ReadsPerSecond,
    /// Durable transactions per second.
    TransactionsPerSecond,
    /// Bytes per second, shown as MB/s.
    BytesPerSecond,
    /// Time.
    Milliseconds,
    /// Time of something short.
    Nanoseconds,
    /// Memory or disk, shown as MiB.
    Bytes,
    /// Memory or disk for something small, shown as KiB.
    FewBytes,
    /// Chunks asked for, in a cache or not, or written.
    Chunks,
    /// How many times as much it is as what the row's name says: a cost.
    Times,
}

impl Unit {
    /// How often `ours` is as good as `theirs`: 2 is twice as fast, or half the bytes.
    pub(crate) fn ratio(self, ours: f64, theirs: f64) -> f64 {
        match self {
            Unit::RowsPerSecond
            | Unit::ReadsPerSecond
            | Unit::TransactionsPerSecond
            | Unit::BytesPerSecond => ours / theirs,
            Unit::Milliseconds
            | Unit::Nanoseconds
            | Unit::Bytes
            | Unit::FewBytes
            | Unit::Chunks
            | Unit::Times => theirs / ours,
        }
    }

    /// `value` for a reader, with three digits that mean something.
    pub(crate) fn show(self, value: f64) -> String {
        let shown = match self {
            Unit::Bytes => value / f64::from(1 << 20),
            Unit::FewBytes => value / f64::from(1 << 10),
            Unit::BytesPerSecond => value / 1e6,
            _ => value,
        };
        match shown {
            shown if shown >= 1_000.0 => crate::report::grouped(shown.round() as u64),
            shown if shown >= 100.0 => format!("{shown:.0}"),
            shown if shown >= 10.0 => format!("{shown:.1}"),
            shown if shown >= 1.0 => format!("{shown:.2}"),
            shown => format!("{shown:.4}"),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::RowsPerSecond => "rows/s",
            Unit::ReadsPerSecond => "reads/s",
            Unit::TransactionsPerSecond => "transactions/s",
            Unit::BytesPerSecond => "MB/s",
            Unit::Milliseconds => "ms",
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "MiB",
            Unit::FewBytes => "KiB",
            Unit::Chunks => "chunks",
            Unit::Times => "times",
        })
    }
}

/// One measured number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// What was measured; equal in all systems.
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
}

impl Figure {
    pub(crate) fn new(name: &str, unit: Unit, value: f64) -> Figure {
        Figure { name: name.to_owned(), unit, value }
    }

    pub(crate) fn time(name: &str, time: Duration) -> Figure {
        Figure::new(name, Unit::Milliseconds, milliseconds(time))
    }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Awaits `work` and returns its result and how long it took.
pub(crate) async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work.await?;
    Ok((result, start.elapsed()))
}

/// Does `work` and returns its result and how long it took.
pub(crate) fn clocked<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

/// The middle of the values (the mean of the two middle ones), or none of none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// Decides how often something is repeated: for about two seconds, within limits.
pub(crate) struct Repeats {
    start: Instant,
    done: u32,
}

impl Repeats {
    const TIMES_MIN: u32 = 3;
    const TIMES_MAX: u32 = 200;
    const TIME_MAX: Duration = Duration::from_secs(2);

    pub(crate) fn new() -> Repeats {
        Repeats { start: Instant::now(), done: 0 }
    }
}

impl Iterator for Repeats {
    type Item = u32;

    /// The number of the repetition that is due, from 0.
    fn next(&mut self) -> Option<u32> {
        let enough = self.done >= Self::TIMES_MAX || self.start.elapsed() >= Self::TIME_MAX;
        if self.done >= Self::TIMES_MIN && enough {
            return None;
        }
        self.done += 1;
        Some(self.done - 1)
    }
}

/// The most memory that a process has held (`VmHWM`), in bytes; of this process if none is given. What it shares with others counts.
pub(crate) fn peak_rss_bytes(process: Option<u32>) -> Result<u64> {
    let path = match process {
        Some(id) => format!("/proc/{id}/status"),
        None => "/proc/self/status".to_owned(),
    };
    let status = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    let kib: u64 = kib.ok_or_else(|| format!("{path} has no VmHWM"))?.trim().parse()?;
    Ok(kib * 1_024)
}

/// What this process has sent to the disk so far (`write_bytes`), in bytes: whole pages of its files, those of its logs among them, without
/// what the file system writes for itself.
pub(crate) fn written_bytes() -> Result<u64> {
    const PATH: &str = "/proc/self/io";
    let counters = fs::read_to_string(PATH).map_err(|error| format!("{PATH}: {error}"))?;
    let bytes = counters.lines().find_map(|line| line.strip_prefix("write_bytes:"));
    Ok(bytes.ok_or_else(|| format!("{PATH} has no write_bytes"))?.trim().parse()?)
}

/// The length of all files below a directory, in bytes.
pub(crate) fn directory_bytes(path: &Path) -> Result<u64> {
    sum_of_files(path, fs::Metadata::len)
}

/// The blocks that all files below a directory take on disk, in bytes: holes in them take none.
pub(crate) fn allocated_bytes(path: &Path) -> Result<u64> {
    /// The unit in which the system counts them, whatever the file system's own blocks are.
    const BLOCK_BYTES: u64 = 512;
    sum_of_files(path, |file| file.blocks() * BLOCK_BYTES)
}

fn sum_of_files(directory: &Path, bytes_of: fn(&fs::Metadata) -> u64) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { sum_of_files(&entry.path(), bytes_of)? } else { bytes_of(&metadata) };
    }
    Ok(total)
}

/// The sum of the first column of a result, which has to be of BIGINT: the counts of [`crate::dataset::Dataset::group_by`].
pub(crate) fn sum_of_first_column(batches: &[RecordBatch]) -> Result<u64> {
    let sum = |batch: &RecordBatch| {
        let counts =
            batch.column(0).as_primitive_opt::<Int64Type>().ok_or("the first column is not a BIGINT")?;
        Ok(counts.iter().flatten().sum::<i64>() as u64)
    };
    batches.iter().map(sum).sum()
}
