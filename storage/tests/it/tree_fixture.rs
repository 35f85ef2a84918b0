//! Trees and models for the tests of trees.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, ChunkingParameters, Entry, KeyRange, MemoryChunks, Mutation, NodeStore, Pins,
    Result, StorageError, Tree,
};
use proptest::prelude::*;

/// What a tree should hold.
pub(crate) type Model = BTreeMap<Bytes, Bytes>;

/// A store whose nodes aim at `target` bytes. A small target makes trees deep
/// with few entries.
pub(crate) fn nodes(target: u32) -> Arc<NodeStore> {
    let chunks = Arc::new(MemoryChunks::new());
    Arc::new(NodeStore::new(chunks, ChunkingParameters::with_target(target), 1 << 20))
}

pub(crate) fn build(nodes: &Arc<NodeStore>, model: &Model) -> Tree {
    Tree::build(nodes, model.iter().map(|(key, value)| Ok((key.clone(), value.clone())))).unwrap()
}

pub(crate) fn put(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Mutation {
    Mutation { key: key.into(), value: Some(value.into()) }
}

pub(crate) fn delete(key: impl Into<Bytes>) -> Mutation {
    Mutation { key: key.into(), value: None }
}

/// Applies mutations to the model.
pub(crate) fn apply_to_model(model: &mut Model, mutations: &[Mutation]) {
    for Mutation { key, value } in mutations {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

pub(crate) fn collect(entries: impl Iterator<Item = Result<Entry>>) -> Vec<Entry> {
    entries.map(Result::unwrap).collect()
}

/// The model's entries inside a range.
pub(crate) fn inside(model: &Model, range: &KeyRange) -> Vec<Entry> {
    let entries = model.iter().filter(|(key, _)| range.contains(key));
    entries.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Users numbered `0..count`, with JSON-like values of about 100 bytes.
pub(crate) fn users(count: u32) -> Model {
    (0..count).map(|number| (user(number), user_value(number, "active"))).collect()
}

pub(crate) fn user(number: u32) -> Bytes {
    format!("user:{number:09}").into()
}

pub(crate) fn user_value(number: u32, status: &str) -> Bytes {
    let city = ["Berlin", "Zürich", "Lyon", "Oslo"][number as usize % 4];
    format!(
        r#"{{"id":{number},"name":"User {number}","email":"user{number}@example.com","city":"{city}","status":"{status}"}}"#
    )
    .into()
}

/// A pseudo-random number below `below`, the `n`-th of a fixed sequence.
pub(crate) fn scattered(n: u32, below: u32) -> u32 {
    let mixed = u64::from(n).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as u32 % below
}

/// Gives other bytes for one chunk, as a faulty store would that does not verify.
struct Forged {
    chunks: Arc<dyn ChunkStore>,
    hash: ChunkHash,
    encoding: Option<Bytes>,
}

impl ChunkStore for Forged {
    fn read(&self, hash: &ChunkHash) -> Result<Bytes> {
        if *hash != self.hash {
            return self.chunks.read(hash);
        }
        self.encoding.clone().ok_or(StorageError::NotFound { hash: *hash })
    }

    fn write(&self, encoding: &[u8]) -> Result<ChunkHash> {
        self.chunks.write(encoding)
    }

    fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        self.chunks.contains(hash)
    }

    fn pins(&self) -> &Arc<Pins> {
        self.chunks.pins()
    }
}

/// The same tree over a store in which one chunk is replaced.
pub(crate) fn forged(tree: &Tree, hash: ChunkHash, encoding: Option<Bytes>) -> Tree {
    let chunks = Arc::new(Forged { chunks: Arc::clone(tree.nodes().chunks()), hash, encoding });
    let nodes = Arc::new(NodeStore::new(chunks, tree.nodes().chunking(), 1 << 20));
    Tree::open(&nodes, tree.root())
}

/// Keys that collide, share prefixes and are prefixes of each other.
pub(crate) fn any_key() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        6 => (0..400_u32).prop_map(|number| Bytes::from(format!("key:{number:04}"))),
        2 => prop::collection::vec(prop_oneof![Just(0_u8), Just(b'k'), Just(255)], 0..5)
            .prop_map(Bytes::from),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from),
    ]
}

pub(crate) fn any_value() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

pub(crate) fn any_model(entries_max: usize) -> impl Strategy<Value = Model> {
    prop::collection::btree_map(any_key(), any_value(), 0..entries_max)
}

/// A batch in ascending order; about a third deletes.
pub(crate) fn any_batch(mutations_max: usize) -> impl Strategy<Value = Vec<Mutation>> {
    prop::collection::btree_map(any_key(), prop::option::weighted(0.6, any_value()), 0..mutations_max)
        .prop_map(|batch| batch.into_iter().map(|(key, value)| Mutation { key, value }).collect())
}

pub(crate) fn any_range() -> impl Strategy<Value = KeyRange> {
    prop_oneof![
        1 => Just(KeyRange::all()),
        2 => any_key().prop_map(|key| KeyRange::prefix(&key)),
        1 => any_key().prop_map(|key| KeyRange::key(&key)),
        4 => (any_key(), prop::option::of(any_key())).prop_map(|(start, end)| KeyRange { start, end }),
    ]
}
