//! Records: what a segment is made of. The layout is in [`super`].

use bytes::Bytes;

use super::codec::{self, DICTIONARY_BYTES_MAX, Dictionary, Packing, Stored};
use super::{CHUNK_BYTES_MAX, MUTATIONS_BYTES_MAX, RECORD_HEADER_LEN, field};
use crate::hash::ChunkHash;

const MARKER: [u8; 2] = [0xd7, 0x6d];
const FLAG_COMPRESSED: u8 = 1;
const FLAG_WITH_DICTIONARY: u8 = 2;
const FLAG_TERMINAL: u8 = 4;
const FLAGS_KNOWN: u8 = FLAG_COMPRESSED | FLAG_WITH_DICTIONARY | FLAG_TERMINAL;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RecordKind {
    Chunk = 1,
    Mutations = 2,
    Root = 3,
    SyncMark = 4,
    Index = 5,
    Dictionary = 6,
    Settings = 7,
}

impl RecordKind {
    /// The longest payload, unpacked, in bytes.
    const fn raw_len_max(self) -> usize {
        match self {
            Self::Chunk => CHUNK_BYTES_MAX,
            Self::Mutations => MUTATIONS_BYTES_MAX,
            Self::Root => ChunkHash::LEN,
            Self::SyncMark => size_of::<u64>(),
            Self::Index => u32::MAX as usize,
            Self::Dictionary => DICTIONARY_BYTES_MAX,
            Self::Settings => 12,
        }
    }
}

/// A record's header, as it is in the file and not yet believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHeader {
    bytes: [u8; RECORD_HEADER_LEN],
    pub(crate) body_len: u32,
    raw_len: u32,
}

impl RecordHeader {
    /// The header at the start of `bytes`; `None` where no record can begin.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; RECORD_HEADER_LEN] = field(bytes, 0)?;
        let body_len = u32::from_le_bytes(field(&bytes, 4)?);
        let raw_len = u32::from_le_bytes(field(&bytes, 8)?);
        (field(&bytes, 0)? == MARKER).then_some(Self { bytes, body_len, raw_len })
    }

    /// Whether the checksum holds for `body` at this place.
    pub(crate) fn vouches_for(&self, body: &[u8], segment: u64, offset: u64) -> bool {
        let [before @ .., a, b, c, d] = &self.bytes;
        checksum(segment, offset, before, &[body]) == u32::from_le_bytes([*a, *b, *c, *d])
    }

    /// The kind, if this build knows it.
    pub(crate) fn kind(&self) -> Option<RecordKind> {
        let [_, _, kind, ..] = self.bytes;
        match kind {
            1 => Some(RecordKind::Chunk),
            2 => Some(RecordKind::Mutations),
            3 => Some(RecordKind::Root),
            4 => Some(RecordKind::SyncMark),
            5 => Some(RecordKind::Index),
            6 => Some(RecordKind::Dictionary),
            7 => Some(RecordKind::Settings),
            _ => None,
        }
    }

    /// Whether the chunk in the record is known to refer to no other.
    pub(crate) fn is_terminal(&self) -> bool {
        self.flags() & FLAG_TERMINAL != 0
    }

    fn flags(&self) -> u8 {
        let [_, _, _, flags, ..] = self.bytes;
        flags
    }

    /// Unpacks the payload of a record of this kind, in a segment with this
    /// dictionary. The error says what is wrong with it.
    pub(crate) fn payload(&self, stored: Bytes, dictionary: Option<&Dictionary>) -> Result<Bytes, String> {
        let kind = self.kind().ok_or("its kind is unknown")?;
        let flags = self.flags();
        let packing = match flags & (FLAG_COMPRESSED | FLAG_WITH_DICTIONARY) {
            _ if flags & !FLAGS_KNOWN != 0 => return Err(format!("its flags {flags:#04x} are unknown")),
            0 => Packing::Raw,
            FLAG_COMPRESSED => Packing::Zstd,
            FLAG_WITH_DICTIONARY => return Err(format!("its flags {flags:#04x} contradict each other")),
            _ => Packing::ZstdWithDictionary,
        };
        let raw_len = self.raw_len as usize;
        if raw_len > kind.raw_len_max() {
            return Err(format!("it declares {raw_len} bytes, above the limit of {}", kind.raw_len_max()));
        }
        codec::unpack(stored, packing, raw_len, dictionary)
    }
}

/// Appends to `out` the record that will be at `offset` of `segment`, and
/// returns the bytes in its body. `chunk` is for chunks: the address, and whether
/// it is known to refer to no other.
///
/// Lengths are within limits here: callers check what comes from outside.
pub(crate) fn append(
    out: &mut Vec<u8>,
    segment: u64,
    offset: u64,
    kind: RecordKind,
    chunk: Option<(&ChunkHash, bool)>,
    payload: &Stored<'_>,
) -> u32 {
    let hash: &[u8] = chunk.map_or(&[], |(hash, _)| hash.as_bytes());
    let flags = match payload.packing {
        Packing::Raw => 0,
        Packing::Zstd => FLAG_COMPRESSED,
        Packing::ZstdWithDictionary => FLAG_COMPRESSED | FLAG_WITH_DICTIONARY,
    };
    let is_terminal = chunk.is_some_and(|(_, is_terminal)| is_terminal);
    let length = |len: usize| u32::try_from(len).expect("records are limited to less than 4 GiB");
    let body_len = length(hash.len() + payload.bytes.len());
    let start = out.len();
    out.extend_from_slice(&MARKER);
    out.push(kind as u8);
    out.push(if is_terminal { flags | FLAG_TERMINAL } else { flags });
    out.extend_from_slice(&body_len.to_le_bytes());
    out.extend_from_slice(&length(payload.raw_len).to_le_bytes());
    let checksum = checksum(segment, offset, &out[start..], &[hash, &payload.bytes]);
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(hash);
    out.extend_from_slice(&payload.bytes);
    body_len
}

fn checksum(segment: u64, offset: u64, header: &[u8], body: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&segment.to_le_bytes());
    hasher.update(&offset.to_le_bytes());
    hasher.update(header);
    body.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

/// The encoding of chunk `hash` in `record`, the bytes where an index says that
/// it is, of a segment with this dictionary. The hash of the result is the proof; the checksum would add nothing.
/// The error says what is wrong.
pub(crate) fn read_chunk(
    record: &Bytes,
    hash: &ChunkHash,
    dictionary: Option<&Dictionary>,
) -> Result<Bytes, String> {
    let header = RecordHeader::parse(record).ok_or("no record begins there")?;
    if header.kind() != Some(RecordKind::Chunk) || field(record, RECORD_HEADER_LEN) != Some(*hash.as_bytes())
    {
        return Err("the record there is not of this chunk".into());
    }
    let encoding = header.payload(record.slice(RECORD_HEADER_LEN + ChunkHash::LEN..), dictionary)?;
    match ChunkHash::of(&encoding) {
        found if found == *hash => Ok(encoding),
        found => Err(format!("its content hashes to {found}")),
    }
}

/// The first place in `bytes` where a record may begin.
pub(crate) fn find_marker(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MARKER.len()).position(|window| window == MARKER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Compression;

    fn chunk_record(encoding: &[u8], compression: Compression) -> (ChunkHash, Vec<u8>) {
        let hash = ChunkHash::of(encoding);
        let mut out = Vec::new();
        append(&mut out, 3, 24, RecordKind::Chunk, Some((&hash, false)), &codec::pack(encoding, compression));
        (hash, out)
    }

    #[test]
    fn a_record_keeps_its_layout() {
        let mut out = b"before".to_vec();
        let body_len = append(&mut out, 3, 24, RecordKind::Mutations, None, &Stored::raw(b"payload"));
        let record = out.strip_prefix(b"before").unwrap();
        assert_eq!(body_len, 7);
        assert_eq!(&record[..12], b"\xd7\x6d\x02\x00\x07\0\0\0\x07\0\0\0");
        assert_eq!(&record[RECORD_HEADER_LEN..], b"payload");
    }

    #[test]
    fn a_record_is_vouched_for_only_where_it_was_written() {
        let (_, record) = chunk_record(b"chunk", Compression::None);
        let header = RecordHeader::parse(&record).unwrap();
        let body = &record[RECORD_HEADER_LEN..];
        assert!(header.vouches_for(body, 3, 24));
        assert!(!header.vouches_for(body, 3, 25));
        assert!(!header.vouches_for(body, 4, 24));
    }

    #[test]
    fn every_flipped_bit_of_a_record_breaks_its_checksum() {
        let (_, record) = chunk_record(b"chunk", Compression::None);
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let holds = RecordHeader::parse(&flipped)
                .is_some_and(|header| header.vouches_for(&flipped[RECORD_HEADER_LEN..], 3, 24));
            assert!(!holds, "bit {bit}");
        }
    }

    #[test]
    fn a_chunk_is_read_back_whole_or_not_at_all() {
        for compression in [Compression::None, Compression::Zstd { level: 1 }] {
            let encoding = [5; 300];
            let (hash, record) = chunk_record(&encoding, compression);
            assert_eq!(read_chunk(&Bytes::from(record.clone()), &hash, None).unwrap(), encoding[..]);
            for byte in 0..record.len() {
                let mut flipped = record.clone();
                flipped[byte] ^= 0x40;
                if let Ok(read) = read_chunk(&Bytes::from(flipped), &hash, None) {
                    assert_eq!(read, encoding[..], "byte {byte}");
                }
            }
            for len in 0..record.len() {
                assert!(
                    read_chunk(&Bytes::copy_from_slice(&record[..len]), &hash, None).is_err(),
                    "{len} bytes"
                );
            }
        }
    }
}
