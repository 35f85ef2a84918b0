//! The log of an open store: its active segment, as far as it is in memory.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::Lsn;
use super::segment::codec::Stored;
use super::segment::record::{self, RecordKind};
use super::segment::sealed::SealedSegment;
use super::segment::{Location, RECORD_HEADER_LEN};
use crate::error::Result;
use crate::hash::{AddressHashing, ChunkHash};
use crate::vfs::VfsFile;

/// The active segment, and the sealed ones before it. A record passes through
/// three places, in the order of their offsets:
///
/// ```text
/// file (read from there) | writing (on its way) | pending (being collected)
/// ```
///
/// so that a chunk can be read at any time, and nobody who reads waits for
/// somebody who writes to the disk.
#[derive(Debug)]
pub(super) struct Log {
    /// The active segment's number.
    pub(super) number: u64,
    /// The active segment's file.
    pub(super) file: Arc<dyn VfsFile>,
    /// The position in the log of the active segment's first byte.
    pub(super) base: u64,
    /// The chunks in the active segment.
    pub(super) chunks: HashMap<ChunkHash, Location, AddressHashing>,
    /// Searched from the last to the first.
    pub(super) sealed: Arc<Vec<Arc<SealedSegment>>>,
    /// The segments that a collection under way may remove. What only they hold
    /// is written again by whoever writes it.
    pub(super) candidates: Arc<HashSet<u64>>,
    /// Bytes being written to the file; they stay here if that fails.
    writing: Arc<Vec<u8>>,
    pending: Vec<u8>,
    /// The offset of the first byte that is pending.
    pending_start: u64,
    /// Whether there is something for a sync mark to vouch for: a record other
    /// than a mark since the last one.
    unmarked: bool,
}

/// Where a chunk is to be had.
pub(super) enum Place {
    /// Its record.
    Memory(Bytes),
    /// Its record is at this place of the active segment's file.
    File(Arc<dyn VfsFile>, Location),
    /// In one of these, if anywhere.
    Sealed(Arc<Vec<Arc<SealedSegment>>>),
}

impl Log {
    /// A log whose active segment's file has `len` bytes.
    pub(super) fn new(
        number: u64,
        file: Arc<dyn VfsFile>,
        base: u64,
        len: u64,
        sealed: Vec<Arc<SealedSegment>>,
    ) -> Self {
        Self {
            number,
            file,
            base,
            chunks: HashMap::default(),
            sealed: Arc::new(sealed),
            candidates: Arc::default(),
            writing: Arc::default(),
            pending: Vec::new(),
            pending_start: len,
            unmarked: false,
        }
    }

    /// The active segment's length with all that is appended.
    pub(super) fn len(&self) -> u64 {
        self.pending_start + self.pending.len() as u64
    }

    /// The position after all that is appended.
    pub(super) fn position(&self) -> Lsn {
        Lsn(self.base + self.len())
    }

    /// Bytes that are not on their way into the file.
    pub(super) fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Appends a record, in memory. `chunk` is as for [`record::append`].
    pub(super) fn append(
        &mut self,
        kind: RecordKind,
        chunk: Option<(&ChunkHash, bool)>,
        payload: &Stored<'_>,
    ) -> Lsn {
        let offset = self.len();
        let body_len = record::append(&mut self.pending, self.number, offset, kind, chunk, payload);
        if let Some((hash, is_terminal)) = chunk {
            self.chunks.insert(*hash, Location { offset, body_len, is_terminal });
        }
        self.unmarked |= kind != RecordKind::SyncMark;
        self.position()
    }

    /// Whether there is something for a sync mark to vouch for. Says so once.
    pub(super) fn take_unmarked(&mut self) -> bool {
        mem::take(&mut self.unmarked)
    }

    /// Appends a mark that vouches for the first `synced_len` bytes.
    pub(super) fn mark(&mut self, synced_len: u64) {
        self.append(RecordKind::SyncMark, None, &Stored::raw(&synced_len.to_le_bytes()));
    }

    /// Takes what is pending, to be written to the file, and collects further
    /// records in `spare`. Nothing may be being written already.
    pub(super) fn start_writing(&mut self, spare: Vec<u8>) -> Arc<Vec<u8>> {
        debug_assert!(self.writing.is_empty(), "one write at a time");
        debug_assert!(spare.is_empty(), "a spare buffer is empty");
        self.pending_start = self.len();
        self.writing = Arc::new(mem::replace(&mut self.pending, spare));
        self.writing.clone()
    }

    /// Notes that what was being written is in the file.
    pub(super) fn finish_writing(&mut self) {
        self.writing = Arc::default();
    }

    /// Where to read a chunk from.
    pub(super) fn find(&self, hash: &ChunkHash) -> Place {
        let Some(location) = self.chunks.get(hash) else {
            return Place::Sealed(self.sealed.clone());
        };
        let writing_start = self.pending_start - self.writing.len() as u64;
        let (buffer, start) = match location.offset {
            offset if offset >= self.pending_start => (&self.pending, self.pending_start),
            offset if offset >= writing_start => (&*self.writing, writing_start),
            _ => return Place::File(self.file.clone(), *location),
        };
        let start = (location.offset - start) as usize;
        let record = buffer.get(start..start + location.record_len());
        Place::Memory(Bytes::copy_from_slice(record.expect("indexed records are in a buffer or in the file")))
    }
}

/// Reads the record of a chunk from the active segment's file.
pub(super) fn read_record(file: &dyn VfsFile, location: Location) -> Result<Bytes> {
    let mut record = vec![0; RECORD_HEADER_LEN + location.body_len as usize];
    file.read_at(location.offset, &mut record)?;
    Ok(Bytes::from(record))
}
