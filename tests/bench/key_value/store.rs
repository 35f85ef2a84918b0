//! What a store of keys and values must be able to do to be measured.

use std::path::Path;

use super::entries::{Entries, Entry};
use crate::Result;

/// A store in one directory. The tasks call this and keep the time; nothing here does.
pub(super) trait KeyValueStore: Sized {
    /// Whether it keeps the former values of a key by itself.
    const KEEPS_VERSIONS: bool;

    /// Does durable transactions, one after the other, in a thread of its own.
    type Writer: Writer;

    /// An empty store in `directory`, which exists and is empty.
    fn create(directory: &Path) -> Result<Self>;

    /// The store that was made and closed there.
    fn open(directory: &Path) -> Result<Self>;

    /// Puts all entries, durable on return; a version, where there are versions.
    fn load(&mut self, entries: Entries) -> Result<()>;

    /// Puts some, in the same way.
    fn commit(&mut self, changes: Vec<Entry>) -> Result<()>;

    /// Reads the values of keys, each as it is at that moment. Returns how many there are.
    fn get(&self, keys: &[Vec<u8>]) -> Result<u64>;

    /// Reads the values of keys, all as they are at one moment. Returns how many there are.
    fn get_from_snapshot(&self, keys: &[Vec<u8>]) -> Result<u64>;

    /// A writer beside others.
    fn writer(&self) -> Result<Self::Writer>;

    /// Moves what lies in a log for the time being to its final place.
    fn settle(&self) -> Result<()> {
        Ok(())
    }

    /// Gives back all space that nothing needs.
    fn collect_garbage(&mut self) -> Result<()>;

    /// What was appended since the store was opened, where that is what a store does.
    fn appended(&self) -> Result<Option<Appended>> {
        Ok(None)
    }

    /// Closes it, with everything in its final place.
    fn close(self) -> Result<()>;
}

/// See [`KeyValueStore::Writer`].
pub(super) trait Writer: Send + 'static {
    /// Sets one key, durable on return.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<()>;
}

/// Counts that depend on the data alone, and not on the machine.
pub(super) struct Appended {
    pub(super) chunks: u64,
    /// The length of what is kept.
    pub(super) bytes: u64,
}
