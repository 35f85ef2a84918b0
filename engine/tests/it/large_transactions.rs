//! Transactions too large to keep their writes in memory.

use microprolly_engine::storage::StoreOptions;
use microprolly_engine::{CommitOptions, EngineError, Session, Transaction};

use crate::fixture::*;

/// More keys than may be pending on a branch.
const KEYS: usize = 17_000;

fn disk() -> Disk {
    Disk::with_store(StoreOptions::default())
}

fn key(number: usize) -> String {
    format!("key:{number:06}")
}

fn write_many(transaction: &mut Transaction, value: &'static str) {
    for number in 0..KEYS {
        transaction.put(key(number), value).unwrap();
    }
}

fn check_many(session: &Session, value: &str, extra: usize) {
    let all = contents(&session.working().unwrap());
    assert_eq!(all.len(), KEYS + extra);
    assert!((0..KEYS).all(|number| all[key(number).as_bytes()] == value.as_bytes()));
}

#[test]
fn a_large_transaction_commits_as_a_whole_and_survives_a_power_loss() {
    let disk = disk();
    let session = begin(&disk.create());
    session.put("before", "x").unwrap();
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    transaction.delete("before").unwrap();
    transaction.put("after", "y").unwrap();
    assert_eq!(contents(&session.working().unwrap()).len(), 1);
    transaction.commit().unwrap();
    check_many(&session, "one", 1);
    let session = begin(&disk.after_power_loss().open());
    check_many(&session, "one", 1);
    assert_eq!(session.get("before").unwrap(), None);
}

#[test]
fn a_large_transaction_that_is_dropped_leaves_nothing() {
    let session = begin(&disk().create());
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    drop(transaction);
    assert!(contents(&session.working().unwrap()).is_empty());
    assert!(!session.is_dirty().unwrap());
}

#[test]
fn a_large_transaction_conflicts_like_any_other() {
    let session = begin(&disk().create());
    session.put(key(5), "base").unwrap();
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    session.put("elsewhere", "x").unwrap();
    session.put(key(5), "quick").unwrap();
    assert!(matches!(transaction.commit(), Err(EngineError::Conflict { .. })));
    assert_eq!(contents(&session.working().unwrap()).len(), 2);
}

#[test]
fn a_large_transaction_beside_others_on_other_keys_commits() {
    let session = begin(&disk().create());
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    session.put("elsewhere", "x").unwrap();
    commit(&session, "meanwhile");
    let mut second = session.begin_transaction().unwrap();
    second.put("late", "y").unwrap();
    transaction.commit().unwrap();
    second.commit().unwrap();
    check_many(&session, "one", 2);
}

#[test]
fn a_large_transaction_takes_in_all_that_others_changed() {
    let session = begin(&disk().create());
    for (key, value) in [("changed", "old"), ("deleted", "old"), ("rewritten", "same")] {
        session.put(key, value).unwrap();
    }
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    // Writing what is there is no write, so what others make of it stands.
    transaction.put("rewritten", "same").unwrap();
    transaction.delete("inserted").unwrap();
    session.put("changed", "new").unwrap();
    session.delete("deleted").unwrap();
    session.put("rewritten", "new").unwrap();
    session.put("inserted", "new").unwrap();
    commit(&session, "meanwhile");
    session.put("long", vec![7; 10_000]).unwrap();
    transaction.commit().unwrap();
    check_many(&session, "one", 4);
    let value = |key: &str| session.get(key).unwrap().map(|value| value.to_vec());
    assert_eq!(value("changed").as_deref(), Some(&b"new"[..]));
    assert_eq!(value("deleted"), None);
    assert_eq!(value("rewritten").as_deref(), Some(&b"new"[..]));
    assert_eq!(value("inserted").as_deref(), Some(&b"new"[..]));
    assert_eq!(value("long").map(|value| value.len()), Some(10_000));
}

#[test]
fn a_large_transaction_conflicts_also_where_another_wrote_the_same() {
    let session = begin(&disk().create());
    let mut transaction = session.begin_transaction().unwrap();
    write_many(&mut transaction, "one");
    session.put(key(5), "one").unwrap();
    assert!(matches!(transaction.commit(), Err(EngineError::Conflict { .. })));
    assert_eq!(contents(&session.working().unwrap()).len(), 1);
}

#[test]
fn savepoints_reach_back_over_the_limit() {
    let session = begin(&disk().create());
    let mut transaction = session.begin_transaction().unwrap();
    transaction.put("kept", "x").unwrap();
    let small = transaction.savepoint();
    write_many(&mut transaction, "one");
    let large = transaction.savepoint();
    transaction.delete(key(7)).unwrap();
    transaction.rollback_to(&large);
    assert_eq!(contents(&transaction.snapshot()).len(), KEYS + 1);
    transaction.rollback_to(&small);
    transaction.commit_version(CommitOptions::message("small")).unwrap();
    assert_eq!(contents(&session.working().unwrap()).len(), 1);
}

#[test]
fn a_branch_with_many_small_writes_folds_them_and_keeps_them_all() {
    let disk = disk();
    let session = begin(&disk.create());
    for part in 0..9 {
        let mut transaction = session.begin_transaction().unwrap();
        for number in 0..2_000 {
            transaction.put(key(part * 2_000 + number), "part").unwrap();
        }
        transaction.commit().unwrap();
    }
    drop(session);
    assert_eq!(contents(&begin(&disk.open()).working().unwrap()).len(), 18_000);
}
