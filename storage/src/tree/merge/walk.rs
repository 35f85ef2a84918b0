//! One of the three trees that a merge walks through.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::tree::Tree;
use crate::tree::node::{KeyRef, Node};

/// A walk through a tree from its first entry to its last. It stands before an
/// *item*, an entry or a whole subtree, and either passes over it or goes in.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    /// Nodes gone into, from the root down, each with the item the walk is at.
    inside: Vec<(Arc<Node>, usize)>,
}

/// What a walk stands before: an entry of a leaf, or a child of an internal node.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) node: &'a Arc<Node>,
    pub(super) index: usize,
    /// Nothing follows it in its tree.
    pub(super) is_last: bool,
}

impl<'a> Item<'a> {
    /// The key of an entry, the last key of a subtree.
    pub(super) fn key(self) -> KeyRef<'a> {
        self.node.key(self.index)
    }

    /// The level of a subtree's root; none of an entry.
    pub(super) fn level(self) -> Option<u8> {
        self.node.level().checked_sub(1)
    }

    /// Whether two items hold the same entries, as far as can be told unread.
    pub(super) fn is_same(self, other: Item<'_>) -> bool {
        let is_alike = match (self.level(), other.level()) {
            (None, None) => self.node.stored(self.index) == other.node.stored(other.index),
            (Some(_), Some(_)) => self.node.child(self.index) == other.node.child(other.index),
            _ => false,
        };
        is_alike && self.key() == other.key()
    }
}

impl<'a> Walk<'a> {
    /// A walk that stands before the first item of the root: a merge has compared
    /// the roots, and goes into all three.
    pub(super) fn new(tree: &'a Tree) -> Result<Self> {
        let root = tree.nodes().load(&tree.root().chunk())?;
        // The root of the empty tree has no item to stand before.
        let inside = if root.entries() > 0 { vec![(root, 0)] } else { Vec::new() };
        Ok(Self { tree, inside })
    }

    /// The item, or none at the end of the tree.
    pub(super) fn item(&self) -> Option<Item<'_>> {
        let (node, index) = self.inside.last()?;
        let is_last = self.inside.iter().all(|(node, index)| index + 1 == node.len());
        Some(Item { node, index: *index, is_last })
    }

    /// Whether all that is left is known, unread, to be above `key`.
    pub(super) fn is_after(&self, key: KeyRef<'_>) -> bool {
        match self.item() {
            None => true,
            Some(item) if item.level().is_none() => item.key() > key,
            Some(_) => self.lower().is_some_and(|lower| lower >= key),
        }
    }

    /// Passes over the item.
    pub(super) fn skip(&mut self) {
        while let Some((node, index)) = self.inside.last_mut() {
            *index += 1;
            if *index < node.len() {
                break;
            }
            self.inside.pop();
        }
    }

    /// Goes into the item, a subtree.
    pub(super) fn enter(&mut self) -> Result<()> {
        let (node, index) = self.inside.last().expect("the walk stands before a subtree");
        let child = self.tree.nodes().load_child(node, *index)?;
        self.inside.push((child, 0));
        Ok(())
    }

    /// Passes over all keys up to `limit`, as items that are as large as they can
    /// be; each is handed to `take` first. Goes into subtrees that lie across the
    /// limit.
    pub(super) fn pass(&mut self, limit: &[u8], mut take: impl FnMut(Item<'_>) -> Result<()>) -> Result<()> {
        let limit = KeyRef::whole(limit);
        while !self.is_after(limit) {
            let Some(item) = self.item() else {
                break;
            };
            if item.key() <= limit {
                take(item)?;
                self.skip();
            } else {
                self.enter()?;
            }
        }
        Ok(())
    }

    /// Reads the value of the item, an entry, and passes over it.
    pub(super) fn take_value(&mut self) -> Result<Bytes> {
        let (leaf, index) = self.inside.last().expect("the walk stands before an entry");
        let value = leaf.value(*index).resolve(&**self.tree.nodes().chunks())?;
        self.skip();
        Ok(value)
    }

    /// A key that is below all of the item; none when no such key is known. It
    /// costs no read: it is the key of the item before.
    fn lower(&self) -> Option<KeyRef<'_>> {
        let (node, index) = self.inside.iter().rfind(|(_, index)| *index > 0)?;
        Some(node.key(index - 1))
    }
}
