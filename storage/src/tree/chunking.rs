//! How large nodes are.

use crate::error::{Result, StorageError};

/// The sizes, in bytes, between which a tree's nodes end. They are part of the
/// format: the same entries under other parameters make another tree. A store
/// writes them in its MANIFEST once.
///
/// Sizes are accounted before the common key prefix is taken out: the lengths of
/// the keys and of the values as they are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkingParameters {
    /// No node ends before it has this many bytes (except the last of a level).
    pub bytes_min: u32,
    /// The mean size aimed at.
    pub bytes_target: u32,
    /// A node ends with the entry that takes it to this size.
    pub bytes_max: u32,
}

impl ChunkingParameters {
    /// The largest `bytes_max` that is accepted: 1 MiB.
    pub const BYTES_MAX_LIMIT: u32 = 1024 * 1024;

    /// Parameters for a mean node of `bytes_target` bytes: nodes end between an
    /// eighth and four times of it.
    pub const fn with_target(bytes_target: u32) -> Self {
        Self { bytes_min: bytes_target / 8, bytes_target, bytes_max: bytes_target.saturating_mul(4) }
    }

    /// Whether the sizes make sense together, for parameters read from a file.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] unless
    /// `0 < bytes_target`, `bytes_min <= bytes_target <= bytes_max` and
    /// `bytes_max <= BYTES_MAX_LIMIT`.
    pub fn check(&self) -> Result<()> {
        let Self { bytes_min, bytes_target, bytes_max } = *self;
        if 0 < bytes_target
            && bytes_min <= bytes_target
            && bytes_target <= bytes_max
            && bytes_max <= Self::BYTES_MAX_LIMIT
        {
            return Ok(());
        }
        Err(StorageError::corrupt(
            "chunking parameters",
            format!(
                "minimum {bytes_min}, target {bytes_target} and maximum {bytes_max} bytes do not ascend from \
                 a positive target to at most {}",
                Self::BYTES_MAX_LIMIT
            ),
        ))
    }
}

impl Default for ChunkingParameters {
    fn default() -> Self {
        Self::with_target(4096)
    }
}
