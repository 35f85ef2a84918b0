//! Looking into commits, trees and objects.

use microprolly_engine::storage::ChunkHash;
use microprolly_engine::{ChunkKind, CommitOptions, EngineError, Kind, Session};

use crate::fixture::*;

/// Two thousand rows, committed.
fn scene() -> Session {
    let session = session();
    fill(&session, "row", 2_000, "one");
    commit(&session, "rows");
    session
}

#[test]
fn a_commit_is_shown_with_all_that_it_records() {
    let session = scene();
    let parent = session.inspect_commit("HEAD").unwrap();
    assert_eq!((parent.commit.message.as_str(), parent.keys), ("rows", 2_000));
    session.put("row:00000", "changed").unwrap();
    session.delete("row:00001").unwrap();
    let id = session
        .commit(CommitOptions {
            author: Some("Eve".to_owned()),
            metadata: Some(r#"{"ticket":7}"#.to_owned()),
            ..CommitOptions::message("edits")
        })
        .unwrap();
    for revision in ["HEAD", "main", &id.to_string()[..12]] {
        let shown = session.inspect_commit(revision).unwrap();
        assert_eq!((shown.id, shown.keys), (id, 1_999), "{revision}");
        let commit = &shown.commit;
        assert_eq!(commit.parents, [parent.id]);
        let texts = [&commit.author, &commit.committer, &commit.message, &commit.metadata];
        assert_eq!(texts, ["Eve", "ada", "edits", r#"{"ticket":7}"#]);
        assert_eq!((commit.generation, commit.depth), (2, 2));
        assert!(commit.timestamp > parent.commit.timestamp);
    }
    assert_eq!(session.inspect_commit("main^").unwrap(), parent);
    let unknown = session.inspect_commit("nowhere");
    assert!(matches!(unknown, Err(EngineError::NotFound { kind: Kind::Revision, .. })), "{unknown:?}");
}

#[test]
fn a_tree_is_shown_with_its_measures_and_what_it_shares() {
    let session = scene();
    let same = session.inspect_tree("HEAD", Some("main")).unwrap();
    assert_eq!(same.statistics.entries, 2_000);
    assert!(same.statistics.depth > 2 && same.statistics.fill() > 0.5, "{same:?}");
    let counted: u64 = same.statistics.histogram().map(|(_, nodes)| nodes).sum();
    assert_eq!(counted, same.statistics.nodes);
    let comparison = same.comparison.unwrap();
    assert_eq!((comparison.root, comparison.shared.nodes), (same.root, same.statistics.nodes));

    session.put("row:00007", "changed").unwrap();
    session.delete("row:00008").unwrap();
    let pending = session.inspect_tree("WORKING", None).unwrap();
    assert_eq!((pending.root, pending.pending, pending.comparison), (same.root, 2, None));
    commit(&session, "changed");
    let changed = session.inspect_tree("HEAD", Some("HEAD^")).unwrap();
    assert_eq!((changed.pending, changed.statistics.entries), (0, 1_999));
    let shared = changed.comparison.unwrap().shared;
    assert!(shared.nodes < changed.statistics.nodes && shared.nodes * 2 > changed.statistics.nodes);
    assert!(shared.bytes < changed.statistics.bytes && shared.bytes * 2 > changed.statistics.bytes);
}

#[test]
fn a_tree_may_be_named_by_its_root() {
    let session = scene();
    let commit = session.inspect_commit("HEAD").unwrap();
    let by_revision = session.inspect_tree("HEAD", None).unwrap();
    assert_eq!(by_revision.root, commit.commit.root);
    assert_eq!(session.inspect_tree(&commit.commit.root.to_string(), None).unwrap(), by_revision);
    // As many digits name a commit, whose tree it is then.
    assert_eq!(session.inspect_tree(&commit.id.to_string(), None).unwrap(), by_revision);
    let nothing = session.inspect_tree(&"f".repeat(64), None);
    assert!(matches!(nothing, Err(EngineError::NotFound { .. })), "{nothing:?}");
}

#[test]
fn every_kind_of_object_is_shown_raw_and_taken_apart() {
    let session = scene();
    session.put("large", "x".repeat(10_000)).unwrap();
    session.put(&b"\xff\x00"[..], &b"\xfe"[..]).unwrap();
    let id = commit(&session, "large");
    let dump = |name: &str| {
        let object = session.dump_object(name).unwrap();
        assert_eq!(ChunkHash::of(&object.bytes), object.hash);
        assert!(object.hash.to_string().starts_with(name));
        object
    };
    let shown = dump(&id.to_string()[..12]);
    assert_eq!((shown.kind, shown.parsed["message"].as_str()), (ChunkKind::Commit, Some("large")));
    let root = shown.parsed["root"].as_str().unwrap();

    let node = dump(root);
    assert_eq!((node.kind, node.parsed["keys"].as_u64()), (ChunkKind::Internal, Some(2_002)));
    let children = node.parsed["children"].as_array().unwrap();
    let below: u64 = children.iter().map(|child| child["keys"].as_u64().unwrap()).sum();
    assert_eq!(below, 2_002);
    assert_eq!(children.last().unwrap()["last_key"], r"\xff\x00");

    let leaf = |is_last: bool| {
        let mut node = dump(root);
        while node.kind == ChunkKind::Internal {
            let children = node.parsed["children"].as_array().unwrap();
            let child = if is_last { children.last() } else { children.first() };
            node = dump(child.unwrap()["object"].as_str().unwrap());
        }
        assert_eq!(node.kind, ChunkKind::Leaf);
        let entries = node.parsed["entries"].as_array().unwrap().clone();
        assert_eq!(node.parsed["keys"].as_u64(), Some(entries.len() as u64));
        entries
    };
    let (first, last) = (leaf(false), leaf(true));
    let (first, last) = (first.first().unwrap(), last.last().unwrap());
    assert_eq!((first["key"].as_str(), first["bytes"].as_u64()), (Some("large"), Some(10_000)));
    assert_eq!((last["key"].as_str(), last["value"].as_str()), (Some(r"\xff\x00"), Some(r"\xfe")));

    let value = dump(first["object"].as_str().unwrap());
    assert_eq!((value.kind, value.parsed["bytes"].as_u64()), (ChunkKind::Blob, Some(10_000)));
}

#[test]
fn a_name_that_is_no_object_is_refused() {
    let session = scene();
    for malformed in ["", "0123456", "not a hash", &"f".repeat(65)] {
        let refused = session.dump_object(malformed);
        assert!(matches!(refused, Err(EngineError::InvalidName { kind: Kind::Object, .. })), "{refused:?}");
    }
    for unknown in ["ffffffff", &"f".repeat(64)] {
        let refused = session.dump_object(unknown);
        assert!(matches!(refused, Err(EngineError::NotFound { kind: Kind::Object, .. })), "{refused:?}");
    }
}
