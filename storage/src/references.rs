//! Which chunks a chunk leads to.

use bytes::Bytes;

use crate::chunk::ChunkKind;
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;
use crate::tree;

/// The chunks that a node of a tree or a blob refers to, in the order in which
/// it does: the children of an internal node, the large values of a leaf.
///
/// `None` for a commit, whose encoding only the engine knows.
///
/// # Errors
/// `Corrupt` or `NewerFormat` when the encoding is not one of its kind. `hash`
/// is its address, for messages.
pub fn references(hash: &ChunkHash, encoding: &Bytes) -> Result<Option<Vec<ChunkHash>>> {
    match ChunkKind::of(encoding) {
        Some(ChunkKind::Leaf | ChunkKind::Internal) => {
            tree::node_references(hash, encoding.clone()).map(Some)
        }
        Some(ChunkKind::Blob) => Ok(Some(Vec::new())),
        Some(ChunkKind::Commit) => Ok(None),
        None => {
            let detail = format!("its kind {:?} was never in use", encoding.first());
            Err(StorageError::corrupt(format!("chunk {hash}"), detail))
        }
    }
}

/// Whether a chunk is known to refer to no other: a blob, or a leaf without
/// large values. Noted beside each chunk's address, so that a collector need
/// not read what are by far the most chunks.
pub(crate) fn is_terminal(encoding: &[u8]) -> bool {
    match ChunkKind::of(encoding) {
        Some(ChunkKind::Blob) => true,
        Some(ChunkKind::Leaf) => tree::leaf_has_no_blobs(encoding),
        _ => false,
    }
}
