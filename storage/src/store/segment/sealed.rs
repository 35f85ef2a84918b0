//! Sealed segments: mapped, searched, never changed.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::codec::{Dictionary, Stored};
use super::footer::Footer;
use super::index::{self, Index};
use super::record::{self, RecordHeader, RecordKind};
use super::{FOOTER_LEN, HEADER_LEN, Location, RECORD_HEADER_LEN, header};
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;
use crate::vfs::{OpenMode, Vfs};

/// A sealed segment, open for reading.
#[derive(Debug)]
pub(crate) struct SealedSegment {
    number: u64,
    path: PathBuf,
    map: Bytes,
    index: Index,
    index_offset: u64,
    dictionary: Option<Dictionary>,
}

/// What seals the segment `number` at `index_offset`, its length so far: the
/// index record over `chunks`, and the footer. `chunks` are sorted by hash.
///
/// # Errors
/// `TooLarge` if the index would not fit a record, at some 97 million chunks.
pub(crate) fn seal_bytes(
    number: u64,
    index_offset: u64,
    chunks: &[(ChunkHash, Location)],
) -> Result<Vec<u8>> {
    let len = index::TABLE_LEN + chunks.len() * index::ENTRY_LEN;
    let max = u32::MAX as usize;
    if len > max {
        return Err(StorageError::TooLarge { what: "segment index", len, max });
    }
    let payload = index::encode(chunks);
    let table_checksum = crc32fast::hash(&payload[..index::TABLE_LEN]);
    let mut bytes = Vec::with_capacity(RECORD_HEADER_LEN + len + FOOTER_LEN);
    record::append(&mut bytes, number, index_offset, RecordKind::Index, None, &Stored::raw(&payload));
    let file_len = index_offset + (bytes.len() + FOOTER_LEN) as u64;
    bytes.extend_from_slice(&Footer { number, index_offset, file_len, table_checksum }.encode());
    Ok(bytes)
}

impl SealedSegment {
    /// Maps the segment `number`, which MANIFEST says has `len` bytes. Reads its
    /// header, footer, dictionary and the table of its index, whatever its size.
    ///
    /// # Errors
    /// `Corrupt` if those are not sound, or the length is another.
    pub(crate) fn open(vfs: &dyn Vfs, path: &Path, number: u64, len: u64) -> Result<Self> {
        let what = path.display().to_string();
        let corrupt = |detail: String| StorageError::corrupt(&what, detail);
        if vfs.entry(path)?.is_none() {
            return Err(corrupt("MANIFEST lists it, but it is missing; is this half a copy?".into()));
        }
        let map = vfs.open(path, OpenMode::Read)?.map()?;
        header::check(&map, number, &what)?;
        if map.len() as u64 != len {
            return Err(corrupt(format!("it has {} bytes where MANIFEST says {len}", map.len())));
        }
        let footer = Footer::parse(&map).ok_or_else(|| corrupt("its footer is damaged".into()))?;
        let payload = usize::try_from(footer.index_offset)
            .ok()
            .filter(|offset| *offset >= HEADER_LEN as usize)
            .and_then(|offset| Some(offset.checked_add(RECORD_HEADER_LEN)?..map.len() - FOOTER_LEN))
            .filter(|range| range.start <= range.end && footer.number == number && footer.file_len == len)
            .ok_or_else(|| corrupt("its footer is of another file".into()))?;
        let index = Index::open(map.slice(payload), footer.table_checksum).map_err(corrupt)?;
        let index_offset = footer.index_offset;
        let dictionary = dictionary(&map.slice(..index_offset as usize), number).map_err(corrupt)?;
        Ok(Self { number, path: path.to_path_buf(), map, index, index_offset, dictionary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> u64 {
        self.map.len() as u64
    }

    /// How many chunks it holds.
    pub(crate) fn chunks(&self) -> u64 {
        self.index.len() as u64
    }

    fn corrupt(&self, detail: String) -> StorageError {
        StorageError::corrupt(self.path.display().to_string(), detail)
    }

    /// Whether it holds chunk `hash`.
    pub(crate) fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        Ok(self.find(hash)?.is_some())
    }

    /// Where chunk `hash` is, and its number among the segment's chunks.
    pub(crate) fn find(&self, hash: &ChunkHash) -> Result<Option<(usize, Location)>> {
        self.index.find(hash).map_err(|detail| self.corrupt(detail))
    }

    /// Every chunk, ascending by hash.
    pub(crate) fn locations(&self) -> impl Iterator<Item = Result<(ChunkHash, Location)>> {
        self.index.entries().map(|entry| entry.map_err(|detail| self.corrupt(detail)))
    }

    /// Everything before the index: the header, and the records at their offsets.
    pub(crate) fn records(&self) -> Bytes {
        self.map.slice(..self.index_offset as usize)
    }

    pub(crate) fn dictionary(&self) -> Option<&Dictionary> {
        self.dictionary.as_ref()
    }

    /// Bytes that are not records of chunks and would not be in a segment of the
    /// same chunks either: header, dictionary, index and footer.
    pub(crate) fn frame_bytes(&self) -> u64 {
        let dictionary = self.dictionary.as_ref().map_or(0, |found| RECORD_HEADER_LEN + found.bytes().len());
        HEADER_LEN + dictionary as u64 + (self.len() - self.index_offset)
    }

    /// The encoding of chunk `hash`, verified; `None` if the segment has none.
    /// An encoding stored as it is comes without a copy, as part of the map.
    pub(crate) fn read(&self, hash: &ChunkHash) -> Result<Option<Bytes>> {
        let Some((_, location)) = self.find(hash)? else { return Ok(None) };
        self.read_at(hash, location).map(Some)
    }

    /// The encoding of chunk `hash` at the place that the index has for it,
    /// verified.
    pub(crate) fn read_at(&self, hash: &ChunkHash, location: Location) -> Result<Bytes> {
        let broken = |detail: &str| {
            self.corrupt(format!(
                "chunk {hash} at offset {}: {detail} (run check, then repair)",
                location.offset
            ))
        };
        let record = usize::try_from(location.offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(location.record_len())?))
            .filter(|range| range.end as u64 <= self.index_offset)
            .ok_or_else(|| broken("the index points outside of the records"))?;
        record::read_chunk(&self.map.slice(record), hash, self.dictionary.as_ref())
            .map_err(|detail| broken(&detail))
    }

    /// See [`Index::hashes_from`].
    pub(crate) fn hashes_from(
        &self,
        from: &ChunkHash,
        limit: usize,
        wanted: impl Fn(&ChunkHash) -> bool,
    ) -> Result<Vec<ChunkHash>> {
        self.index.hashes_from(from, limit, wanted).map_err(|detail| self.corrupt(detail))
    }
}

/// The dictionary in the first of the `records` of segment `number`, if that has
/// one. The error says what is wrong with it.
fn dictionary(records: &Bytes, number: u64) -> std::result::Result<Option<Dictionary>, String> {
    let first = records.slice(HEADER_LEN as usize..);
    let Some(header) = RecordHeader::parse(&first) else { return Ok(None) };
    if header.kind() != Some(RecordKind::Dictionary) {
        return Ok(None);
    }
    let body = RECORD_HEADER_LEN..RECORD_HEADER_LEN + header.body_len as usize;
    if !first.get(body.clone()).is_some_and(|body| header.vouches_for(body, number, HEADER_LEN)) {
        return Err("its dictionary fails its checksum".into());
    }
    let bytes = header.payload(first.slice(body), None)?;
    Dictionary::new(bytes.to_vec()).map(Some).ok_or_else(|| "its dictionary is not one".into())
}
