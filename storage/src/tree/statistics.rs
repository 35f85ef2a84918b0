//! Measures a tree.

use super::{Tree, node::Node};
use crate::error::Result;

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
}

impl TreeStatistics {
    /// How full the leaves are on average: 1.0 is the size aimed at.
    pub fn fill(&self) -> f64 {
        let aimed = self.leaves as f64 * f64::from(self.node_bytes_target);
        if aimed == 0.0 { 0.0 } else { self.leaf_bytes as f64 / aimed }
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
}
