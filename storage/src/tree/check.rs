//! Looks at every node of a tree: whether it is there, and whether all of them
//! together are a tree.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::Tree;
use super::node::Node;
use super::node_store::{ChildDifference, compare_child};
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;

/// A chunk of a tree that is missing, or is not what it should be.
#[derive(Clone, Debug)]
pub struct TreeFault {
    /// The chunk.
    pub chunk: ChunkHash,
    /// Levels below the root.
    pub depth: u32,
    /// The last key below it, as its parent has it; none of the root.
    pub last_key: Option<Bytes>,
    /// What is wrong: `NotFound`, `Corrupt` or `NewerFormat`.
    pub error: StorageError,
    difference: Option<ChildDifference>,
}

/// The kinds of [`TreeFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeFaultKind {
    /// The chunk is not there.
    Missing,
    /// Its bytes are not those of a node, or not of this place in the tree.
    Corrupt,
    /// It has another number of entries below it than its parent says.
    WrongCount,
    /// Its keys are not between those that its parent says.
    WrongOrder,
}

impl TreeFault {
    /// What kind of fault it is.
    pub fn kind(&self) -> TreeFaultKind {
        match (self.difference, &self.error) {
            (Some(ChildDifference::Count), _) => TreeFaultKind::WrongCount,
            (Some(ChildDifference::Order), _) => TreeFaultKind::WrongOrder,
            (_, StorageError::NotFound { .. }) => TreeFaultKind::Missing,
            _ => TreeFaultKind::Corrupt,
        }
    }
}

impl Tree {
    /// Checks every node and large value, past all that is damaged. `found` hears
    /// of each fault. Subtrees whose root is in `visited` were checked before;
    /// what is checked now is added, so that trees that share most of their
    /// nodes cost little.
    ///
    /// # Errors
    /// A failed read, other than of something missing or damaged.
    pub fn check(&self, visited: &mut HashSet<ChunkHash>, found: &mut impl FnMut(TreeFault)) -> Result<()> {
        let hash = self.root().chunk();
        if !visited.insert(hash) {
            return Ok(());
        }
        match self.nodes().load(&hash) {
            Ok(root) => self.check_below(&root, 0, visited, found),
            Err(error) => {
                report(TreeFault { chunk: hash, depth: 0, last_key: None, error, difference: None }, found)
            }
        }
    }

    /// Hands out every entry that can be read, in order of keys, past all that is
    /// missing or damaged, of which `found` hears. Ends when `take` says false.
    ///
    /// # Errors
    /// A failed read, other than of something missing or damaged.
    pub fn salvage(
        &self,
        found: &mut impl FnMut(TreeFault),
        take: &mut impl FnMut(Bytes, Bytes) -> bool,
    ) -> Result<()> {
        let hash = self.root().chunk();
        match self.nodes().load(&hash) {
            Ok(root) => self.salvage_below(&root, 0, found, take).map(drop),
            Err(error) => {
                report(TreeFault { chunk: hash, depth: 0, last_key: None, error, difference: None }, found)
            }
        }
    }

    /// False when `take` has had enough.
    fn salvage_below(
        &self,
        node: &Arc<Node>,
        depth: u32,
        found: &mut impl FnMut(TreeFault),
        take: &mut impl FnMut(Bytes, Bytes) -> bool,
    ) -> Result<bool> {
        for index in 0..node.len() {
            let last_key = Some(node.key(index).to_bytes());
            let fault =
                |chunk, error| TreeFault { chunk, depth: depth + 1, last_key, error, difference: None };
            if node.is_leaf() {
                match node.value(index).resolve(&**self.nodes().chunks()) {
                    Ok(value) => {
                        if !take(node.key(index).to_bytes(), value) {
                            return Ok(false);
                        }
                    }
                    Err(error) => {
                        let blob = node.blob(index).map_or_else(|| self.root().chunk(), |blob| blob.hash());
                        report(fault(blob, error), found)?;
                    }
                }
                continue;
            }
            match self.nodes().load_child(node, index) {
                Ok(child) => {
                    if !self.salvage_below(&child, depth + 1, found, take)? {
                        return Ok(false);
                    }
                }
                Err(error) => report(fault(node.child(index).hash, error), found)?,
            }
        }
        Ok(true)
    }

    fn check_below(
        &self,
        node: &Arc<Node>,
        depth: u32,
        visited: &mut HashSet<ChunkHash>,
        found: &mut impl FnMut(TreeFault),
    ) -> Result<()> {
        let fault = |index, chunk, error| TreeFault {
            chunk,
            depth: depth + 1,
            last_key: Some(node.key(index).to_bytes()),
            error,
            difference: None,
        };
        for index in 0..node.len() {
            if node.is_leaf() {
                if let Some(blob) = node.blob(index)
                    && visited.insert(blob.hash())
                    && let Err(error) = node.value(index).resolve(&**self.nodes().chunks())
                {
                    report(fault(index, blob.hash(), error), found)?;
                }
                continue;
            }
            let hash = node.child(index).hash;
            let child = match self.nodes().load(&hash) {
                Ok(child) => child,
                Err(error) => {
                    if visited.insert(hash) {
                        report(fault(index, hash, error), found)?;
                    }
                    continue;
                }
            };
            // What a parent says of its child is checked for each parent.
            if let Some((difference, detail)) = compare_child(node, index, &child) {
                let error =
                    StorageError::corrupt(format!("tree node {hash}"), format!("{detail} its parent states"));
                found(TreeFault { difference: Some(difference), ..fault(index, hash, error) });
            } else if visited.insert(hash) {
                self.check_below(&child, depth + 1, visited, found)?;
            }
        }
        Ok(())
    }
}

/// Damage is reported, and anything else passed on.
fn report(fault: TreeFault, found: &mut impl FnMut(TreeFault)) -> Result<()> {
    match fault.error {
        StorageError::NotFound { .. } | StorageError::Corrupt { .. } | StorageError::NewerFormat { .. } => {
            found(fault);
            Ok(())
        }
        error => Err(error),
    }
}
