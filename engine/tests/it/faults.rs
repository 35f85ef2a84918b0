//! A disk that fails: no change is ever there by half, and none that was
//! acknowledged is lost.

use std::sync::Arc;

use microprolly_engine::{Column, ColumnType, CommitOptions, Database, EngineError, Session, TypeDefinition};

use crate::fault_vfs::{Failure, FaultVfs};
use crate::fixture::*;
use crate::sight::{Sight, sight};

type Step = fn(&mut Session) -> Result<(), EngineError>;

/// A bit of everything. Each is to be there as a whole or not at all.
const STEPS: &[Step] = &[
    |session| session.put("single", "1"),
    |session| {
        let mut transaction = session.begin_transaction()?;
        (0..40).try_for_each(|number| transaction.put(format!("pair:{number}"), "together"))?;
        transaction.delete("single")?;
        transaction.commit()
    },
    |session| session.commit(CommitOptions::message("first")).map(drop),
    |session| session.create_branch("side", "main"),
    |session| session.switch_branch("side"),
    |session| session.put("on the side", vec![7; 30_000]),
    |session| session.create_tag("v1", "main", "why").map(drop),
    |session| {
        let mut transaction = session.begin_transaction()?;
        transaction.define_type(TypeDefinition::new("user", vec![Column::new("id", ColumnType::TEXT)]))?;
        transaction.put("user:1", r#"{"id":"1"}"#)?;
        transaction.commit()
    },
    |session| {
        let mut transaction = session.begin_transaction()?;
        transaction.put("with a version", vec![9; 30_000])?;
        transaction.commit_version(CommitOptions::message("second")).map(drop)
    },
    |session| session.rename_branch("side", "renamed"),
    |session| session.put("after the rename", "x"),
    |session| session.switch_branch("main"),
    |session| session.drop_branch("renamed", true),
    |session| session.put("last", "x"),
];

/// Runs the steps until one fails. Returns how many did not, and whether the
/// database was created at all.
fn work(disk: &Disk, vfs: &FaultVfs) -> (Option<Database>, usize) {
    let Ok(database) = disk.create_on(Arc::new(vfs.clone())) else { return (None, 0) };
    let mut session = begin(&database);
    for (done, step) in STEPS.iter().enumerate() {
        if step(&mut session).is_err() {
            return (Some(database), done);
        }
    }
    (Some(database), STEPS.len())
}

/// What can be seen after each number of steps.
fn expected() -> Vec<Sight> {
    (0..=STEPS.len())
        .map(|count| {
            let mut session = begin(&Disk::new().create());
            STEPS.iter().take(count).for_each(|step| step(&mut session).unwrap());
            sight(&session).unwrap()
        })
        .collect()
}

#[test]
fn whichever_call_fails_each_change_is_there_as_a_whole_or_not_at_all() {
    let expected = expected();
    let disk = Disk::new();
    let calls = {
        let vfs = FaultVfs::sound(&disk.vfs);
        let (database, done) = work(&disk, &vfs);
        assert_eq!(done, STEPS.len());
        assert!(database.unwrap().store_statistics().unwrap().segments.len() > 1, "a segment was sealed");
        vfs.calls().len()
    };
    assert!(calls > 40);
    for first in 0..calls {
        for last in [first, usize::MAX] {
            let disk = Disk::new();
            let (database, done) =
                work(&disk, &FaultVfs::failing(&disk.vfs, first, last, Failure::ShortWrite));
            let created = database.is_some();
            if let Some(database) = database {
                // Whoever still reads sees what was acknowledged.
                if let Ok(seen) = sight(&begin(&database)) {
                    assert_eq!(seen, expected[done], "call {first}: readers after {done} steps");
                }
            }
            for left in [disk.after_power_loss(), disk] {
                match left.try_open() {
                    Ok(database) => {
                        let seen = sight(&begin(&database)).unwrap();
                        let allowed = &expected[done..=(done + 1).min(STEPS.len())];
                        assert!(
                            allowed.contains(&seen),
                            "call {first}: after {done} steps there is {seen:?}"
                        );
                        begin(&database).put("works again", "x").unwrap();
                    }
                    Err(other) => assert!(!created, "call {first}: {other}"),
                }
            }
        }
    }
}
