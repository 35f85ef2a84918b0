//! Puts the merged tree together from entries and subtrees of both sides.

use std::sync::Arc;

use bytes::Bytes;

use super::walk::Item;
use crate::error::Result;
use crate::tree::chunker::Chunker;
use crate::tree::node::{KeyRef, Node};
use crate::tree::value::StoredValue;
use crate::tree::{NodeStore, Tree};

/// Feeds the chunker with items of other trees in ascending order, in pieces as
/// large as it can take.
///
/// A subtree is taken over unread when the chunker is aligned at its level, so
/// that it would make the same nodes itself; otherwise it is taken apart, and its
/// parts tried in turn. The last subtree of a tree is special, for the last node of
/// each of its levels ended only because the entries did: it is right if nothing
/// follows it here either. So it is held back, and taken apart along that edge when
/// something does.
pub(super) struct Splicer<'a> {
    nodes: &'a Arc<NodeStore>,
    chunker: Chunker,
    /// The last subtree of a tree, by its parent and its index there, for which the
    /// chunker is aligned.
    held: Option<(Arc<Node>, usize)>,
    subtrees_spliced: u64,
}

impl<'a> Splicer<'a> {
    pub(super) fn new(nodes: &'a Arc<NodeStore>) -> Self {
        Self { nodes, chunker: Chunker::new(nodes), held: None, subtrees_spliced: 0 }
    }

    /// Appends an item of a tree, whose keys must be above all before it.
    ///
    /// # Errors
    /// A failed read or write.
    pub(super) fn push(&mut self, item: Item<'_>) -> Result<()> {
        self.release()?;
        self.take(item.node, item.index, item.is_last)
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`](crate::StorageError::TooLarge), or a failed read
    /// or write.
    pub(super) fn push_value(&mut self, key: &[u8], value: Bytes) -> Result<()> {
        self.release()?;
        let value = StoredValue::store(value, &**self.nodes.chunks())?;
        self.chunker.push_value(KeyRef::whole(key), &value)
    }

    /// The tree of all that was appended, and how many subtrees it took over.
    ///
    /// # Errors
    /// A failed read or write.
    pub(super) fn finish(mut self) -> Result<(Tree, u64)> {
        if let Some((node, index)) = self.held.take() {
            self.splice(&node, index)?;
        }
        Ok((Tree::open(self.nodes, self.chunker.finish()?), self.subtrees_spliced))
    }

    /// Appends what a node has at `index`. `is_last` says that nothing follows it in
    /// its own tree.
    fn take(&mut self, node: &Arc<Node>, index: usize, is_last: bool) -> Result<()> {
        if node.is_leaf() {
            let (is_blob, stored) = node.stored(index);
            return self.chunker.push_stored(node.key(index), is_blob, stored);
        }
        if !self.chunker.is_aligned(node.level() - 1) {
            let child = self.nodes.load_child(node, index)?;
            return (0..child.len())
                .try_for_each(|index| self.take(&child, index, is_last && index + 1 == child.len()));
        }
        if is_last {
            self.held = Some((Arc::clone(node), index));
            return Ok(());
        }
        self.splice(node, index)
    }

    /// Takes apart the subtree that was held back, since something follows it: all
    /// nodes of its right edge go on.
    fn release(&mut self) -> Result<()> {
        let Some((mut node, mut index)) = self.held.take() else {
            return Ok(());
        };
        while !node.is_leaf() {
            node = self.nodes.load_child(&node, index)?;
            // A child has entries, as its parent says.
            index = node.len() - 1;
            (0..index).try_for_each(|before| self.take(&node, before, false))?;
        }
        self.take(&node, index, false)
    }

    /// Appends a child of a node as it is; the chunker must be aligned at its level.
    fn splice(&mut self, node: &Node, index: usize) -> Result<()> {
        self.subtrees_spliced += 1;
        self.chunker.push_subtree(node.level() - 1, node.key(index), node.child(index))
    }
}
