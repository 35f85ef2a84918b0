//! Branches, commits, transactions and types: the versioned key-value engine
//! of MicroProlly, and its embedded Rust API.
//!
//! Read in this order: [`Database`] opens a store; [`Session`] is the one door
//! to its data, for a [`Principal`] on a branch; [`Transaction`] makes several
//! writes one; [`Commit`] is a version; [`Version`] names one and [`Snapshot`]
//! reads it; [`TypeDefinition`] says what rows are; [`TableScan`] reads them as
//! Arrow batches.
//!
//! ```
//! use microprolly_engine::{CommitOptions, Database, Principal};
//!
//! # fn main() -> microprolly_engine::Result<()> {
//! let mut db = Database::in_memory()?.session(Principal::all_powerful("ada"))?;
//! db.put("user:1", r#"{"id":"1","role":"admin"}"#)?;
//! db.commit(CommitOptions::message("first user"))?;
//!
//! db.create_branch("experiment", "main")?;
//! db.switch_branch("experiment")?;
//! db.put("user:1", r#"{"id":"1","role":"viewer"}"#)?;
//!
//! let main = db.snapshot(&db.resolve("main")?)?;
//! assert_eq!(main.get(b"user:1")?.as_deref(), Some(&br#"{"id":"1","role":"admin"}"#[..]));
//! assert_eq!(db.get("user:1")?.as_deref(), Some(&br#"{"id":"1","role":"viewer"}"#[..]));
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod background;
mod catalog;
mod change;
mod check;
mod codec;
mod collection;
mod columnar;
mod commit;
mod database;
mod environment;
mod error;
mod inspect;
mod log_record;
mod name;
mod overlay;
mod principal;
mod publication;
mod repair;
mod revision;
mod salvage;
mod schema;
mod session;
mod snapshot;
mod state;
mod transaction;

pub use change::{ChangeCounts, Changes};
pub use check::{CheckReport, Finding, FindingKind};
pub use collection::{CollectionOptions, CollectionReport, GrowthPolicy};
pub use columnar::{
    BATCH_ROWS_TARGET, DecodedCache, EncodedRow, RowEncoder, TableBatches, TableScan, column_of, decode_rows,
};
pub use commit::{Commit, CommitId, CommitOptions, Jump, Log, MESSAGE_BYTES_MAX};
pub use database::{DEFAULT_BRANCH, Database, DatabaseOptions};
pub use environment::{Clock, Entropy, SystemClock, SystemEntropy, Timestamp};
pub use error::{EngineError, Kind, Result, Violation};
pub use inspect::{CommitInspection, ObjectInspection, TreeComparison, TreeInspection};
pub use microprolly_storage as storage;
pub use microprolly_storage::{
    Change, ChunkKind, CollectionPhase, CollectionPolicy, CollectionProgress, Compression, Entry, KeyRange,
    LiveSegment, SegmentStatistics, SharedNodes, StorageError, TreeStatistics,
};
pub use name::{BranchName, NAME_BYTES_MAX, TagName};
pub use principal::Principal;
pub use repair::RepairReport;
pub use revision::{COMMIT_PREFIX_DIGITS_MIN, Version};
pub use salvage::{SalvageReport, SalvagedBranch};
pub use schema::{
    ArrayElement, Column, ColumnType, FieldChange, GENERATED_KEY_COLUMN, NUMERIC_DEFAULT, PG_TYPE_METADATA,
    RowKey, TypeDefinition, TypeId, Value, ValueError,
};
pub use session::{BranchInfo, LogEntry, Session, StatusEntry, StatusKind};
pub use snapshot::{Snapshot, SnapshotCursor};
pub use state::Tag;
pub use transaction::{Savepoint, Transaction};
