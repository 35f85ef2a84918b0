//! What is measured of stores of keys and values.

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::redb::Redb;
use super::sqlite::SqliteEntries;
use super::store::KeyValueStore;
use super::{branch_depth, bulk, chunking, commit, durable, limit, opening, point, recovery, versions};
use crate::Result;
use crate::child::Order;
use crate::measure::Figure;
use crate::system::SystemName;

/// What a child process measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum KeyValueTask {
    /// Makes the store anew.
    Bulk,
    Point,
    BranchDepth,
    Durable,
    Commit,
    Versions,
    Opening,
    /// Makes the store that [`KeyValueTask::Recovery`] opens; measures nothing.
    Kill,
    Recovery,
    Chunking,
}

impl KeyValueTask {
    /// The first words of its table's heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Bulk => "Keys and values, bulk load",
            Self::Point => "Keys and values, read by key",
            Self::BranchDepth => "Keys and values, read by key on a branch 1,000 branches deep",
            Self::Durable => "Keys and values, durable transactions of one key",
            Self::Commit => "Keys and values, commit of a version",
            Self::Versions => "Keys and values, 100 versions with 1 % of the rows changed in each",
            Self::Opening => "Keys and values, start",
            Self::Kill => "Keys and values, kill",
            Self::Recovery => "Keys and values, recovery after a kill",
            Self::Chunking => "Mean size of a tree's nodes",
        }
    }

    /// What its figures mean.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::Bulk => {
                "From a file of keys and values in one transaction, durable at the end (MicroProlly: recorded as a version). What is written \
                 is counted until the store is closed; each byte of a key or value is a byte. On disk: the blocks that the files take."
            }
            Self::Point => {
                "One key after the other, in random order; warm: after a first round of the same reads. By itself: MicroProlly `Session::get`, \
                 SQLite a prepared statement, redb a read transaction for each key. From one snapshot: `Snapshot::get`, and one read transaction \
                 for all."
            }
            Self::BranchDepth => {
                "Each branch is made from the one before, and one row is changed and committed on it. `Session::get` in random order, warm."
            }
            Self::Durable => {
                "Each writer, a thread with a session or connection of its own, sets existing keys in random order to new values for three seconds; \
                 each transaction is on disk before the next of that writer. What is written includes moving it to its final place (SQLite: \
                 checkpoints)."
            }
            Self::Commit => {
                "From the beginning of the transaction until it is durable, and recorded as a version in MicroProlly (the peers keep no former \
                 version). Appended: bytes added to the store's log; written: whole pages sent to the disk."
            }
            Self::Versions => {
                "Other rows are changed in each version. redb and SQLite have no versions: a changed row is stored under its key and the version's \
                 number, and nothing is removed. Collection: MicroProlly `Session::gc`, redb `compact`, SQLite `VACUUM`. For comparison: the bytes \
                 of all keys and values compressed once in pieces of 4 KiB, and not compressed for each version."
            }
            Self::Opening => {
                "The first time in a process, with the files in the operating system's cache; the store was closed."
            }
            Self::Kill => "A store that was not closed.",
            Self::Recovery => {
                "The segment holds transactions of 100 keys, compressed as by default, and nobody closed it. Files in the operating system's cache."
            }
            Self::Chunking => {
                "The columns are MicroProlly with trees cut into nodes of that many bytes on average, compared with the first. Reads by key warm and in \
                 random order; scan: every key and value; 1 row: an update of one row and its commit, with what it appends to the log and \
                 what it sends to the disk; versions: 0.1 % of the rows are changed in each."
            }
        }
    }

    /// What makes the store that it works on; nothing for one that makes its own.
    pub(crate) fn preparation(self) -> Option<KeyValueTask> {
        match self {
            Self::Bulk | Self::Point | Self::BranchDepth | Self::Durable | Self::Commit | Self::Opening => {
                Some(Self::Bulk)
            }
            Self::Kill | Self::Recovery => Some(Self::Kill),
            Self::Versions | Self::Chunking => None,
        }
    }

    /// Tells stores of the same rows apart.
    pub(crate) fn store_kind(self) -> &'static str {
        match self.preparation() {
            Some(Self::Kill) => "killed",
            Some(_) => "entries",
            None => "own",
        }
    }

    /// Measures one round.
    pub(crate) fn measure(self, order: &Order) -> Result<Vec<Figure>> {
        match order.system {
            SystemName::MicroProlly => match self {
                Self::BranchDepth => branch_depth::measure(order),
                Self::Kill => recovery::prepare(order),
                Self::Recovery => recovery::measure(order),
                _ => self.measure_store::<Engine>(order),
            },
            SystemName::Redb => self.measure_store::<Redb>(order),
            SystemName::Sqlite => self.measure_store::<SqliteEntries>(order),
            SystemName::Limit => limit::measure(order),
            system => match system.chunk_bytes() {
                Some(chunk_bytes) => chunking::measure(order, chunk_bytes),
                None => Err(format!("{system} is no store of keys and values").into()),
            },
        }
    }

    /// Measures what every store can do.
    fn measure_store<S: KeyValueStore>(self, order: &Order) -> Result<Vec<Figure>> {
        match self {
            Self::Bulk => bulk::measure::<S>(order),
            Self::Point => point::measure::<S>(order),
            Self::Durable => durable::measure::<S>(order),
            Self::Commit => commit::measure::<S>(order),
            Self::Versions => versions::measure::<S>(order),
            Self::Opening => opening::measure::<S>(order),
            Self::BranchDepth | Self::Kill | Self::Recovery | Self::Chunking => {
                Err(format!("{self:?} is measured of MicroProlly alone").into())
            }
        }
    }
}
