//! A place in a tree that can move by one entry either way.

use std::sync::Arc;

use super::node::{LeafKeys, Node};
use super::{Entry, NodeStore};
use crate::error::{Result, StorageError};

/// The way from a root to one entry.
pub(super) struct Path {
    nodes: Arc<NodeStore>,
    /// Internal nodes from the root down, each with the child that was taken.
    above: Vec<(Arc<Node>, usize)>,
    leaf: Arc<Node>,
    keys: LeafKeys,
    index: usize,
}

impl Path {
    /// The way to the `n`-th entry, which must be there.
    pub(super) fn to_nth(nodes: &Arc<NodeStore>, root: Arc<Node>, mut n: u64) -> Result<Self> {
        let mut above = Vec::with_capacity(usize::from(root.level()));
        let mut node = root;
        while !node.is_leaf() {
            let (index, rest) = node.child_of_nth(n).ok_or_else(|| no_entry(n))?;
            let child = nodes.load_child(&node, index)?;
            above.push((std::mem::replace(&mut node, child), index));
            n = rest;
        }
        if n >= node.entries() {
            return Err(no_entry(n));
        }
        let keys = LeafKeys::of(&node);
        // Below the length of the leaf.
        Ok(Self { nodes: Arc::clone(nodes), above, keys, leaf: node, index: n as usize })
    }

    /// The entry here.
    pub(super) fn entry(&self) -> Result<Entry> {
        let value = self.leaf.value(self.index).resolve(&**self.nodes.chunks())?;
        Ok((self.keys.get(self.index), value))
    }

    /// Moves to the next entry, which must be there.
    pub(super) fn step(&mut self) -> Result<()> {
        if self.index + 1 < self.leaf.len() {
            self.index += 1;
            return Ok(());
        }
        let turn = self.above.iter().rposition(|(node, index)| index + 1 < node.len());
        let turn = turn.ok_or_else(|| no_entry(self.index as u64 + 1))?;
        self.above[turn].1 += 1;
        self.descend(turn, |_| 0)
    }

    /// Moves to the entry before, which must be there.
    pub(super) fn step_back(&mut self) -> Result<()> {
        if let Some(before) = self.index.checked_sub(1) {
            self.index = before;
            return Ok(());
        }
        let turn = self.above.iter().rposition(|(_, index)| *index > 0);
        let turn = turn.ok_or_else(|| StorageError::corrupt("tree", "there is no entry before the first"))?;
        self.above[turn].1 -= 1;
        self.descend(turn, |node| node.len() - 1)
    }

    /// Goes down again from the `turn`-th node of the way, taking in each node
    /// below it the item that `side` says.
    fn descend(&mut self, turn: usize, side: impl Fn(&Node) -> usize) -> Result<()> {
        self.above.truncate(turn + 1);
        loop {
            let (parent, index) = self.above.last().expect("the way has at least the node it turned in");
            let node = self.nodes.load_child(parent, *index)?;
            let index = side(&node);
            if node.is_leaf() {
                self.keys = LeafKeys::of(&node);
                self.leaf = node;
                self.index = index;
                return Ok(());
            }
            self.above.push((node, index));
        }
    }
}

/// Counts in nodes promised an entry that is not there.
fn no_entry(n: u64) -> StorageError {
    StorageError::corrupt("tree", format!("a subtree has no entry number {n}, against its parent's count"))
}
