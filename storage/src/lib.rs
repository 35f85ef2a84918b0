//! Chunks, segments and prolly trees.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chunk;
mod error;
mod hash;
mod key_range;
mod pins;
mod references;
mod store;
mod tree;
mod vfs;

pub use chunk::{ChunkKind, ChunkStore, MemoryChunks};
pub use error::{Result, StorageError};
pub use hash::{ChunkHash, RootHash};
pub use key_range::KeyRange;
pub use pins::{Pin, Pins, WriteGuard};
pub use references::references;
pub use store::{
    Collected, CollectionOutcome, CollectionPhase, CollectionPolicy, CollectionProgress, Collector,
    Compression, LiveSegment, Lsn, Mutations, Recovered, Repaired, SegmentFault, SegmentFaultKind,
    SegmentStatistics, Store, StoreOptions, StoreStatistics,
};
pub use tree::{
    Block, BlockCursor, Change, ChunkContent, ChunkingParameters, Diff, DiffCounts, Entry, KEY_BYTES_MAX,
    LeafValue, MergeConflict, Mutation, NodeChild, NodeStore, Proof, RangeCursor, SharedNodes, Tree,
    TreeBuilder, TreeFault, TreeFaultKind, TreeMerge, TreeStatistics, VALUE_BYTES_MAX,
};
pub use vfs::{
    EntryKind, Ignored, Image, ImagePlan, MemoryVfs, OpenMode, RealVfs, Recording, RecordingVfs, Vfs,
    VfsFile, VfsLock,
};
