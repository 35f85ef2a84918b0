//! What can go wrong below the engine.

use std::path::PathBuf;
use std::sync::Arc;

use crate::hash::ChunkHash;

/// The result of every fallible operation of this crate.
pub type Result<T> = std::result::Result<T, StorageError>;

/// Few kinds, by what the caller can do about them. Absent, corrupt and failed
/// I/O are three different things.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A chunk that something refers to is not in the store.
    #[error("chunk {hash} is missing from the store")]
    NotFound {
        /// Its address.
        hash: ChunkHash,
    },
    /// Bytes that are there do not mean what they should.
    #[error("{what} is corrupt: {detail}")]
    Corrupt {
        /// Which object: a chunk by hash, or a file with an offset.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as a verb: "read", "append to", "sync".
        action: &'static str,
        /// The system's own error.
        source: Arc<std::io::Error>,
    },
    /// Another process (or another handle in this one) has the store open.
    #[error("{} is in use by another process; close it, or connect to it as a server", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// The directory exists but holds no store.
    #[error("{} is not a MicroProlly store: {detail}", path.display())]
    NotAStore {
        /// The directory.
        path: PathBuf,
        /// What is missing or in the way.
        detail: String,
    },
    /// A store is already where one was to be created.
    #[error("{} already holds a MicroProlly store", path.display())]
    AlreadyExists {
        /// The directory.
        path: PathBuf,
    },
    /// The store was written by a later version of this software (I8).
    #[error(
        "{what} has format version {found}; this program reads up to version {supported}: use a newer MicroProlly"
    )]
    NewerFormat {
        /// The file.
        what: String,
        /// The version it states.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// An earlier write or sync failed. What was acknowledged is safe; nothing
    /// more is accepted until the store is opened again.
    #[error("the store refuses further writes because an earlier one failed ({cause}); open it again")]
    Poisoned {
        /// The failure that came first.
        cause: String,
    },
    /// A key, value or record is over its limit.
    #[error("{what} of {len} bytes is over the limit of {max} bytes")]
    TooLarge {
        /// "key", "value", …
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// Input that must ascend strictly by key does not.
    #[error("keys are not strictly ascending at {key}")]
    Unordered {
        /// The offending key, escaped.
        key: String,
    },
}

impl StorageError {
    /// Wraps a system error with what was tried and where.
    pub fn io(path: impl Into<PathBuf>, action: &'static str, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), action, source: Arc::new(source) }
    }

    /// A corrupt object and what is wrong with it.
    pub fn corrupt(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.into() }
    }
}
