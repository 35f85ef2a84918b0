//! What a store can say about itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use super::layout::segment_name;
use crate::error::Result;

/// Sizes and counters of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Every segment, oldest first; the last one is active.
    pub segments: Vec<SegmentStatistics>,
    /// Chunks in all segments.
    pub chunks: u64,
    /// Bytes of all segments, including what is appended and not yet written.
    pub bytes: u64,
    /// Bytes of all segments after garbage was last collected; 0 if it never was.
    pub bytes_after_collection: u64,
    /// Chunks read since the store was opened, from memory or disk.
    pub chunk_reads: u64,
    /// Those of them that the chunk cache answered.
    pub chunk_reads_cached: u64,
    /// Chunks added since the store was opened.
    pub chunk_writes: u64,
    /// Chunks written that were there already.
    pub chunk_writes_present: u64,
    /// Times a segment was synced since the store was opened. Fewer than the
    /// calls of [`Store::sync`](crate::Store::sync) when these overlapped.
    pub syncs: u64,
}

/// One segment of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentStatistics {
    /// Its file name in the store's `segments` directory.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it is sealed, and so will never change.
    pub sealed: bool,
    /// Chunks in it.
    pub chunks: u64,
}

/// What is counted while the store is open.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) chunk_reads: AtomicU64,
    pub(super) chunk_reads_cached: AtomicU64,
    pub(super) chunk_writes: AtomicU64,
    pub(super) chunk_writes_present: AtomicU64,
    pub(super) syncs: AtomicU64,
}

impl Store {
    /// Chunks in the active segment, which no collection touches.
    pub fn unsealed_chunks(&self) -> u64 {
        self.log.read().chunks.len() as u64
    }

    /// Sizes and counters, without reading anything from disk.
    ///
    /// # Errors
    /// None today; the signature leaves room for segments that are elsewhere.
    pub fn statistics(&self) -> Result<StoreStatistics> {
        let log = self.log.read();
        let mut segments: Vec<SegmentStatistics> = log
            .sealed
            .iter()
            .map(|segment| SegmentStatistics {
                name: segment_name(segment.number()),
                bytes: segment.len(),
                sealed: true,
                chunks: segment.chunks(),
            })
            .collect();
        segments.push(SegmentStatistics {
            name: segment_name(log.number),
            bytes: log.len(),
            sealed: false,
            chunks: log.chunks.len() as u64,
        });
        drop(log);
        let counter = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok(StoreStatistics {
            chunks: segments.iter().map(|segment| segment.chunks).sum(),
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            segments,
            bytes_after_collection: counter(&self.collected),
            chunk_reads: counter(&self.counters.chunk_reads),
            chunk_reads_cached: counter(&self.counters.chunk_reads_cached),
            chunk_writes: counter(&self.counters.chunk_writes),
            chunk_writes_present: counter(&self.counters.chunk_writes_present),
            syncs: counter(&self.counters.syncs),
        })
    }
}
