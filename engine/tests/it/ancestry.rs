//! A long history: jump pointers, the log, common ancestors.

use microprolly_engine::{CommitId, Session, Version};

use crate::fixture::*;

const COMMITS: usize = 3_000;

/// More chunks than an ancestor along jump pointers may cost: twice the
/// binary digits of the distance, for each of two reads a step, and some.
const READS_MAX: u64 = 60;

/// A database with a long history, and all of its commits, oldest first.
fn long_history(disk: &Disk) -> Vec<CommitId> {
    let session = begin(&disk.create());
    let first = session.commit_of(&session.resolve("main").unwrap()).unwrap();
    std::iter::once(first).chain((1..COMMITS).map(|number| commit(&session, &number.to_string()))).collect()
}

/// What `work` reads from the store of a database that has nothing cached.
fn reads<T>(disk: &Disk, work: impl FnOnce(&Session) -> T) -> (u64, T) {
    let session = begin(&disk.open());
    let before = session.store_statistics().unwrap().chunk_reads;
    let result = work(&session);
    (session.store_statistics().unwrap().chunk_reads - before, result)
}

#[test]
fn any_ancestor_of_three_thousand_is_a_few_reads_away_and_the_right_one() {
    let disk = Disk::with_store(microprolly_engine::storage::StoreOptions::default());
    let ids = long_history(&disk);
    let session = begin(&disk.open());
    for steps in (0..COMMITS).filter(|steps| steps % 7 == 0 || *steps < 70 || *steps + 70 > COMMITS) {
        let found = session.resolve(&format!("HEAD~{steps}")).unwrap();
        assert_eq!(found, Version::Commit(ids[COMMITS - 1 - steps]), "{steps} steps");
    }
    assert!(session.resolve(&format!("HEAD~{COMMITS}")).is_err());
    let mut times = Vec::new();
    for entry in session.log(None, &session.resolve("HEAD").unwrap()).unwrap() {
        times.push(entry.unwrap().1.timestamp.to_string());
    }
    drop(session);

    for steps in [1, 2, 100, 1_499, 2_047, 2_998, 2_999] {
        let (read, found) = reads(&disk, |session| session.resolve(&format!("main~{steps}")).unwrap());
        assert_eq!(found, Version::Commit(ids[COMMITS - 1 - steps]));
        assert!(read <= READS_MAX, "{steps} steps read {read} chunks");
        let (read, found) = reads(&disk, |session| session.resolve(&times[steps]).unwrap());
        assert_eq!(found, Version::Commit(ids[COMMITS - 1 - steps]), "{}", times[steps]);
        assert!(read <= READS_MAX, "a time read {read} chunks");
    }
    let (read, messages) = reads(&disk, |session| {
        let log = session.log(None, &session.resolve("main").unwrap()).unwrap();
        log.take(10).map(|entry| entry.unwrap().1.message.clone()).collect::<Vec<_>>()
    });
    assert!(
        messages.iter().eq((0..10).map(|back| (COMMITS - 1 - back).to_string()).collect::<Vec<_>>().iter())
    );
    assert!(read <= 15, "ten commits of the log read {read} chunks");
}

#[test]
fn branches_find_where_they_parted_at_the_cost_of_what_they_did_since() {
    let disk = Disk::with_store(microprolly_engine::storage::StoreOptions::default());
    let mut session = begin(&disk.create());
    for number in 0..500 {
        commit(&session, &number.to_string());
    }
    let parted = session.commit_of(&session.resolve("main").unwrap()).unwrap();
    session.create_branch("side", "main").unwrap();
    let on_main = commit(&session, "main goes on");
    session.switch_branch("side").unwrap();
    for number in 0..20 {
        commit(&session, &format!("side {number}"));
    }
    drop(session);
    let (read, found) = reads(&disk, |session| {
        let (main, side) = (session.resolve("main").unwrap(), session.resolve("side").unwrap());
        let log =
            |from, to| session.log(Some(from), to).unwrap().map(|entry| entry.unwrap().0).collect::<Vec<_>>();
        assert_eq!(log(&side, &main), [on_main]);
        assert_eq!(log(&main, &side).len(), 20);
        assert!(log(&side, &side).is_empty());
        assert!(session.is_ancestor(parted, on_main).unwrap());
        let head_of_side = session.commit_of(&side).unwrap();
        assert!(!session.is_ancestor(on_main, head_of_side).unwrap());
        assert!(session.is_ancestor(on_main, on_main).unwrap());
        session.common_ancestor(&main, &side).unwrap()
    });
    assert_eq!(found, Some(parted));
    assert!(read <= 60, "read {read} chunks");
}

#[test]
fn an_unrelated_past_is_excluded_and_the_log_ends_where_it_should() {
    let mut session = session();
    let root = session.commit_of(&session.resolve("main").unwrap()).unwrap();
    session.create_branch("a", "main").unwrap();
    session.create_branch("b", "main").unwrap();
    for branch in ["a", "b", "a", "a", "b"] {
        session.switch_branch(branch).unwrap();
        commit(&session, branch);
    }
    let version = |name: &str| session.resolve(name).unwrap();
    assert_eq!(session.log(Some(&version("a")), &version("b")).unwrap().count(), 2);
    assert_eq!(session.log(Some(&version("b")), &version("a")).unwrap().count(), 3);
    assert_eq!(session.log(Some(&version("main")), &version("a")).unwrap().count(), 3);
    assert_eq!(session.common_ancestor(&version("a"), &version("b")).unwrap(), Some(root));
}
