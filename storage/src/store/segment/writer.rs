//! Writing a sealed segment of its own: chunks alone, none of which anybody
//! relies on before it is whole.

use std::mem;
use std::path::Path;
use std::sync::Arc;

use super::codec::{Dictionary, Stored};
use super::record::{self, RecordKind};
use super::{Location, header, sealed};
use crate::error::Result;
use crate::hash::ChunkHash;
use crate::store::layout::segment_path;
use crate::vfs::{OpenMode, Vfs, VfsFile};

/// Bytes of records that are written to the file in one piece.
const WRITE_BYTES: usize = 1 << 20;

/// A segment in the making.
pub(crate) struct SegmentWriter {
    number: u64,
    file: Arc<dyn VfsFile>,
    /// Bytes in the file and in `pending`.
    len: u64,
    pending: Vec<u8>,
    chunks: Vec<(ChunkHash, Location)>,
}

impl SegmentWriter {
    /// Creates the file of segment `number` of the store in `dir`.
    pub(crate) fn create(
        vfs: &dyn Vfs,
        dir: &Path,
        number: u64,
        dictionary: Option<&Dictionary>,
    ) -> Result<Self> {
        let file = vfs.open(&segment_path(dir, number), OpenMode::CreateNew)?;
        let mut pending = header::encode(number);
        if let Some(dictionary) = dictionary {
            let offset = pending.len() as u64;
            let payload = Stored::raw(dictionary.bytes());
            record::append(&mut pending, number, offset, RecordKind::Dictionary, None, &payload);
        }
        Ok(Self { number, file, len: pending.len() as u64, pending, chunks: Vec::new() })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Appends a chunk, which must not be in the segment yet.
    pub(crate) fn append(&mut self, hash: ChunkHash, is_terminal: bool, stored: &Stored<'_>) -> Result<()> {
        let offset = self.len;
        let before = self.pending.len();
        let chunk = Some((&hash, is_terminal));
        let body_len =
            record::append(&mut self.pending, self.number, offset, RecordKind::Chunk, chunk, stored);
        self.len += (self.pending.len() - before) as u64;
        self.chunks.push((hash, Location { offset, body_len, is_terminal }));
        if self.pending.len() >= WRITE_BYTES {
            self.file.append(&mem::take(&mut self.pending))?;
        }
        Ok(())
    }

    /// Appends index and footer, and makes the bytes durable; the name is for the
    /// caller to sync. Returns the length of the file.
    pub(crate) fn seal(mut self) -> Result<u64> {
        self.chunks.sort_unstable_by_key(|(hash, _)| *hash);
        let seal = sealed::seal_bytes(self.number, self.len, &self.chunks)?;
        self.pending.extend_from_slice(&seal);
        self.file.append(&self.pending)?;
        self.file.sync()?;
        Ok(self.len + seal.len() as u64)
    }
}
