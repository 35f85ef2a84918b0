//! Tree nodes: their byte layouts, and access to an encoded node in place.
//!
//! A node is never decoded into keys and values. [`Node`] checks its encoding
//! once, keeps it, and finds every key and value by an offsets table, so a binary
//! search touches only the keys it compares and a value is a slice of the chunk.
//!
//! # Header, 10 bytes
//!
//! All integers are little-endian.
//!
//! | offset | bytes | field |
//! |-------:|------:|-------|
//! | 0 | 1 | chunk kind: 1 leaf, 2 internal |
//! | 1 | 1 | node format version: 1 |
//! | 2 | 1 | level: 0 for a leaf, at least 1 for an internal node |
//! | 3 | 1 | `w`, bytes per offset: 2, or 4 when an offset needs it |
//! | 4 | 4 | `n`, number of entries |
//! | 8 | 2 | `p`, bytes of the key prefix common to all entries |
//!
//! # Leaf, after the header
//!
//! | bytes | field |
//! |------:|-------|
//! | `n·w` | end of each key suffix, from the start of the key suffixes; the last is `K` |
//! | `n·w` | end of each value, from the start of the values; the last is `V` |
//! | `⌈n/8⌉` | one bit per entry, least significant first: the value is a blob reference; unused bits are 0 |
//! | `p` | the common key prefix |
//! | `K` | key suffixes, strictly ascending |
//! | `V` | values |
//!
//! A value of at most 4096 bytes is stored as it is. A longer one is a chunk of
//! its own, and its entry holds a *blob reference* of 36 bytes:
//!
//! | bytes | field |
//! |------:|-------|
//! | 32 | hash of the blob chunk |
//! | 4 | length of the value |
//!
//! and the blob chunk is
//!
//! | bytes | field |
//! |------:|-------|
//! | 1 | chunk kind: 4 |
//! | 1 | blob format version: 1 |
//! | rest | the value |
//!
//! # Internal node, after the header
//!
//! An entry stands for one child. Its key is the last (greatest) key below it.
//!
//! | bytes | field |
//! |------:|-------|
//! | `n·w` | end of each key suffix, as in a leaf; the last is `K` |
//! | `n·8` | number of tree entries below each child, at least 1 |
//! | `n·32` | hash of each child |
//! | `p` | the common key prefix |
//! | `K` | key suffixes, strictly ascending |
//!
//! # One encoding per node
//!
//! Equal contents must have equal hashes (I3), so nothing is left to the writer:
//! `p` is the longest common prefix of the keys (of a single key, all of it), `w`
//! is 2 unless `K` or `V` is above 65,535, and an encoding that is shorter or
//! longer than its fields say is refused. The empty tree is a leaf with `n = 0`,
//! `p = 0` and nothing after the header.

mod decode;
mod key_ref;
mod leaf_keys;
mod offsets;
mod writer;

use bytes::Bytes;

use super::value::{BlobRef, StoredValue};
use crate::hash::ChunkHash;
pub(crate) use key_ref::KeyRef;
pub(crate) use leaf_keys::LeafKeys;
use offsets::OffsetWidth;
pub(crate) use writer::NodeWriter;

/// The node format version that this build writes, and the newest it reads.
pub(crate) const NODE_FORMAT_VERSION: u8 = 1;

/// Bytes before the offsets tables.
const HEADER_BYTES: usize = 10;

/// Bytes of a child's entry count.
const COUNT_BYTES: usize = 8;

/// Bytes of an internal entry besides its key: the child's hash and entry count.
pub(crate) const CHILD_BYTES: usize = ChunkHash::LEN + COUNT_BYTES;

/// An entry of an internal node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    /// The child's address.
    pub(crate) hash: ChunkHash,
    /// Tree entries below it, at least 1.
    pub(crate) entries: u64,
}

/// A checked node encoding. Offsets below are into `encoding`, and every
/// accessor relies on [`Node::decode`] having checked them.
#[derive(Debug)]
pub(crate) struct Node {
    encoding: Bytes,
    level: u8,
    width: OffsetWidth,
    /// Entries of this node.
    len: usize,
    /// Tree entries at and below this node.
    entries: u64,
    /// Start of the value ends of a leaf, of the counts of an internal node.
    ends_end: usize,
    /// Start of the blob bits of a leaf, of the hashes of an internal node.
    references: usize,
    prefix: usize,
    suffixes: usize,
    values: usize,
}

impl Node {
    /// 0 for a leaf.
    pub(crate) fn level(&self) -> u8 {
        self.level
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.level == 0
    }

    /// Entries in this node: of an internal node, its children.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Tree entries in the whole subtree.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn encoding(&self) -> &Bytes {
        &self.encoding
    }

    /// The `index`-th key, in its two parts.
    ///
    /// # Panics
    /// When `index` is not below [`Node::len`], as the other accessors by index.
    pub(crate) fn key(&self, index: usize) -> KeyRef<'_> {
        KeyRef { prefix: self.prefix(), suffix: self.suffix(index) }
    }

    /// The greatest key; none in an empty leaf.
    pub(crate) fn last_key(&self) -> Option<KeyRef<'_>> {
        self.len.checked_sub(1).map(|last| self.key(last))
    }

    /// The number of keys below `key`, which is the index of the first that is
    /// not, and whether that one equals `key`.
    pub(crate) fn search(&self, key: &[u8]) -> (usize, bool) {
        let prefix = self.prefix();
        let Some(rest) = key.strip_prefix(prefix) else {
            // Every key compares to `key` as the prefix does.
            return if prefix < key { (self.len, false) } else { (0, false) };
        };
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.suffix(middle).cmp(rest) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return (middle, true),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        (low, false)
    }

    /// The child at `index` of an internal node.
    pub(crate) fn child(&self, index: usize) -> Child {
        debug_assert!(!self.is_leaf());
        let at = self.references + index * ChunkHash::LEN;
        let hash = ChunkHash::from_slice(&self.encoding[at..at + ChunkHash::LEN])
            .expect("a slice of the length of a hash");
        Child { hash, entries: self.count(index) }
    }

    /// Tree entries below the first `index` children of an internal node.
    pub(crate) fn entries_before(&self, index: usize) -> u64 {
        (0..index).map(|child| self.count(child)).sum()
    }

    /// The child that holds the `n`-th tree entry of an internal node, and that
    /// entry's number within the child. None when there are too few entries.
    pub(crate) fn child_of_nth(&self, mut n: u64) -> Option<(usize, u64)> {
        for index in 0..self.len {
            let count = self.count(index);
            if n < count {
                return Some((index, n));
            }
            n -= count;
        }
        None
    }

    /// The value at `index` of a leaf, as it is stored.
    pub(crate) fn value(&self, index: usize) -> StoredValue {
        debug_assert!(self.is_leaf());
        let bytes = self.encoding.slice(self.value_range(index));
        if self.is_blob(index) {
            StoredValue::Blob(BlobRef::decode(&bytes).expect("checked when the node was decoded"))
        } else {
            StoredValue::Inline(bytes)
        }
    }

    /// The blob behind the value at `index` of a leaf, if there is one.
    pub(crate) fn blob(&self, index: usize) -> Option<BlobRef> {
        match self.value(index) {
            StoredValue::Inline(_) => None,
            StoredValue::Blob(blob) => Some(blob),
        }
    }

    /// The chunks that it refers to: children, or large values.
    pub(crate) fn references(&self) -> Vec<ChunkHash> {
        let hash = |index| {
            if self.is_leaf() {
                self.blob(index).map(|blob| blob.hash())
            } else {
                Some(self.child(index).hash)
            }
        };
        (0..self.len).filter_map(hash).collect()
    }

    /// The stored bytes of the value at `index` of a leaf, and whether they are
    /// a blob reference. Two values are equal exactly when both parts are.
    pub(crate) fn stored(&self, index: usize) -> (bool, &[u8]) {
        (self.is_blob(index), &self.encoding[self.value_range(index)])
    }

    fn prefix(&self) -> &[u8] {
        &self.encoding[self.prefix..self.suffixes]
    }

    fn suffix(&self, index: usize) -> &[u8] {
        let start = self.start(HEADER_BYTES, index);
        let end = self.width.get(&self.encoding, HEADER_BYTES, index);
        &self.encoding[self.suffixes + start..self.suffixes + end]
    }

    fn value_range(&self, index: usize) -> std::ops::Range<usize> {
        let start = self.start(self.ends_end, index);
        let end = self.width.get(&self.encoding, self.ends_end, index);
        self.values + start..self.values + end
    }

    /// Where item `index` starts, by the table of ends at `table`.
    fn start(&self, table: usize, index: usize) -> usize {
        if index == 0 { 0 } else { self.width.get(&self.encoding, table, index - 1) }
    }

    fn is_blob(&self, index: usize) -> bool {
        self.encoding[self.references + index / 8] & (1 << (index % 8)) != 0
    }

    fn count(&self, index: usize) -> u64 {
        let at = self.ends_end + index * COUNT_BYTES;
        let bytes = self.encoding[at..at + COUNT_BYTES].try_into().expect("a slice of eight bytes");
        u64::from_le_bytes(bytes)
    }
}

/// Whether a leaf's encoding, which need not have been checked, has no large
/// values. False when that cannot be told.
pub(crate) fn leaf_has_no_blobs(encoding: &[u8]) -> bool {
    let blob_bits = || {
        let &[_, NODE_FORMAT_VERSION, 0, width, n0, n1, n2, n3, ..] =
            encoding.first_chunk::<HEADER_BYTES>()?
        else {
            return None;
        };
        let len = u32::from_le_bytes([n0, n1, n2, n3]) as usize;
        let tables = len.checked_mul(2 * OffsetWidth::from_byte(width)?.bytes())?;
        let start = HEADER_BYTES.checked_add(tables)?;
        encoding.get(start..start.checked_add(len.div_ceil(8))?)
    };
    blob_bits().is_some_and(|bits| bits.iter().all(|bits| *bits == 0))
}

#[cfg(test)]
mod tests;
