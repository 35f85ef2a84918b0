//! Gathers the entries of one node and encodes them.

use super::offsets::OffsetWidth;
use super::{Child, KeyRef, NODE_FORMAT_VERSION};
use crate::chunk::ChunkKind;
use crate::hash::ChunkHash;

/// The entries of a node that is still open. Entries must come in ascending
/// order of keys; the caller checks that, and all limits.
#[derive(Debug)]
pub(crate) struct NodeWriter {
    level: u8,
    /// Whole keys, one after the other.
    keys: Vec<u8>,
    key_ends: Vec<u32>,
    /// Values of a leaf as they are stored.
    values: Vec<u8>,
    value_ends: Vec<u32>,
    blob_bits: Vec<u8>,
    /// Entry counts of an internal node's children, encoded.
    counts: Vec<u8>,
    /// Hashes of an internal node's children.
    hashes: Vec<u8>,
    entries: u64,
}

impl NodeWriter {
    pub(crate) fn new(level: u8) -> Self {
        Self {
            level,
            keys: Vec::new(),
            key_ends: Vec::new(),
            values: Vec::new(),
            value_ends: Vec::new(),
            blob_bits: Vec::new(),
            counts: Vec::new(),
            hashes: Vec::new(),
            entries: 0,
        }
    }

    /// Entries so far.
    pub(crate) fn len(&self) -> usize {
        self.key_ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.key_ends.is_empty()
    }

    /// Tree entries so far, in this node and below.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// The last key pushed, in one piece; empty before the first.
    pub(crate) fn last_key(&self) -> &[u8] {
        self.key_ends.len().checked_sub(1).map_or(&[], |last| self.key(last))
    }

    /// The child of an internal node that has just one.
    pub(crate) fn only_child(&self) -> Option<ChunkHash> {
        ChunkHash::from_slice(&self.hashes)
    }

    /// Appends an entry to a leaf: its value as stored, and whether that is a
    /// blob reference.
    pub(crate) fn push_value(&mut self, key: KeyRef<'_>, is_blob: bool, stored: &[u8]) {
        debug_assert_eq!(self.level, 0);
        let index = self.len();
        if index.is_multiple_of(8) {
            self.blob_bits.push(0);
        }
        if is_blob {
            self.blob_bits[index / 8] |= 1 << (index % 8);
        }
        self.values.extend_from_slice(stored);
        self.value_ends.push(end_of(&self.values));
        self.push_key(key);
        self.entries += 1;
    }

    /// Appends a child, whose last key is `key`, to an internal node.
    pub(crate) fn push_child(&mut self, key: KeyRef<'_>, child: Child) {
        debug_assert_ne!(self.level, 0);
        self.counts.extend_from_slice(&child.entries.to_le_bytes());
        self.hashes.extend_from_slice(child.hash.as_bytes());
        self.push_key(key);
        // Counts that were checked one by one may still overflow together.
        self.entries = self.entries.saturating_add(child.entries);
    }

    /// The encoding of the node; the writer is empty after it.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let prefix_len = self.common_prefix_len();
        let prefix = self.keys[..prefix_len].to_vec();
        let mut suffix_ends = Vec::with_capacity(self.len());
        let mut suffixes = Vec::with_capacity(self.keys.len());
        for index in 0..self.len() {
            suffixes.extend_from_slice(&self.key(index)[prefix_len..]);
            suffix_ends.push(end_of(&suffixes));
        }
        let width = OffsetWidth::for_max(suffixes.len().max(self.values.len()));

        let kind = if self.level == 0 { ChunkKind::Leaf } else { ChunkKind::Internal };
        let width_byte = u8::try_from(width.bytes()).expect("two or four");
        let mut out = vec![kind as u8, NODE_FORMAT_VERSION, self.level, width_byte];
        out.extend_from_slice(&u32::try_from(self.len()).expect("as many as key ends").to_le_bytes());
        let prefix_len = u16::try_from(prefix_len).expect("keys are at most KEY_BYTES_MAX long");
        out.extend_from_slice(&prefix_len.to_le_bytes());
        width.write(&suffix_ends, &mut out);
        if self.level == 0 {
            width.write(&self.value_ends, &mut out);
            out.extend_from_slice(&self.blob_bits);
        } else {
            out.extend_from_slice(&self.counts);
            out.extend_from_slice(&self.hashes);
        }
        out.extend_from_slice(&prefix);
        out.extend_from_slice(&suffixes);
        out.extend_from_slice(&self.values);
        self.clear();
        out
    }

    fn push_key(&mut self, key: KeyRef<'_>) {
        key.append_to(&mut self.keys);
        self.key_ends.push(end_of(&self.keys));
    }

    fn key(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.key_ends[index - 1] as usize };
        &self.keys[start..self.key_ends[index] as usize]
    }

    /// Bytes that all keys begin with: since they ascend, what the first and the
    /// last share.
    fn common_prefix_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let shared = self.key(0).iter().zip(self.last_key());
        shared.take_while(|(first, last)| first == last).count()
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.key_ends.clear();
        self.values.clear();
        self.value_ends.clear();
        self.blob_bits.clear();
        self.counts.clear();
        self.hashes.clear();
        self.entries = 0;
    }
}

/// The length of a buffer as an offset. The splitter keeps nodes far below 4 GiB.
fn end_of(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).expect("a node is far below 4 GiB")
}
