//! The store as a store of chunks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::Store;
use super::log::{self, Place};
use super::segment::record::{self, RecordKind};
use super::segment::sealed::SealedSegment;
use super::segment::{CHUNK_BYTES_MAX, codec};
use crate::chunk::ChunkStore;
use crate::error::{Result, StorageError};
use crate::hash::{AddressHashing, ChunkHash};
use crate::pins::Pins;
use crate::references::is_terminal;

/// The mean length in bytes of a chunk, for sizing the cache's tables.
const CHUNK_BYTES_TYPICAL: usize = 4096;

/// What a cached chunk takes beside its bytes: hash, handle, list links.
const CACHE_ENTRY_BYTES: u64 = 128;

/// Chunks whose content was checked against their address.
pub(super) type ChunkCache = Cache<ChunkHash, Bytes, ChunkWeight, AddressHashing>;

/// The cache's limit is in bytes.
#[derive(Clone, Debug)]
pub(super) struct ChunkWeight;

impl Weighter<ChunkHash, Bytes> for ChunkWeight {
    fn weight(&self, _hash: &ChunkHash, encoding: &Bytes) -> u64 {
        encoding.len() as u64 + CACHE_ENTRY_BYTES
    }
}

/// A cache of at most about `bytes_max` bytes; `None` for 0.
pub(super) fn cache(bytes_max: usize) -> Option<ChunkCache> {
    (bytes_max > 0).then(|| {
        Cache::with(
            bytes_max / CHUNK_BYTES_TYPICAL + 1,
            bytes_max as u64,
            ChunkWeight,
            AddressHashing::default(),
            DefaultLifecycle::default(),
        )
    })
}

impl ChunkStore for Store {
    fn read(&self, hash: &ChunkHash) -> Result<Bytes> {
        self.counters.chunk_reads.fetch_add(1, Ordering::Relaxed);
        if let Some(encoding) = self.cache.as_ref().and_then(|cache| cache.get(hash)) {
            self.counters.chunk_reads_cached.fetch_add(1, Ordering::Relaxed);
            return Ok(encoding);
        }
        let encoding = self.read_uncached(hash)?;
        if let Some(cache) = &self.cache {
            cache.insert(*hash, encoding.clone());
        }
        Ok(encoding)
    }

    /// # Errors
    /// `TooLarge` above 32 MiB; `Io` and `Poisoned`, after which nothing more is
    /// accepted.
    fn write(&self, encoding: &[u8]) -> Result<ChunkHash> {
        if encoding.len() > CHUNK_BYTES_MAX {
            return Err(StorageError::TooLarge { what: "chunk", len: encoding.len(), max: CHUNK_BYTES_MAX });
        }
        self.poison.check()?;
        let hash = ChunkHash::of(encoding);
        if self.is_safe(&hash)? {
            self.counters.chunk_writes_present.fetch_add(1, Ordering::Relaxed);
            return Ok(hash);
        }
        // Hashing and packing, the costly parts, run in the caller's thread
        // without a lock.
        let payload = codec::pack(encoding, self.compression());
        self.append(RecordKind::Chunk, Some((&hash, is_terminal(encoding))), &payload)?;
        self.counters.chunk_writes.fetch_add(1, Ordering::Relaxed);
        Ok(hash)
    }

    fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        self.is_in(hash, |_| true)
    }

    fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }
}

impl Store {
    /// Whether a chunk is there, and where no collection may remove it from.
    fn is_safe(&self, hash: &ChunkHash) -> Result<bool> {
        let candidates = self.log.read().candidates.clone();
        self.is_in(hash, |segment| !candidates.contains(&segment.number()))
    }

    /// Whether a chunk is in the active segment, or in a sealed one that counts.
    fn is_in(&self, hash: &ChunkHash, counts: impl Fn(&SealedSegment) -> bool) -> Result<bool> {
        let sealed = {
            let log = self.log.read();
            if log.chunks.contains_key(hash) {
                return Ok(true);
            }
            log.sealed.clone()
        };
        // Newest first: what was written last is asked for most.
        for segment in sealed.iter().rev().filter(|segment| counts(segment)) {
            if segment.contains(hash)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The encoding of a chunk, checked, past the cache.
    pub(super) fn read_uncached(&self, hash: &ChunkHash) -> Result<Bytes> {
        let place = self.log.read().find(hash);
        let (record, offset) = match place {
            Place::Memory(record) => (record, None),
            Place::File(file, location) => (log::read_record(&*file, location)?, Some(location.offset)),
            Place::Sealed(segments) => {
                for segment in segments.iter().rev() {
                    if let Some(encoding) = segment.read(hash)? {
                        return Ok(encoding);
                    }
                }
                return Err(StorageError::NotFound { hash: *hash });
            }
        };
        record::read_chunk(&record, hash, None).map_err(|detail| {
            let place = offset.map_or("in memory".into(), |offset| format!("at offset {offset}"));
            let advice = "run check, then repair";
            StorageError::corrupt(
                self.dir.display().to_string(),
                format!("chunk {hash} {place} of the active segment: {detail} ({advice})"),
            )
        })
    }
}
