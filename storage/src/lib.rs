//! Chunks, segments and prolly trees.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chunk;
mod error;
mod hash;
mod key_range;
mod store;
mod tree;
mod vfs;

pub use chunk::{ChunkKind, ChunkStore, MemoryChunks};
pub use error::{Result, StorageError};
pub use hash::{ChunkHash, RootHash};
pub use key_range::KeyRange;
pub use store::{Compression, Lsn, Recovered, SegmentStatistics, Store, StoreOptions, StoreStatistics};
pub use tree::{
    Block, BlockCursor, Change, ChunkingParameters, Diff, DiffCounts, Entry, KEY_BYTES_MAX, Mutation,
    NodeStore, RangeCursor, Tree, TreeBuilder, TreeStatistics, VALUE_BYTES_MAX,
};
pub use vfs::{EntryKind, MemoryVfs, OpenMode, RealVfs, Vfs, VfsFile, VfsLock};
