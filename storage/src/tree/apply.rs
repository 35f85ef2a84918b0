//! Applies sorted mutations to a tree.

use bytes::Bytes;

use super::builder::check_key_len;
use super::chunker::{Chunker, unordered};
use super::node::{Child, KeyRef, Node};
use super::value::StoredValue;
use super::{NodeStore, Tree};
use crate::error::Result;
use crate::hash::ChunkHash;

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The key.
    pub key: Bytes,
    /// Its value from now on; none deletes the key, which need not be there.
    pub value: Option<Bytes>,
}

impl Tree {
    /// The tree after `mutations`, which must come in strictly ascending order of
    /// keys. It is the same tree that a build from the resulting entries makes
    /// (I3).
    ///
    /// Reads and writes the nodes on the way to each mutated key, and those after
    /// it until the node boundaries fall back into place; all other subtrees are
    /// taken over unread. Mutations that change nothing give the same root.
    ///
    /// # Errors
    /// [`StorageError::Unordered`](crate::StorageError::Unordered),
    /// [`StorageError::TooLarge`](crate::StorageError::TooLarge), or a failed read
    /// or write. What was written until then belongs to no tree.
    pub fn apply(&self, mutations: impl IntoIterator<Item = Mutation>) -> Result<Self> {
        let nodes = self.nodes();
        let _guard = nodes.pins().begin_write();
        let Some(pending) = Pending::new(nodes, mutations.into_iter())? else {
            return Ok(self.clone());
        };
        let hash = self.root().chunk();
        let root = nodes.load(&hash)?;
        let mut edit = Edit { nodes, chunker: Chunker::new(nodes), pending };
        edit.merge(&root, hash, true)?;
        Ok(Self::open(nodes, edit.chunker.finish()?))
    }
}

/// One walk over a tree, from left to right, that feeds the chunker with what
/// the tree holds after the mutations.
struct Edit<'a, I> {
    nodes: &'a NodeStore,
    chunker: Chunker,
    pending: Pending<'a, I>,
}

impl<I: Iterator<Item = Mutation>> Edit<'_, I> {
    /// Takes in a subtree and the mutations that fall into it. To the last
    /// subtree of a level belong all keys beyond its own.
    fn merge(&mut self, node: &Node, hash: ChunkHash, is_last: bool) -> Result<()> {
        if node.is_leaf() {
            return self.merge_leaf(node, hash, is_last);
        }
        for index in 0..node.len() {
            let key = node.key(index);
            let child = node.child(index);
            let child_is_last = is_last && index + 1 == node.len();
            let is_touched = self.pending.first_up_to(Some(key).filter(|_| !child_is_last)).is_some();
            let level = node.level() - 1;
            // The last nodes of the tree, which ended only because the entries
            // did, are taken over only when nothing follows: what would follow
            // them falls to them, and makes them touched.
            if !is_touched && self.chunker.is_aligned(level) {
                self.chunker.push_subtree(level, key, child)?;
            } else {
                let node = self.nodes.load_child(node, index)?;
                self.merge(&node, child.hash, child_is_last)?;
            }
        }
        Ok(())
    }

    fn merge_leaf(&mut self, leaf: &Node, hash: ChunkHash, is_last: bool) -> Result<()> {
        let limit = leaf.last_key().filter(|_| !is_last);
        if let Some(last_key) = leaf.last_key()
            && self.chunker.is_aligned(0)
        {
            self.skip_without_effect(leaf, limit)?;
            if self.pending.first_up_to(limit).is_none() {
                let child = Child { hash, entries: leaf.entries() };
                return self.chunker.push_subtree(0, last_key, child);
            }
        }
        let mut next = 0;
        while let Some(edit) = self.pending.first_up_to(limit) {
            let (index, is_there) = leaf.search(&edit.key);
            for kept in next..index {
                let (is_blob, stored) = leaf.stored(kept);
                self.chunker.push_stored(leaf.key(kept), is_blob, stored)?;
            }
            if let Some(value) = &edit.value {
                self.chunker.push_value(KeyRef::whole(&edit.key), value)?;
            }
            next = index + usize::from(is_there);
            self.pending.advance()?;
        }
        for kept in next..leaf.len() {
            let (is_blob, stored) = leaf.stored(kept);
            self.chunker.push_stored(leaf.key(kept), is_blob, stored)?;
        }
        Ok(())
    }

    /// Passes over mutations of a leaf up to the first that changes it.
    fn skip_without_effect(&mut self, leaf: &Node, limit: Option<KeyRef<'_>>) -> Result<()> {
        while let Some(edit) = self.pending.first_up_to(limit) {
            let (index, is_there) = leaf.search(&edit.key);
            let before = is_there.then(|| leaf.value(index));
            if before != edit.value {
                break;
            }
            self.pending.advance()?;
        }
        Ok(())
    }
}

/// A mutation whose value, if long, is a blob already.
struct StoredMutation {
    key: Bytes,
    value: Option<StoredValue>,
}

/// Mutations yet to come, the first of them at hand.
struct Pending<'a, I> {
    nodes: &'a NodeStore,
    rest: I,
    first: Option<StoredMutation>,
}

impl<'a, I: Iterator<Item = Mutation>> Pending<'a, I> {
    /// None when there are no mutations.
    fn new(nodes: &'a NodeStore, mut rest: I) -> Result<Option<Self>> {
        let Some(first) = rest.next() else {
            return Ok(None);
        };
        let first = Some(Self::store(nodes, first)?);
        Ok(Some(Self { nodes, rest, first }))
    }

    /// The first mutation, if its key is at most `limit`; none has no limit.
    fn first_up_to(&self, limit: Option<KeyRef<'_>>) -> Option<&StoredMutation> {
        self.first.as_ref().filter(|first| limit.is_none_or(|limit| KeyRef::whole(&first.key) <= limit))
    }

    /// Lets go of the first mutation and takes the next.
    fn advance(&mut self) -> Result<()> {
        let before = self.first.take();
        let Some(next) = self.rest.next() else {
            return Ok(());
        };
        if before.is_some_and(|before| next.key <= before.key) {
            return Err(unordered(&next.key));
        }
        self.first = Some(Self::store(self.nodes, next)?);
        Ok(())
    }

    fn store(nodes: &NodeStore, Mutation { key, value }: Mutation) -> Result<StoredMutation> {
        check_key_len(&key)?;
        let value = value.map(|value| StoredValue::store(value, &**nodes.chunks())).transpose()?;
        Ok(StoredMutation { key, value })
    }
}
