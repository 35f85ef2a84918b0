//! A tree: its measures, and what it shares with another.

use microprolly_storage::{
    ChunkKind, ChunkStore, KeyRange, RootHash, SharedNodes, StorageError, Tree, TreeStatistics,
};

use crate::error::Result;
use crate::session::Session;

/// The tree of a version, as [`Session::inspect_tree`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeInspection {
    /// The hash of its root.
    pub root: RootHash,
    /// Its measures.
    pub statistics: TreeStatistics,
    /// Keys that were written or deleted since on the branch, and that no node has
    /// yet.
    pub pending: u64,
    /// What it has in common with the tree that it was compared with.
    pub comparison: Option<TreeComparison>,
}

/// What a tree has in common with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeComparison {
    /// The hash of the other's root.
    pub root: RootHash,
    /// The nodes that both have.
    pub shared: SharedNodes,
}

impl Session {
    /// Looks at every node of the tree of a revision. It may also be named by the
    /// hash of its root, in full. With `compared_with`, another revision or root,
    /// also at the nodes that both have.
    ///
    /// # Errors
    /// Unknown, ambiguous and malformed revisions; when a node cannot be read, which
    /// of a tree that nothing leads to may mean that it is being collected.
    pub fn inspect_tree(&self, revision: &str, compared_with: Option<&str>) -> Result<TreeInspection> {
        let (tree, pending) = self.tree_named(revision)?;
        let comparison = match compared_with {
            Some(other) => {
                let (other, _) = self.tree_named(other)?;
                Some(TreeComparison { root: other.root(), shared: tree.shared_with(&other)? })
            }
            None => None,
        };
        Ok(TreeInspection { root: tree.root(), statistics: tree.statistics()?, pending, comparison })
    }

    /// The tree of a revision or with a root, and the keys that are pending over it.
    fn tree_named(&self, name: &str) -> Result<(Tree, u64)> {
        if let Some(root) = self.root_named(name)? {
            return Ok((Tree::open(&self.database.shared.nodes, root), 0));
        }
        let snapshot = self.snapshot(&self.resolve(name)?)?;
        let pending = snapshot.overlay.range(&KeyRange::all()).count() as u64;
        Ok((snapshot.tree, pending))
    }

    /// The root with this hash; none where it is of a commit, or of nothing.
    fn root_named(&self, hash: &str) -> Result<Option<RootHash>> {
        let Ok(root) = hash.parse::<RootHash>() else { return Ok(None) };
        match self.database.shared.store.read(&root.chunk()) {
            Ok(encoding) => {
                let kind = ChunkKind::of(&encoding);
                Ok(matches!(kind, Some(ChunkKind::Leaf | ChunkKind::Internal)).then_some(root))
            }
            Err(StorageError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
