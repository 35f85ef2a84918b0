//! How a store is created and opened.

use crate::tree::ChunkingParameters;

/// How records are stored. Each record says for itself whether it is
/// compressed, so a store may be reopened with another setting at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// Compressed by zstd, where that makes them smaller.
    Zstd {
        /// The effort: 1 (fast) to 22; negative levels are faster still.
        level: i32,
    },
}

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd { level: 1 }
    }
}

/// Settings of a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// For what is written from now on. `None`, when a store is opened, is what
    /// it was last told; when one is created, zstd at level 1.
    pub compression: Option<Compression>,
    /// The length in bytes from which on the active segment asks to be sealed.
    /// Recovery after a crash reads at most about this much.
    pub segment_bytes_max: u64,
    /// The memory in bytes for chunks kept uncompressed; 0 keeps none.
    pub chunk_cache_bytes_max: usize,
    /// How trees are cut into chunks. Used at creation; after that, what the
    /// store's MANIFEST says holds.
    pub chunking: ChunkingParameters,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            compression: None,
            segment_bytes_max: 64 << 20,
            chunk_cache_bytes_max: 64 << 20,
            chunking: ChunkingParameters::default(),
        }
    }
}
