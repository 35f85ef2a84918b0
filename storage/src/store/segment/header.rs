//! The first bytes of every segment.

use super::{FORMAT_VERSION, HEADER_LEN, field};
use crate::error::{Result, StorageError};

const MAGIC: [u8; 8] = *b"MPROLLY\n";

/// The header of segment `number`.
pub(crate) fn encode(number: u64) -> Vec<u8> {
    encode_version(FORMAT_VERSION, number)
}

fn encode_version(version: u32, number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN as usize);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Checks that `bytes`, the start of the file `what`, is the header of segment
/// `number` in a version that this build reads.
pub(crate) fn check(bytes: &[u8], number: u64, what: &str) -> Result<()> {
    let corrupt = |detail: String| StorageError::corrupt(what, detail);
    if field(bytes, 0) != Some(MAGIC) {
        return Err(corrupt("it does not begin as a segment does".into()));
    }
    // The version first: what follows may mean something else in a later one.
    let version = match field(bytes, 8).map(u32::from_le_bytes) {
        Some(found) if found > FORMAT_VERSION => {
            return Err(StorageError::NewerFormat { what: what.into(), found, supported: FORMAT_VERSION });
        }
        Some(version) if version > 0 => version,
        found => return Err(corrupt(format!("its format version {found:?} was never in use"))),
    };
    match bytes.get(..HEADER_LEN as usize) {
        Some(bytes) if bytes == encode_version(version, number) => Ok(()),
        Some(_) => Err(corrupt(format!("its header is not that of segment {number}"))),
        None => Err(corrupt("it ends inside its header".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_keeps_its_layout() {
        let bytes = encode(7);
        assert_eq!(bytes.len() as u64, HEADER_LEN);
        assert_eq!(&bytes[..20], b"MPROLLY\n\x02\0\0\0\x07\0\0\0\0\0\0\0");
        check(&bytes, 7, "segment").unwrap();
    }

    #[test]
    fn the_first_version_is_still_read() {
        check(&encode_version(1, 7), 7, "segment").unwrap();
    }

    #[test]
    fn every_flipped_bit_and_every_shorter_header_is_refused() {
        let bytes = encode(7);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&flipped, 7, "segment").is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(check(&bytes[..len], 7, "segment").is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_later_version_is_refused_by_its_number() {
        let mut bytes = encode(7);
        bytes[8] = 9;
        let refused = check(&bytes, 7, "segment").unwrap_err();
        assert!(matches!(refused, StorageError::NewerFormat { found: 9, supported: 2, .. }), "{refused}");
    }
}
