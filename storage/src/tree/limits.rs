//! Limits of the tree format.

/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 4 * 1024;

/// Longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest value kept inside a leaf, in bytes; a longer one becomes a blob
/// chunk. Part of the format: changing it changes the root of the same entries.
pub(crate) const VALUE_INLINE_BYTES_MAX: usize = 4 * 1024;

/// Highest level of a node; leaves are level 0.
///
/// Every internal node but the last of its level has at least two children, so
/// `n` nodes of one level have at most `n / 2` (rounded up) parents, and 2⁶⁴
/// entries need no level above 64. A node that states more is hostile, and is
/// refused when it is decoded.
pub(crate) const LEVEL_MAX: u8 = 64;
