//! What a system must be able to do to be measured.

use std::fmt;
use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::dataset::Dataset;
use crate::key_value::{limit, redb};
use crate::measure;
use crate::peers::{parquet, postgres, sqlite};

/// Who takes part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ValueEnum)]
pub(crate) enum SystemName {
    #[value(name = "microprolly")]
    MicroProlly,
    Postgres,
    Sqlite,
    /// DataFusion on a Parquet file.
    Parquet,
    Redb,
    /// No system: the work that a store which compresses and hashes cannot do without.
    Limit,
    /// MicroProlly with trees cut into nodes of this many KiB on average.
    Chunks4,
    Chunks8,
    Chunks16,
    Chunks32,
}

impl SystemName {
    /// Those that the report describes.
    pub(crate) const DESCRIBED: [SystemName; 6] = [
        SystemName::MicroProlly,
        SystemName::Postgres,
        SystemName::Sqlite,
        SystemName::Parquet,
        SystemName::Redb,
        SystemName::Limit,
    ];

    /// The mean size of a node in bytes, where that is what makes it another system.
    pub(crate) fn chunk_bytes(self) -> Option<u32> {
        match self {
            SystemName::Chunks4 => Some(4 << 10),
            SystemName::Chunks8 => Some(8 << 10),
            SystemName::Chunks16 => Some(16 << 10),
            SystemName::Chunks32 => Some(32 << 10),
            _ => None,
        }
    }

    /// Its version and how it was set up, for the report.
    pub(crate) fn setup(self) -> Result<String> {
        Ok(match self {
            SystemName::MicroProlly
            | SystemName::Chunks4
            | SystemName::Chunks8
            | SystemName::Chunks16
            | SystemName::Chunks32 => crate::subject::SETUP.to_owned(),
            SystemName::Postgres => postgres::setup()?,
            SystemName::Sqlite => sqlite::setup(),
            SystemName::Parquet => parquet::setup(),
            SystemName::Redb => redb::SETUP.to_owned(),
            SystemName::Limit => limit::SETUP.to_owned(),
        })
    }
}

impl fmt::Display for SystemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SystemName::MicroProlly => "MicroProlly",
            SystemName::Postgres => "PostgreSQL",
            SystemName::Sqlite => "SQLite",
            SystemName::Parquet => "DataFusion on Parquet",
            SystemName::Redb => "redb",
            SystemName::Limit => "zstd and BLAKE3",
            SystemName::Chunks4 => "4 KiB",
            SystemName::Chunks8 => "8 KiB",
            SystemName::Chunks16 => "16 KiB",
            SystemName::Chunks32 => "32 KiB",
        })
    }
}

/// A store of one dataset in one directory. [`crate::task`] calls this and keeps the time; nothing here does.
///
/// A system takes part in a task only if [`crate::plan`] says so: what it cannot do is an error.
pub(crate) trait Store: Sized {
    /// An empty store in `directory`, which exists and is empty.
    async fn create(directory: &Path) -> Result<Self>;

    /// The store that an earlier process made and closed. Nothing of its rows has been read.
    async fn open(directory: &Path) -> Result<Self>;

    /// Makes the table and loads all rows of a CSV file, durable on return.
    async fn load(&mut self, dataset: &Dataset, csv: &Path) -> Result<()>;

    /// What is done once after loading and never timed, such as collecting statistics.
    async fn after_load(&mut self, _dataset: &Dataset) -> Result<()> {
        Ok(())
    }

    /// Runs [`Dataset::group_by`] and returns the sum of its first column.
    async fn group_by(&mut self, dataset: &Dataset) -> Result<u64>;

    /// Reads all columns of the users with these ids, one after the other. Returns how many there are.
    async fn get(&mut self, _ids: &[String]) -> Result<u64> {
        Err("reads by key are not measured here".into())
    }

    /// Makes a second version of all data and is ready to query it.
    async fn branch(&mut self, _name: &str) -> Result<()> {
        Err("branches are not measured here".into())
    }

    /// Goes back to the first version and removes the second.
    async fn drop_branch(&mut self, _name: &str) -> Result<()> {
        Err("branches are not measured here".into())
    }

    /// Adds a year to the age of the users with these ids, on the branch alone, and makes it durable.
    async fn change(&mut self, _branch: &str, _ids: &[String]) -> Result<()> {
        Err("differences are not measured here".into())
    }

    /// Makes ready to list the differences of a branch that was changed before the store was opened.
    async fn before_diff(&mut self, _branch: &str) -> Result<()> {
        Ok(())
    }

    /// Lists the rows of users that differ between the first version and the branch. Returns how many there are.
    async fn diff(&mut self, _branch: &str) -> Result<u64> {
        Err("differences are not measured here".into())
    }

    /// Chunks asked for since the store was opened, where there are chunks.
    async fn chunks_read(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// The most memory that the process which does the work has held so far, in bytes.
    async fn peak_memory(&mut self) -> Result<u64> {
        measure::peak_rss_bytes(None)
    }

    /// Writes everything back and closes. Returns what the rows take on disk, in bytes.
    async fn close(self, dataset: &Dataset) -> Result<u64>;
}
