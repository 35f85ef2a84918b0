//! Diffs agree with a comparison of models.

use bytes::Bytes;
use microprolly_storage::{Change, ChunkHash, DiffCounts, KeyRange, StorageError, Tree};
use proptest::prelude::*;

use crate::tree_fixture::*;

fn diff(from: &Tree, to: &Tree, range: &KeyRange) -> Vec<Change> {
    from.diff(to, range).map(Result::unwrap).collect()
}

/// The changes between two models inside a range.
fn expected(from: &Model, to: &Model, range: &KeyRange) -> Vec<Change> {
    let mut keys: Vec<&Bytes> = from.keys().chain(to.keys()).filter(|key| range.contains(key)).collect();
    keys.sort();
    keys.dedup();
    let changes = keys.into_iter().map(|key| Change {
        key: key.clone(),
        from: from.get(key).cloned(),
        to: to.get(key).cloned(),
    });
    changes.filter(|change| change.from != change.to).collect()
}

fn counts(changes: &[Change]) -> DiffCounts {
    changes.iter().fold(DiffCounts::default(), |mut counts, change| {
        match (&change.from, &change.to) {
            (None, _) => counts.added += 1,
            (_, None) => counts.removed += 1,
            _ => counts.modified += 1,
        }
        counts
    })
}

/// Asserts that diff and count agree with the models.
fn check(from: (&Tree, &Model), to: (&Tree, &Model), range: &KeyRange) {
    let expected = expected(from.1, to.1, range);
    assert_eq!(diff(from.0, to.0, range), expected);
    assert_eq!(from.0.diff_count(to.0, range).unwrap(), counts(&expected));
}

#[test]
fn trees_of_very_different_depths_are_compared() {
    let nodes = nodes(128);
    let large = users(2000);
    let small: Model = large.iter().skip(700).take(30).map(|(k, v)| (k.clone(), v.clone())).collect();
    let (large_tree, small_tree) = (build(&nodes, &large), build(&nodes, &small));
    let none = Model::new();
    let empty = Tree::empty(&nodes).unwrap();
    for range in [KeyRange::all(), KeyRange::between(user(650), user(720))] {
        check((&large_tree, &large), (&small_tree, &small), &range);
        check((&small_tree, &small), (&large_tree, &large), &range);
        check((&empty, &none), (&large_tree, &large), &range);
        check((&large_tree, &large), (&empty, &none), &range);
        check((&empty, &none), (&empty, &none), &range);
    }
}

#[test]
fn trees_cut_by_other_parameters_are_compared_entry_by_entry() {
    let model = users(500);
    let (coarse, fine) = (build(&nodes(2048), &model), build(&nodes(128), &model));
    assert_ne!(coarse.root(), fine.root());
    assert_eq!(diff(&coarse, &fine, &KeyRange::all()), []);
}

#[test]
fn counting_a_diff_reads_no_subtree_that_is_only_on_one_side() {
    let nodes = nodes(1024);
    let low = users(20_000);
    let high: Model =
        low.iter().map(|(key, value)| ([b"v", &key[..]].concat().into(), value.clone())).collect();
    let (low, high) = (build(&nodes, &low), build(&nodes, &high));
    let before = nodes.reads();
    let counts = low.diff_count(&high, &KeyRange::all()).unwrap();
    assert_eq!(counts, DiffCounts { added: 20_000, removed: 20_000, modified: 0 });
    let reads = nodes.reads() - before;
    assert!(reads <= 10, "{reads} nodes read");
}

#[test]
fn equal_large_values_are_compared_unread() {
    let nodes = nodes(1024);
    let value = |byte: u8| Bytes::from(vec![byte; 50_000]);
    let tree = Tree::empty(&nodes).unwrap();
    let tree = tree.apply((0..100).map(|n| put(user(n), value(u8::from(n == 50))))).unwrap();
    let after = tree.apply([put(user(50), value(2))]).unwrap();
    // Without the blob that all other entries share, only reading it can fail.
    let shared = ChunkHash::of(&[&[4, 1][..], &value(0)].concat());
    let (tree, after) = (forged(&tree, shared, None), forged(&after, shared, None));
    assert!(matches!(tree.get(&user(49)), Err(StorageError::NotFound { hash }) if hash == shared));
    let change = Change { key: user(50), from: Some(value(1)), to: Some(value(2)) };
    assert_eq!(diff(&tree, &after, &KeyRange::all()), [change]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_diff_of_unrelated_trees_agrees_with_the_models(
        from in any_model(200),
        to in any_model(200),
        range in any_range(),
    ) {
        let nodes = nodes(100);
        check((&build(&nodes, &from), &from), (&build(&nodes, &to), &to), &range);
    }

    #[test]
    fn a_diff_of_a_tree_and_its_successor_agrees_with_the_models(
        from in any_model(400),
        batch in any_batch(12),
        range in any_range(),
    ) {
        let nodes = nodes(100);
        let tree = build(&nodes, &from);
        let mut to = from.clone();
        apply_to_model(&mut to, &batch);
        check((&tree, &from), (&tree.apply(batch).unwrap(), &to), &range);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn removing_a_run_of_keys_is_all_that_a_diff_shows(start in 0..900_u32, len in 0..300_u32) {
        let nodes = nodes(128);
        let from = users(900);
        let mut to = from.clone();
        to.retain(|key, _| !KeyRange::between(user(start), user(start + len)).contains(key));
        let (old, new) = (build(&nodes, &from), build(&nodes, &to));
        check((&old, &from), (&new, &to), &KeyRange::all());
        check((&new, &to), (&old, &from), &KeyRange::all());
    }
}
