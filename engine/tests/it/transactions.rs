//! Snapshot isolation, and the first committer wins.

use std::collections::BTreeMap;

use microprolly_engine::{CommitOptions, EngineError, Transaction};
use proptest::prelude::*;

use crate::fixture::*;

fn assert_conflict(outcome: Result<(), EngineError>, what: &str) {
    match outcome {
        Err(EngineError::Conflict { what: found }) => assert!(found.contains(what), "{found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_two_that_change_one_key_the_first_to_commit_wins() {
    let session = session();
    session.put("x", "0").unwrap();
    let (mut first, mut second) =
        (session.begin_transaction().unwrap(), session.begin_transaction().unwrap());
    second.put("x", "2").unwrap();
    second.put("y", "2").unwrap();
    first.put("x", "1").unwrap();
    first.commit().unwrap();
    assert_eq!(second.get("x").unwrap().as_deref(), Some(&b"2"[..]));
    assert_conflict(second.commit(), "\"x\"");
    assert_eq!(session.get("x").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(session.get("y").unwrap(), None, "nothing of the loser is there");
    let mut again = session.begin_transaction().unwrap();
    again.put("x", "2").unwrap();
    again.commit().unwrap();
    assert_eq!(session.get("x").unwrap().as_deref(), Some(&b"2"[..]));
}

#[test]
fn a_single_put_counts_as_a_transaction() {
    let session = session();
    let mut slow = session.begin_transaction().unwrap();
    slow.put("x", "slow").unwrap();
    session.put("x", "quick").unwrap();
    assert_conflict(slow.commit(), "\"x\"");
}

#[test]
fn writing_what_is_there_already_neither_conflicts_nor_undoes_a_later_write() {
    let session = session();
    session.put("x", "same").unwrap();
    let mut idle = session.begin_transaction().unwrap();
    idle.put("x", "same").unwrap();
    idle.delete("y").unwrap();
    session.put("x", "changed").unwrap();
    session.put("y", "new").unwrap();
    idle.commit().unwrap();
    assert_eq!(session.get("x").unwrap().as_deref(), Some(&b"changed"[..]));
    assert_eq!(session.get("y").unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn write_skew_is_allowed() {
    let session = session();
    session.put("a", "on").unwrap();
    session.put("b", "on").unwrap();
    let (mut first, mut second) =
        (session.begin_transaction().unwrap(), session.begin_transaction().unwrap());
    assert!(first.get("b").unwrap().is_some() && second.get("a").unwrap().is_some());
    first.delete("a").unwrap();
    second.delete("b").unwrap();
    first.commit().unwrap();
    second.commit().unwrap();
    assert!(contents(&session.working().unwrap()).is_empty());
}

#[test]
fn a_transaction_sees_the_branch_as_it_was_when_it_began() {
    let session = session();
    session.put("x", "0").unwrap();
    let transaction = session.begin_transaction().unwrap();
    session.put("x", "1").unwrap();
    session.put("y", "1").unwrap();
    commit(&session, "meanwhile");
    assert_eq!(contents(&transaction.snapshot()), Contents::from([(b"x".to_vec(), b"0".to_vec())]));
    transaction.commit().unwrap();
    assert_eq!(session.get("x").unwrap().as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_commit_in_between_is_no_conflict_by_itself() {
    let session = session();
    session.put("x", "0").unwrap();
    let mut transaction = session.begin_transaction().unwrap();
    transaction.put("y", "1").unwrap();
    commit(&session, "meanwhile");
    session.put("z", "2").unwrap();
    transaction.commit_version(CommitOptions::message("mine")).unwrap();
    assert_eq!(messages(&session, "main")[..2], ["mine", "meanwhile"]);
    assert_eq!(contents(&session.working().unwrap()).len(), 3);
}

#[test]
fn a_transaction_on_a_dropped_branch_loses() {
    let session = session();
    session.create_branch("b", "main").unwrap();
    let mut other = session.clone();
    other.switch_branch("b").unwrap();
    let mut transaction = other.begin_transaction().unwrap();
    transaction.put("x", "1").unwrap();
    session.drop_branch("b", false).unwrap();
    assert_conflict(transaction.commit(), "branch \"b\"");
    assert!(matches!(other.put("x", "1"), Err(EngineError::NotFound { .. })));
    assert!(matches!(other.get("x"), Err(EngineError::NotFound { .. })));
}

/// A branch was known by its name alone, so the writes went to another one
/// that had been given the name meanwhile.
#[test]
fn a_transaction_does_not_commit_to_another_branch_of_the_same_name() {
    let disk = Disk::new();
    let session = begin(&disk.create());
    session.put("x", "0").unwrap();
    session.create_tag("v1", "main", "").unwrap();
    session.create_branch("b", "main").unwrap();
    let mut other = session.clone();
    other.switch_branch("b").unwrap();
    let mut write = other.begin_transaction().unwrap();
    write.put("y", "1").unwrap();
    let idle = other.begin_transaction().unwrap();
    session.drop_branch("b", true).unwrap();
    session.create_branch("b", "v1").unwrap();
    assert_conflict(write.commit(), "branch \"b\"");
    let options = CommitOptions { allow_empty: true, ..CommitOptions::message("x") };
    assert_conflict(idle.commit_version(options).map(drop), "branch \"b\"");
    assert!(contents(&other.working().unwrap()).is_empty());
}

#[test]
fn a_branch_stays_the_same_through_commits_folds_and_reopening() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    let mut early = session.begin_transaction().unwrap();
    early.put("early", "1").unwrap();
    commit(&session, "meanwhile");
    // More than a segment holds: sealing one folds what is pending.
    for number in 0..20 {
        session.put(format!("x{number}"), vec![7; 4_000]).unwrap();
    }
    early.commit().unwrap();
    drop(session);
    let mut session = begin(&disk.open());
    session.switch_branch("b").unwrap();
    let mut late = session.begin_transaction().unwrap();
    late.put("late", "1").unwrap();
    commit(&session, "meanwhile");
    late.commit().unwrap();
    assert_eq!(contents(&session.working().unwrap()).len(), 22);
}

#[test]
fn savepoints_can_be_returned_to_more_than_once() {
    let session = session();
    let mut transaction = session.begin_transaction().unwrap();
    transaction.put("a", "1").unwrap();
    let outer = transaction.savepoint();
    transaction.put("b", "1").unwrap();
    let inner = transaction.savepoint();
    transaction.delete("a").unwrap();
    transaction.rollback_to(&inner);
    assert_eq!(contents(&transaction.snapshot()).len(), 2);
    transaction.rollback_to(&outer);
    transaction.put("c", "1").unwrap();
    transaction.rollback_to(&outer);
    transaction.put("d", "1").unwrap();
    transaction.commit().unwrap();
    let keys: Vec<Vec<u8>> = contents(&session.working().unwrap()).into_keys().collect();
    assert_eq!(keys, [b"a", b"d"]);
}

#[test]
fn keys_and_values_have_limits() {
    let session = session();
    let mut transaction = session.begin_transaction().unwrap();
    assert!(matches!(transaction.put("", "x"), Err(EngineError::Refused { .. })));
    assert!(transaction.put(vec![b'k'; 4096], "x").is_ok());
    assert!(transaction.put(vec![b'k'; 4097], "x").is_err());
    assert!(transaction.put("v", vec![0; 16 * 1024 * 1024]).is_ok());
    assert!(transaction.put("v", vec![0; 16 * 1024 * 1024 + 1]).is_err());
    transaction.commit().unwrap();
    assert_eq!(session.get("v").unwrap().unwrap().len(), 16 * 1024 * 1024);
}

type Writes = BTreeMap<u8, Option<u8>>;

fn writes() -> impl Strategy<Value = Writes> {
    prop::collection::btree_map(0..8_u8, prop::option::of(0..3_u8), 0..5)
}

fn write(transaction: &mut Transaction, writes: &Writes) {
    for (key, value) in writes {
        match value {
            Some(value) => transaction.put(vec![b'k', *key], vec![*value]).unwrap(),
            None => transaction.delete(vec![b'k', *key]).unwrap(),
        }
    }
}

proptest! {
    #[test]
    fn transactions_commit_just_when_what_they_change_is_as_they_saw_it(
        base in writes(),
        folded in any::<bool>(),
        all in prop::collection::vec(writes(), 2..5),
    ) {
        let session = session();
        let mut start = session.begin_transaction().unwrap();
        write(&mut start, &base);
        start.commit().unwrap();
        if folded {
            commit(&session, "base");
        }
        let seen: BTreeMap<u8, u8> =
            base.iter().filter_map(|(key, value)| value.map(|value| (*key, value))).collect();
        let mut open: Vec<(Transaction, &Writes)> = Vec::new();
        for writes in &all {
            let mut transaction = session.begin_transaction().unwrap();
            write(&mut transaction, writes);
            open.push((transaction, writes));
        }
        let mut latest = seen.clone();
        for (transaction, writes) in open {
            // Writing what the transaction saw there is no write.
            let changes: Writes =
                writes.iter().filter(|(key, value)| seen.get(key) != value.as_ref()).map(|(key, value)| (*key, *value)).collect();
            let conflicts = changes.keys().any(|key| latest.get(key) != seen.get(key));
            match transaction.commit() {
                Ok(()) => {
                    prop_assert!(!conflicts);
                    for (key, value) in &changes {
                        match value {
                            Some(value) => latest.insert(*key, *value),
                            None => latest.remove(key),
                        };
                    }
                }
                Err(EngineError::Conflict { .. }) => prop_assert!(conflicts),
                Err(other) => panic!("{other}"),
            }
        }
        let expected: Contents = latest.into_iter().map(|(key, value)| (vec![b'k', key], vec![value])).collect();
        prop_assert_eq!(contents(&session.working().unwrap()), expected);
    }
}

#[test]
fn transactions_on_many_threads_are_one_after_the_other() {
    const THREADS: usize = 4;
    const INCREMENTS: usize = 50;
    let session = session();
    session.put("counter", "0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..INCREMENTS {
                    loop {
                        let mut transaction = session.begin_transaction().unwrap();
                        let value = transaction.get("counter").unwrap().unwrap();
                        let next = std::str::from_utf8(&value).unwrap().parse::<usize>().unwrap() + 1;
                        transaction.put("counter", next.to_string()).unwrap();
                        match transaction.commit() {
                            Ok(()) => break,
                            Err(EngineError::Conflict { .. }) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
            });
        }
    });
    let counted = session.get("counter").unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&counted).unwrap(), (THREADS * INCREMENTS).to_string());
}
