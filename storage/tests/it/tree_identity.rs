//! I3: a tree is a function of its entries.

use bytes::Bytes;
use microprolly_storage::{KeyRange, Mutation, Tree, TreeBuilder};
use proptest::prelude::*;

use crate::tree_fixture::*;

#[test]
fn the_format_is_frozen_by_golden_roots() {
    let nodes = nodes(4096);
    let users = users(12_345);
    let long = users.iter().step_by(100).map(|(key, value)| (key.clone(), value.repeat(100).into()));
    let models = [
        Model::new(),
        Model::from([(Bytes::from("key"), Bytes::from("value"))]),
        users.clone(),
        long.collect(),
    ];
    assert_eq!(
        models.map(|model| build(&nodes, &model).root().to_string()),
        [
            // No entries.
            "d9de0a6db9b2bd0ab74b7ca63e263f4b29027b98ebee86a34078a441128c28fa",
            // One.
            "d45e5192a884161152a41ac391ff2fc34e5d37e457dd95d8c73b6ff319e85b64",
            // Users 0 to 12,344.
            "da22e71660b39bf8b207ee1d7309a84f61ec6a18309671493a442c0eb8e5133e",
            // Every hundredth of them, with values of a blob each.
            "195476eddb5479ca5ff32bb3de932d7196cb54d07ca66ead063dbf4124395771",
        ]
    );
}

#[test]
fn the_empty_tree_is_what_is_left_when_everything_is_deleted() {
    let nodes = nodes(256);
    let empty = Tree::empty(&nodes).unwrap();
    assert!(empty.is_empty().unwrap());
    let users = users(500);
    let tree = build(&nodes, &users);
    assert_eq!(tree.apply(users.into_keys().map(delete)).unwrap(), empty);
    assert_eq!(empty.apply([delete("x")]).unwrap(), empty);
    assert_eq!(empty.apply([]).unwrap(), empty);
}

#[test]
fn mutations_without_effect_give_the_same_root() {
    let nodes = nodes(256);
    let users = users(500);
    let tree = build(&nodes, &users);
    assert_eq!(tree.apply([]).unwrap(), tree);
    let same = users.iter().map(|(key, value)| put(key.clone(), value.clone()));
    assert_eq!(tree.apply(same).unwrap(), tree);
    let absent = (0..500).map(|number| delete(format!("user:{number:09}x")));
    assert_eq!(tree.apply(absent).unwrap(), tree);
}

#[test]
fn a_tree_grown_one_key_at_a_time_in_scattered_order_is_the_tree_that_is_built() {
    let nodes = nodes(128);
    let mut model = Model::new();
    let mut tree = Tree::empty(&nodes).unwrap();
    for n in 0..600 {
        let number = scattered(n, 1000);
        let mutation = if n % 5 == 4 {
            delete(user(scattered(n - 3, 1000)))
        } else {
            put(user(number), user_value(n, "new"))
        };
        apply_to_model(&mut model, std::slice::from_ref(&mutation));
        tree = tree.apply([mutation]).unwrap();
        assert_eq!(tree, build(&nodes, &model), "after {n} mutations");
    }
    assert!(tree.statistics().unwrap().depth >= 4);
}

#[test]
fn deleting_from_either_end_makes_the_tree_shallower_as_a_build_would() {
    let nodes = nodes(128);
    let all = users(300);
    for from_front in [true, false] {
        let mut model = all.clone();
        let mut tree = build(&nodes, &model);
        while let Some((key, _)) = if from_front { model.pop_first() } else { model.pop_last() } {
            tree = tree.apply([delete(key)]).unwrap();
            assert_eq!(tree, build(&nodes, &model), "{} left", model.len());
        }
    }
}

#[test]
fn a_large_batch_over_a_large_tree_gives_the_tree_that_is_built() {
    let nodes = nodes(1024);
    let mut model = users(20_000);
    let tree = build(&nodes, &model);
    let mut batch: Vec<Mutation> = (0..5_000_u32)
        .map(|n| match n % 3 {
            0 => delete(user(scattered(n, 20_000))),
            1 => put(user(scattered(n, 40_000)), user_value(n, "changed")),
            _ => put(format!("other:{n}"), "x".repeat(n as usize % 300)),
        })
        .collect();
    batch.sort_by(|a, b| a.key.cmp(&b.key));
    batch.dedup_by(|a, b| a.key == b.key);
    apply_to_model(&mut model, &batch);
    let after = tree.apply(batch).unwrap();
    assert_eq!(after, build(&nodes, &model));
    assert_eq!(collect(after.range(&KeyRange::all())), inside(&model, &KeyRange::all()));
}

#[test]
fn the_builder_and_build_make_the_same_tree() {
    let nodes = nodes(512);
    let users = users(1000);
    let mut builder = TreeBuilder::new(&nodes);
    for (key, value) in &users {
        builder.push(key, value).unwrap();
    }
    assert_eq!(builder.finish().unwrap(), build(&nodes, &users));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_history_of_batches_gives_the_tree_that_is_built_from_the_result(
        start in any_model(300),
        batches in prop::collection::vec(any_batch(40), 0..8),
        target in prop_oneof![Just(64_u32), Just(200), Just(1000)],
    ) {
        let nodes = nodes(target);
        let mut model = start;
        let mut tree = build(&nodes, &model);
        for batch in batches {
            apply_to_model(&mut model, &batch);
            tree = tree.apply(batch).unwrap();
            prop_assert_eq!(&tree, &build(&nodes, &model));
        }
        prop_assert_eq!(collect(tree.range(&KeyRange::all())), inside(&model, &KeyRange::all()));
    }

    #[test]
    fn one_batch_or_many_single_mutations_give_the_same_tree(
        start in any_model(200),
        batch in any_batch(60),
        order in any::<u64>(),
    ) {
        let nodes = nodes(100);
        let tree = build(&nodes, &start);
        let together = tree.apply(batch.clone()).unwrap();
        // The keys differ, so that any order has the same result.
        let mut shuffled = batch;
        shuffled.sort_by_key(|mutation| {
            mutation.key.iter().fold(order, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
        });
        let mut one_by_one = tree;
        for mutation in shuffled {
            one_by_one = one_by_one.apply([mutation]).unwrap();
        }
        prop_assert_eq!(together, one_by_one);
    }
}
