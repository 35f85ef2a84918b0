//! Measures a tree, and what two of them share.

use std::collections::HashSet;

use super::{Tree, node::Node};
use crate::error::Result;
use crate::hash::ChunkHash;

/// How many powers of two the size of a node in bytes may lie between: more than
/// any node reaches.
const SIZE_CLASSES: usize = 32;

/// The measures of a tree, from [`Tree::statistics`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeStatistics {
    /// Levels; 1 when the root is a leaf.
    pub depth: u32,
    /// Nodes, each place in the tree counted.
    pub nodes: u64,
    /// Nodes that hold entries.
    pub leaves: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes of all nodes' encodings, before compression, without blobs.
    pub bytes: u64,
    /// Bytes of the leaves' encodings.
    pub leaf_bytes: u64,
    /// Values that are kept out of line, each place in the tree counted.
    pub blobs: u64,
    /// Bytes of those values.
    pub blob_bytes: u64,
    /// The mean size of nodes that the chunking parameters aim at, in bytes.
    pub node_bytes_target: u32,
    /// Nodes by size: number `n` counts those of at least 2ⁿ bytes and less than
    /// twice that.
    nodes_by_size: [u64; SIZE_CLASSES],
}

/// What two trees have in common, from [`Tree::shared_with`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedNodes {
    /// Nodes that are in both.
    pub nodes: u64,
    /// Bytes of their encodings, before compression, without blobs.
    pub bytes: u64,
}

impl TreeStatistics {
    /// How full the leaves are on average: 1.0 is the size aimed at.
    pub fn fill(&self) -> f64 {
        let aimed = self.leaves as f64 * f64::from(self.node_bytes_target);
        if aimed == 0.0 { 0.0 } else { self.leaf_bytes as f64 / aimed }
    }

    /// How many nodes there are of which size: a power of two in bytes, and the
    /// nodes that have at least so many bytes and less than twice as many. Ascending;
    /// sizes that no node has are left out.
    pub fn histogram(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let counted = self.nodes_by_size.into_iter().enumerate().filter(|(_, nodes)| *nodes > 0);
        counted.map(|(class, nodes)| (1_u64 << class, nodes))
    }
}

impl Tree {
    /// Measures the tree by reading all of its nodes.
    ///
    /// # Errors
    /// A failed read.
    pub fn statistics(&self) -> Result<TreeStatistics> {
        let root = self.nodes().load(&self.root().chunk())?;
        let mut statistics = TreeStatistics {
            depth: u32::from(root.level()) + 1,
            node_bytes_target: self.nodes().chunking().bytes_target,
            ..TreeStatistics::default()
        };
        self.measure(&root, &mut statistics)?;
        Ok(statistics)
    }

    fn measure(&self, node: &Node, statistics: &mut TreeStatistics) -> Result<()> {
        let bytes = node.encoding().len() as u64;
        statistics.nodes += 1;
        statistics.bytes += bytes;
        let class = bytes.max(1).ilog2() as usize;
        statistics.nodes_by_size[class.min(SIZE_CLASSES - 1)] += 1;
        if node.is_leaf() {
            statistics.leaves += 1;
            statistics.leaf_bytes += bytes;
            statistics.entries += node.entries();
            for blob in (0..node.len()).filter_map(|index| node.blob(index)) {
                statistics.blobs += 1;
                statistics.blob_bytes += u64::from(blob.value_len());
            }
            return Ok(());
        }
        for index in 0..node.len() {
            self.measure(&*self.nodes().load_child(node, index)?, statistics)?;
        }
        Ok(())
    }

    /// The nodes that are also in `other`, a tree of the same store. Reads the
    /// internal nodes of both, and the leaves that are shared.
    ///
    /// # Errors
    /// A failed read.
    pub fn shared_with(&self, other: &Self) -> Result<SharedNodes> {
        let hash = other.root().chunk();
        let mut theirs = HashSet::from([hash]);
        other.note_hashes(&*other.nodes().load(&hash)?, &mut theirs)?;
        let hash = self.root().chunk();
        let mut shared = SharedNodes::default();
        self.count_shared(&hash, &*self.nodes().load(&hash)?, &theirs, &mut shared)?;
        Ok(shared)
    }

    /// Adds the hashes of all nodes below one.
    fn note_hashes(&self, node: &Node, hashes: &mut HashSet<ChunkHash>) -> Result<()> {
        if node.is_leaf() {
            return Ok(());
        }
        for index in 0..node.len() {
            hashes.insert(node.child(index).hash);
            if node.level() > 1 {
                self.note_hashes(&*self.nodes().load_child(node, index)?, hashes)?;
            }
        }
        Ok(())
    }

    /// Counts a node, whose address is `hash`, and those below it that are among
    /// `theirs`.
    fn count_shared(
        &self,
        hash: &ChunkHash,
        node: &Node,
        theirs: &HashSet<ChunkHash>,
        shared: &mut SharedNodes,
    ) -> Result<()> {
        if theirs.contains(hash) {
            shared.nodes += 1;
            shared.bytes += node.encoding().len() as u64;
        }
        if node.is_leaf() {
            return Ok(());
        }
        for index in 0..node.len() {
            let child = node.child(index).hash;
            if node.level() > 1 || theirs.contains(&child) {
                self.count_shared(&child, &*self.nodes().load_child(node, index)?, theirs, shared)?;
            }
        }
        Ok(())
    }
}
