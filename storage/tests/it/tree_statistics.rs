//! Measures of trees, what two of them share, and chunks taken apart.

use bytes::Bytes;
use microprolly_storage::{ChunkContent, ChunkHash, ChunkStore, LeafValue, SharedNodes, Tree};

use crate::tree_fixture::{Model, build, nodes, put, user, user_value, users};

#[test]
fn the_histogram_counts_every_node_once_by_its_size() {
    let tree = build(&nodes(512), &users(3_000));
    let statistics = tree.statistics().unwrap();
    assert_eq!(statistics.entries, 3_000);
    assert!(statistics.depth > 2, "{statistics:?}");
    let histogram: Vec<(u64, u64)> = statistics.histogram().collect();
    assert!(histogram.is_sorted());
    assert!(histogram.iter().all(|(bytes, nodes)| bytes.is_power_of_two() && *nodes > 0), "{histogram:?}");
    assert_eq!(histogram.iter().map(|(_, nodes)| nodes).sum::<u64>(), statistics.nodes);
    let least: u64 = histogram.iter().map(|(bytes, nodes)| bytes * nodes).sum();
    assert!((least..2 * least).contains(&statistics.bytes), "{histogram:?} {statistics:?}");
}

#[test]
fn a_tree_shares_all_with_itself_most_after_a_change_and_nothing_with_another() {
    let store = nodes(512);
    let tree = build(&store, &users(3_000));
    let all = tree.statistics().unwrap();
    let own = SharedNodes { nodes: all.nodes, bytes: all.bytes };
    assert_eq!(tree.shared_with(&tree).unwrap(), own);

    let changed = tree.apply([put(user(1_700), user_value(1_700, "changed"))]).unwrap();
    let shared = tree.shared_with(&changed).unwrap();
    assert_eq!(changed.shared_with(&tree).unwrap(), shared);
    assert!(shared.nodes < all.nodes && shared.nodes * 10 > all.nodes * 9, "{shared:?} of {all:?}");
    assert!(shared.bytes < all.bytes && shared.bytes * 10 > all.bytes * 9, "{shared:?} of {all:?}");

    let other: Model = (0..3_000).map(|number| (user(number), user_value(number, "other"))).collect();
    assert_eq!(tree.shared_with(&build(&store, &other)).unwrap(), SharedNodes::default());
    let empty = Tree::empty(&store).unwrap();
    assert_eq!(empty.shared_with(&tree).unwrap(), SharedNodes::default());
    assert_eq!(empty.shared_with(&empty).unwrap().nodes, 1);
}

/// Everything below a chunk, found by taking chunks apart.
fn entries_below(chunks: &dyn ChunkStore, hash: ChunkHash, found: &mut Model) -> u64 {
    match ChunkContent::decode(&hash, &chunks.read(&hash).unwrap()).unwrap().unwrap() {
        ChunkContent::Leaf(entries) => {
            let count = entries.len() as u64;
            for (key, value) in entries {
                let value = match value {
                    LeafValue::Inline(value) => value,
                    LeafValue::Blob { hash, bytes } => {
                        match ChunkContent::decode(&hash, &chunks.read(&hash).unwrap()).unwrap() {
                            Some(ChunkContent::Blob(value)) if value.len() == bytes as usize => value,
                            other => panic!("{other:?}"),
                        }
                    }
                };
                found.insert(key, value);
            }
            count
        }
        ChunkContent::Internal { level, children } => {
            assert!(level > 0);
            children
                .iter()
                .map(|child| {
                    assert_eq!(entries_below(chunks, child.hash, found), child.entries);
                    assert_eq!(found.keys().next_back(), Some(&child.last_key));
                    child.entries
                })
                .sum()
        }
        blob @ ChunkContent::Blob(_) => panic!("{blob:?} in the place of a node"),
    }
}

#[test]
fn chunks_taken_apart_hold_what_the_tree_holds() {
    let mut model = users(1_000);
    model.insert(Bytes::from("large"), Bytes::from("x".repeat(10_000)));
    let tree = build(&nodes(512), &model);
    let mut found = Model::new();
    let count = entries_below(&**tree.nodes().chunks(), tree.root().chunk(), &mut found);
    assert_eq!((count, found), (1_001, model));
}

#[test]
fn a_commit_is_left_to_the_engine_and_other_bytes_are_no_chunk() {
    let decode = |bytes: &'static [u8]| {
        let encoding = Bytes::from_static(bytes);
        ChunkContent::decode(&ChunkHash::of(&encoding), &encoding)
    };
    assert_eq!(decode(&[3, 1, 2]).unwrap(), None);
    let none: [&'static [u8]; 6] = [&[], &[0], &[9, 1], &[1, 1, 0], &[4], &[4, 9, 1]];
    for bad in none {
        assert!(decode(bad).is_err(), "{bad:?}");
    }
}
