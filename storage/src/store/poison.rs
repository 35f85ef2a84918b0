//! What a store does after a write or a sync failed: nothing more.
//!
//! After a failed sync nobody knows which bytes are on disk, and a second sync
//! may report success all the same, since the system forgets what it could not
//! write. After a failed append there may be any part of a record at the end of
//! the file. Both are sound states to open a store from, and neither is one to
//! go on writing from. Reads go on.

use std::sync::OnceLock;

use crate::error::{Result, StorageError};

/// The first failure, if there was one.
#[derive(Debug, Default)]
pub(super) struct Poison {
    cause: OnceLock<String>,
}

impl Poison {
    /// Refuses all writes from now on. The first cause is kept.
    pub(super) fn set(&self, cause: &StorageError) {
        self.cause.get_or_init(|| cause.to_string());
    }

    /// # Errors
    /// `Poisoned`, with the first cause, if there was one.
    pub(super) fn check(&self) -> Result<()> {
        match self.cause.get() {
            Some(cause) => Err(StorageError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Passes on the outcome of something that writes, after noting a failure.
    pub(super) fn guard<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|error| self.set(error))
    }
}
