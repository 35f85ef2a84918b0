//! The keys of one leaf, each in one piece.

use bytes::Bytes;

use super::Node;

/// All keys of a node with the common prefix put back, in one allocation of
/// which every key is a slice. Used where a leaf is scanned.
#[derive(Debug)]
pub(crate) struct LeafKeys {
    keys: Bytes,
    ends: Vec<u32>,
}

impl LeafKeys {
    pub(crate) fn of(node: &Node) -> Self {
        let total = (0..node.len()).map(|index| node.key(index).len()).sum();
        let mut keys = Vec::with_capacity(total);
        let mut ends = Vec::with_capacity(node.len());
        for index in 0..node.len() {
            node.key(index).append_to(&mut keys);
            ends.push(u32::try_from(keys.len()).expect("the keys of a node are far below 4 GiB"));
        }
        Self { keys: keys.into(), ends }
    }

    /// The `index`-th key.
    pub(crate) fn get(&self, index: usize) -> Bytes {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        self.keys.slice(start..self.ends[index] as usize)
    }
}
