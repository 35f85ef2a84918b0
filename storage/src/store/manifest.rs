//! MANIFEST: the file that says which segments make up a store.
//!
//! Text, one fact a line, replaced as a whole:
//!
//! ```text
//! microprolly manifest 1
//! chunking 512 4096 16384
//! sealed 1 67108901
//! sealed 2 67109377
//! active 3 72
//! checksum 1c291ca3
//! ```
//!
//! The first line carries the format version. `chunking` has the smallest, mean
//! and largest size of tree nodes in bytes. A `sealed` line has the number and
//! the exact length of a segment, ascending by number; `active` the number of
//! the segment that is appended to and how much of it had been synced when this
//! was written. The last line is the CRC-32 of everything before it.

use std::fmt::Write;

use crate::error::{Result, StorageError};
use crate::tree::ChunkingParameters;

/// The version that this build writes, and the newest that it reads (I8).
const FORMAT_VERSION: u32 = 1;

const TITLE: &str = "microprolly manifest ";

/// The longest MANIFEST, in bytes: some 500,000 segments.
pub(super) const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// A segment in MANIFEST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedSegment {
    pub(super) number: u64,
    /// Bytes: all of a sealed segment, the synced ones of the active segment.
    pub(super) len: u64,
}

/// What MANIFEST says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) chunking: ChunkingParameters,
    /// Ascending by number, all below the active one.
    pub(super) sealed: Vec<ListedSegment>,
    pub(super) active: ListedSegment,
}

impl Manifest {
    /// The file's content.
    pub(super) fn encode(&self) -> String {
        let ChunkingParameters { bytes_min, bytes_target, bytes_max } = self.chunking;
        let mut text = format!("{TITLE}{FORMAT_VERSION}\nchunking {bytes_min} {bytes_target} {bytes_max}\n");
        let segments = self.sealed.iter().map(|segment| ("sealed", segment));
        for (role, ListedSegment { number, len }) in segments.chain([("active", &self.active)]) {
            // Writing to a string cannot fail.
            writeln!(text, "{role} {number} {len}").expect("a string takes any text");
        }
        let checksum = crc32fast::hash(text.as_bytes());
        text + &format!("checksum {checksum:08x}\n")
    }

    /// Reads the content `bytes` of the file `what`.
    ///
    /// # Errors
    /// `NewerFormat` if a later version wrote it, `Corrupt` if it is not exactly
    /// what [`encode`](Self::encode) gives for some manifest.
    pub(super) fn parse(bytes: &[u8], what: &str) -> Result<Self> {
        let corrupt = |detail: &str| StorageError::corrupt(what, detail);
        let text = std::str::from_utf8(bytes).map_err(|_| corrupt("it is not text"))?;
        let mut lines = text.lines();
        // The version first: what follows may mean something else in a later one.
        let version = lines.next().and_then(|line| line.strip_prefix(TITLE)?.parse().ok());
        match version {
            Some(found) if found > FORMAT_VERSION => {
                return Err(StorageError::NewerFormat {
                    what: what.into(),
                    found,
                    supported: FORMAT_VERSION,
                });
            }
            Some(FORMAT_VERSION) => {}
            _ => return Err(corrupt("its first line does not say what it is")),
        }
        let manifest = Self::parse_lines(lines).ok_or_else(|| corrupt("a line is missing or malformed"))?;
        if manifest.encode() != text {
            return Err(corrupt("it fails its checksum"));
        }
        manifest.chunking.check()?;
        let numbers = manifest.sealed.iter().chain([&manifest.active]).map(|segment| segment.number);
        if !numbers.is_sorted_by(|a, b| a < b) {
            return Err(corrupt("its segments do not ascend"));
        }
        Ok(manifest)
    }

    /// The lines after the first. The checksum is for the caller to compare.
    fn parse_lines<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let [bytes_min, bytes_target, bytes_max] = numbers(lines.next()?.strip_prefix("chunking ")?)?;
        let mut sealed = Vec::new();
        loop {
            let line = lines.next()?;
            if let Some(rest) = line.strip_prefix("sealed ") {
                let [number, len] = numbers(rest)?;
                sealed.push(ListedSegment { number, len });
                continue;
            }
            let [number, len] = numbers(line.strip_prefix("active ")?)?;
            let chunking = ChunkingParameters { bytes_min, bytes_target, bytes_max };
            return Some(Self { chunking, sealed, active: ListedSegment { number, len } });
        }
    }
}

/// Exactly `N` numbers with spaces between.
fn numbers<T: std::str::FromStr, const N: usize>(text: &str) -> Option<[T; N]> {
    let numbers: Option<Vec<T>> = text.split(' ').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            chunking: ChunkingParameters::default(),
            sealed: vec![ListedSegment { number: 1, len: 4096 }, ListedSegment { number: 4, len: 9 }],
            active: ListedSegment { number: 5, len: 72 },
        }
    }

    #[test]
    fn a_manifest_is_read_back_as_written() {
        let text = manifest().encode();
        assert!(
            text.starts_with(
                "microprolly manifest 1\nchunking 512 4096 16384\nsealed 1 4096\nsealed 4 9\nactive 5 72\nchecksum "
            ),
            "{text}"
        );
        assert_eq!(Manifest::parse(text.as_bytes(), "MANIFEST").unwrap(), manifest());
    }

    #[test]
    fn every_flipped_bit_and_every_shorter_or_longer_manifest_is_refused() {
        let bytes = manifest().encode().into_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::parse(&flipped, "MANIFEST").is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(Manifest::parse(&bytes[..len], "MANIFEST").is_err(), "{len} bytes");
        }
        assert!(Manifest::parse(&[bytes, b"\n".to_vec()].concat(), "MANIFEST").is_err());
    }

    #[test]
    fn a_later_version_is_refused_by_its_number() {
        let refused = Manifest::parse(b"microprolly manifest 12\nwhatever", "MANIFEST").unwrap_err();
        assert!(matches!(refused, StorageError::NewerFormat { found: 12, supported: 1, .. }), "{refused}");
    }

    #[test]
    fn segments_out_of_order_are_refused() {
        let mut disordered = manifest();
        disordered.active.number = 4;
        assert!(Manifest::parse(disordered.encode().as_bytes(), "MANIFEST").is_err());
    }
}
