//! MANIFEST: the file that says which segments make up a store.
//!
//! Text, one fact a line, replaced as a whole:
//!
//! ```text
//! microprolly manifest 2
//! chunking 512 4096 16384
//! compression zstd 1
//! next 4
//! collected 67108901
//! root 4a62b1cfe0d13ad69e7a6f63f7d4f1f8ba11a0f2c2b6d9a2d1d0f5b0a9f3c7e5
//! sealed 1 67108901
//! sealed 2 67109377
//! damaged 0
//! active 3 72
//! checksum 1c291ca3
//! ```
//!
//! The first line carries the format version. `chunking` has the smallest, mean
//! and largest size of tree nodes in bytes; `compression` is `none`, or `zstd` and
//! a level; `next` is the number for the next segment, above all that ever were
//! in use; `collected` how many bytes there were after garbage was last collected,
//! 0 if it never was; `root` the root with which the active segment began, or
//! `none`, a second copy should that be damaged. A `sealed` line has the number and the exact length of a
//! segment, in the order in which they are searched from the last to the first;
//! `active` the number of the segment that is appended to and how much of it had
//! been synced when this was written. A `damaged` line has the number of a segment
//! that a repair replaced, whose file is kept aside. The last line is the CRC-32
//! of everything before it.
//!
//! Version 1 had no `compression` and no `next`: its segments ascended, and the
//! active one had the highest number.

use std::collections::HashSet;

use crate::error::{Result, StorageError};
use crate::hash::RootHash;
use crate::store::Compression;
use crate::tree::ChunkingParameters;

/// The version that this build writes, and the newest that it reads (I8). It
/// reads all before.
const FORMAT_VERSION: u32 = 2;

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
    /// The version of the format that it was read from.
    pub(super) version: u32,
    pub(super) chunking: ChunkingParameters,
    /// How what is written from now on is stored.
    pub(super) compression: Compression,
    /// The number for the next segment. A file with a lower one that is not
    /// listed is left over and holds nothing that counts.
    pub(super) next: u64,
    /// Bytes of all segments after garbage was last collected.
    pub(super) collected: u64,
    /// The root with which the active segment began, if it began with one.
    pub(super) root: Option<RootHash>,
    /// Searched from the last to the first.
    pub(super) sealed: Vec<ListedSegment>,
    /// Segments whose sound parts a repair copied: no part of the store, and
    /// kept all the same.
    pub(super) damaged: Vec<u64>,
    pub(super) active: ListedSegment,
}

impl Manifest {
    /// The MANIFEST of a store that is about to get its first segment.
    pub(super) fn new(chunking: ChunkingParameters, compression: Compression, active: ListedSegment) -> Self {
        Self {
            version: FORMAT_VERSION,
            chunking,
            compression,
            next: active.number + 1,
            collected: 0,
            root: None,
            sealed: Vec::new(),
            damaged: Vec::new(),
            active,
        }
    }

    /// Whether a segment is part of the store, or kept aside.
    pub(super) fn lists(&self, number: u64) -> bool {
        self.sealed.iter().chain([&self.active]).any(|segment| segment.number == number)
            || self.damaged.contains(&number)
    }

    /// Whether it was written by an earlier version, whose programs would not
    /// understand what this one appends.
    pub(super) fn is_outdated(&self) -> bool {
        self.version < FORMAT_VERSION
    }

    /// The file's content, in the format's present version.
    pub(super) fn encode(&self) -> String {
        self.encode_version(FORMAT_VERSION)
    }

    fn encode_version(&self, version: u32) -> String {
        let ChunkingParameters { bytes_min, bytes_target, bytes_max } = self.chunking;
        let mut text = format!("{TITLE}{version}\nchunking {bytes_min} {bytes_target} {bytes_max}\n");
        if version > 1 {
            let compression = match self.compression {
                Compression::None => "none".to_owned(),
                Compression::Zstd { level } => format!("zstd {level}"),
            };
            let root = self.root.map_or_else(|| "none".to_owned(), |root| root.to_string());
            let (next, collected) = (self.next, self.collected);
            text += &format!("compression {compression}\nnext {next}\ncollected {collected}\nroot {root}\n");
        }
        for ListedSegment { number, len } in &self.sealed {
            text += &format!("sealed {number} {len}\n");
        }
        for number in &self.damaged {
            text += &format!("damaged {number}\n");
        }
        text += &format!("active {} {}\n", self.active.number, self.active.len);
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
        let version = match version {
            Some(found) if found > FORMAT_VERSION => {
                return Err(StorageError::NewerFormat {
                    what: what.into(),
                    found,
                    supported: FORMAT_VERSION,
                });
            }
            Some(version) if version > 0 => version,
            _ => return Err(corrupt("its first line does not say what it is")),
        };
        let manifest =
            Self::parse_lines(version, lines).ok_or_else(|| corrupt("a line is missing or malformed"))?;
        if manifest.encode_version(version) != text {
            return Err(corrupt("it fails its checksum"));
        }
        manifest.chunking.check()?;
        if manifest.next == u64::MAX {
            return Err(corrupt("there is no number left for a segment"));
        }
        let mut seen = HashSet::new();
        let listed = manifest.sealed.iter().chain([&manifest.active]).map(|segment| segment.number);
        let listed = listed.chain(manifest.damaged.iter().copied());
        if !{ listed }.all(|number| number < manifest.next && seen.insert(number)) {
            return Err(corrupt("a segment is listed twice, or above the number for the next"));
        }
        Ok(manifest)
    }

    /// The lines after the first. The checksum is for the caller to compare.
    fn parse_lines<'a>(version: u32, mut lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let [bytes_min, bytes_target, bytes_max] = numbers(lines.next()?.strip_prefix("chunking ")?)?;
        let (mut compression, mut next, mut collected, mut root) = (Compression::default(), None, 0, None);
        if version > 1 {
            compression = parse_compression(lines.next()?.strip_prefix("compression ")?)?;
            let [number] = numbers(lines.next()?.strip_prefix("next ")?)?;
            next = Some(number);
            [collected] = numbers(lines.next()?.strip_prefix("collected ")?)?;
            root = match lines.next()?.strip_prefix("root ")? {
                "none" => None,
                hash => Some(hash.parse().ok()?),
            };
        }
        let (mut sealed, mut damaged) = (Vec::new(), Vec::new());
        loop {
            let line = lines.next()?;
            if let Some(rest) = line.strip_prefix("sealed ") {
                let [number, len] = numbers(rest)?;
                sealed.push(ListedSegment { number, len });
                continue;
            }
            if let Some(rest) = line.strip_prefix("damaged ") {
                let [number] = numbers(rest)?;
                damaged.push(number);
                continue;
            }
            let [number, len]: [u64; 2] = numbers(line.strip_prefix("active ")?)?;
            let chunking = ChunkingParameters { bytes_min, bytes_target, bytes_max };
            let next = next.or(number.checked_add(1))?;
            let active = ListedSegment { number, len };
            return Some(Self {
                version,
                chunking,
                compression,
                next,
                collected,
                root,
                sealed,
                damaged,
                active,
            });
        }
    }
}

fn parse_compression(text: &str) -> Option<Compression> {
    match text.strip_prefix("zstd ") {
        Some(level) => Some(Compression::Zstd { level: level.parse().ok()? }),
        None => (text == "none").then_some(Compression::None),
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
            version: FORMAT_VERSION,
            chunking: ChunkingParameters::default(),
            compression: Compression::Zstd { level: -3 },
            next: 8,
            collected: 4105,
            root: None,
            sealed: vec![ListedSegment { number: 6, len: 4096 }, ListedSegment { number: 4, len: 9 }],
            damaged: vec![2],
            active: ListedSegment { number: 5, len: 72 },
        }
    }

    #[test]
    fn a_manifest_is_read_back_as_written() {
        let text = manifest().encode();
        assert!(
            text.starts_with(
                "microprolly manifest 2\nchunking 512 4096 16384\ncompression zstd -3\nnext 8\ncollected 4105\nroot none\n\
                 sealed 6 4096\nsealed 4 9\ndamaged 2\nactive 5 72\nchecksum "
            ),
            "{text}"
        );
        assert_eq!(Manifest::parse(text.as_bytes(), "MANIFEST").unwrap(), manifest());
    }

    #[test]
    fn the_first_version_is_still_read() {
        let text = "microprolly manifest 1\nchunking 512 4096 16384\nsealed 1 4096\nactive 5 72\n";
        let text = format!("{text}checksum {:08x}\n", crc32fast::hash(text.as_bytes()));
        let manifest = Manifest::parse(text.as_bytes(), "MANIFEST").unwrap();
        assert_eq!((manifest.next, manifest.compression), (6, Compression::default()));
        assert!(manifest.is_outdated());
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
        assert!(matches!(refused, StorageError::NewerFormat { found: 12, supported: 2, .. }), "{refused}");
    }

    #[test]
    fn a_segment_listed_twice_or_above_the_next_number_is_refused() {
        for number in [4, 8] {
            let mut disordered = manifest();
            disordered.active.number = number;
            assert!(Manifest::parse(disordered.encode().as_bytes(), "MANIFEST").is_err());
        }
    }
}
