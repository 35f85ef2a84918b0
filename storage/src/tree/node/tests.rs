//! What the decoder takes and refuses.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Child, KeyRef, Node, NodeWriter};
use crate::error::StorageError;
use crate::hash::ChunkHash;
use crate::tree::limits::{KEY_BYTES_MAX, VALUE_INLINE_BYTES_MAX};

fn decode(encoding: &[u8]) -> crate::error::Result<Node> {
    Node::decode(&ChunkHash::of(encoding), Bytes::copy_from_slice(encoding))
}

/// What is wrong with an encoding.
fn detail(encoding: &[u8]) -> String {
    match decode(encoding).unwrap_err() {
        StorageError::Corrupt { what, detail } => {
            assert_eq!(what, format!("tree node {}", ChunkHash::of(encoding)));
            detail
        }
        other => panic!("{other}"),
    }
}

fn leaf(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut writer = NodeWriter::new(0);
    for (key, value) in entries {
        writer.push_value(KeyRef::whole(key), false, value);
    }
    writer.finish()
}

/// A leaf with values in line and one blob reference.
fn leaf_with_blob() -> Vec<u8> {
    let mut writer = NodeWriter::new(0);
    for number in 0..19 {
        let key = format!("user:{number:04}");
        if number == 11 {
            let mut reference = [7; 36];
            reference[32..].copy_from_slice(&100_000_u32.to_le_bytes());
            writer.push_value(KeyRef::whole(key.as_bytes()), true, &reference);
        } else {
            let value = "x".repeat(number);
            writer.push_value(KeyRef::whole(key.as_bytes()), false, value.as_bytes());
        }
    }
    writer.finish()
}

fn internal() -> Vec<u8> {
    let mut writer = NodeWriter::new(3);
    for number in 0..9_u8 {
        let child = Child { hash: ChunkHash::of(&[number]), entries: 100 + u64::from(number) };
        writer.push_child(KeyRef::whole(format!("user:{number}9").as_bytes()), child);
    }
    writer.finish()
}

/// Uses every accessor on every entry.
fn touch(node: &Node) {
    node.search(b"user:5");
    node.last_key();
    for index in 0..node.len() {
        let key = node.key(index).to_bytes();
        assert_eq!(node.search(&key), (index, true));
        if node.is_leaf() {
            node.value(index);
            node.stored(index);
        } else {
            assert!(node.child(index).entries > 0);
            node.entries_before(index);
        }
    }
    node.child_of_nth(node.entries()).filter(|_| !node.is_leaf());
}

#[test]
fn the_layout_of_a_leaf_is_frozen() {
    let encoding = leaf(&[(b"ka", b"1"), (b"kb", b"22"), (b"kcc", b"")]);
    #[rustfmt::skip]
    let expected = [
        1, 1, 0, 2, // leaf, version, level, offset width
        3, 0, 0, 0, // entries
        1, 0, // prefix
        1, 0, 2, 0, 4, 0, // key ends
        1, 0, 3, 0, 3, 0, // value ends
        0, // blob bits
        b'k', b'a', b'b', b'c', b'c',
        b'1', b'2', b'2',
    ];
    assert_eq!(encoding, expected);
}

#[test]
fn the_layout_of_an_internal_node_is_frozen() {
    let mut writer = NodeWriter::new(1);
    writer.push_child(KeyRef::whole(b"ka"), Child { hash: ChunkHash::from_bytes([1; 32]), entries: 5 });
    writer.push_child(KeyRef::whole(b"kz"), Child { hash: ChunkHash::from_bytes([2; 32]), entries: 258 });
    let mut expected = vec![2, 1, 1, 2, 2, 0, 0, 0, 1, 0, 1, 0, 2, 0];
    expected.extend([5, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
    expected.extend([1; 32]);
    expected.extend([2; 32]);
    expected.extend(b"kaz");
    assert_eq!(writer.finish(), expected);
}

#[test]
fn the_empty_leaf_is_its_header() {
    let encoding = leaf(&[]);
    assert_eq!(encoding, [1, 1, 0, 2, 0, 0, 0, 0, 0, 0]);
    let node = decode(&encoding).unwrap();
    assert_eq!((node.len(), node.entries(), node.search(b"x")), (0, 0, (0, false)));
    assert!(node.last_key().is_none());
}

#[test]
fn every_truncation_and_every_flipped_bit_gives_an_error_or_a_node_but_no_panic() {
    for encoding in [leaf(&[]), leaf_with_blob(), internal()] {
        touch(&decode(&encoding).unwrap());
        for len in 0..encoding.len() {
            assert!(decode(&encoding[..len]).is_err(), "truncated to {len} bytes");
        }
        let mut longer = encoding.clone();
        longer.push(0);
        assert!(decode(&longer).is_err());
        for at in 0..encoding.len() {
            for mask in (0..8).map(|bit| 1 << bit).chain([0xff]) {
                let mut damaged = encoding.clone();
                damaged[at] ^= mask;
                if let Ok(node) = decode(&damaged) {
                    touch(&node);
                }
            }
        }
    }
}

#[test]
fn an_error_names_what_is_wrong() {
    let with = |at: usize, byte: u8| {
        let mut encoding = leaf(&[(b"ka", b"1"), (b"kb", b"22"), (b"kcc", b"")]);
        encoding[at] = byte;
        encoding
    };
    assert_eq!(detail(&[1, 1, 0]), "3 bytes are too few for a header");
    assert_eq!(detail(&with(0, 4)), "chunk kind 4 is not a tree node");
    assert_eq!(detail(&with(1, 0)), "there is no node format version 0");
    assert_eq!(detail(&with(2, 1)), "a node of kind Leaf cannot have level 1");
    assert_eq!(detail(&with(3, 3)), "offset width 3");
    assert_eq!(
        detail(&with(7, 0xff)),
        "its key offsets (4278190083 of 2 bytes at offset 10) go beyond its 31 bytes"
    );
    assert_eq!(detail(&with(12, 0)), "key 1 ends at 0, before it starts at 1");
    assert_eq!(detail(&with(24, b'b')), "key 1 is not above the one before it");
    assert_eq!(detail(&with(22, 1)), "value 0 is not a blob reference");
    assert_eq!(detail(&with(22, 8)), "unused blob bits are set");

    let mut encoding = leaf(&[(b"ax", b""), (b"by", b"")]);
    let at = encoding.len() - 2;
    encoding[at] = b'a';
    assert_eq!(detail(&encoding), "its keys have more in common than the prefix of 0 bytes");

    let newer = decode(&with(1, 2)).unwrap_err();
    assert!(matches!(newer, StorageError::NewerFormat { found: 2, supported: 1, .. }), "{newer}");
}

#[test]
fn forged_counts_are_refused() {
    for (entries, expected) in
        [(0, "child 0 has no entries".to_owned()), (u64::MAX, "its entry counts overflow".to_owned())]
    {
        let mut writer = NodeWriter::new(1);
        let hash = ChunkHash::of(b"");
        writer.push_child(KeyRef::whole(b"a"), Child { hash, entries });
        writer.push_child(KeyRef::whole(b"b"), Child { hash, entries: 1 });
        assert_eq!(detail(&writer.finish()), expected);
    }
}

#[test]
fn values_and_keys_over_their_limits_are_refused() {
    let value = vec![0; VALUE_INLINE_BYTES_MAX + 1];
    assert_eq!(detail(&leaf(&[(b"a", &value)])), "value 0 of 4097 bytes is in line");
    let key = vec![b'k'; KEY_BYTES_MAX + 1];
    assert_eq!(detail(&leaf(&[(&key, b"")])), "key 0 has 4097 bytes");
    // A blob reference to a value that belongs in line.
    let mut writer = NodeWriter::new(0);
    writer.push_value(KeyRef::whole(b"a"), true, &[0; 36]);
    assert_eq!(detail(&writer.finish()), "value 0 is not a blob reference");
}

#[test]
fn a_node_beyond_64_kib_has_offsets_of_four_bytes() {
    let value = vec![7; VALUE_INLINE_BYTES_MAX];
    let keys: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    let entries: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (key.as_bytes(), &value[..])).collect();
    let encoding = leaf(&entries);
    assert_eq!(encoding[3], 4);
    let node = decode(&encoding).unwrap();
    touch(&node);
    assert_eq!(node.stored(39), (false, &value[..]));
}

proptest! {
    #[test]
    fn a_leaf_gives_back_its_entries(
        entries in prop::collection::btree_map(
            prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0..12),
            prop::collection::vec(any::<u8>(), 0..40),
            0..60,
        ),
    ) {
        let pairs: Vec<(&[u8], &[u8])> = entries.iter().map(|(key, value)| (&key[..], &value[..])).collect();
        let node = decode(&leaf(&pairs)).unwrap();
        prop_assert_eq!(node.len(), pairs.len());
        for (index, (key, value)) in pairs.iter().enumerate() {
            prop_assert_eq!(&node.key(index).to_bytes()[..], *key);
            prop_assert_eq!(node.stored(index), (false, *value));
            prop_assert_eq!(node.search(key), (index, true));
            let above = [key, &[0][..]].concat();
            let next = pairs.get(index + 1).is_some_and(|(next, _)| *next == &above[..]);
            prop_assert_eq!(node.search(&above), (index + 1, next));
        }
    }

    #[test]
    fn bytes_that_begin_like_a_node_never_panic(
        kind in 1..=2_u8,
        rest in prop::collection::vec(prop_oneof![3 => 0..6_u8, 1 => any::<u8>()], 0..80),
    ) {
        let level = kind - 1;
        let mut encoding = vec![kind, 1, level, 2];
        encoding.extend(rest);
        if let Ok(node) = decode(&encoding) {
            touch(&node);
        }
    }
}
