//! Merges agree with a merge of models, and read what they must alone.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, KeyRange, MergeConflict, Mutation, NodeStore, Result, StorageError, Tree, TreeMerge,
    VALUE_BYTES_MAX,
};
use proptest::prelude::*;

use crate::tree_fixture::*;

/// Settles a conflict in one of several ways, whichever side is ours.
fn either_way(conflict: &MergeConflict) -> Option<Bytes> {
    match conflict.key.iter().map(|byte| u32::from(*byte)).sum::<u32>() % 3 {
        0 => None,
        1 => conflict.ours.clone().max(conflict.theirs.clone()),
        _ => Some(Bytes::from_static(b"settled")),
    }
}

/// Fails where there should be no conflict.
fn no_conflict(conflict: MergeConflict) -> Result<Option<Bytes>> {
    panic!("{conflict:?}");
}

/// The merge of models, and the conflicts in it.
fn expected(base: &Model, ours: &Model, theirs: &Model) -> (Model, Vec<MergeConflict>) {
    let mut merged = Model::new();
    let mut conflicts = Vec::new();
    let keys: BTreeSet<&Bytes> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    for key in keys {
        let [base, ours, theirs] = [base, ours, theirs].map(|model| model.get(key).cloned());
        let value = if ours == theirs || theirs == base {
            ours
        } else if ours == base {
            theirs
        } else {
            let conflict = MergeConflict { key: key.clone(), base, ours, theirs };
            let value = either_way(&conflict);
            conflicts.push(conflict);
            value
        };
        merged.extend(value.map(|value| (key.clone(), value)));
    }
    (merged, conflicts)
}

/// Asserts that the merge of trees, either way round, agrees with that of models.
fn check(nodes: &Arc<NodeStore>, base: &Model, ours: &Model, theirs: &Model) {
    let (merged, conflicts) = expected(base, ours, theirs);
    let [base, ours, theirs] = [base, ours, theirs].map(|model| build(nodes, model));
    let mut asked = Vec::new();
    let merge = ours.merge(&base, &theirs, |conflict| {
        let value = either_way(&conflict);
        asked.push(conflict);
        Ok(value)
    });
    let merge = merge.unwrap();
    assert_eq!(collect(merge.tree.range(&KeyRange::all())), inside(&merged, &KeyRange::all()));
    assert_eq!(merge.tree, build(nodes, &merged));
    assert_eq!(merge.conflicts, conflicts.len() as u64);
    assert_eq!(asked, conflicts);
    let flipped = theirs.merge(&base, &ours, |conflict| Ok(either_way(&conflict))).unwrap();
    assert_eq!(flipped.tree, merge.tree);
}

/// A merge without conflicts, and the nodes that it read.
fn merge_and_reads(base: &Tree, ours: &Tree, theirs: &Tree) -> (TreeMerge, u64) {
    let before = ours.nodes().reads();
    let merge = ours.merge(base, theirs, no_conflict).unwrap();
    (merge, ours.nodes().reads() - before)
}

#[test]
fn every_pair_of_changes_to_a_key_is_merged_by_what_changed() {
    let values = [None, Some("1"), Some("two"), Some("three three")];
    let [mut base, mut ours, mut theirs] = [Model::new(), Model::new(), Model::new()];
    for (b, in_base) in values.iter().enumerate() {
        for (o, in_ours) in values.iter().enumerate() {
            for (t, in_theirs) in values.iter().enumerate() {
                let key = Bytes::from(format!("key {b}{o}{t}"));
                base.extend(in_base.map(|value| (key.clone(), Bytes::from(value))));
                ours.extend(in_ours.map(|value| (key.clone(), Bytes::from(value))));
                theirs.extend(in_theirs.map(|value| (key, Bytes::from(value))));
            }
        }
    }
    let (merged, conflicts) = expected(&base, &ours, &theirs);
    // Three of four values that differ from each other, in any order.
    assert_eq!(conflicts.len(), 4 * 3 * 2);
    assert_eq!(merged.get(&b"key 121"[..]), Some(&Bytes::from("two")));
    assert_eq!(merged.get(&b"key 110"[..]), None);
    for target in [64, 4096] {
        check(&nodes(target), &base, &ours, &theirs);
    }
}

#[test]
fn trees_of_very_different_depths_are_merged() {
    let nodes = nodes(128);
    let large = users(600);
    let small: Model = large.iter().skip(200).take(30).map(|(k, v)| (k.clone(), v.clone())).collect();
    let above: Model =
        (0..300).map(|n| (Bytes::from(format!("zebra:{n:04}")), Bytes::from("stripes"))).collect();
    let models = [&large, &small, &above, &Model::new()];
    for base in models {
        for ours in models {
            for theirs in models {
                check(&nodes, base, ours, theirs);
            }
        }
    }
}

#[test]
fn a_merge_with_a_side_that_changed_nothing_is_the_other_side_unread() {
    let nodes = nodes(256);
    let base = build(&nodes, &users(1000));
    let changed = base.apply([put(user(500), "changed"), delete(user(700))]).unwrap();
    for (ours, theirs) in [(&base, &changed), (&changed, &base), (&changed, &changed)] {
        let (merge, reads) = merge_and_reads(&base, ours, theirs);
        assert_eq!((merge.tree, merge.subtrees_spliced, reads), (changed.clone(), 0, 0));
    }
}

#[test]
fn a_bulk_insertion_is_merged_with_a_change_by_taking_over_its_subtrees() {
    let nodes = nodes(4096);
    let base = build(&nodes, &users(20_000));
    let change = put(user(5_000), "changed");
    let ours = base.apply([change.clone()]).unwrap();
    // Before all, near the change, in one place, after all, and everywhere.
    let insertions: [fn(u32) -> String; 5] = [
        |n| format!("antelope:{n:09}"),
        |n| format!("user:000004999+{n:09}"),
        |n| format!("user:000012345+{n:09}"),
        |n| format!("zebra:{n:09}"),
        |n| format!("user:{n:09}+"),
    ];
    for insertion in insertions {
        let theirs = base.apply((0..20_000).map(|n| put(insertion(n), user_value(n, "new")))).unwrap();
        let depth = u64::from(theirs.statistics().unwrap().depth);
        let expected = theirs.apply([change.clone()]).unwrap();
        for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
            let (merge, reads) = merge_and_reads(&base, ours, theirs);
            println!("{}: {reads} nodes read, {} subtrees spliced", insertion(0), merge.subtrees_spliced);
            assert_eq!(merge.tree, expected);
            assert!(merge.subtrees_spliced > 0);
            assert!(reads <= 16 * depth, "{reads} nodes read at depth {depth}");
        }
    }
}

#[test]
fn a_merge_reads_nodes_in_proportion_to_the_changes() {
    let nodes = nodes(4096);
    let base = build(&nodes, &users(100_000));
    let depth = u64::from(base.statistics().unwrap().depth);
    for changes in [1, 10, 100] {
        let keys: BTreeSet<u32> = (0..changes).map(|n| scattered(n, 100_000)).collect();
        let ours = base.apply(keys.iter().map(|key| put(user(*key), "changed"))).unwrap();
        let others: BTreeSet<u32> = (0..changes).map(|n| scattered(n + 1_000, 100_000)).collect();
        let added: Vec<Mutation> = others.iter().map(|key| put(format!("user:{key:09}+"), "added")).collect();
        let theirs = base.apply(added.clone()).unwrap();
        let (merge, reads) = merge_and_reads(&base, &ours, &theirs);
        println!("{changes} changes on either side at depth {depth}: {reads} nodes read");
        assert_eq!(merge.tree, ours.apply(added).unwrap());
        assert!(reads <= 4 * u64::from(changes + 2) * depth, "{reads} nodes for {changes} changes");
    }
}

#[test]
fn what_both_sides_have_already_is_not_read_again() {
    let nodes = nodes(4096);
    let base = build(&nodes, &users(20_000));
    let both = base.apply((0..20_000).step_by(2).map(|n| put(user(n), user_value(n, "closed")))).unwrap();
    let ours = both.apply([put(user(1_001), "ours")]).unwrap();
    let theirs = both.apply([put(user(19_001), "theirs")]).unwrap();
    let depth = u64::from(base.statistics().unwrap().depth);
    let (merge, reads) = merge_and_reads(&base, &ours, &theirs);
    assert_eq!(merge.tree, ours.apply([put(user(19_001), "theirs")]).unwrap());
    assert!(reads <= 16 * depth, "{reads} nodes read at depth {depth}");
}

#[test]
fn large_values_are_read_in_conflicts_alone() {
    let nodes = nodes(1024);
    let value = |byte: u8| Bytes::from(vec![byte; 50_000]);
    let base = Tree::empty(&nodes).unwrap();
    let base = base.apply((0..100).map(|n| put(user(n), value(u8::from(n == 50))))).unwrap();
    let ours = base.apply([put(user(10), value(2)), put(user(50), value(3))]).unwrap();
    let theirs = base.apply([put(user(20), value(4)), put(user(50), value(5))]).unwrap();
    let expected = ours.apply([put(user(20), value(4)), put(user(50), value(5))]).unwrap();
    // Without the blobs that are in no conflict, only reading them can fail.
    let [base, ours, theirs] = [base, ours, theirs].map(|tree| {
        [0, 2, 4].into_iter().fold(tree, |tree, byte| {
            let blob = ChunkHash::of(&[&[4, 1][..], &value(byte)].concat());
            forged(&tree, blob, None)
        })
    });
    assert!(matches!(ours.get(&user(10)), Err(StorageError::NotFound { .. })));
    let mut asked = Vec::new();
    let merge = ours.merge(&base, &theirs, |conflict| {
        asked.push(conflict.clone());
        Ok(conflict.theirs)
    });
    assert_eq!(merge.unwrap().tree, expected);
    let conflict =
        MergeConflict { key: user(50), base: Some(value(1)), ours: Some(value(3)), theirs: Some(value(5)) };
    assert_eq!(asked, [conflict]);
}

#[test]
fn an_error_in_settling_a_conflict_is_passed_on() {
    let nodes = nodes(256);
    let base = build(&nodes, &users(100));
    let ours = base.apply([put(user(50), "ours")]).unwrap();
    let theirs = base.apply([delete(user(50))]).unwrap();
    let refusal = |_: MergeConflict| Err(StorageError::corrupt("arbiter", "asleep"));
    let error = ours.merge(&base, &theirs, refusal).unwrap_err();
    assert_eq!(error.to_string(), "arbiter is corrupt: asleep");
    let too_large = |_: MergeConflict| Ok(Some(Bytes::from(vec![0; VALUE_BYTES_MAX + 1])));
    let error = ours.merge(&base, &theirs, too_large).unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { what: "value", .. }), "{error}");
}

#[test]
fn no_flipped_byte_in_a_node_makes_a_merge_panic() {
    let nodes = nodes(256);
    let base = build(&nodes, &users(300));
    let ours = base.apply([put(user(20), "ours"), delete(user(21)), put(user(77), "ours")]).unwrap();
    let theirs = base.apply([put(user(22), "theirs"), put(user(77), "theirs"), put("zebra", "")]).unwrap();
    let mut victims = vec![theirs.root().chunk()];
    for entries_target in [100, 0] {
        let range = KeyRange::key(&user(77));
        victims.extend(theirs.blocks(&range, entries_target).map(|block| block.unwrap().hash));
    }
    assert_eq!(victims.len(), 3);
    let ours_always = |conflict: MergeConflict| Ok(conflict.ours);
    for victim in victims {
        let encoding = nodes.chunks().read(&victim).unwrap();
        let mut errors = 0;
        for at in 0..encoding.len() {
            for mask in [1, 0xff] {
                let mut damaged = encoding.to_vec();
                damaged[at] ^= mask;
                let damaged = forged(&theirs, victim, Some(damaged.into()));
                let merges = [
                    ours.merge(&base, &damaged, ours_always),
                    damaged.merge(&base, &ours, ours_always),
                    ours.merge(&damaged, &base, ours_always),
                ];
                errors += merges.into_iter().filter_map(Result::err).count();
            }
        }
        assert!(errors > 0, "no damage to {victim} was noticed");
    }
}

/// What a side did to what it had: to single keys, to a run of them, or to all.
#[derive(Clone, Debug)]
enum Edit {
    Batch(Vec<Mutation>),
    Fill(Range<u32>, Bytes),
    Remove(KeyRange),
    Replace(Model),
}

fn any_edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        8 => any_batch(12).prop_map(Edit::Batch),
        3 => (0..400_u32, 1..200_u32, any_value())
            .prop_map(|(start, len, value)| Edit::Fill(start..start + len, value)),
        2 => any_range().prop_map(Edit::Remove),
        1 => any_model(200).prop_map(Edit::Replace),
    ];
    prop::collection::vec(edit, 0..4)
}

fn edited(model: &Model, edits: &[Edit]) -> Model {
    let mut model = model.clone();
    for edit in edits {
        match edit {
            Edit::Batch(batch) => apply_to_model(&mut model, batch),
            Edit::Fill(numbers, value) => {
                let keys = numbers.clone().map(|number| Bytes::from(format!("key:{number:04}")));
                model.extend(keys.map(|key| (key, value.clone())));
            }
            Edit::Remove(range) => model.retain(|key, _| !range.contains(key)),
            Edit::Replace(other) => model.clone_from(other),
        }
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_merge_agrees_with_the_merge_of_the_models(
        start in any_model(300),
        both in any_edits(),
        ours in any_edits(),
        theirs in any_edits(),
        target in prop_oneof![Just(64_u32), Just(200), Just(1000)],
    ) {
        // What both did they may have done before what one of them did.
        let together = edited(&start, &both);
        check(&nodes(target), &start, &edited(&together, &ours), &edited(&together, &theirs));
    }

    #[test]
    fn a_merge_of_unrelated_trees_agrees_with_the_merge_of_the_models(
        base in any_model(200),
        ours in any_model(200),
        theirs in any_model(200),
    ) {
        check(&nodes(100), &base, &ours, &theirs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn runs_that_one_side_removed_and_the_other_added_are_merged(
        removed in 0..900_u32,
        removed_len in 0..300_u32,
        added in 0..900_u32,
        added_len in 1..300_u32,
    ) {
        let base = users(900);
        let mut ours = base.clone();
        ours.retain(|key, _| !KeyRange::between(user(removed), user(removed + removed_len)).contains(key));
        let mut theirs = base.clone();
        theirs.extend((0..added_len).map(|n| {
            (Bytes::from(format!("user:{added:09}+{n:04}")), user_value(n, "new"))
        }));
        check(&nodes(128), &base, &ours, &theirs);
    }
}
