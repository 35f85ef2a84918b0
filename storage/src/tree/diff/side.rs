//! One of the two trees that a comparison walks through.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::hash::ChunkHash;
use crate::key_range::KeyRange;
use crate::tree::Tree;
use crate::tree::node::{KeyRef, Node};

/// A walk through the part of a tree that is inside a range. It stands before an
/// *item*, an entry or a whole subtree, and either passes over it or goes in.
pub(super) struct Side {
    /// Kept for its pin as well as for its nodes.
    tree: Tree,
    range: KeyRange,
    /// The root, while the walk stands before the whole tree.
    root: Option<(ChunkHash, Arc<Node>)>,
    /// Nodes gone into, from the root down, each with the item the walk is at.
    inside: Vec<(Arc<Node>, usize)>,
}

/// What a walk stands before.
pub(super) struct Item<'a> {
    /// The key of an entry, the last key of a subtree.
    pub(super) key: KeyRef<'a>,
    /// What the item is if not an entry.
    pub(super) subtree: Option<Subtree>,
}

/// A subtree that was not gone into.
pub(super) struct Subtree {
    pub(super) level: u8,
    pub(super) hash: ChunkHash,
    pub(super) entries: u64,
}

/// An entry, in its leaf.
pub(super) struct LeafEntry {
    leaf: Arc<Node>,
    index: usize,
}

impl Side {
    pub(super) fn new(tree: &Tree, range: &KeyRange) -> Result<Self> {
        let hash = tree.root().chunk();
        let root = tree.nodes().load(&hash)?;
        let is_empty = root.search(&range.start).0 == root.len() || range.is_empty();
        let root = (!is_empty).then_some((hash, root));
        Ok(Self { tree: tree.clone(), range: range.clone(), root, inside: Vec::new() })
    }

    /// The item, or none at the end of the tree or range.
    pub(super) fn item(&self) -> Option<Item<'_>> {
        if let Some((hash, root)) = &self.root {
            let subtree = Subtree { level: root.level(), hash: *hash, entries: root.entries() };
            return Some(Item { key: root.last_key()?, subtree: Some(subtree) });
        }
        let (node, index) = self.inside.last()?;
        let key = node.key(*index);
        if node.is_leaf() {
            return self.is_below_end(key).then_some(Item { key, subtree: None });
        }
        if self.lower().is_some_and(|lower| !self.is_below_end(lower)) {
            return None;
        }
        let child = node.child(*index);
        let subtree = Subtree { level: node.level() - 1, hash: child.hash, entries: child.entries };
        Some(Item { key, subtree: Some(subtree) })
    }

    /// A key that is below all of the item; none when no such key is known. It
    /// costs no read: it is the key of the item before.
    pub(super) fn lower(&self) -> Option<KeyRef<'_>> {
        let (node, index) = self.inside.iter().rfind(|(_, index)| *index > 0)?;
        Some(node.key(index - 1))
    }

    /// Whether all of the item is known to be inside the range.
    pub(super) fn is_whole(&self, item: &Item<'_>) -> bool {
        let start = KeyRef::whole(&self.range.start);
        let is_above_start = self.range.start.is_empty() || self.lower().is_some_and(|lower| lower >= start);
        is_above_start && self.is_below_end(item.key)
    }

    /// The entry that the walk stands before, which is not a subtree.
    pub(super) fn entry(&self) -> LeafEntry {
        let (leaf, index) = self.inside.last().expect("the walk stands before an entry");
        LeafEntry { leaf: Arc::clone(leaf), index: *index }
    }

    /// The stored form of the value of the entry that the walk stands before.
    pub(super) fn stored(&self) -> (bool, &[u8]) {
        let (leaf, index) = self.inside.last().expect("the walk stands before an entry");
        leaf.stored(*index)
    }

    /// Passes over the item.
    pub(super) fn skip(&mut self) {
        self.root = None;
        while let Some((node, index)) = self.inside.last_mut() {
            *index += 1;
            if *index < node.len() {
                break;
            }
            self.inside.pop();
        }
    }

    /// Goes into the item, a subtree, to its first item that is not all below the
    /// range.
    pub(super) fn enter(&mut self) -> Result<()> {
        let node = match self.root.take() {
            Some((_, root)) => root,
            None => {
                let (node, index) = self.inside.last().expect("the walk stands before a subtree");
                self.tree.nodes().load_child(node, *index)?
            }
        };
        // Its last key is not below the range, or its parent had not led here.
        let index = node.search(&self.range.start).0;
        self.inside.push((node, index));
        Ok(())
    }

    /// Reads the value of an entry of this side.
    pub(super) fn value(&self, entry: &LeafEntry) -> Result<Bytes> {
        entry.leaf.value(entry.index).resolve(&**self.tree.nodes().chunks())
    }

    /// Whether a key is below the end of the range.
    fn is_below_end(&self, key: KeyRef<'_>) -> bool {
        self.range.end.as_ref().is_none_or(|end| key < KeyRef::whole(end))
    }
}

impl LeafEntry {
    pub(super) fn key(&self) -> Bytes {
        self.leaf.key(self.index).to_bytes()
    }
}
