//! The sorted index of a sealed segment. The layout is in [`super`].

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::{Location, field};
use crate::hash::ChunkHash;

/// One for each first byte of a hash.
const BUCKETS: usize = 256;

/// Bytes of the table for one bucket.
const BUCKET_LEN: usize = 8;

/// Bytes in the table.
pub(crate) const TABLE_LEN: usize = BUCKETS * BUCKET_LEN;

/// Bytes in an entry.
pub(crate) const ENTRY_LEN: usize = ChunkHash::LEN + 8 + 4;

/// The bit of a stored body length that says that the chunk is terminal.
const TERMINAL_BIT: u32 = 1 << 31;

/// The index of `chunks`, which are sorted by hash and distinct.
pub(crate) fn encode(chunks: &[(ChunkHash, Location)]) -> Vec<u8> {
    debug_assert!(chunks.is_sorted_by(|(a, _), (b, _)| a < b));
    let mut table = Vec::with_capacity(TABLE_LEN + chunks.len() * ENTRY_LEN);
    let mut entries = Vec::with_capacity(chunks.len() * ENTRY_LEN);
    let mut rest = chunks;
    for first_byte in 0..=u8::MAX {
        let (bucket, after) =
            rest.split_at(rest.partition_point(|(hash, _)| hash.as_bytes()[0] <= first_byte));
        let start = entries.len();
        for (hash, location) in bucket {
            entries.extend_from_slice(hash.as_bytes());
            entries.extend_from_slice(&location.offset.to_le_bytes());
            let terminal = if location.is_terminal { TERMINAL_BIT } else { 0 };
            entries.extend_from_slice(&(location.body_len | terminal).to_le_bytes());
        }
        let through = u32::try_from(entries.len() / ENTRY_LEN).expect("an index record is below 4 GiB");
        table.extend_from_slice(&through.to_le_bytes());
        table.extend_from_slice(&crc32fast::hash(&entries[start..]).to_le_bytes());
        rest = after;
    }
    table.append(&mut entries);
    table
}

/// An index in the mapped file of its segment. The table is sound; entries are
/// believed bucket by bucket, once their checksum holds.
#[derive(Debug)]
pub(crate) struct Index {
    payload: Bytes,
    /// A bit for each bucket whose checksum was found to hold.
    checked: [AtomicU64; BUCKETS / 64],
}

impl Index {
    /// The index in `payload`. The error says what is wrong.
    pub(crate) fn open(payload: Bytes, table_checksum: u32) -> Result<Self, String> {
        let table = payload.get(..TABLE_LEN).ok_or("its index is shorter than its table")?;
        if crc32fast::hash(table) != table_checksum {
            return Err("the table of its index fails its checksum".into());
        }
        let index = Self { checked: Default::default(), payload };
        let ascending = (0..BUCKETS).all(|bucket| index.bucket(bucket).is_some());
        if !ascending || index.payload.len() != TABLE_LEN + index.len() * ENTRY_LEN {
            return Err("the table of its index does not fit its entries".into());
        }
        Ok(index)
    }

    /// How many chunks it lists.
    pub(crate) fn len(&self) -> usize {
        self.through(BUCKETS - 1).unwrap_or(0)
    }

    /// Entries up to and with those of `bucket`.
    fn through(&self, bucket: usize) -> Option<usize> {
        field(&self.payload, bucket * BUCKET_LEN).map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    /// Which entries are in `bucket`.
    fn bucket(&self, bucket: usize) -> Option<Range<usize>> {
        let start = bucket.checked_sub(1).map_or(Some(0), |before| self.through(before))?;
        let end = self.through(bucket)?;
        (start <= end).then_some(start..end)
    }

    /// Like [`bucket`](Self::bucket), after a look at its checksum.
    fn checked_bucket(&self, bucket: usize) -> Result<Range<usize>, String> {
        let entries = self.bucket(bucket).ok_or("the table of its index does not ascend")?;
        let bit = 1 << (bucket % 64);
        let checked = self.checked.get(bucket / 64).ok_or("its index has no such bucket")?;
        if checked.load(Ordering::Relaxed) & bit == 0 {
            let bytes =
                self.payload.get(TABLE_LEN + entries.start * ENTRY_LEN..TABLE_LEN + entries.end * ENTRY_LEN);
            let declared = field(&self.payload, bucket * BUCKET_LEN + 4).map(u32::from_le_bytes);
            if bytes.map(crc32fast::hash) != declared {
                return Err(format!("bucket {bucket:02x} of its index fails its checksum"));
            }
            checked.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(entries)
    }

    fn hash(&self, entry: usize) -> Option<ChunkHash> {
        field(&self.payload, TABLE_LEN + entry * ENTRY_LEN).map(ChunkHash::from_bytes)
    }

    fn location(&self, entry: usize) -> Option<Location> {
        let at = TABLE_LEN + entry * ENTRY_LEN + ChunkHash::LEN;
        let body_len = u32::from_le_bytes(field(&self.payload, at + 8)?);
        Some(Location {
            offset: u64::from_le_bytes(field(&self.payload, at)?),
            body_len: body_len & !TERMINAL_BIT,
            is_terminal: body_len & TERMINAL_BIT != 0,
        })
    }

    /// Every chunk that is listed, ascending by hash. The error says what is
    /// wrong with the index.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<(ChunkHash, Location), String>> {
        (0..BUCKETS).flat_map(|bucket| {
            let (entries, error) = match self.checked_bucket(bucket) {
                Ok(entries) => (entries, None),
                Err(error) => (0..0, Some(Err(error))),
            };
            entries.map(|entry| self.entry(entry)).chain(error)
        })
    }

    fn entry(&self, entry: usize) -> Result<(ChunkHash, Location), String> {
        self.hash(entry).zip(self.location(entry)).ok_or_else(|| "its index ends early".to_owned())
    }

    /// Where chunk `hash` is, and its number in the index; `None` if it is not
    /// listed. The error says what is wrong with the index.
    pub(crate) fn find(&self, hash: &ChunkHash) -> Result<Option<(usize, Location)>, String> {
        let Range { mut start, mut end } = self.checked_bucket(hash.as_bytes()[0] as usize)?;
        while start < end {
            let middle = start + (end - start) / 2;
            match self.hash(middle).ok_or("its index ends early")? {
                found if found < *hash => start = middle + 1,
                found if found > *hash => end = middle,
                _ => return Ok(self.location(middle).map(|location| (middle, location))),
            }
        }
        Ok(None)
    }

    /// The hashes from `from` on that `wanted` accepts, ascending, until the
    /// first that it does not, and at most `limit`. The error says what is
    /// wrong with the index.
    pub(crate) fn hashes_from(
        &self,
        from: &ChunkHash,
        limit: usize,
        wanted: impl Fn(&ChunkHash) -> bool,
    ) -> Result<Vec<ChunkHash>, String> {
        let mut hashes = Vec::new();
        for bucket in from.as_bytes()[0] as usize..BUCKETS {
            for entry in self.checked_bucket(bucket)? {
                let hash = self.hash(entry).ok_or("its index ends early")?;
                if hash < *from {
                    continue;
                }
                if hashes.len() == limit || !wanted(&hash) {
                    return Ok(hashes);
                }
                hashes.push(hash);
            }
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(count: u64) -> Vec<(ChunkHash, Location)> {
        let mut chunks: Vec<_> = (0..count)
            .map(|n| {
                (
                    ChunkHash::of(&n.to_le_bytes()),
                    Location { offset: n * 100, body_len: n as u32 + 32, is_terminal: n % 3 == 0 },
                )
            })
            .collect();
        chunks.sort_unstable_by_key(|(hash, _)| *hash);
        chunks
    }

    fn open(bytes: Vec<u8>) -> Result<Index, String> {
        let table_checksum = crc32fast::hash(&encode(&chunks(1000))[..TABLE_LEN]);
        Index::open(Bytes::from(bytes), table_checksum)
    }

    #[test]
    fn every_listed_chunk_is_found_and_no_other() {
        let chunks = chunks(1000);
        let index = open(encode(&chunks)).unwrap();
        assert_eq!(index.len(), 1000);
        for (hash, location) in &chunks {
            assert_eq!(index.find(hash).unwrap().map(|(_, found)| found), Some(*location));
        }
        let listed: Result<Vec<_>, _> = index.entries().collect();
        assert_eq!(listed.unwrap(), chunks);
        for n in 1000u64..2000 {
            assert_eq!(index.find(&ChunkHash::of(&n.to_le_bytes())).unwrap(), None);
        }
    }

    #[test]
    fn an_index_of_no_chunks_finds_none() {
        let bytes = encode(&[]);
        let index = Index::open(Bytes::from(bytes.clone()), crc32fast::hash(&bytes)).unwrap();
        assert_eq!(index.len(), 0);
        assert_eq!(index.find(&ChunkHash::of(b"")).unwrap(), None);
    }

    #[test]
    fn a_flipped_byte_is_noticed_before_it_can_hide_or_misplace_a_chunk() {
        let chunks = chunks(1000);
        let bytes = encode(&chunks);
        for byte in (0..bytes.len()).step_by(61) {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 0x10;
            let Ok(index) = open(flipped) else { continue };
            let mut noticed = false;
            for (hash, location) in &chunks {
                match index.find(hash) {
                    Ok(found) => assert_eq!(found.map(|(_, found)| found), Some(*location), "byte {byte}"),
                    Err(_) => noticed = true,
                }
            }
            assert!(noticed, "byte {byte}");
        }
    }

    #[test]
    fn a_shorter_or_longer_index_is_refused() {
        let bytes = encode(&chunks(1000));
        for len in [0, TABLE_LEN - 1, TABLE_LEN, bytes.len() - 1] {
            assert!(open(bytes[..len].to_vec()).is_err(), "{len} bytes");
        }
        assert!(open([bytes, vec![0]].concat()).is_err());
    }
}
