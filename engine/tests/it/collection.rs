//! Collecting garbage beside everything else that goes on.

use microprolly_engine::storage::StoreOptions;
use microprolly_engine::{CollectionOptions, Compression, EngineError, GrowthPolicy, Session, Transaction};

use crate::fixture::*;

/// Nothing is damaged, and if `is_clean` nothing is garbage.
#[track_caller]
fn assert_sound(session: &Session, is_clean: bool) {
    let report = session.check().unwrap();
    let found = report.findings.iter().filter(|finding| is_clean || finding.kind.is_damage());
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(report.objects_reached > 0);
}

#[test]
fn the_data_of_a_dropped_branch_are_removed_and_the_rest_reads_as_before() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    fill(&session, "kept", 500, "stays");
    commit(&session, "kept");
    let before = contents(&session.working().unwrap());
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    fill(&session, "gone", 3_000, "goes");
    let gone = commit(&session, "gone");
    session.switch_branch("main").unwrap();
    session.drop_branch("b", true).unwrap();

    let bytes = session.store_statistics().unwrap().bytes;
    let report = session.gc().unwrap();
    assert!(report.objects_removed > 50 && report.bytes_reclaimed > 0, "{report:?}");
    assert!(session.store_statistics().unwrap().bytes < bytes, "{report:?}");
    assert!(matches!(session.resolve(&gone.to_string()), Err(EngineError::NotFound { .. })));
    assert_eq!(session.gc().unwrap().objects_removed, 0, "there is nothing more");
    assert_sound(&session, true);
    assert_eq!(contents(&session.working().unwrap()), before);
    assert_eq!(messages(&session, "main"), ["kept", "Create the database"]);

    drop(session);
    let session = begin(&disk.after_power_loss().open());
    assert_sound(&session, true);
    assert_eq!(contents(&session.working().unwrap()), before);
}

#[test]
fn history_tags_and_uncommitted_changes_are_no_garbage() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    fill(&session, "row", 1_000, "one");
    commit(&session, "one");
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    fill(&session, "row", 1_000, "tagged");
    commit(&session, "tagged");
    session.create_tag("v1", "HEAD", "").unwrap();
    session.switch_branch("main").unwrap();
    session.drop_branch("b", true).unwrap();
    fill(&session, "row", 1_000, "pending");
    let versions = ["WORKING", "HEAD", "v1"];
    let read = |session: &Session| -> Vec<Contents> {
        let snapshot = |name: &str| session.snapshot(&session.resolve(name).unwrap()).unwrap();
        versions.iter().map(|name| contents(&snapshot(name))).collect()
    };
    let before = read(&session);
    session.gc().unwrap();
    assert_sound(&session, true);
    assert_eq!(read(&session), before);
    drop(session);
    assert_eq!(read(&begin(&disk.after_power_loss().open())), before);
}

#[test]
fn a_snapshot_a_transaction_and_a_savepoint_keep_what_they_see_until_they_are_dropped() {
    let database = Disk::new().create();
    let (main, mut session) = (begin(&database), begin(&database));
    main.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    fill(&session, "row", 2_000, "one");
    commit(&session, "one");
    let snapshot = session.working().unwrap();
    let before = contents(&snapshot);
    let mut transaction = session.begin_transaction().unwrap();
    transaction.put("row:00001", "mine").unwrap();
    let savepoint = transaction.savepoint();
    transaction.put("row:00002", "mine, too").unwrap();

    // The branch moves on, and then is no more.
    fill(&session, "row", 2_000, "two");
    commit(&session, "two");
    main.drop_branch("b", true).unwrap();
    assert!(main.gc().unwrap().objects_removed > 0);
    assert_eq!(contents(&snapshot), before);
    let seen = |transaction: &Transaction| {
        let all = contents(&transaction.snapshot());
        assert_eq!(all.len(), before.len());
        ["row:00001", "row:00002", "row:00003"]
            .map(|key| String::from_utf8(all[key.as_bytes()].clone()).unwrap())
    };
    assert_eq!(seen(&transaction), ["mine", "mine, too", "one 3"]);
    transaction.rollback_to(&savepoint);
    assert_eq!(seen(&transaction), ["mine", "one 2", "one 3"]);

    drop((snapshot, transaction, savepoint));
    assert!(main.gc().unwrap().objects_removed > 0, "nobody looks at it any more");
    assert_sound(&main, true);
}

/// Values of which some seventy are more than a transaction keeps in memory.
const LARGE_BYTES: usize = 1 << 20;
const LARGE_VALUES: u8 = 70;

#[test]
fn a_transaction_too_large_for_memory_survives_collections_and_commits() {
    let options = StoreOptions { compression: Some(Compression::None), ..StoreOptions::default() };
    let disk = Disk::with_store(options);
    let session = begin(&disk.create());
    let mut transaction = session.begin_transaction().unwrap();
    for number in 0..LARGE_VALUES {
        transaction.put(format!("large:{number:03}"), vec![number; LARGE_BYTES]).unwrap();
    }
    session.gc().unwrap();
    transaction.put("last", "x").unwrap();
    let savepoint = transaction.savepoint();
    transaction.delete("large:007").unwrap();
    session.put("elsewhere", "y").unwrap();
    session.gc().unwrap();
    transaction.rollback_to(&savepoint);
    transaction.commit().unwrap();
    session.gc().unwrap();
    assert_sound(&session, true);
    let all = contents(&session.working().unwrap());
    assert_eq!(all.len(), usize::from(LARGE_VALUES) + 2);
    for number in 0..LARGE_VALUES {
        let value = &all[format!("large:{number:03}").as_bytes()];
        assert!(value.len() == LARGE_BYTES && value.iter().all(|byte| *byte == number), "{number}");
    }
}

const ACCOUNTS: u32 = 60;
const BALANCE: i64 = 100;

fn account(number: u32) -> String {
    format!("account:{number:03}")
}

fn amount(value: &[u8]) -> i64 {
    std::str::from_utf8(value).unwrap().parse().unwrap()
}

/// Moves one from an account to another, as often as it takes.
fn transfer(session: &Session, from: u32, to: u32) {
    loop {
        let mut transaction = session.begin_transaction().unwrap();
        for (number, change) in [(from, -1), (to, 1)] {
            let balance = amount(&transaction.get(account(number)).unwrap().unwrap());
            transaction.put(account(number), (balance + change).to_string()).unwrap();
        }
        match transaction.commit() {
            Ok(()) => return,
            Err(EngineError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[track_caller]
fn assert_nothing_lost(session: &Session) {
    let all = contents(&session.working().unwrap());
    let total: i64 = all.values().map(|value| amount(value)).sum();
    assert_eq!((all.len(), total), (ACCOUNTS as usize, i64::from(ACCOUNTS) * BALANCE));
}

#[test]
fn no_transfer_is_lost_while_garbage_is_collected() {
    let disk = Disk::new();
    let database = disk.create();
    let session = begin(&database);
    let mut transaction = session.begin_transaction().unwrap();
    for number in 0..ACCOUNTS {
        transaction.put(account(number), BALANCE.to_string()).unwrap();
    }
    transaction.commit().unwrap();
    std::thread::scope(|scope| {
        let mut at_work = Vec::new();
        for lane in 0..3 {
            let session = begin(&database);
            at_work.push(scope.spawn(move || {
                for turn in 0..200 {
                    let from = (turn * 7 + lane) % ACCOUNTS;
                    transfer(&session, from, (from + 1 + turn % (ACCOUNTS - 1)) % ACCOUNTS);
                    if turn % 20 == lane {
                        commit(&session, "interim");
                    }
                }
            }));
        }
        let session = begin(&database);
        at_work.push(scope.spawn(move || {
            for _ in 0..300 {
                assert_nothing_lost(&session);
            }
        }));
        let collector = begin(&database);
        let mut removed = 0;
        while at_work.iter().any(|thread| !thread.is_finished()) {
            removed += collector.gc().unwrap().objects_removed;
        }
        assert!(removed > 0);
    });
    assert_nothing_lost(&session);
    session.gc().unwrap();
    assert_sound(&session, true);
    drop((session, database));
    assert_nothing_lost(&begin(&disk.after_power_loss().open()));
}

#[test]
fn a_dry_run_says_what_would_be_done_and_changes_nothing() {
    let mut session = session();
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    fill(&session, "gone", 3_000, "goes");
    commit(&session, "gone");
    session.switch_branch("main").unwrap();
    session.drop_branch("b", true).unwrap();
    let segments = session.segments().unwrap();
    assert!(segments.len() > 1, "{segments:?}");
    let dry_run = CollectionOptions { dry_run: true, ..CollectionOptions::default() };
    let dry = session.collect_garbage(&dry_run).unwrap();
    assert!(dry.objects_removed > 0 && dry.bytes_reclaimed > 0, "{dry:?}");
    assert_eq!(session.segments().unwrap(), segments);
    assert!(session.check().unwrap().objects_orphaned >= dry.objects_removed);
    // That also takes what was in the segment that was written to.
    assert!(session.gc().unwrap().objects_removed >= dry.objects_removed);
    assert!(session.collection_progress().is_none());
}

#[test]
fn what_is_set_for_the_database_holds_after_it_was_closed() {
    let disk = Disk::new();
    let session = begin(&disk.create());
    assert_eq!(session.automatic_collection(), Some(GrowthPolicy::default()));
    let policy = GrowthPolicy { growth: 0.5, bytes_min: 1 << 30 };
    session.set_automatic_collection(Some(policy)).unwrap();
    assert_eq!(session.automatic_collection(), Some(policy));
    drop(session);
    let disk = disk.after_power_loss();
    let session = begin(&disk.open());
    assert_eq!(session.automatic_collection(), Some(policy));
    session.set_automatic_collection(None).unwrap();
    for growth in [-1.0, f64::NAN, f64::INFINITY] {
        let refused = session.set_automatic_collection(Some(GrowthPolicy { growth, ..policy }));
        assert!(matches!(refused, Err(EngineError::Refused { .. })), "{growth}");
    }
    drop(session);
    assert_eq!(begin(&disk.after_power_loss().open()).automatic_collection(), None);
}
