//! Decoded columns, kept by the subtree that they were decoded from.

use arrow::array::{Array, ArrayRef};
use microprolly_storage::ChunkHash;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::schema::{Column, ColumnType, TypeDefinition};

/// Bytes that an entry costs beside its array.
const ENTRY_OVERHEAD_BYTES: usize = 128;

/// About how many entries a cache of ordinary columns holds per byte.
const BYTES_PER_ENTRY_ESTIMATE: usize = 32 * 1024;

/// Arrays by subtree and column. A subtree never changes, so neither does what
/// it decodes to: one decode serves every branch, commit and session that
/// contains the subtree.
pub struct DecodedCache {
    arrays: Cache<DecodedKey, ArrayRef, ByBytes>,
}

/// A subtree, and what a column reads from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DecodedKey {
    subtree: ChunkHash,
    column: ColumnFingerprint,
}

impl DecodedKey {
    pub(crate) fn new(subtree: ChunkHash, column: ColumnFingerprint) -> Self {
        Self { subtree, column }
    }
}

/// Everything of a definition that decoding a column depends on: the type's
/// name, since it says which keys of a subtree count, and the column's name
/// and type. A column keeps its arrays when others are added or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ColumnFingerprint([u8; 16]);

impl ColumnFingerprint {
    pub(crate) fn new(definition: &TypeDefinition, column: &str, column_type: &ColumnType) -> Self {
        let text = serde_json::to_vec(&(&definition.name, column, column_type))
            .expect("names and column types hold nothing that JSON cannot");
        let hash = ChunkHash::of(&text);
        Self(*hash.as_bytes().first_chunk().expect("a hash has more than 16 bytes"))
    }

    pub(crate) fn of(definition: &TypeDefinition, column: &Column) -> Self {
        Self::new(definition, &column.name, &column.column_type)
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<DecodedKey, ArrayRef> for ByBytes {
    fn weight(&self, _: &DecodedKey, array: &ArrayRef) -> u64 {
        (array.get_array_memory_size() + ENTRY_OVERHEAD_BYTES) as u64
    }
}

impl DecodedCache {
    /// A cache of at most so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        let entries = (bytes_max / BYTES_PER_ENTRY_ESTIMATE).max(16);
        Self { arrays: Cache::with_weighter(entries, bytes_max as u64, ByBytes) }
    }

    /// Bytes that it holds now.
    pub fn bytes(&self) -> u64 {
        self.arrays.weight()
    }

    pub(crate) fn get(&self, key: &DecodedKey) -> Option<ArrayRef> {
        self.arrays.get(key)
    }

    pub(crate) fn insert(&self, key: DecodedKey, array: ArrayRef) {
        self.arrays.insert(key, array);
    }
}

impl std::fmt::Debug for DecodedCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecodedCache").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
