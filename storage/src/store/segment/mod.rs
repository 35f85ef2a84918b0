//! Segments: the only kind of file that holds data.
//!
//! A segment is at once write-ahead log, pack of chunks and unit of transfer.
//! It is appended to while it is the newest, then *sealed*, and never changes
//! again. All numbers are little-endian.
//!
//! ```text
//! header | record | record | …                       active
//! header | record | record | … | index record | footer   sealed
//! ```
//!
//! **Header**, [`HEADER_LEN`] bytes ([`header`])
//!
//! | offset | bytes | what |
//! |-------:|------:|------|
//! |  0 | 8 | `MPROLLY\n` |
//! |  8 | 4 | format version |
//! | 12 | 8 | number of the segment |
//! | 20 | 4 | CRC-32 of the bytes before |
//!
//! **Record**, [`RECORD_HEADER_LEN`] bytes and a body ([`record`])
//!
//! | offset | bytes | what |
//! |-------:|------:|------|
//! |  0 | 2 | marker `d7 6d` |
//! |  2 | 1 | kind: 1 chunk, 2 mutations, 3 root, 4 sync mark, 5 index, 6 dictionary,
//! |    |   | 7 settings |
//! |  3 | 1 | flags, see below |
//! |  4 | 4 | bytes in the body |
//! |  8 | 4 | bytes in the payload when unpacked |
//! | 12 | 4 | CRC-32 of the segment's number (8), the record's offset (8), the header up to here, and the body |
//! | 16 |   | body: for a chunk its hash (32), then the payload; else the payload |
//!
//! **Flags**: bit 0, the payload is compressed by zstd; bit 1, with the
//! dictionary of the segment; bit 2, the chunk is *terminal*: it is known to
//! refer to no other. The other bits are 0.
//!
//! The number and the offset in the checksum tell a record apart from its copy
//! elsewhere: in an older file that the disk hands back, or inside a value.
//!
//! | kind | payload |
//! |------|---------|
//! | chunk | its encoding; the hash is of the unpacked encoding |
//! | mutations | what a transaction did, opaque here |
//! | root | the root hash that is true from here on (32) |
//! | sync mark | how many bytes of this segment were synced before the mark was written (8) |
//! | index | 256 buckets of entries, see below |
//! | dictionary | a zstd dictionary; only as the first record of a segment |
//! | settings | how trees are cut: smallest, mean and largest size of nodes (3 × 4); the first record of a segment that is written to, so that a lost MANIFEST can be made anew |
//!
//! **Why sync marks.** After a crash the end of the log may lack any part of
//! what was not synced: a lost page may well be followed by one that arrived.
//! Such damage was never acknowledged and is cut off. Damage to what *was*
//! synced must be refused instead. A mark is appended after each successful
//! sync (and written with whatever is written next, or when the store is
//! closed), so a valid mark further on that vouches for the damaged place is
//! the proof that it had been on disk ([`scan`]).
//!
//! **Index payload** ([`index`]): a table of 256 × (4 bytes: entries in this
//! bucket and those before; 4 bytes: CRC-32 of the bucket's entries), one for
//! each first byte of a hash; then the entries, ascending by hash, each the hash
//! (32), the offset of the chunk's record (8) and the bytes in its body (4), whose
//! top bit says that the chunk is terminal.
//! Opening a sealed segment reads the table; a bucket is checked when first
//! searched.
//!
//! **Versions**: 2 added dictionaries, settings and the mark of terminal chunks. A segment
//! of version 1 is read as one without.
//!
//! **Footer**, [`FOOTER_LEN`] bytes, the last of the file ([`footer`])
//!
//! | offset | bytes | what |
//! |-------:|------:|------|
//! |  0 | 8 | `MPSEALED` |
//! |  8 | 8 | number of the segment |
//! | 16 | 8 | offset of the index record |
//! | 24 | 8 | bytes in the file |
//! | 32 | 4 | CRC-32 of the index's table |
//! | 36 | 4 | CRC-32 of the bytes before |

pub(super) mod codec;
pub(super) mod footer;
pub(super) mod header;
pub(super) mod index;
pub(super) mod record;
pub(super) mod scan;
pub(super) mod sealed;
mod window;
pub(super) mod writer;

/// The version that this build writes, and the newest that it reads (I8). It
/// reads all before.
pub(super) const FORMAT_VERSION: u32 = 2;

/// Bytes in a segment's header.
pub(super) const HEADER_LEN: u64 = 24;

/// Bytes in a record before its body.
pub(super) const RECORD_HEADER_LEN: usize = 16;

/// Bytes in a sealed segment's footer.
pub(super) const FOOTER_LEN: usize = 40;

/// The longest encoding of a chunk, in bytes: twice the longest value.
pub(super) const CHUNK_BYTES_MAX: usize = 32 << 20;

/// The longest payload of a mutation record, in bytes.
pub(super) const MUTATIONS_BYTES_MAX: usize = 256 << 20;

/// Bytes in the record that holds a root.
pub(super) const ROOT_RECORD_LEN: u64 = RECORD_HEADER_LEN as u64 + 32;

/// Bytes in the record that holds the settings.
pub(super) const SETTINGS_RECORD_LEN: u64 = RECORD_HEADER_LEN as u64 + 12;

/// Bytes in a sync mark.
const SYNC_MARK_RECORD_LEN: usize = RECORD_HEADER_LEN + size_of::<u64>();

/// Where a chunk's record is in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// Of the first byte of the record.
    pub(super) offset: u64,
    /// Bytes after the record's header.
    pub(super) body_len: u32,
    /// Whether the chunk is known to refer to no other.
    pub(super) is_terminal: bool,
}

impl Location {
    /// Bytes in the whole record.
    pub(super) const fn record_len(&self) -> usize {
        RECORD_HEADER_LEN + self.body_len as usize
    }
}

/// The `N` bytes of `bytes` at `offset`, if it is that long. Fields of formats
/// are read through this alone, so no offset from a file can panic.
pub(super) fn field<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset.checked_add(N)?)?.try_into().ok()
}
