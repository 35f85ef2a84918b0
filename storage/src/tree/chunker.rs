//! Cuts a stream of entries, and of whole subtrees, into the nodes of a tree.

use std::sync::Arc;

use super::NodeStore;
use super::limits::LEVEL_MAX;
use super::node::{CHILD_BYTES, Child, KeyRef, NodeWriter};
use super::splitter::Splitter;
use super::value::StoredValue;
use crate::error::{Result, StorageError};
use crate::hash::RootHash;

/// Builds a tree bottom up from ascending entries, with one open node per level
/// in memory.
///
/// A subtree of an existing tree can stand for its entries when the chunker is
/// *aligned* below its parent's level: no node is open there, so it would make the
/// same nodes of the same entries. (The last node of each level of a tree ended
/// because the entries did. As a subtree it is right only as the last again.)
pub(super) struct Chunker {
    nodes: Arc<NodeStore>,
    /// The open node of each level, leaves first.
    levels: Vec<OpenNode>,
}

struct OpenNode {
    writer: NodeWriter,
    splitter: Splitter,
}

impl Chunker {
    pub(super) fn new(nodes: &Arc<NodeStore>) -> Self {
        Self { nodes: Arc::clone(nodes), levels: Vec::new() }
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// A failed write, or [`StorageError::Unordered`].
    pub(super) fn push_value(&mut self, key: KeyRef<'_>, value: &StoredValue) -> Result<()> {
        match value {
            StoredValue::Inline(value) => self.push_stored(key, false, value),
            StoredValue::Blob(blob) => self.push_stored(key, true, &blob.encode()),
        }
    }

    /// Appends an entry with the bytes that a leaf stores for its value.
    pub(super) fn push_stored(&mut self, key: KeyRef<'_>, is_blob: bool, stored: &[u8]) -> Result<()> {
        let open = self.open_node(0, key)?;
        open.writer.push_value(key, is_blob, stored);
        if open.splitter.ends_after(open.writer.last_key(), key.len() + stored.len()) {
            self.close(0)?;
        }
        Ok(())
    }

    /// Whether a subtree whose root is at `level` may be appended: no node is open
    /// at its level or below.
    pub(super) fn is_aligned(&self, level: u8) -> bool {
        self.levels.iter().take(usize::from(level) + 1).all(|open| open.writer.is_empty())
    }

    /// Appends the entries of a subtree whose root is at `level` and whose last
    /// key is `key`. The chunker must be aligned at that level.
    pub(super) fn push_subtree(&mut self, level: u8, key: KeyRef<'_>, child: Child) -> Result<()> {
        debug_assert!(self.is_aligned(level));
        self.push_child(usize::from(level) + 1, key, child)
    }

    /// Ends all open nodes and returns the root: the only node of the lowest level
    /// that has one node.
    pub(super) fn finish(mut self) -> Result<RootHash> {
        let mut level = 0;
        loop {
            // The highest level that was reached has an open node: had that one
            // ended, the level above would have been reached.
            if self.levels.iter().skip(level + 1).all(|open| open.writer.is_empty()) {
                return self.finish_root(level);
            }
            if !self.levels[level].writer.is_empty() {
                self.close(level)?;
            }
            level += 1;
        }
    }

    /// Makes the root of the open node at the topmost level, whose children are
    /// all nodes of the level below.
    fn finish_root(mut self, level: usize) -> Result<RootHash> {
        let Some(open) = self.levels.get_mut(level) else {
            return Ok(self.nodes.write(NodeWriter::new(0).finish())?.into());
        };
        let Some(mut only) = open.writer.only_child() else {
            let encoding = open.writer.finish();
            return Ok(self.nodes.write(encoding)?.into());
        };
        // A single node of the level below needs no parent, and when it is a
        // subtree of another tree it may itself be the only parent of one node.
        loop {
            let node = self.nodes.load(&only)?;
            if node.is_leaf() || node.len() > 1 {
                return Ok(only.into());
            }
            only = node.child(0).hash;
        }
    }

    fn push_child(&mut self, level: usize, key: KeyRef<'_>, child: Child) -> Result<()> {
        let open = self.open_node(level, key)?;
        open.writer.push_child(key, child);
        if open.splitter.ends_after(open.writer.last_key(), key.len() + CHILD_BYTES) {
            self.close(level)?;
        }
        Ok(())
    }

    /// The open node of a level, after checking that `key` may follow in it.
    fn open_node(&mut self, level: usize, key: KeyRef<'_>) -> Result<&mut OpenNode> {
        while self.levels.len() <= level {
            let level = u8::try_from(self.levels.len()).ok().filter(|&level| level <= LEVEL_MAX);
            let level = level.ok_or_else(|| {
                StorageError::corrupt("tree", format!("it has more than {LEVEL_MAX} levels above its leaves"))
            })?;
            self.levels.push(OpenNode {
                writer: NodeWriter::new(level),
                splitter: Splitter::new(self.nodes.chunking(), level),
            });
        }
        let open = &mut self.levels[level];
        if !open.writer.is_empty() && key <= KeyRef::whole(open.writer.last_key()) {
            return Err(unordered(&key.to_bytes()));
        }
        Ok(open)
    }

    /// Writes the open node of a level and hands it to the level above.
    fn close(&mut self, level: usize) -> Result<()> {
        let open = &mut self.levels[level];
        open.splitter.restart();
        let key = open.writer.last_key().to_vec();
        let entries = open.writer.entries();
        let encoding = open.writer.finish();
        let hash = self.nodes.write(encoding)?;
        self.push_child(level + 1, KeyRef::whole(&key), Child { hash, entries })
    }
}

/// The error for a key that is not above the one before it.
pub(super) fn unordered(key: &[u8]) -> StorageError {
    StorageError::Unordered { key: key.escape_ascii().to_string() }
}
