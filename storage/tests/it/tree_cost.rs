//! What operations cost, in nodes (I5), and how large nodes are.

use microprolly_storage::{KeyRange, Tree};

use crate::tree_fixture::*;

/// Nodes read and written by an operation.
fn cost<T>(tree: &Tree, operation: impl FnOnce(&Tree) -> T) -> (u64, u64, T) {
    let (reads, writes) = (tree.nodes().reads(), tree.nodes().writes());
    let result = operation(tree);
    (tree.nodes().reads() - reads, tree.nodes().writes() - writes, result)
}

#[test]
fn nodes_have_about_the_target_size() {
    for target in [4096, 8192, 16384] {
        let tree = build(&nodes(target), &users(50_000));
        let statistics = tree.statistics().unwrap();
        println!("target {target}: {statistics:?}, fill {:.3}", statistics.fill());
        assert!((0.75..1.25).contains(&statistics.fill()), "{statistics:?}");
        assert_eq!(statistics.entries, 50_000);
    }
}

#[test]
fn one_mutation_reads_and_writes_a_small_multiple_of_the_depth() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    let (mut reads_sum, mut writes_sum, mut reads_max, mut writes_max) = (0, 0, 0, 0);
    let rounds = 600;
    for n in 0..rounds {
        let number = scattered(n, 100_000);
        let mutation = match n % 3 {
            0 => put(user(number), user_value(number, "closed for now")),
            1 => put(format!("user:{number:09}x"), user_value(number, "active")),
            _ => delete(user(number)),
        };
        let (reads, writes, after) = cost(&tree, |tree| tree.apply([mutation]).unwrap());
        assert_ne!(after, tree);
        (reads_sum, writes_sum) = (reads_sum + reads, writes_sum + writes);
        (reads_max, writes_max) = (reads_max.max(reads), writes_max.max(writes));
    }
    println!(
        "depth {depth}; per mutation: {:.2} nodes read (at most {reads_max}), {:.2} written (at most {writes_max})",
        reads_sum as f64 / f64::from(rounds),
        writes_sum as f64 / f64::from(rounds),
    );
    assert!(reads_max <= 8 * depth && writes_max <= 8 * depth);
    assert!(reads_sum <= u64::from(rounds) * 3 * depth && writes_sum <= u64::from(rounds) * 3 * depth);
}

#[test]
fn a_value_replaced_by_one_as_long_rewrites_the_path_alone() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    for n in 0..100 {
        let number = scattered(n, 100_000);
        let value = user_value(number, "closed");
        let (reads, writes, _) = cost(&tree, |tree| tree.apply([put(user(number), value)]).unwrap());
        assert_eq!((reads, writes), (depth, depth));
    }
}

#[test]
fn mutations_without_effect_read_the_path_alone() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    let (reads, _, after) =
        cost(&tree, |tree| tree.apply([put(user(5), user_value(5, "active")), delete("user:5")]).unwrap());
    assert_eq!(after, tree);
    assert!(reads <= 2 * depth, "{reads}");
    let (reads, writes, _) = cost(&tree, |tree| tree.apply([]).unwrap());
    assert_eq!((reads, writes), (0, 0));
}

#[test]
fn appending_to_the_end_costs_the_right_edge() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    let (reads, writes, _) = cost(&tree, |tree| tree.apply([put("zebra", "stripes")]).unwrap());
    assert!(reads <= depth && writes <= 2 * depth, "{reads} read, {writes} written");
}

#[test]
fn a_diff_reads_nodes_in_proportion_to_the_changes() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    for changes in [1, 10, 100] {
        let mut batch: Vec<_> = (0..changes).map(|n| put(user(scattered(n, 100_000)), "changed")).collect();
        batch.sort_by(|a, b| a.key.cmp(&b.key));
        let after = tree.apply(batch).unwrap();
        let (reads, writes, found) = cost(&tree, |tree| tree.diff(&after, &KeyRange::all()).count());
        println!("{found} changes at depth {depth}: {reads} nodes read");
        assert_eq!((found, writes), (changes as usize, 0));
        assert!(reads <= 4 * u64::from(changes) * depth, "{reads} nodes for {changes} changes");
    }
    let (reads, ..) = cost(&tree, |tree| tree.diff(&tree.clone(), &KeyRange::all()).count());
    assert_eq!(reads, 0);
}

#[test]
fn counts_positions_and_points_read_a_path_or_two() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(100_000));
    let depth = u64::from(tree.statistics().unwrap().depth);
    let range = KeyRange::between(user(1_234), user(98_765));
    let (reads, _, count) = cost(&tree, |tree| tree.count(&range).unwrap());
    assert_eq!(count, 97_531);
    assert!(reads <= 2 * depth, "{reads}");
    assert_eq!(cost(&tree, |tree| tree.nth(77_777).unwrap()).0, depth);
    assert_eq!(cost(&tree, |tree| tree.get(&user(77_777)).unwrap()).0, depth);
    assert_eq!(cost(&tree, |tree| tree.len().unwrap()).0, 1);
    let (reads, ..) = cost(&tree, |tree| tree.split(&range, 4).unwrap());
    assert!(reads <= 6 * depth, "{reads}");
}

#[test]
fn many_keys_read_together_read_each_node_once() {
    let nodes = nodes(4096);
    let tree = build(&nodes, &users(10_000));
    let keys: Vec<_> = (0..10_000).map(user).collect();
    let (reads, _, values) = cost(&tree, |tree| tree.get_many(&keys).unwrap());
    assert!(values.iter().all(Option::is_some));
    assert_eq!(reads, tree.statistics().unwrap().nodes);
}
