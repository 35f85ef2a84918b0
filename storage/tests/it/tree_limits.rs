//! Limits, large values and refused input.

use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkStore, ChunkingParameters, KEY_BYTES_MAX, KeyRange, MemoryChunks, NodeStore, StorageError, Tree,
    TreeBuilder, VALUE_BYTES_MAX,
};

use crate::tree_fixture::*;

#[test]
fn large_values_come_back_whole_and_are_stored_once() {
    let chunks = Arc::new(MemoryChunks::new());
    let nodes = Arc::new(NodeStore::new(
        Arc::clone(&chunks) as Arc<dyn ChunkStore>,
        ChunkingParameters::default(),
        0,
    ));
    let large = Bytes::from(vec![b'v'; 1_000_000]);
    let tree = Tree::empty(&nodes).unwrap();
    let before = chunks.len();
    let tree = tree.apply((0..50).map(|n| put(user(n), large.clone()))).unwrap();
    // A leaf or two, perhaps a root, and the one blob.
    assert!(chunks.len() - before <= 4, "{} chunks", chunks.len() - before);
    assert_eq!(tree.get(&user(17)).unwrap(), Some(large.clone()));
    assert_eq!(tree.nth(49).unwrap(), Some((user(49), large.clone())));
    assert!(collect(tree.range(&KeyRange::all())).iter().all(|(_, value)| *value == large));
    let statistics = tree.statistics().unwrap();
    assert_eq!((statistics.blobs, statistics.blob_bytes), (50, 50_000_000));
    assert!(statistics.bytes < 5_000);
}

#[test]
fn values_around_the_limit_between_in_line_and_out_come_back_whole() {
    let nodes = nodes(4096);
    let model: Model =
        (4090..4102_u32).map(|len| (user(len), Bytes::from(vec![b'v'; len as usize]))).collect();
    let tree = build(&nodes, &model);
    assert_eq!(collect(tree.range(&KeyRange::all())), inside(&model, &KeyRange::all()));
    assert_eq!(tree.statistics().unwrap().blobs, 5);
}

#[test]
fn the_longest_key_and_value_are_taken_and_longer_ones_refused() {
    let nodes = nodes(4096);
    let key = |len| Bytes::from(vec![b'k'; len]);
    let value = |len| Bytes::from(vec![b'v'; len]);
    let empty = Tree::empty(&nodes).unwrap();
    let tree = empty.apply([put(key(KEY_BYTES_MAX), value(VALUE_BYTES_MAX))]).unwrap();
    assert_eq!(tree.get(&key(KEY_BYTES_MAX)).unwrap().unwrap().len(), VALUE_BYTES_MAX);

    let error = empty.apply([put(key(KEY_BYTES_MAX + 1), "")]).unwrap_err();
    assert_eq!(error.to_string(), "key of 4097 bytes is over the limit of 4096 bytes");
    let error = empty.apply([put("k", value(VALUE_BYTES_MAX + 1))]).unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { what: "value", .. }), "{error}");
    let error = TreeBuilder::new(&nodes).push(&key(KEY_BYTES_MAX + 1), b"").unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { what: "key", .. }), "{error}");
}

#[test]
fn a_tree_of_the_longest_keys_has_a_bounded_height() {
    let nodes = nodes(64);
    let model: Model = (0..300_u32)
        .map(|number| (Bytes::from(format!("{number:0>width$}", width = KEY_BYTES_MAX)), Bytes::new()))
        .collect();
    let tree = build(&nodes, &model);
    let statistics = tree.statistics().unwrap();
    assert_eq!((statistics.leaves, statistics.depth), (300, 10));
    let mut grown = Tree::empty(&nodes).unwrap();
    for (key, value) in &model {
        grown = grown.apply([put(key.clone(), value.clone())]).unwrap();
    }
    assert_eq!(grown, tree);
}

#[test]
fn keys_that_do_not_ascend_are_refused_by_name() {
    let nodes = nodes(4096);
    let empty = Tree::empty(&nodes).unwrap();
    for second in ["a", "b"] {
        let error = empty.apply([put("b", "1"), put(second, "2")]).unwrap_err();
        assert_eq!(error.to_string(), format!("keys are not strictly ascending at {second}"));
        let mut builder = TreeBuilder::new(&nodes);
        builder.push(b"b", b"1").unwrap();
        assert!(matches!(builder.push(second.as_bytes(), b"2"), Err(StorageError::Unordered { .. })));
    }
    let keys = [Bytes::from("b"), Bytes::from("a")];
    assert!(matches!(empty.get_many(&keys), Err(StorageError::Unordered { .. })));
}

#[test]
fn an_error_among_the_entries_of_a_build_is_passed_on() {
    let nodes = nodes(4096);
    let error = StorageError::corrupt("input", "line 2");
    let entries = [Ok((Bytes::from("a"), Bytes::new())), Err(error)];
    assert_eq!(Tree::build(&nodes, entries).unwrap_err().to_string(), "input is corrupt: line 2");
}

#[test]
fn chunking_parameters_are_checked() {
    assert!(ChunkingParameters::default().check().is_ok());
    assert!(ChunkingParameters::with_target(16 * 1024).check().is_ok());
    for (bytes_min, bytes_target, bytes_max) in [(0, 0, 1), (2, 1, 3), (1, 4, 3), (1, 2, u32::MAX)] {
        let chunking = ChunkingParameters { bytes_min, bytes_target, bytes_max };
        assert!(chunking.check().is_err(), "{chunking:?}");
    }
}
