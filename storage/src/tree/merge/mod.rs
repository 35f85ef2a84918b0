//! Three-way merge: one tree with what two trees changed since a third.

mod splicer;
mod three_way;
mod walk;

use bytes::Bytes;

use super::Tree;
use crate::error::Result;
use three_way::ThreeWay;

/// A key that both sides changed since the base, to different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeConflict {
    /// The key.
    pub key: Bytes,
    /// Its value in the base; none when both sides added the key.
    pub base: Option<Bytes>,
    /// Its value on our side; none when we removed it.
    pub ours: Option<Bytes>,
    /// Its value on their side; none when they removed it.
    pub theirs: Option<Bytes>,
}

/// The result of [`Tree::merge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeMerge {
    /// The merged tree.
    pub tree: Tree,
    /// How many keys were in conflict.
    pub conflicts: u64,
    /// How many subtrees of either side became part of the merged tree as they
    /// are; 0 when the merged tree is one of the sides.
    pub subtrees_spliced: u64,
}

impl Tree {
    /// The tree with the changes of both this tree and `theirs` since `base`. It is
    /// the same tree that a build from the resulting entries makes (I3).
    ///
    /// A key that only one side changed gets that side's value, one that both
    /// changed alike gets that value, and any other is a conflict: `resolve` is
    /// asked, in ascending order of keys, and returns the key's value in the merged
    /// tree, or none for no entry. Values are equal when they are stored alike, so a
    /// large one is read only if it is part of a conflict.
    ///
    /// Reads nodes where both sides differ, and on the way there; a subtree that one
    /// side left alone is taken from the other unread, however much changed in it
    /// (I5). The three trees must be in one store and cut by the same chunking
    /// parameters, since the merged tree has subtrees of both sides.
    ///
    /// # Errors
    /// An error of `resolve`,
    /// [`StorageError::TooLarge`](crate::StorageError::TooLarge) for a value it
    /// returned, or a failed read or write. What was written until then belongs to
    /// no tree.
    pub fn merge(
        &self,
        base: &Self,
        theirs: &Self,
        resolve: impl FnMut(MergeConflict) -> Result<Option<Bytes>>,
    ) -> Result<TreeMerge> {
        let is_ours = base == theirs || self == theirs;
        if is_ours || base == self {
            let tree = if is_ours { self } else { theirs }.clone();
            return Ok(TreeMerge { tree, conflicts: 0, subtrees_spliced: 0 });
        }
        let _guard = self.nodes().pins().begin_write();
        ThreeWay::new(base, self, theirs, resolve)?.merge()
    }
}
