//! The command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::Result;
use crate::plan::{Benchmark, Group};
use crate::system::SystemName;

/// Benchmarks of MicroProlly beside its peers.
#[derive(Parser)]
#[command(name = "bench")]
pub(crate) struct Arguments {
    /// What to measure; everything if nothing is named.
    pub(crate) names: Vec<Group>,

    /// Rows of generated users.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) rows: u64,

    /// Rounds of which the median is taken.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Keys that are read in one round.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) gets: u64,

    /// What the generated users follow from.
    #[arg(long, default_value_t = 2013)]
    pub(crate) seed: u64,

    /// The flights, gzipped CSV with `NA` for missing. By default January alone, which is all that the repository holds.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-01.csv.gz"))]
    pub(crate) flights: PathBuf,

    /// Only these systems take part.
    #[arg(long, value_delimiter = ',')]
    pub(crate) systems: Vec<SystemName>,

    /// Where the stores are made (on a real disk); a temporary directory if not given.
    #[arg(long)]
    pub(crate) scratch: Option<PathBuf>,

    /// Where the report goes; RESULTS.md beside the sources if everything was measured, else stdout.
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,

    /// What a child process is to measure: the harness gives this to itself.
    #[arg(long, hide = true)]
    pub(crate) order: Option<String>,

    /// Given by `cargo bench` to every harness.
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

impl Arguments {
    /// The systems that take part in `benchmark`, in the order of the report's columns.
    pub(crate) fn systems_of(&self, benchmark: &Benchmark) -> Vec<SystemName> {
        let wanted = |system: &SystemName| self.systems.is_empty() || self.systems.contains(system);
        benchmark.systems.iter().copied().filter(wanted).collect()
    }

    /// Where the report goes; none is stdout.
    pub(crate) fn report_path(&self) -> Option<PathBuf> {
        let everything = self.names.is_empty() && self.systems.is_empty();
        let beside_the_sources = || Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/RESULTS.md");
        self.output.clone().or_else(|| everything.then(beside_the_sources))
    }

    /// The directory for data and stores. A temporary one goes when the value is dropped.
    pub(crate) fn scratch(&self) -> Result<Scratch> {
        let scratch = match &self.scratch {
            Some(path) => {
                fs::create_dir_all(path)?;
                Scratch::Kept(path.canonicalize()?)
            }
            None => Scratch::Temporary(tempfile::Builder::new().prefix("microprolly-bench-").tempdir()?),
        };
        // PostgreSQL does not run as root: as another user it has to pass through here to its own directory.
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o711))?;
        Ok(scratch)
    }
}

/// The directory that holds the data files and each system's stores.
pub(crate) enum Scratch {
    /// Named by the user, who removes it.
    Kept(PathBuf),
    /// Removed at the end.
    Temporary(tempfile::TempDir),
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Scratch::Kept(path) => path,
            Scratch::Temporary(directory) => directory.path(),
        }
    }
}
