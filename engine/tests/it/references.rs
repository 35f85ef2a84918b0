//! Names of branches and tags.

use microprolly_engine::{EngineError, Kind, MESSAGE_BYTES_MAX};

use crate::fixture::*;

#[test]
fn a_branch_and_a_tag_cannot_share_a_name() {
    let session = session();
    session.create_tag("v1", "HEAD", "").unwrap();
    session.create_branch("b", "main").unwrap();
    let taken = |outcome: Result<(), EngineError>| match outcome {
        Err(EngineError::AlreadyExists { kind, .. }) => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(taken(session.create_branch("v1", "main")), Kind::Tag);
    assert_eq!(taken(session.create_tag("b", "HEAD", "").map(drop)), Kind::Branch);
    assert_eq!(taken(session.create_branch("main", "b")), Kind::Branch);
    assert!(matches!(session.create_branch("a b", "main"), Err(EngineError::InvalidName { .. })));
    assert!(matches!(session.create_tag("HEAD", "main", ""), Err(EngineError::InvalidName { .. })));
}

#[test]
fn the_message_of_a_tag_has_a_limit() {
    let session = session();
    let tag = |name: &str, bytes: usize| session.create_tag(name, "main", &"x".repeat(bytes));
    tag("long", MESSAGE_BYTES_MAX).unwrap();
    assert!(matches!(tag("longer", MESSAGE_BYTES_MAX + 1), Err(EngineError::Refused { .. })));
    assert!(session.tag("longer").is_none());
}

#[test]
fn a_branch_takes_uncommitted_changes_along_and_a_tag_does_not() {
    let mut session = session();
    session.put("x", "pending").unwrap();
    session.create_branch("b", "main").unwrap();
    session.create_tag("v1", "main", "").unwrap();
    session.create_branch("c", "v1").unwrap();
    session.put("x", "later").unwrap();
    session.switch_branch("b").unwrap();
    assert_eq!(session.get("x").unwrap().as_deref(), Some(&b"pending"[..]));
    session.switch_branch("c").unwrap();
    assert_eq!(session.get("x").unwrap(), None);
}

#[test]
fn what_only_a_branch_has_is_not_dropped_without_force() {
    let mut session = session();
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    session.put("x", "1").unwrap();
    assert!(matches!(session.drop_branch("b", true), Err(EngineError::Refused { .. })), "it is in use");
    session.switch_branch("main").unwrap();
    let refused = |reason: &str, outcome: Result<(), EngineError>| match outcome {
        Err(EngineError::Refused { reason: found, hint: Some(hint) }) => {
            assert!(found.contains(reason) && hint.contains("FORCE"), "{found} {hint}");
        }
        other => panic!("{other:?}"),
    };
    refused("uncommitted changes", session.drop_branch("b", false));
    session.switch_branch("b").unwrap();
    let head = commit(&session, "only here");
    session.switch_branch("main").unwrap();
    refused("1 commits", session.drop_branch("b", false));
    session.create_tag("kept", &head.to_string(), "").unwrap();
    session.drop_branch("b", false).unwrap();
    assert_eq!(messages(&session, "kept").len(), 2);
    assert!(session.drop_branch("main", true).is_err());
}

#[test]
fn a_name_that_was_dropped_and_made_again_has_nothing_of_before() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    session.put("old", "x").unwrap();
    session.switch_branch("main").unwrap();
    session.drop_branch("b", true).unwrap();
    session.create_branch("b", "main").unwrap();
    drop(session);
    let mut session = begin(&disk.after_power_loss().open());
    session.switch_branch("b").unwrap();
    assert!(contents(&session.working().unwrap()).is_empty());
}

#[test]
fn a_renamed_branch_keeps_its_pending_writes() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    session.create_branch("b", "main").unwrap();
    session.switch_branch("b").unwrap();
    session.put("x", "1").unwrap();
    session.rename_branch("b", "c").unwrap();
    assert_eq!(session.branch().as_str(), "c");
    session.put("y", "2").unwrap();
    drop(session);
    let mut session = begin(&disk.after_power_loss().open());
    session.switch_branch("c").unwrap();
    assert_eq!(contents(&session.working().unwrap()).len(), 2);
    assert!(session.switch_branch("b").is_err());
}
