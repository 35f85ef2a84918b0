//! Builds a tree from sorted entries.

use std::sync::Arc;

use bytes::Bytes;

use super::chunker::{Chunker, unordered};
use super::limits::KEY_BYTES_MAX;
use super::node::KeyRef;
use super::value::StoredValue;
use super::{Entry, NodeStore, Tree};
use crate::error::{Result, StorageError};
use crate::pins::WriteGuard;

/// Builds a tree from entries in ascending order of keys, writing nodes as they
/// fill. Memory is bounded by one open node per level.
pub struct TreeBuilder {
    nodes: Arc<NodeStore>,
    chunker: Chunker,
    last_key: Option<Vec<u8>>,
    _guard: WriteGuard,
}

impl TreeBuilder {
    /// A builder that writes to `nodes`.
    pub fn new(nodes: &Arc<NodeStore>) -> Self {
        let guard = nodes.pins().begin_write();
        Self { nodes: Arc::clone(nodes), chunker: Chunker::new(nodes), last_key: None, _guard: guard }
    }

    /// Appends an entry, whose key must be above all before it.
    ///
    /// # Errors
    /// [`StorageError::Unordered`], [`StorageError::TooLarge`] for a key or value
    /// over its limit, or a failed write.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.push_entry(key, Bytes::copy_from_slice(value))
    }

    /// The tree of all entries pushed.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(self) -> Result<Tree> {
        let root = self.chunker.finish()?;
        Ok(Tree::open(&self.nodes, root))
    }

    fn push_entry(&mut self, key: &[u8], value: Bytes) -> Result<()> {
        check_key_len(key)?;
        match &mut self.last_key {
            Some(last) if key <= &last[..] => return Err(unordered(key)),
            Some(last) => {
                last.clear();
                last.extend_from_slice(key);
            }
            None => self.last_key = Some(key.to_vec()),
        }
        let value = StoredValue::store(value, &**self.nodes.chunks())?;
        self.chunker.push_value(KeyRef::whole(key), &value)
    }
}

impl Tree {
    /// Builds the tree of entries that come in strictly ascending order of keys,
    /// writing nodes as they fill.
    ///
    /// # Errors
    /// The first error among the entries, or one of [`TreeBuilder::push`].
    pub fn build(nodes: &Arc<NodeStore>, sorted: impl IntoIterator<Item = Result<Entry>>) -> Result<Self> {
        let mut builder = TreeBuilder::new(nodes);
        for entry in sorted {
            let (key, value) = entry?;
            builder.push_entry(&key, value)?;
        }
        builder.finish()
    }
}

/// Refuses a key over [`KEY_BYTES_MAX`].
pub(super) fn check_key_len(key: &[u8]) -> Result<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(StorageError::TooLarge { what: "key", len: key.len(), max: KEY_BYTES_MAX });
    }
    Ok(())
}
