//! Reads and writes nodes, and keeps those in use in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::ChunkingParameters;
use super::node::{Child, Node};
use crate::chunk::ChunkStore;
use crate::error::{Result, StorageError};
use crate::hash::{AddressHashing, ChunkHash};
use crate::pins::Pins;

/// What a cached node takes besides its encoding, in bytes: the node itself and
/// the cache's entry for it.
const CACHED_NODE_OVERHEAD_BYTES: usize = 256;

/// Size of a node for guessing how many the cache will hold, in bytes.
const CACHED_NODE_BYTES_GUESS: usize = 4096;

/// Where trees live: a chunk store, the chunking parameters of its trees, and a
/// cache of checked nodes that all of them share. Used as `Arc<NodeStore>`.
pub struct NodeStore {
    chunks: Arc<dyn ChunkStore>,
    chunking: ChunkingParameters,
    cache: Cache<ChunkHash, Arc<Node>, NodeWeight, AddressHashing>,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl NodeStore {
    /// Trees in `chunks`, cut by `chunking`, with at most about `cache_bytes_max`
    /// bytes of nodes kept in memory.
    pub fn new(chunks: Arc<dyn ChunkStore>, chunking: ChunkingParameters, cache_bytes_max: usize) -> Self {
        let cache = Cache::with(
            cache_bytes_max / CACHED_NODE_BYTES_GUESS,
            cache_bytes_max as u64,
            NodeWeight,
            AddressHashing::default(),
            DefaultLifecycle::default(),
        );
        Self { chunks, chunking, cache, reads: AtomicU64::new(0), writes: AtomicU64::new(0) }
    }

    /// The chunks under the trees.
    pub fn chunks(&self) -> &Arc<dyn ChunkStore> {
        &self.chunks
    }

    /// What of the chunks must not be collected.
    pub fn pins(&self) -> &Arc<Pins> {
        self.chunks.pins()
    }

    /// How nodes are cut.
    pub fn chunking(&self) -> ChunkingParameters {
        self.chunking
    }

    /// Nodes requested since the start, whether or not the cache had them.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Nodes written since the start, whether or not the store had them.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// The node at an address.
    pub(crate) fn load(&self, hash: &ChunkHash) -> Result<Arc<Node>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.cache.get_or_insert_with(hash, || Ok(Arc::new(Node::decode(hash, self.chunks.read(hash)?)?)))
    }

    /// The child at `index` of an internal node, after checking that it is what its
    /// parent says.
    ///
    /// So a forged tree can neither loop nor go deeper than its root says, and
    /// counts and separators can be relied upon without looking below.
    pub(crate) fn load_child(&self, parent: &Node, index: usize) -> Result<Arc<Node>> {
        let child = self.load(&parent.child(index).hash)?;
        check_child(parent, index, &child)?;
        Ok(child)
    }

    /// Writes a node's encoding and keeps the node at hand.
    pub(crate) fn write(&self, encoding: Vec<u8>) -> Result<ChunkHash> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let hash = self.chunks.write(&encoding)?;
        self.cache.insert(hash, Arc::new(Node::decode(&hash, Bytes::from(encoding))?));
        Ok(hash)
    }
}

/// Checks that the node behind the hash at `index` of an internal node is what that
/// one says: one level down, with as many entries, and with keys above those of the
/// child before it up to the parent's key.
///
/// # Errors
/// [`StorageError::Corrupt`] that names what differs.
pub(super) fn check_child(parent: &Node, index: usize, child: &Node) -> Result<()> {
    match compare_child(parent, index, child) {
        None => Ok(()),
        Some((_, detail)) => {
            let what = format!("tree node {}", parent.child(index).hash);
            Err(StorageError::corrupt(what, format!("{detail} its parent states")))
        }
    }
}

/// In what a child differs from what its parent says of it, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildDifference {
    Level,
    Count,
    Order,
}

/// As [`check_child`]: what differs, and how.
pub(super) fn compare_child(parent: &Node, index: usize, child: &Node) -> Option<(ChildDifference, String)> {
    let Child { entries, .. } = parent.child(index);
    if child.level() + 1 != parent.level() {
        let detail = format!("level {} is not one below the {} that", child.level(), parent.level());
        return Some((ChildDifference::Level, detail));
    }
    if child.entries() != entries {
        let detail = format!("{} entries are not the {entries} that", child.entries());
        return Some((ChildDifference::Count, detail));
    }
    if child.last_key() != Some(parent.key(index)) {
        return Some((ChildDifference::Order, "its last key is not the one that".into()));
    }
    if index > 0 && child.key(0) <= parent.key(index - 1) {
        let detail = "its first key is not above the separator before it that".into();
        return Some((ChildDifference::Order, detail));
    }
    None
}

/// Weighs a cached node by its bytes.
#[derive(Clone)]
struct NodeWeight;

impl Weighter<ChunkHash, Arc<Node>> for NodeWeight {
    fn weight(&self, _: &ChunkHash, node: &Arc<Node>) -> u64 {
        (node.encoding().len() + CACHED_NODE_OVERHEAD_BYTES) as u64
    }
}
