//! Prolly trees: ordered maps of byte strings whose shape, and so whose root hash,
//! is a function of their entries alone (I3).
//!
//! Reading order: `node` (byte layouts), `splitter` (where nodes end), `chunker`
//! (from entries to nodes), then `lookup`, `range_cursor`, `apply`, `diff`, `merge`,
//! `blocks`, `split` and `proof`, which are operations of [`Tree`].

mod apply;
mod blocks;
mod builder;
mod check;
mod chunker;
mod chunking;
mod content;
mod diff;
mod limits;
mod lookup;
mod merge;
mod node;
mod node_store;
mod path;
mod proof;
mod range_cursor;
mod split;
mod splitter;
mod statistics;
mod value;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;
use crate::hash::{ChunkHash, RootHash};
use crate::pins::Pin;
pub use apply::Mutation;
pub use blocks::{Block, BlockCursor};
pub use builder::TreeBuilder;
pub use check::{TreeFault, TreeFaultKind};
pub use chunking::ChunkingParameters;
pub use content::{ChunkContent, LeafValue, NodeChild};
pub use diff::{Change, Diff, DiffCounts};
pub use limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
pub use merge::{MergeConflict, TreeMerge};
pub use node_store::NodeStore;
pub use proof::Proof;
pub use range_cursor::RangeCursor;
pub use statistics::{SharedNodes, TreeStatistics};

pub(crate) use node::leaf_has_no_blobs;

/// The chunks that a node's encoding refers to; `hash` is its address.
///
/// # Errors
/// As for decoding a node.
pub(crate) fn node_references(hash: &ChunkHash, encoding: Bytes) -> Result<Vec<ChunkHash>> {
    Ok(node::Node::decode(hash, encoding)?.references())
}

/// A key and its value.
pub type Entry = (Bytes, Bytes);

/// An immutable ordered map from keys to values: a root hash, and the nodes it
/// is to be read from. Cheap to clone.
///
/// Keys are at most [`KEY_BYTES_MAX`] long and ordered bytewise, values at most
/// [`VALUE_BYTES_MAX`]. Keys and values that are handed out are mostly slices of
/// the node that they are in, and keep it in memory.
///
/// While it lives nothing of it is collected.
#[derive(Clone)]
pub struct Tree {
    nodes: Arc<NodeStore>,
    root: RootHash,
    /// Keeps the root, and with it the tree, from being collected.
    _pin: Arc<Pin>,
}

impl Tree {
    /// The tree without entries. Writes its one node.
    ///
    /// # Errors
    /// A failed write.
    pub fn empty(nodes: &Arc<NodeStore>) -> Result<Self> {
        TreeBuilder::new(nodes).finish()
    }

    /// The tree with a root that was written before. Reads nothing; a root that is
    /// missing or is no tree shows in the first operation.
    pub fn open(nodes: &Arc<NodeStore>, root: RootHash) -> Self {
        Self { nodes: Arc::clone(nodes), root, _pin: Arc::new(nodes.pins().hold(root.chunk())) }
    }

    /// The hash of the root node, which stands for all entries: trees (cut by the
    /// same chunking parameters) have equal roots exactly when they have equal
    /// entries.
    pub fn root(&self) -> RootHash {
        self.root
    }

    /// Where the tree's nodes are.
    pub fn nodes(&self) -> &Arc<NodeStore> {
        &self.nodes
    }

    /// The number of entries, which the root knows.
    ///
    /// # Errors
    /// A failed read.
    pub fn len(&self) -> Result<u64> {
        Ok(self.nodes.load(&self.root.chunk())?.entries())
    }

    /// Whether there are no entries.
    ///
    /// # Errors
    /// A failed read.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Prints the root hash.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.root)
    }
}

/// Compares roots.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for Tree {}
