//! Looking at every byte: whether each record of each segment is what it was
//! when it was written, and each index leads to it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Store;
use super::layout::{SEGMENTS, segment_name};
use super::segment::record::{self, RecordHeader, RecordKind};
use super::segment::scan::scan;
use super::segment::sealed::SealedSegment;
use super::segment::{HEADER_LEN, RECORD_HEADER_LEN};
use crate::chunk::ChunkStore;
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;
use crate::pins::Pins;

/// Something in a segment that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFault {
    /// What is wrong.
    pub kind: SegmentFaultKind,
    /// The file, from the store's directory on.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: Option<u64>,
    /// The chunk that it touches, if that is known.
    pub chunk: Option<ChunkHash>,
    /// In words.
    pub detail: String,
}

/// The kinds of [`SegmentFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentFaultKind {
    /// A chunk's bytes do not hash to its address, or do not unpack.
    CorruptChunk,
    /// A chunk is not where its index says, or is in no index.
    MisplacedChunk,
    /// Bytes of a sealed segment are no record.
    CorruptRecord,
    /// A part of an index fails its checksum.
    CorruptIndex,
    /// The segment that is written to is damaged.
    UnsealedDamage,
}

/// A store without its cache: what is read is what is on disk.
struct Uncached(Arc<Store>);

impl ChunkStore for Uncached {
    fn read(&self, hash: &ChunkHash) -> Result<Bytes> {
        self.0.read_uncached(hash)
    }

    fn write(&self, encoding: &[u8]) -> Result<ChunkHash> {
        self.0.write(encoding)
    }

    fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        self.0.contains(hash)
    }

    fn pins(&self) -> &Arc<Pins> {
        self.0.pins()
    }
}

impl Store {
    /// The same chunks, read past the cache.
    pub fn uncached(self: &Arc<Self>) -> Arc<dyn ChunkStore> {
        Arc::new(Uncached(Arc::clone(self)))
    }

    /// Reads every segment from end to end. `found` hears of each fault.
    ///
    /// # Errors
    /// `Io`, if something cannot be read at all.
    pub fn verify(&self, mut found: impl FnMut(SegmentFault)) -> Result<()> {
        let (sealed, active, file, number) = {
            let log = self.log.read();
            let active: Vec<ChunkHash> = log.chunks.keys().copied().collect();
            (log.sealed.clone(), active, log.file.clone(), log.number)
        };
        for segment in sealed.iter() {
            verify_sealed(segment, &mut found);
        }
        let name = || format!("{SEGMENTS}/{}", segment_name(number));
        for hash in active {
            match self.read_uncached(&hash) {
                Ok(_) => {}
                Err(StorageError::Corrupt { detail, .. }) => found(SegmentFault {
                    kind: SegmentFaultKind::CorruptChunk,
                    file: name(),
                    offset: None,
                    chunk: Some(hash),
                    detail,
                }),
                // It went into a sealed segment that was collected meanwhile.
                Err(StorageError::NotFound { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        // Nothing vouches for the tail, which may be on its way into the file.
        match scan(&*file, number, HEADER_LEN, &name()) {
            Err(StorageError::Corrupt { detail, .. }) => found(SegmentFault {
                kind: SegmentFaultKind::UnsealedDamage,
                file: name(),
                offset: None,
                chunk: None,
                detail,
            }),
            scanned => drop(scanned?),
        }
        Ok(())
    }

    /// Every chunk, with the segment that it is found in.
    ///
    /// # Errors
    /// `Corrupt` if an index is.
    pub fn chunk_files(&self) -> Result<HashMap<ChunkHash, String>> {
        let log = self.log.read();
        let mut chunks = HashMap::new();
        for segment in log.sealed.iter() {
            let name = format!("{SEGMENTS}/{}", segment_name(segment.number()));
            for entry in segment.locations() {
                chunks.insert(entry?.0, name.clone());
            }
        }
        let name = format!("{SEGMENTS}/{}", segment_name(log.number));
        chunks.extend(log.chunks.keys().map(|hash| (*hash, name.clone())));
        Ok(chunks)
    }
}

/// Reads a sealed segment from end to end.
pub(super) fn verify_sealed(segment: &SealedSegment, found: &mut impl FnMut(SegmentFault)) {
    let file = format!("{SEGMENTS}/{}", segment_name(segment.number()));
    let mut report = |kind, offset, chunk, detail: String| {
        found(SegmentFault { kind, file: file.clone(), offset, chunk, detail });
    };
    let mut places: HashMap<ChunkHash, u64> = HashMap::new();
    let records = segment.records();
    let mut offset = HEADER_LEN;
    while offset < records.len() as u64 {
        let rest = records.slice(offset as usize..);
        let Some((header, body)) = whole_record(&rest, segment.number(), offset) else {
            let skipped = next_record(&rest, segment.number(), offset);
            let detail = format!("{skipped} bytes are no record, or one that fails its checksum");
            report(SegmentFaultKind::CorruptRecord, Some(offset), None, detail);
            offset += skipped;
            continue;
        };
        if header.kind() == Some(RecordKind::Chunk)
            && let Some(hash) = body.get(..ChunkHash::LEN).and_then(ChunkHash::from_slice)
        {
            let record = rest.slice(..RECORD_HEADER_LEN + body.len());
            match record::read_chunk(&record, &hash, segment.dictionary()) {
                Ok(_) => {
                    places.insert(hash, offset);
                }
                Err(detail) => report(SegmentFaultKind::CorruptChunk, Some(offset), Some(hash), detail),
            }
        }
        offset += (RECORD_HEADER_LEN + body.len()) as u64;
    }
    for entry in segment.locations() {
        match entry {
            Ok((hash, location)) => match places.remove(&hash) {
                Some(place) if place == location.offset => {}
                place => {
                    let place = place.map_or("nowhere".into(), |place| format!("at offset {place}"));
                    let detail = format!("its index has it at offset {}, and it is {place}", location.offset);
                    report(SegmentFaultKind::MisplacedChunk, Some(location.offset), Some(hash), detail);
                }
            },
            Err(error) => report(SegmentFaultKind::CorruptIndex, None, None, error.to_string()),
        }
    }
    for (hash, place) in places {
        let detail = "it is in no index, so nobody finds it".to_owned();
        report(SegmentFaultKind::MisplacedChunk, Some(place), Some(hash), detail);
    }
}

/// The record at the start of `bytes`, which are at `offset` of a segment.
pub(super) fn whole_record(bytes: &Bytes, number: u64, offset: u64) -> Option<(RecordHeader, Bytes)> {
    let header = RecordHeader::parse(bytes)?;
    let end = RECORD_HEADER_LEN.checked_add(header.body_len as usize)?;
    let body = bytes.get(RECORD_HEADER_LEN..end)?;
    header.vouches_for(body, number, offset).then(|| (header, bytes.slice(RECORD_HEADER_LEN..end)))
}

/// How many bytes it is from the start of `bytes`, where no record is, to the
/// next one, or to the end.
pub(super) fn next_record(bytes: &Bytes, number: u64, offset: u64) -> u64 {
    let mut skipped = 1;
    while let Some(at) = bytes.get(skipped..).and_then(record::find_marker) {
        skipped += at;
        if whole_record(&bytes.slice(skipped..), number, offset + skipped as u64).is_some() {
            return skipped as u64;
        }
        skipped += 1;
    }
    bytes.len() as u64
}
