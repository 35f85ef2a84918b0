//! What a chunk holds, taken apart for people to look at.

use bytes::Bytes;

use super::node::Node;
use super::value::{StoredValue, blob_value};
use crate::chunk::ChunkKind;
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;

/// What a node of a tree or a blob holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkContent {
    /// A leaf: its keys in order, and their values.
    Leaf(Vec<(Bytes, LeafValue)>),
    /// An internal node.
    Internal {
        /// Levels above the leaves; at least 1.
        level: u8,
        /// Its children, in order of keys.
        children: Vec<NodeChild>,
    },
    /// A large value.
    Blob(Bytes),
}

/// A value as a leaf has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafValue {
    /// The value itself.
    Inline(Bytes),
    /// A value that is a chunk of its own.
    Blob {
        /// The chunk.
        hash: ChunkHash,
        /// Length of the value in bytes.
        bytes: u32,
    },
}

/// A child as an internal node has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeChild {
    /// The last key below it.
    pub last_key: Bytes,
    /// Its address.
    pub hash: ChunkHash,
    /// Entries below it.
    pub entries: u64,
}

impl ChunkContent {
    /// Takes a chunk apart, whose address is `hash`. `None` for a commit, whose
    /// encoding only the engine knows.
    ///
    /// # Errors
    /// `Corrupt` or `NewerFormat` when the encoding is not one of its kind.
    pub fn decode(hash: &ChunkHash, encoding: &Bytes) -> Result<Option<Self>> {
        match ChunkKind::of(encoding) {
            Some(ChunkKind::Leaf | ChunkKind::Internal) => {
                Ok(Some(Self::of_node(&Node::decode(hash, encoding.clone())?)))
            }
            Some(ChunkKind::Blob) => Ok(Some(Self::Blob(blob_value(hash, encoding)?))),
            Some(ChunkKind::Commit) => Ok(None),
            None => {
                let detail = format!("its kind {:?} was never in use", encoding.first());
                Err(StorageError::corrupt(format!("chunk {hash}"), detail))
            }
        }
    }

    fn of_node(node: &Node) -> Self {
        if node.is_leaf() {
            let entry = |index| (node.key(index).to_bytes(), LeafValue::from(node.value(index)));
            return Self::Leaf((0..node.len()).map(entry).collect());
        }
        let child = |index| {
            let child = node.child(index);
            NodeChild { last_key: node.key(index).to_bytes(), hash: child.hash, entries: child.entries }
        };
        Self::Internal { level: node.level(), children: (0..node.len()).map(child).collect() }
    }
}

impl From<StoredValue> for LeafValue {
    fn from(value: StoredValue) -> Self {
        match value {
            StoredValue::Inline(value) => Self::Inline(value),
            StoredValue::Blob(blob) => Self::Blob { hash: blob.hash(), bytes: blob.value_len() },
        }
    }
}
