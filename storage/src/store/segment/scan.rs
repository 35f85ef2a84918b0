//! Recovery: reading the active segment from front to back.
//!
//! Every record is either whole, or damaged. From the first damaged one on
//! there are two cases (see the sync marks in [`super`]):
//!
//! * A valid mark further on, or the length that MANIFEST vouches for, says
//!   that the damaged place had been synced. Then something that was perhaps
//!   acknowledged is broken, and opening is refused.
//! * Nothing says so. Then it is the tail that a crash tore, which nobody was
//!   told is durable, and the log ends before it.

use std::collections::HashMap;

use bytes::Bytes;

use super::record::{self, RecordHeader, RecordKind};
use super::window::Window;
use super::{HEADER_LEN, Location, RECORD_HEADER_LEN, SYNC_MARK_RECORD_LEN, field, header};
use crate::error::{Result, StorageError};
use crate::hash::{AddressHashing, ChunkHash, RootHash};
use crate::vfs::VfsFile;

/// What an active segment holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The last root.
    pub(crate) root: Option<RootHash>,
    /// All mutation records, in order: offset, header and body.
    pub(crate) mutations: Vec<(u64, RecordHeader, Bytes)>,
    pub(crate) chunks: HashMap<ChunkHash, Location, AddressHashing>,
    /// Where the log ends: bytes from here on are not part of it.
    pub(crate) end: u64,
    /// Bytes after `end` that a crash tore. Not those of a sealing that did not
    /// come to its end, which hold nothing of their own.
    pub(crate) torn_bytes: u64,
    /// Whether a record other than a mark lies beyond what marks vouch for.
    pub(crate) unmarked: bool,
}

/// Reads the active segment `number` from `file`. The first `synced_len` bytes
/// are known to have been synced. `what` names the file in errors.
///
/// # Errors
/// `Corrupt` if anything that was synced is damaged, `NewerFormat`, `Io`.
pub(crate) fn scan(file: &dyn VfsFile, number: u64, synced_len: u64, what: &str) -> Result<Scan> {
    let len = file.len()?;
    if len < synced_len {
        let detail = format!("it has {len} of the {synced_len} bytes that were synced; is this half a copy?");
        return Err(StorageError::corrupt(what, detail));
    }
    let mut window = Window::new(file, len);
    header::check(window.at(0, HEADER_LEN as usize)?, number, what)?;
    let mut scan = Scan::default();
    let mut vouched = synced_len;
    let mut data_end = 0;
    let mut offset = HEADER_LEN;
    while offset < len {
        let (header, body) = match record_at(&mut window, number, offset)? {
            Found::Whole(header, body) => (header, body),
            Found::Damaged(reason) => {
                if offset < vouched || later_mark_vouches(&mut window, number, offset)? {
                    return Err(refused(what, offset, reason));
                }
                scan.torn_bytes = len - offset;
                break;
            }
        };
        let next = offset + RECORD_HEADER_LEN as u64 + body.len() as u64;
        match header.kind() {
            // Sealing had begun, and MANIFEST says that it did not end.
            Some(RecordKind::Index) => break,
            Some(RecordKind::SyncMark) => match field(body, 0).map(u64::from_le_bytes) {
                Some(claim) if claim <= offset => vouched = vouched.max(claim),
                _ => return Err(refused(what, offset, "the sync mark vouches for bytes after itself")),
            },
            Some(kind) => {
                scan.take(kind, &header, body, offset).map_err(|detail| refused(what, offset, &detail))?;
                data_end = next;
            }
            None => {
                return Err(refused(what, offset, "the record is of a kind that this program does not know"));
            }
        }
        offset = next;
    }
    scan.end = offset;
    scan.unmarked = data_end > vouched;
    Ok(scan)
}

impl Scan {
    /// Takes in a record whose checksum holds. The error says what is wrong.
    fn take(
        &mut self,
        kind: RecordKind,
        header: &RecordHeader,
        body: &[u8],
        offset: u64,
    ) -> std::result::Result<(), String> {
        let payload = || header.payload(Bytes::copy_from_slice(body), None);
        match kind {
            RecordKind::Chunk => {
                let hash = field(body, 0).ok_or("the chunk is shorter than its hash")?;
                let location =
                    Location { offset, body_len: header.body_len, is_terminal: header.is_terminal() };
                self.chunks.insert(ChunkHash::from_bytes(hash), location);
            }
            RecordKind::Mutations => self.mutations.push((offset, *header, Bytes::copy_from_slice(body))),
            RecordKind::Root => {
                let hash = ChunkHash::from_slice(&payload()?).ok_or("the root is not a hash")?;
                self.root = Some(RootHash::from(hash));
            }
            RecordKind::Dictionary => {
                return Err("a segment that is appended to has no dictionary".to_owned());
            }
            RecordKind::SyncMark | RecordKind::Index | RecordKind::Settings => {}
        }
        Ok(())
    }
}

enum Found<'a> {
    /// Its header and body; the checksum holds.
    Whole(RecordHeader, &'a [u8]),
    Damaged(&'static str),
}

fn record_at<'a>(window: &'a mut Window<'_>, number: u64, offset: u64) -> Result<Found<'a>> {
    let Some(header) = RecordHeader::parse(window.at(offset, RECORD_HEADER_LEN)?) else {
        return Ok(Found::Damaged("no record begins there"));
    };
    let record_len = RECORD_HEADER_LEN + header.body_len as usize;
    let Some(body) = window.at(offset, record_len)?.get(RECORD_HEADER_LEN..record_len) else {
        return Ok(Found::Damaged("the record there is longer than the file"));
    };
    if !header.vouches_for(body, number, offset) {
        return Ok(Found::Damaged("the record there fails its checksum"));
    }
    Ok(Found::Whole(header, body))
}

/// Whether a sync mark after `damage` says that this place had been synced.
fn later_mark_vouches(window: &mut Window<'_>, number: u64, damage: u64) -> Result<bool> {
    let mut offset = damage + 1;
    loop {
        let bytes = window.at(offset, SYNC_MARK_RECORD_LEN)?;
        if bytes.len() < SYNC_MARK_RECORD_LEN {
            return Ok(false);
        }
        let Some(at) = record::find_marker(bytes) else {
            // The last byte may be the first half of a marker.
            offset += bytes.len() as u64 - 1;
            continue;
        };
        offset += at as u64;
        if claim_of_mark(window.at(offset, SYNC_MARK_RECORD_LEN)?, number, offset)
            .is_some_and(|claim| claim > damage)
        {
            return Ok(true);
        }
        offset += 1;
    }
}

/// The length that the sync mark at the start of `bytes` vouches for, if there
/// is one whose checksum holds.
fn claim_of_mark(bytes: &[u8], number: u64, offset: u64) -> Option<u64> {
    let header = RecordHeader::parse(bytes).filter(|header| header.kind() == Some(RecordKind::SyncMark))?;
    let body = bytes.get(RECORD_HEADER_LEN..SYNC_MARK_RECORD_LEN)?;
    let holds = header.body_len as usize == body.len() && header.vouches_for(body, number, offset);
    field(body, 0).map(u64::from_le_bytes).filter(|_| holds)
}

fn refused(what: &str, offset: u64, reason: &str) -> StorageError {
    let advice = "these bytes had been synced; run check, then repair";
    StorageError::corrupt(what, format!("at offset {offset}: {reason} ({advice})"))
}
