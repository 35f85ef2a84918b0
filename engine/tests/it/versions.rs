//! Commits.

use microprolly_engine::{CommitOptions, EngineError, KeyRange};

use crate::fixture::*;

#[test]
fn a_commit_records_who_why_and_what() {
    let session = session();
    session.put("x", "1").unwrap();
    let options = CommitOptions {
        message: "why".to_owned(),
        author: Some("Eve <eve@example.org>".to_owned()),
        metadata: Some(r#"{"ticket":7}"#.to_owned()),
        allow_empty: false,
    };
    let id = session.commit(options).unwrap();
    let (found, commit) =
        session.log(None, &session.resolve("main").unwrap()).unwrap().next().unwrap().unwrap();
    assert_eq!(found, id);
    assert_eq!((commit.author.as_str(), commit.committer.as_str()), ("Eve <eve@example.org>", "ada"));
    assert_eq!((commit.message.as_str(), commit.metadata.as_str()), ("why", r#"{"ticket":7}"#));
    assert_eq!((commit.generation, commit.depth, commit.parents.len()), (1, 1, 1));
}

#[test]
fn nothing_to_commit_is_an_error_unless_it_is_allowed() {
    let session = session();
    assert!(matches!(session.commit(CommitOptions::message("x")), Err(EngineError::NothingToCommit { .. })));
    session.put("x", "1").unwrap();
    session.delete("x").unwrap();
    assert!(!session.is_dirty().unwrap(), "there and back is no change");
    assert!(matches!(session.commit(CommitOptions::message("x")), Err(EngineError::NothingToCommit { .. })));
    commit(&session, "empty");
    assert_eq!(messages(&session, "main").len(), 2);
}

#[test]
fn equal_contents_have_unequal_commits() {
    let session = session();
    let (first, second) = (commit(&session, "same"), commit(&session, "same"));
    assert_ne!(first, second);
}

#[test]
fn messages_metadata_and_authors_are_checked() {
    let session = session();
    let refused = |change: fn(&mut CommitOptions)| {
        let mut options = CommitOptions { allow_empty: true, ..CommitOptions::message("x") };
        change(&mut options);
        matches!(session.commit(options), Err(EngineError::Refused { .. }))
    };
    assert!(refused(|options| options.message = "x".repeat(64 * 1024 + 1)));
    assert!(refused(|options| options.metadata = Some("[1]".to_owned())));
    assert!(refused(|options| options.metadata = Some("{".to_owned())));
    assert!(refused(|options| options.author = Some("two\nlines".to_owned())));
    assert!(!refused(|options| options.message = "x".repeat(64 * 1024)));
}

#[test]
fn snapshots_and_differences_do_not_move_when_the_branch_does() {
    let session = session();
    session.put("a", "1").unwrap();
    let pending = session.working().unwrap();
    commit(&session, "one");
    let before = session.working().unwrap();
    session.put("a", "2").unwrap();
    session.put("b", "2").unwrap();
    let after = session.working().unwrap();
    let changes = before.changes(&after, &KeyRange::all());
    session.delete("a").unwrap();
    commit(&session, "two");
    assert_eq!(changes.map(|change| change.unwrap().key).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(contents(&pending), contents(&before));
    assert_eq!(
        pending.changes(&before, &KeyRange::all()).count(),
        0,
        "pending or in the tree, it is the same"
    );
}
