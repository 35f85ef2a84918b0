//! Puts right what checksums say, so that a changed input gets past them. The byte
//! tables are in the store's `segment` and `manifest` modules.

use std::ops::Range;

use microprolly_storage::ChunkHash;

const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;
const FOOTER_LEN: usize = 40;
const TABLE_LEN: usize = 256 * 8;
const ENTRY_LEN: usize = 32 + 8 + 4;
const MARKER: [u8; 2] = [0xd7, 0x6d];
const KIND_CHUNK: u8 = 1;
const FLAG_COMPRESSED: u8 = 1;

/// The number that a segment of an input has.
const NUMBER: u64 = 1;

/// The header of an empty segment.
pub(crate) fn header(number: u64) -> Vec<u8> {
    let mut header = b"MPROLLY\n\x02\0\0\0".to_vec();
    header.extend_from_slice(&number.to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header
}

/// Puts right the number and the checksums of a segment, and the addresses of
/// chunks that are stored as they are.
pub(crate) fn put_segment_right(segment: &mut [u8], is_sealed: bool) {
    if segment.len() < HEADER_LEN {
        return;
    }
    set(segment, 12, &NUMBER.to_le_bytes());
    let checksum = crc32fast::hash(&segment[..20]);
    set(segment, 20, &checksum.to_le_bytes());
    let end = if is_sealed { put_seal_right(segment) } else { segment.len() };
    let mut offset = HEADER_LEN;
    while offset + RECORD_HEADER_LEN <= end {
        let record_len = RECORD_HEADER_LEN + u32_at(segment, offset + 4) as usize;
        if segment[offset..offset + 2] != MARKER || record_len > end - offset {
            offset += 1; // what is no record is left as it is
            continue;
        }
        put_record_right(&mut segment[offset..offset + record_len], offset);
        offset += record_len;
    }
}

fn put_record_right(record: &mut [u8], offset: usize) {
    let (header, body) = record.split_at_mut(RECORD_HEADER_LEN);
    let hash_len = if header[2] == KIND_CHUNK { ChunkHash::LEN } else { 0 };
    if header[3] & FLAG_COMPRESSED == 0
        && let Some((hash, payload)) = body.split_at_mut_checked(hash_len)
    {
        // As it is: its length is known, and its address.
        set(header, 8, &(payload.len() as u32).to_le_bytes());
        if hash_len > 0 {
            set(hash, 0, ChunkHash::of(payload).as_bytes());
        }
    }
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&NUMBER.to_le_bytes());
    hasher.update(&(offset as u64).to_le_bytes());
    hasher.update(&header[..12]);
    hasher.update(body);
    set(header, 12, &hasher.finalize().to_le_bytes());
}

/// Puts the index and the footer right. Returns where the records end.
fn put_seal_right(segment: &mut [u8]) -> usize {
    let len = segment.len();
    let Some(footer) = len.checked_sub(FOOTER_LEN).filter(|footer| *footer >= HEADER_LEN) else { return len };
    let offset: [u8; 8] = segment[footer + 16..footer + 24].try_into().expect("eight bytes");
    let index = usize::try_from(u64::from_le_bytes(offset)).unwrap_or(footer).min(footer);
    let mut table_checksum = 0;
    let payload: Range<usize> = (index + RECORD_HEADER_LEN).min(footer)..footer;
    if payload.len() >= TABLE_LEN {
        put_index_right(&mut segment[payload.clone()]);
        table_checksum = crc32fast::hash(&segment[payload.start..payload.start + TABLE_LEN]);
    }
    set(segment, footer, b"MPSEALED");
    set(segment, footer + 8, &NUMBER.to_le_bytes());
    set(segment, footer + 24, &(len as u64).to_le_bytes());
    set(segment, footer + 32, &u32::to_le_bytes(table_checksum));
    let checksum = crc32fast::hash(&segment[footer..footer + 36]);
    set(segment, footer + 36, &checksum.to_le_bytes());
    index
}

fn put_index_right(index: &mut [u8]) {
    let mut start = 0;
    for bucket in 0..256 {
        let through = u32_at(index, bucket * 8) as usize;
        if let Some(entries) = index.get(TABLE_LEN + start * ENTRY_LEN..TABLE_LEN + through * ENTRY_LEN) {
            let checksum = crc32fast::hash(entries);
            set(index, bucket * 8 + 4, &checksum.to_le_bytes());
        }
        start = through;
    }
}

/// Puts the last line of a MANIFEST right, or adds it.
pub(crate) fn put_manifest_right(manifest: &mut Vec<u8>) {
    const LAST_LINE: &[u8] = b"checksum ";
    let last = manifest.windows(LAST_LINE.len()).rposition(|window| window == LAST_LINE);
    manifest.truncate(last.unwrap_or(manifest.len()));
    let checksum = crc32fast::hash(manifest);
    manifest.extend_from_slice(format!("checksum {checksum:08x}\n").as_bytes());
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn set(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}
