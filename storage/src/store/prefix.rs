//! Finding chunks by the start of their hash.

use std::collections::BTreeSet;

use super::Store;
use crate::error::Result;
use crate::hash::ChunkHash;

impl Store {
    /// The hashes of chunks that begin with `prefix` and then, if given, with
    /// the hexadecimal digit `half_byte` (0 to 15): ascending, at most `limit`.
    /// A prefix that no hash can have finds none.
    ///
    /// # Errors
    /// `Corrupt` if an index is.
    pub fn hashes_with_prefix(
        &self,
        prefix: &[u8],
        half_byte: Option<u8>,
        limit: usize,
    ) -> Result<Vec<ChunkHash>> {
        let Some(first) = first_with_prefix(prefix, half_byte) else { return Ok(Vec::new()) };
        let wanted = |hash: &ChunkHash| {
            let next = hash.as_bytes().get(prefix.len()).map(|byte| byte >> 4);
            hash.as_bytes().starts_with(prefix) && (half_byte.is_none() || half_byte == next)
        };
        let (mut hashes, sealed): (BTreeSet<ChunkHash>, _) = {
            let log = self.log.read();
            (log.chunks.keys().filter(|hash| wanted(hash)).copied().collect(), log.sealed.clone())
        };
        for segment in sealed.iter() {
            hashes.extend(segment.hashes_from(&first, limit, wanted)?);
        }
        Ok(hashes.into_iter().take(limit).collect())
    }
}

/// The lowest hash that there can be with a prefix.
fn first_with_prefix(prefix: &[u8], half_byte: Option<u8>) -> Option<ChunkHash> {
    let mut bytes = [0; ChunkHash::LEN];
    bytes.get_mut(..prefix.len())?.copy_from_slice(prefix);
    if let Some(digit) = half_byte {
        *bytes.get_mut(prefix.len())? = digit.checked_mul(16)?;
    }
    Some(ChunkHash::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hash_of_a_prefix_has_it_and_zeros() {
        let first = first_with_prefix(&[0xab, 0xcd], Some(0xe)).unwrap();
        assert!(first.to_string().starts_with("abcde000"), "{first}");
        assert!(first_with_prefix(&[0; 32], None).is_some());
        assert!(first_with_prefix(&[0; 33], None).is_none());
        assert!(first_with_prefix(&[0; 32], Some(0)).is_none());
        assert!(first_with_prefix(&[], Some(16)).is_none());
    }
}
