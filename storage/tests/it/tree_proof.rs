//! Proofs show what the tree has, and nothing else.

use bytes::Bytes;
use microprolly_storage::{ChunkHash, Proof, Result, RootHash, StorageError, Tree};
use proptest::prelude::*;

use crate::tree_fixture::*;

/// Asserts that the proof for a key shows what the tree has, also after a journey as
/// bytes.
fn check(tree: &Tree, key: &[u8]) {
    let proof = tree.prove(key).unwrap();
    assert_eq!(proof.verify(&tree.root(), key).unwrap(), tree.get(key).unwrap());
    assert_eq!(Proof::decode(&proof.encode()).unwrap(), proof);
}

/// The chunks of an encoded proof: its nodes, and its blob if it has one.
fn chunks(encoded: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &encoded[3..];
    let mut chunks = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (chunk, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        chunks.push(chunk.to_vec());
        rest = after;
    }
    chunks
}

/// A proof of any chunks.
fn assemble(nodes: &[Vec<u8>], blob: Option<&[u8]>) -> Proof {
    let mut encoded = vec![1, u8::try_from(nodes.len()).unwrap(), u8::from(blob.is_some())];
    for chunk in nodes.iter().map(Vec::as_slice).chain(blob) {
        encoded.extend(u32::try_from(chunk.len()).unwrap().to_le_bytes());
        encoded.extend(chunk);
    }
    Proof::decode(&encoded).unwrap()
}

/// What is said of a proof that is refused.
fn refusal(result: Result<Option<Bytes>>) -> String {
    match result.unwrap_err() {
        StorageError::Corrupt { what, detail } => format!("{what}: {detail}"),
        other => panic!("{other}"),
    }
}

#[test]
fn keys_that_are_there_and_keys_that_are_not_are_proved() {
    let tree = build(&nodes(256), &users(300));
    for number in 0..300 {
        check(&tree, &user(number));
        // Between two entries, and so also between two leaves.
        check(&tree, format!("user:{number:09}+").as_bytes());
    }
    // Before the first and after the last.
    for key in ["", "antelope", "zebra"] {
        check(&tree, key.as_bytes());
    }
    assert_eq!(tree.prove(b"zebra").unwrap().verify(&tree.root(), b"zebra").unwrap(), None);
}

#[test]
fn of_the_empty_tree_and_of_one_leaf_the_root_is_the_proof() {
    let nodes = nodes(4096);
    let empty = Tree::empty(&nodes).unwrap();
    check(&empty, b"");
    check(&empty, b"key");
    let leaf = empty.apply([put("key", "value")]).unwrap();
    for key in ["", "jay", "key", "lee"] {
        check(&leaf, key.as_bytes());
        assert_eq!(chunks(&leaf.prove(key.as_bytes()).unwrap().encode()).len(), 1);
    }
}

#[test]
fn a_proof_has_a_node_per_level_and_no_other_is_read() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(20_000));
    let depth = tree.statistics().unwrap().depth;
    let before = nodes.reads();
    let proof = tree.prove(&user(12_345)).unwrap();
    assert_eq!(nodes.reads() - before, u64::from(depth));
    assert_eq!(chunks(&proof.encode()).len(), depth as usize);
}

#[test]
fn large_values_are_proved_with_their_blobs() {
    let nodes = nodes(1024);
    let model: Model = (0..50).map(|n| (user(n), Bytes::from(vec![b'v'; 4_050 + 2 * n as usize]))).collect();
    let tree = build(&nodes, &model);
    assert!(tree.statistics().unwrap().blobs > 10);
    for key in model.keys() {
        check(&tree, key);
    }
    check(&tree, b"user:000000049+");
}

#[test]
fn a_proof_says_nothing_of_another_tree() {
    let nodes = nodes(256);
    let tree = build(&nodes, &users(300));
    let other = tree.apply([put(user(200), "changed")]).unwrap();
    let proof = tree.prove(&user(77)).unwrap();
    let expected = format!("proof: it has the chunk {} in place of the node {}", tree.root(), other.root());
    assert_eq!(refusal(proof.verify(&other.root(), &user(77))), expected);
}

#[test]
fn a_proof_for_another_key_is_refused_or_shows_the_truth() {
    let tree = build(&nodes(256), &users(300));
    let proof = tree.prove(&user(77)).unwrap();
    let mut refused = 0;
    for number in 0..300 {
        for key in [user(number), Bytes::from(format!("user:{number:09}+"))] {
            match proof.verify(&tree.root(), &key) {
                Ok(value) => assert_eq!(value, tree.get(&key).unwrap()),
                Err(StorageError::Corrupt { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!((550..600).contains(&refused), "{refused}");
}

#[test]
fn a_proof_with_chunks_missing_swapped_or_left_over_is_refused() {
    let nodes = nodes(256);
    let large = |byte: u8| Bytes::from(vec![byte; 5_000]);
    let tree = build(&nodes, &users(300)).apply([put(user(77), large(1)), put(user(78), large(2))]).unwrap();
    let root = tree.root();
    let way = |key: &[u8]| chunks(&tree.prove(key).unwrap().encode());
    let [mut nodes, other] = [way(&user(77)), way(&user(200))];
    let blob = nodes.pop().unwrap();
    let verify =
        |nodes: &[Vec<u8>], blob: Option<&[u8]>| refusal(assemble(nodes, blob).verify(&root, &user(77)));

    assert_eq!(assemble(&nodes, Some(&blob)).verify(&root, &user(77)).unwrap(), Some(large(1)));
    let (leaf, above) = nodes.split_last().unwrap();
    let lacks = format!("proof: it lacks the node {}", ChunkHash::of(leaf));
    assert_eq!(verify(above, Some(&blob)), lacks);
    let swapped = [above, &other[other.len() - 1..]].concat();
    assert!(verify(&swapped, Some(&blob)).contains(" in place of the node "));
    let longer = [&nodes[..], &other[..1]].concat();
    assert_eq!(verify(&longer, Some(&blob)), "proof: it has nodes that are not on the way to the key");

    let lacks = format!("proof: it lacks the blob {}", ChunkHash::of(&blob));
    assert_eq!(verify(&nodes, None), lacks);
    let other_blob = way(&user(78)).pop().unwrap();
    assert_eq!(verify(&nodes, Some(&other_blob)), lacks);
    let needless = refusal(assemble(&other, Some(&blob)).verify(&root, &user(200)));
    assert_eq!(needless, "proof: it has a blob, but no value of the key that is out of line");
}

#[test]
fn a_node_that_is_not_what_its_parent_states_is_refused_though_it_has_the_hash() {
    let tree = build(&nodes(256), &users(300));
    let fewer = tree.apply([delete(user(77))]).unwrap();
    let way_to = |tree: &Tree, number| chunks(&tree.prove(&user(number)).unwrap().encode());
    let leaf_of = |tree: &Tree, number| way_to(tree, number).pop().unwrap();
    let way = way_to(&tree, 77);
    let forged_with = |leaf: Vec<u8>| {
        // Puts the hash of the forged node in place of the true one, up to the root.
        let mut way = way.clone();
        let mut forged = leaf;
        for place in (0..way.len()).rev() {
            let [before, after] = [&way[place], &forged].map(|node| *ChunkHash::of(node).as_bytes());
            way[place] = forged;
            let Some(above) = place.checked_sub(1) else {
                return (RootHash::from(ChunkHash::from_bytes(after)), way);
            };
            forged = way[above].clone();
            let at = forged.windows(before.len()).position(|bytes| bytes == before).unwrap();
            forged[at..at + after.len()].copy_from_slice(&after);
        }
        unreachable!("the root is the first of the way")
    };
    let (root, nodes) = forged_with(leaf_of(&tree, 77));
    assert_eq!(root, tree.root());
    assert!(assemble(&nodes, None).verify(&root, &user(77)).unwrap().is_some());
    for (leaf, expected) in [
        (leaf_of(&fewer, 78), " entries are not the "),
        (leaf_of(&tree, 200), " that its parent states"),
        (way[0].clone(), " is not one below the 1 that its parent states"),
    ] {
        let (root, nodes) = forged_with(leaf);
        let message = refusal(assemble(&nodes, None).verify(&root, &user(77)));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn no_flipped_byte_makes_a_proof_show_what_is_not_so() {
    let nodes = nodes(256);
    let tree = build(&nodes, &users(300)).apply([put(user(80), vec![b'v'; 5_000])]).unwrap();
    let empty = Tree::empty(&nodes).unwrap();
    let cases = [
        (&tree, user(77)),
        (&tree, user(80)),
        (&tree, Bytes::from("user:000000077+")),
        (&tree, Bytes::from("zebra")),
        (&empty, user(77)),
    ];
    for (tree, key) in cases {
        let encoded = tree.prove(&key).unwrap().encode();
        let truth = tree.get(&key).unwrap();
        for at in 0..encoded.len() {
            for mask in [1, 0x80, 0xff] {
                let mut damaged = encoded.clone();
                damaged[at] ^= mask;
                let shown = Proof::decode(&damaged).and_then(|proof| proof.verify(&tree.root(), &key));
                assert!(shown.is_err() || shown.is_ok_and(|value| value == truth), "byte {at} of {key:?}");
            }
        }
    }
}

#[test]
fn an_encoding_that_is_cut_off_goes_on_or_has_another_header_is_refused() {
    let tree = build(&nodes(256), &users(300)).apply([put(user(80), vec![b'v'; 5_000])]).unwrap();
    let encoded = tree.prove(&user(80)).unwrap().encode();
    for len in 0..encoded.len() {
        assert!(matches!(Proof::decode(&encoded[..len]), Err(StorageError::Corrupt { .. })), "{len} bytes");
    }
    let with = |at: usize, byte: u8| {
        let mut changed = encoded.clone();
        changed[at] = byte;
        Proof::decode(&changed).unwrap_err()
    };
    assert_eq!(with(0, 0).to_string(), "proof is corrupt: there is no proof format version 0");
    assert!(matches!(with(0, 2), StorageError::NewerFormat { found: 2, supported: 1, .. }));
    assert_eq!(with(1, 0).to_string(), "proof is corrupt: it cannot have 0 nodes");
    assert_eq!(with(1, 66).to_string(), "proof is corrupt: it cannot have 66 nodes");
    assert_eq!(with(2, 2).to_string(), "proof is corrupt: 2 does not say whether it has a blob");
    assert_eq!(with(1, 65).to_string(), "proof is corrupt: it ends within a chunk");
    let longer = [&encoded[..], &[0]].concat();
    let error = Proof::decode(&longer).unwrap_err();
    assert_eq!(error.to_string(), "proof is corrupt: 1 bytes follow its last chunk");
}

#[test]
fn a_root_that_is_no_tree_proves_nothing() {
    let commit = vec![3_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    let root = RootHash::from(ChunkHash::of(&commit));
    let message = refusal(assemble(&[commit], None).verify(&root, b"key"));
    assert!(message.ends_with("chunk kind 3 is not a tree node"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn proofs_agree_with_the_model(model in any_model(300), keys in prop::collection::vec(any_key(), 0..40)) {
        let tree = build(&nodes(100), &model);
        for key in keys.iter().chain(model.keys()) {
            let proof = tree.prove(key).unwrap();
            prop_assert_eq!(proof.verify(&tree.root(), key).unwrap(), model.get(key).cloned());
        }
    }

    #[test]
    fn bytes_that_begin_like_a_proof_are_no_proof(
        rest in prop::collection::vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..60),
    ) {
        let root = build(&nodes(256), &users(10)).root();
        if let Ok(proof) = Proof::decode(&[&[1_u8][..], &rest].concat()) {
            prop_assert!(proof.verify(&root, b"key").is_err());
        }
    }
}
