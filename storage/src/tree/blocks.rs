//! Covers a range with whole subtrees.

use std::sync::Arc;

use bytes::Bytes;

use super::Tree;
use super::node::{KeyRef, Node};
use super::range_cursor::RangeCursor;
use crate::error::Result;
use crate::hash::{ChunkHash, RootHash};
use crate::key_range::KeyRange;

/// A subtree, from [`Tree::blocks`]. Equal hashes mean equal entries, on any
/// branch and in any tree, so what is computed from [`Block::all_entries`] may be
/// kept under [`Block::hash`].
#[derive(Clone)]
pub struct Block {
    /// All of the tree that the subtree is part of.
    whole_tree: Tree,
    /// The root of the subtree.
    pub hash: ChunkHash,
    /// The part of the range asked for that this block answers. The ranges of
    /// consecutive blocks follow on each other without a gap; the first starts
    /// where the range asked for does and the last ends where that does.
    pub range: KeyRange,
    /// Every entry of the subtree is known to be inside `range`. It may be false
    /// of the first block when that is so but cannot be told without a leaf.
    pub whole: bool,
    /// Entries in the subtree, inside `range` or not.
    pub entries: u64,
}

impl Block {
    /// The entries of the subtree that are inside [`Block::range`].
    pub fn entries(&self) -> RangeCursor {
        self.tree().range(&self.range)
    }

    /// All entries of the subtree, also those outside of [`Block::range`].
    pub fn all_entries(&self) -> RangeCursor {
        self.tree().range(&KeyRange::all())
    }

    /// The subtree as a tree of its own.
    pub fn tree(&self) -> Tree {
        Tree::open(self.whole_tree.nodes(), RootHash::from(self.hash))
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("hash", &self.hash)
            .field("range", &self.range)
            .field("whole", &self.whole)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// Consecutive subtrees that cover a range, from [`Tree::blocks`]. Ends after the
/// first error.
pub struct BlockCursor {
    tree: Tree,
    range: KeyRange,
    entries_target: u64,
    /// The root of the tree, until the first block is asked for.
    root: Option<ChunkHash>,
    /// Internal nodes from the root down, each with the child the cursor is at.
    inside: Vec<(Arc<Node>, usize)>,
    /// Where the next block's range starts.
    start: Bytes,
}

impl Tree {
    /// Covers a range with consecutive subtrees, each as large as possible with at
    /// most `entries_target` entries (or a single leaf, should that have more).
    ///
    /// Reads only internal nodes; leaves are read when a block's entries are. The
    /// first and the last block may have entries outside of the range, and none
    /// inside. When no subtree reaches into the range there is no block.
    pub fn blocks(&self, range: &KeyRange, entries_target: usize) -> BlockCursor {
        BlockCursor {
            tree: self.clone(),
            range: range.clone(),
            entries_target: entries_target as u64,
            root: (!range.is_empty()).then_some(self.root().chunk()),
            inside: Vec::new(),
            start: range.start.clone(),
        }
    }
}

impl BlockCursor {
    fn try_next(&mut self) -> Result<Option<Block>> {
        if let Some(hash) = self.root.take() {
            let root = self.tree.nodes().load(&hash)?;
            let index = root.search(&self.range.start).0;
            if index == root.len() {
                return Ok(None);
            }
            if root.is_leaf() || root.entries() <= self.entries_target {
                return Ok(root.last_key().map(|last| self.block(hash, root.entries(), None, last, true)));
            }
            self.inside.push((root, index));
        }
        loop {
            let Some((node, index)) = self.inside.last() else {
                return Ok(None);
            };
            let child = node.child(*index);
            if node.level() > 1 && child.entries > self.entries_target {
                let child = self.tree.nodes().load_child(node, *index)?;
                // Its last key is not below the range, or its parent had not led here.
                let first = child.search(&self.range.start).0;
                self.inside.push((child, first));
                continue;
            }
            let (node, index) = (Arc::clone(node), *index);
            let lower = self.inside.iter().rfind(|(_, index)| *index > 0);
            let lower = lower.map(|(node, index)| (Arc::clone(node), index - 1));
            let lower = lower.as_ref().map(|(node, index)| node.key(*index));
            self.pass();
            let is_last = self.inside.is_empty();
            return Ok(Some(self.block(child.hash, child.entries, lower, node.key(index), is_last)));
        }
    }

    /// Moves past the current child.
    fn pass(&mut self) {
        while let Some((node, index)) = self.inside.last_mut() {
            *index += 1;
            if *index < node.len() {
                break;
            }
            self.inside.pop();
        }
    }

    /// The block of a subtree whose keys are above `lower` and up to `last`.
    fn block(
        &mut self,
        hash: ChunkHash,
        entries: u64,
        lower: Option<KeyRef<'_>>,
        last: KeyRef<'_>,
        is_last: bool,
    ) -> Block {
        let start = KeyRef::whole(&self.range.start);
        let starts_inside = self.range.start.is_empty() || lower.is_some_and(|lower| lower >= start);
        let ends_inside = self.range.end.as_ref().is_none_or(|end| last < KeyRef::whole(end));
        let next = last.successor();
        let end = if is_last || self.range.end.as_ref().is_some_and(|end| *end <= next) {
            // Whatever follows is beyond the range.
            self.inside.clear();
            self.range.end.clone()
        } else {
            Some(next.clone())
        };
        let range = KeyRange { start: std::mem::replace(&mut self.start, next), end };
        let whole_tree = self.tree.clone();
        Block { whole_tree, hash, range, whole: starts_inside && ends_inside, entries }
    }
}

impl Iterator for BlockCursor {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.try_next();
        if result.is_err() {
            self.inside.clear();
        }
        result.transpose()
    }
}

impl std::iter::FusedIterator for BlockCursor {}
