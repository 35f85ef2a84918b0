//! Trees that no build would make: damaged, missing or forged chunks.

use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, ChunkingParameters, KeyRange, MemoryChunks, NodeStore, Result, RootHash,
    StorageError, Tree,
};

use crate::tree_fixture::*;

/// Uses every operation; they may fail, but not panic or run on.
fn use_all(tree: &Tree, other: &Tree) -> Vec<StorageError> {
    let all = KeyRange::all();
    let some = KeyRange::between(user(10), user(200));
    let mut errors = Vec::new();
    let mut note = |result: Result<()>| errors.extend(result.err());
    note(tree.get(&user(77)).map(drop));
    note(tree.get_many(&[user(1), user(77), user(299)]).map(drop));
    note(tree.contains_many(&[user(1), user(77), user(299)]).map(drop));
    note(tree.nth(150).map(drop));
    for range in [&all, &some] {
        note(tree.count(range).map(drop));
        note(tree.range(range).try_for_each(|entry| entry.map(drop)));
        note(tree.range(range).rev().try_for_each(|entry| entry.map(drop)));
        note(tree.diff(other, range).try_for_each(|change| change.map(drop)));
        note(other.diff(tree, range).try_for_each(|change| change.map(drop)));
        note(tree.diff_count(other, range).map(drop));
        note(tree.split(range, 5).map(drop));
        note(tree.blocks(range, 20).try_for_each(|block| {
            let block = block?;
            block.entries().chain(block.all_entries()).try_for_each(|entry| entry.map(drop))
        }));
    }
    note(tree.statistics().map(drop));
    note(tree.apply([put(user(30), "x"), delete(user(150)), put(user(400), "y")]).map(drop));
    errors
}

#[test]
fn a_missing_chunk_is_told_apart_from_a_corrupt_one() {
    let tree = build(&nodes(256), &users(300));
    let leaf = tree.blocks(&KeyRange::key(&user(77)), 0).next().unwrap().unwrap().hash;
    let missing = forged(&tree, leaf, None);
    assert!(matches!(missing.get(&user(77)), Err(StorageError::NotFound { hash }) if hash == leaf));
    assert!(missing.get(&user(299)).unwrap().is_some());

    let corrupt = forged(&tree, leaf, Some(Bytes::from_static(b"\x01\x01\x00")));
    let error = corrupt.get(&user(77)).unwrap_err();
    assert_eq!(error.to_string(), format!("tree node {leaf} is corrupt: 3 bytes are too few for a header"));
    assert_eq!(corrupt.range(&KeyRange::all()).filter(Result::is_err).count(), 1);
}

#[test]
fn a_child_that_is_not_what_its_parent_states_is_refused() {
    let tree = build(&nodes(256), &users(300));
    let leaf = |tree: &Tree| tree.blocks(&KeyRange::key(&user(77)), 0).next().unwrap().unwrap().hash;
    let read = |tree: &Tree, hash: &ChunkHash| tree.nodes().chunks().read(hash).unwrap();
    let victim = leaf(&tree);
    let refused = |encoding: Bytes, expected: &str| {
        let error = forged(&tree, victim, Some(encoding)).get(&user(77)).unwrap_err().to_string();
        assert_eq!(error, format!("tree node {victim} is corrupt: {expected} its parent states"));
    };
    let depth = tree.statistics().unwrap().depth;
    refused(read(&tree, &tree.root().chunk()), &format!("level {} is not one below the 1 that", depth - 1));

    let fewer = tree.apply([delete(user(77))]).unwrap();
    let entries = tree.blocks(&KeyRange::key(&user(77)), 0).next().unwrap().unwrap().entries;
    let block = fewer.blocks(&KeyRange::key(&user(78)), 0).next().unwrap().unwrap();
    refused(read(&tree, &block.hash), &format!("{} entries are not the {entries} that", block.entries));
}

#[test]
fn no_flipped_byte_in_an_internal_node_or_leaf_makes_an_operation_panic() {
    let tree = build(&nodes(256), &users(300));
    let other = tree.apply([put(user(20), "changed"), delete(user(160))]).unwrap();
    let mut victims = vec![tree.root().chunk()];
    victims.extend(tree.blocks(&KeyRange::all(), 100).take(1).map(|block| block.unwrap().hash));
    victims.extend(tree.blocks(&KeyRange::all(), 0).skip(5).take(1).map(|block| block.unwrap().hash));
    assert_eq!(victims.len(), 3);
    for victim in victims {
        let encoding = tree.nodes().chunks().read(&victim).unwrap();
        for at in 0..encoding.len() {
            for mask in [1, 0xff] {
                let mut damaged = encoding.to_vec();
                damaged[at] ^= mask;
                use_all(&forged(&tree, victim, Some(damaged.into())), &other);
            }
        }
    }
}

#[test]
fn a_blob_that_is_not_what_its_entry_states_is_refused() {
    let nodes = nodes(4096);
    let value = Bytes::from(vec![b'v'; 10_000]);
    let tree = Tree::empty(&nodes).unwrap().apply([put("k", value.clone())]).unwrap();
    let blob = ChunkHash::of(&[&[4, 1][..], &value].concat());
    let get = |encoding: Option<Vec<u8>>| forged(&tree, blob, encoding.map(Bytes::from)).get(b"k");
    assert_eq!(get(Some([&[4, 1][..], &value].concat())).unwrap(), Some(value.clone()));
    let message = |encoding: Vec<u8>| get(Some(encoding)).unwrap_err().to_string();
    assert!(matches!(get(None), Err(StorageError::NotFound { .. })));
    assert!(message(vec![4]).ends_with("it has only 1 bytes"));
    assert!(message([&[1, 1][..], &value].concat()).ends_with("its chunk kind is 1"));
    assert!(
        message([&[4, 1][..], &value[1..]].concat())
            .ends_with("it holds 9999 bytes where its entry states 10000")
    );
    assert!(matches!(get(Some(vec![4, 2, 0])), Err(StorageError::NewerFormat { found: 2, .. })));
}

#[test]
fn a_root_that_is_no_tree_is_refused() {
    let chunks: Arc<dyn ChunkStore> = Arc::new(MemoryChunks::new());
    let commit = chunks.write(&[3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).unwrap();
    let nodes = Arc::new(NodeStore::new(chunks, ChunkingParameters::default(), 1 << 20));
    let tree = Tree::open(&nodes, RootHash::from(commit));
    assert!(tree.len().unwrap_err().to_string().contains("chunk kind 3 is not a tree node"));
}
