//! Chunks: immutable encoded bytes, addressed by their hash.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;
use crate::pins::Pins;

/// What a chunk holds. The first byte of its encoding says so, and is therefore
/// part of what its address vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ChunkKind {
    /// A tree node that holds keys and values.
    Leaf = 1,
    /// A tree node that holds child addresses.
    Internal = 2,
    /// A commit of the engine.
    Commit = 3,
    /// A large value kept out of line.
    Blob = 4,
}

impl ChunkKind {
    /// The kind of an encoding, from its first byte.
    pub fn of(encoding: &[u8]) -> Option<Self> {
        match encoding.first()? {
            1 => Some(Self::Leaf),
            2 => Some(Self::Internal),
            3 => Some(Self::Commit),
            4 => Some(Self::Blob),
            _ => None,
        }
    }
}

/// Where chunks are kept. Implementations are shared between threads.
pub trait ChunkStore: Send + Sync {
    /// The encoding behind an address, checked against it.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is none, [`StorageError::Corrupt`]
    /// when the bytes do not hash to the address.
    fn read(&self, hash: &ChunkHash) -> Result<Bytes>;

    /// Stores an encoding and returns its address. Writing what is there
    /// already changes nothing. Durable only after a later sync.
    fn write(&self, encoding: &[u8]) -> Result<ChunkHash>;

    /// Whether the chunk is there, without reading it.
    fn contains(&self, hash: &ChunkHash) -> Result<bool>;

    /// What of it must not be collected.
    fn pins(&self) -> &Arc<Pins>;
}

/// A chunk store in memory, for tests and for computing roots without a store.
#[derive(Debug, Default)]
pub struct MemoryChunks {
    chunks: RwLock<HashMap<ChunkHash, Bytes>>,
    pins: Arc<Pins>,
}

impl MemoryChunks {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many chunks it holds.
    pub fn len(&self) -> usize {
        self.chunks.read().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.chunks.read().is_empty()
    }
}

impl ChunkStore for MemoryChunks {
    fn read(&self, hash: &ChunkHash) -> Result<Bytes> {
        self.chunks.read().get(hash).cloned().ok_or(StorageError::NotFound { hash: *hash })
    }

    fn write(&self, encoding: &[u8]) -> Result<ChunkHash> {
        let hash = ChunkHash::of(encoding);
        self.chunks.write().entry(hash).or_insert_with(|| Bytes::copy_from_slice(encoding));
        Ok(hash)
    }

    fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        Ok(self.chunks.read().contains_key(hash))
    }

    fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }
}
