//! Reads agree with a `BTreeMap`.

use bytes::Bytes;
use microprolly_storage::{Block, ChunkHash, ChunkKind, KeyRange, Tree};
use proptest::prelude::*;

use crate::tree_fixture::*;

fn blocks(tree: &Tree, range: &KeyRange, entries_target: usize) -> Vec<Block> {
    tree.blocks(range, entries_target).map(Result::unwrap).collect()
}

#[test]
fn a_cursor_outlives_its_tree_and_can_skip_and_tell_what_is_left() {
    let users = users(1000);
    let mut cursor = {
        let nodes = nodes(256);
        build(&nodes, &users).range(&KeyRange::all())
    };
    assert_eq!(cursor.remaining().unwrap(), 1000);
    assert_eq!(cursor.next().unwrap().unwrap().0, user(0));
    assert_eq!(cursor.nth(499).unwrap().unwrap().0, user(500));
    assert_eq!(cursor.next_back().unwrap().unwrap().0, user(999));
    assert_eq!(cursor.nth_back(97).unwrap().unwrap().0, user(901));
    assert_eq!(cursor.remaining().unwrap(), 400);
    assert_eq!(cursor.next().unwrap().unwrap().0, user(501));
    assert_eq!(cursor.by_ref().last().unwrap().unwrap().0, user(900));
    assert!(cursor.next().is_none() && cursor.next_back().is_none() && cursor.nth(3).is_none());
}

#[test]
fn blocks_are_the_largest_subtrees_that_stay_under_the_target() {
    let nodes = nodes(256);
    let tree = build(&nodes, &users(3000));
    let all = KeyRange::all();

    let whole = blocks(&tree, &all, 3000);
    assert_eq!(whole.len(), 1);
    assert_eq!((whole[0].hash, whole[0].entries, whole[0].whole), (tree.root().chunk(), 3000, true));

    let leaves = blocks(&tree, &all, 0);
    assert_eq!(leaves.len() as u64, tree.statistics().unwrap().leaves);

    let some = blocks(&tree, &all, 100);
    assert!(some.iter().all(|block| block.entries <= 100 && block.whole));
    assert!(some.len() < leaves.len());
}

#[test]
fn blocks_read_no_leaf_until_their_entries_are_asked_for() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(20_000));
    let before = nodes.reads();
    let found = blocks(&tree, &KeyRange::all(), 1);
    let reads = nodes.reads() - before;
    let statistics = tree.statistics().unwrap();
    assert_eq!(found.len() as u64, statistics.leaves);
    assert_eq!(reads, statistics.nodes - statistics.leaves);
}

#[test]
fn a_change_leaves_the_hashes_of_most_blocks_alone() {
    let nodes = nodes(1024);
    let tree = build(&nodes, &users(20_000));
    let after = tree.apply([put(user(10_000), "changed")]).unwrap();
    let hashes = |tree: &Tree| -> Vec<_> {
        blocks(tree, &KeyRange::all(), 500).iter().map(|block| block.hash).collect()
    };
    let (old, new) = (hashes(&tree), hashes(&after));
    let changed = new.iter().filter(|hash| !old.contains(hash)).count();
    assert!((1..=3).contains(&changed), "{changed} of {} blocks changed", new.len());
}

#[test]
fn a_split_has_parts_of_about_equal_counts() {
    let nodes = nodes(1024);
    let tree = build(&nodes, &users(20_000));
    let range = KeyRange::between(user(2_000), user(18_000));
    let parts = tree.split(&range, 8).unwrap();
    let counts: Vec<u64> = parts.iter().map(|part| tree.count(part).unwrap()).collect();
    assert_eq!(counts.len(), 8);
    assert_eq!(counts.iter().sum::<u64>(), 16_000);
    assert!(counts.iter().all(|count| (1_950..=2_050).contains(count)), "{counts:?}");
}

#[test]
fn whether_keys_are_there_is_told_without_reading_their_values() {
    let value = vec![7; 5_000];
    let blob = ChunkHash::of(&[&[ChunkKind::Blob as u8, 1][..], &value].concat());
    let whole = build(&nodes(1024), &Model::from([(user(1), Bytes::from(value))]));
    let tree = forged(&whole, blob, None);
    assert!(tree.get_many(&[user(1)]).is_err(), "the value is a chunk that is missing");
    assert_eq!(tree.contains_many(&[user(0), user(1), user(2)]).unwrap(), [false, true, false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn point_reads_agree_with_the_model(model in any_model(300), mut keys in prop::collection::vec(any_key(), 0..40)) {
        let tree = build(&nodes(100), &model);
        prop_assert_eq!(tree.len().unwrap(), model.len() as u64);
        for key in keys.iter().chain(model.keys()) {
            prop_assert_eq!(tree.get(key).unwrap(), model.get(key).cloned());
        }
        keys.extend(model.keys().step_by(3).cloned());
        keys.sort();
        let expected: Vec<Option<Bytes>> = keys.iter().map(|key| model.get(key).cloned()).collect();
        let present: Vec<bool> = expected.iter().map(Option::is_some).collect();
        prop_assert_eq!(tree.contains_many(&keys).unwrap(), present);
        prop_assert_eq!(tree.get_many(&keys).unwrap(), expected);
        for (n, (key, value)) in model.iter().enumerate() {
            prop_assert_eq!(tree.nth(n as u64).unwrap(), Some((key.clone(), value.clone())));
        }
        prop_assert_eq!(tree.nth(model.len() as u64).unwrap(), None);
    }

    #[test]
    fn ranges_agree_with_the_model_in_both_directions(model in any_model(300), range in any_range()) {
        let tree = build(&nodes(100), &model);
        let mut expected = inside(&model, &range);
        prop_assert_eq!(tree.count(&range).unwrap(), expected.len() as u64);
        prop_assert_eq!(collect(tree.range(&range)), expected.clone());
        expected.reverse();
        prop_assert_eq!(collect(tree.range(&range).rev()), expected);
    }

    #[test]
    fn the_two_ends_of_a_cursor_share_what_is_left(
        model in any_model(200),
        range in any_range(),
        steps in prop::collection::vec((any::<bool>(), prop_oneof![9 => Just(0_usize), 1 => 1..9_usize]), 0..250),
    ) {
        let tree = build(&nodes(100), &model);
        let mut cursor = tree.range(&range);
        let mut expected = inside(&model, &range).into_iter();
        for (forward, skip) in steps {
            let (found, expected) = if forward {
                (cursor.nth(skip), expected.nth(skip))
            } else {
                (cursor.nth_back(skip), expected.nth_back(skip))
            };
            prop_assert_eq!(found.transpose().unwrap(), expected);
        }
        prop_assert_eq!(collect(cursor), expected.collect::<Vec<_>>());
    }

    #[test]
    fn blocks_tile_the_range_and_hold_its_entries(
        model in any_model(300),
        range in any_range(),
        entries_target in 0..60_usize,
    ) {
        let tree = build(&nodes(100), &model);
        let found = blocks(&tree, &range, entries_target);
        let entries: Vec<_> = found.iter().flat_map(|block| collect(block.entries())).collect();
        prop_assert_eq!(entries, inside(&model, &range));
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            prop_assert_eq!(&first.range.start, &range.start);
            prop_assert_eq!(&last.range.end, &range.end);
        }
        for pair in found.windows(2) {
            prop_assert_eq!(pair[0].range.end.as_ref(), Some(&pair[1].range.start));
        }
        for block in &found {
            let all = collect(block.all_entries());
            prop_assert_eq!(all.len() as u64, block.entries);
            if block.whole {
                prop_assert_eq!(all, collect(block.entries()));
            }
        }
        // Blocks in the middle are whole; only the ends may be cut.
        for block in found.iter().skip(1).rev().skip(1) {
            prop_assert!(block.whole);
        }
    }

    #[test]
    fn the_parts_of_a_split_put_together_are_the_range(
        model in any_model(300),
        range in any_range(),
        parts in 0..10_usize,
    ) {
        let tree = build(&nodes(100), &model);
        let split = tree.split(&range, parts).unwrap();
        prop_assert!((1..=parts.max(1)).contains(&split.len()));
        prop_assert_eq!(&split[0].start, &range.start);
        prop_assert_eq!(&split[split.len() - 1].end, &range.end);
        for pair in split.windows(2) {
            prop_assert_eq!(pair[0].end.as_ref(), Some(&pair[1].start));
        }
        if split.len() > 1 {
            for part in &split {
                prop_assert!(tree.count(part).unwrap() > 0, "an empty part");
            }
        }
    }
}
