//! What revisions mean.

use microprolly_engine::{CommitId, EngineError, Kind, Session, Version};

use crate::fixture::*;

fn commit_named(session: &Session, revision: &str) -> CommitId {
    match session.resolve(revision).unwrap() {
        Version::Commit(id) => id,
        Version::Working(branch) => panic!("{revision} is the branch {branch}"),
    }
}

#[test]
fn every_form_names_what_it_should() {
    let disk = Disk::new();
    let mut session = begin(&disk.create());
    let ids: Vec<CommitId> = ["one", "two", "three"].map(|message| commit(&session, message)).to_vec();
    session.create_tag("v1", "HEAD^", "").unwrap();
    session.create_branch("side", "main~2").unwrap();

    assert!(matches!(session.resolve("main").unwrap(), Version::Working(name) if name.as_str() == "main"));
    assert!(matches!(session.resolve("WORKING").unwrap(), Version::Working(name) if name.as_str() == "main"));
    for (revision, index) in [
        ("HEAD", 2),
        ("main~0", 2),
        ("HEAD^", 1),
        ("main~1", 1),
        ("v1", 1),
        ("v1^", 0),
        ("HEAD^^", 0),
        ("HEAD~1^", 0),
    ] {
        let version = session.resolve(revision).unwrap();
        assert_eq!(session.commit_of(&version).unwrap(), ids[index], "{revision}");
    }
    for digits in [8, 9, 63, 64] {
        let text = ids[0].to_string();
        assert_eq!(commit_named(&session, &text[..digits]), ids[0]);
        assert_eq!(commit_named(&session, &text[..digits].to_uppercase()), ids[0]);
        assert_ne!(commit_named(&session, &format!("{}^", &text[..digits])), ids[0]);
    }
    assert_eq!(
        commit_named(&session, "side^^^^^^^^^".trim_end_matches('^').replace("side", "main~2").as_str()),
        ids[0]
    );

    session.switch_branch("side").unwrap();
    assert_eq!(commit_named(&session, "HEAD"), ids[0]);
    let on_main = session.resolve_on("main", "HEAD").unwrap();
    assert_eq!(on_main, Version::Commit(ids[2]));
    assert!(
        matches!(session.resolve_on("main", "WORKING").unwrap(), Version::Working(name) if name.as_str() == "main")
    );
}

#[test]
fn a_time_is_the_last_commit_of_the_branch_at_or_before() {
    let disk = Disk::new();
    // The first commit, of the new database, is at midnight.
    disk.clock.set(1_767_225_600_000_000);
    let session = begin(&disk.create());
    let ids: Vec<CommitId> = (0..5)
        .map(|hour: i64| {
            disk.clock.set(1_767_225_600_000_000 + (hour + 1) * 3_600_000_000);
            commit(&session, "on the hour")
        })
        .collect();
    assert_eq!(commit_named(&session, "2026-01-01 01:00:00Z"), ids[0]);
    assert_eq!(commit_named(&session, "2026-01-01 03:59:59.999999Z"), ids[2]);
    assert_eq!(commit_named(&session, "2026-01-01T05:00:00+01:00"), ids[3]);
    assert_eq!(commit_named(&session, "2030-01-01"), ids[4]);
    assert_eq!(messages(&session, "2026-01-01").len(), 1);
    assert!(matches!(session.resolve("2025-12-31"), Err(EngineError::Refused { .. })));
    // A clock that was set back does not make time run backwards.
    disk.clock.set(0);
    let late = commit(&session, "by a wrong clock");
    assert_eq!(commit_named(&session, "2030-01-01"), late);
    assert_eq!(commit_named(&session, "2026-01-01 04:30:00Z"), ids[3]);
}

#[test]
fn unknown_revisions_come_with_near_misses() {
    let session = session();
    session.create_branch("feature-x", "main").unwrap();
    session.create_tag("v1.0", "HEAD", "").unwrap();
    let near = |revision: &str| match session.resolve(revision) {
        Err(EngineError::NotFound { kind: Kind::Revision, near, .. }) => near,
        other => panic!("{revision}: {other:?}"),
    };
    assert_eq!(near("feature-y"), ["feature-x"]);
    assert_eq!(near("Main"), ["main"]);
    assert_eq!(near("v1.1"), ["v1.0"]);
    assert!(near("deadbeef").is_empty());
    assert!(near("deadbee").is_empty(), "seven digits are too few");
    assert!(matches!(
        session.resolve_on("nowhere", "HEAD"),
        Err(EngineError::NotFound { kind: Kind::Branch, .. })
    ));
    for malformed in ["", "^", "main^2", "main~x", "main~99999999999999999999", "main^é", "main~é"] {
        let outcome = session.resolve(malformed);
        assert!(matches!(outcome, Err(EngineError::InvalidName { .. })), "{malformed}: {outcome:?}");
    }
}

#[test]
fn a_step_past_the_first_commit_says_how_many_there_are() {
    let session = session();
    commit(&session, "one");
    assert!(session.resolve("main~1").is_ok());
    match session.resolve("main~2") {
        Err(EngineError::Refused { reason, hint: Some(hint) }) => {
            assert!(reason.contains("main~2") && hint.contains("1 commits"), "{reason} {hint}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_fits_two_things_is_ambiguous_and_lists_both() {
    let session = session();
    let id = commit(&session, "one").to_string();
    let prefix = &id[..8];
    session.create_branch(prefix, "main").unwrap();
    match session.resolve(prefix) {
        Err(EngineError::Ambiguous { candidates, .. }) => {
            assert_eq!(candidates, [format!("branch {prefix}"), format!("commit {id}")]);
        }
        other => panic!("{other:?}"),
    }
    assert!(session.resolve(&id[..9]).is_ok());
}

#[test]
fn chunks_that_are_no_commits_are_not_revisions() {
    let session = session();
    session.put("x", "1").unwrap();
    let id = commit(&session, "one");
    let (_, found) = session.log(None, &Version::Commit(id)).unwrap().next().unwrap().unwrap();
    assert!(matches!(session.resolve(&found.root.to_string()), Err(EngineError::NotFound { .. })));
}
