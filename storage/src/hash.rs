//! Typed hashes: an address of a chunk is never a bare array.

use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;

use crate::error::StorageError;

/// The address of a chunk: BLAKE3-256 of its uncompressed encoding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkHash([u8; Self::LEN]);

impl ChunkHash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;

    /// The address of `encoding`.
    pub fn of(encoding: &[u8]) -> Self {
        Self(*blake3::hash(encoding).as_bytes())
    }

    /// A hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// A hash from a slice, if that has exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ChunkHash {
    type Err = StorageError;

    /// Parses 64 hexadecimal digits, upper or lower case.
    fn from_str(text: &str) -> Result<Self, StorageError> {
        let malformed = || StorageError::Corrupt {
            what: "hash".into(),
            detail: format!("{text:?} is not 64 hexadecimal digits"),
        };
        let digits: Vec<u8> = text
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or_else(malformed)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        match Self::from_slice(&bytes) {
            Some(hash) if rest.is_empty() => Ok(hash),
            _ => Err(malformed()),
        }
    }
}

/// Hashes addresses, which are random already, by taking their first eight bytes.
/// Chunks are checked against their addresses, so nobody can choose them alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AddressHasher(u64);

/// For maps and caches with addresses as keys.
pub(crate) type AddressHashing = BuildHasherDefault<AddressHasher>;

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    /// The length of an address, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The address of the root node of a prolly tree. Two trees hold the same
/// entries exactly when their root hashes are equal (invariant I3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootHash(ChunkHash);

impl RootHash {
    /// The chunk that holds the root node.
    pub const fn chunk(&self) -> ChunkHash {
        self.0
    }
}

impl From<ChunkHash> for RootHash {
    fn from(hash: ChunkHash) -> Self {
        Self(hash)
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for RootHash {
    type Err = StorageError;

    fn from_str(text: &str) -> Result<Self, StorageError> {
        text.parse().map(Self)
    }
}
