//! What the fuzz targets feed to: a function for each format of this crate that
//! comes from a disk. Both put the input where it would be, into the store of a
//! small database, with checksums and addresses that are right, and then open and
//! use that.
//!
//! Run one for an hour, from `engine/`, after the seeds were written (once):
//!
//! ```text
//! cargo test -p microprolly-engine --test it corpus::write_the_seeds -- --exact --ignored
//! cargo +nightly fuzz run commit -- -max_total_time=3600 -max_len=65536
//! cargo +nightly fuzz cmin commit
//! ```
//!
//! What is then in `corpus/commit` is replayed by every run of the tests
//! (`tests/it/corpus.rs`, which includes this file). An input that fails is put
//! there under a name that says why.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use microprolly_engine::storage::{ChunkStore, MemoryVfs, Recovered, Store, StoreOptions};
use microprolly_engine::{
    Clock, CommitId, CommitOptions, Database, DatabaseOptions, Entropy, KeyRange, Principal, Session,
    Timestamp, Version,
};

/// The names of the targets.
pub const TARGETS: [&str; 2] = ["commit", "log_record"];

/// Where the database is.
const DIR: &str = "/db";

/// Commits that the database has besides its first.
const COMMITS: usize = 6;

/// What hostile input may not make anybody do without end.
const ITEMS_MAX: usize = 1_000;

/// Feeds an input to a target. Whether it was taken for sound.
pub fn run(target: &str, data: &[u8]) -> bool {
    match target {
        "commit" => commit(data),
        "log_record" => log_record(data),
        other => panic!("there is no target {other}"),
    }
}

/// Some sound inputs of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let vfs = base();
    match target {
        "commit" => {
            let session = open(&vfs).expect("it is sound");
            let log = session.log(None, &working(&session)).expect("it has a log");
            let ids: Vec<CommitId> = log.map(|entry| entry.expect("it is sound").0).collect();
            drop(session);
            let store = store(&vfs).store;
            ids.iter().map(|id| store.read(&id.chunk()).expect("it is there").to_vec()).collect()
        }
        "log_record" => store(&vfs).mutations.payloads().map(|record| record.unwrap().to_vec()).collect(),
        other => panic!("there is no target {other}"),
    }
}

/// Stores the input as a chunk, takes it for a commit, and asks for all that can be
/// asked of one.
pub fn commit(data: &[u8]) -> bool {
    let vfs = base();
    let id = {
        let Recovered { store, root, .. } = store(&vfs);
        let Ok(hash) = store.write(data) else { return false };
        let written = store.append_root(root.expect("a database has a root")).expect("memory takes roots");
        store.sync(written).expect("memory is always in sync");
        CommitId::from(hash)
    };
    let session = open(&vfs).expect("a chunk that nothing leads to harms nobody");
    let version = Version::Commit(id);
    let snapshot = session.snapshot(&version);
    if let Ok(snapshot) = &snapshot {
        snapshot.range(&KeyRange::all()).take(ITEMS_MAX).for_each(drop);
    }
    if let Ok(log) = session.log(None, &version) {
        log.take(ITEMS_MAX).for_each(drop);
    }
    let main = working(&session);
    drop(session.common_ancestor(&version, &main));
    drop(session.is_ancestor(id, session.commit_of(&main).expect("a branch has a head")));
    for steps in 0..COMMITS + 2 {
        drop(session.resolve(&format!("{id}~{steps}")));
    }
    if session.create_tag("fuzzed", &id.to_string(), "").is_ok() {
        drop(session.check());
        drop(session.gc());
    }
    snapshot.is_ok()
}

/// Appends the input to the log, opens the database with it, and uses that.
pub fn log_record(data: &[u8]) -> bool {
    let vfs = base();
    {
        let store = store(&vfs).store;
        let Ok(written) = store.append_mutations(data) else { return false };
        store.sync(written).expect("memory is always in sync");
    }
    let Some(session) = open(&vfs) else { return false };
    let snapshot = session.working().expect("it has a branch");
    snapshot.range(&KeyRange::all()).take(ITEMS_MAX).for_each(drop);
    snapshot.range(&KeyRange::all()).rev().take(ITEMS_MAX).for_each(drop);
    drop(snapshot.count(&KeyRange::all()));
    drop(session.put("afterwards", "x"));
    // Puts what is pending into a tree.
    drop(session.commit(CommitOptions { allow_empty: true, ..CommitOptions::message("afterwards") }));
    drop(session.check());
    true
}

/// Counts: the time, and bytes that are the same in each run.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clock for Counter {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.next() as i64)
    }
}

impl Entropy for Counter {
    fn bytes(&self) -> [u8; 16] {
        u128::from(self.next()).to_le_bytes()
    }
}

fn options() -> DatabaseOptions {
    DatabaseOptions {
        store: StoreOptions { chunk_cache_bytes_max: 0, ..StoreOptions::default() },
        node_cache_bytes_max: 64 * 1024,
        column_cache_bytes_max: 64 * 1024,
        clock: Arc::new(Counter::default()),
        entropy: Arc::new(Counter::default()),
    }
}

/// A database with some commits and a log, closed. It is the same each time, and so
/// are the epochs that records of its log carry.
fn base() -> MemoryVfs {
    let vfs = MemoryVfs::new();
    let created = Database::create_with(Arc::new(vfs.clone()), Path::new(DIR), &options());
    let session = begin(&created.expect("memory takes a database"));
    for number in 0..COMMITS {
        session.put(format!("key:{number}"), format!("value {number}")).expect("memory takes keys");
        let options = CommitOptions { metadata: Some("{}".to_owned()), ..CommitOptions::message("why") };
        session.commit(options).expect("memory takes commits");
    }
    session.put("pending", "in the log").expect("memory takes keys");
    session.delete("key:1").expect("memory takes deletions");
    drop(session);
    vfs
}

fn begin(database: &Database) -> Session {
    database.session(Principal::all_powerful("fuzz")).expect("a database has a branch")
}

/// Nothing if it does not open.
fn open(vfs: &MemoryVfs) -> Option<Session> {
    let opened = Database::open_with(Arc::new(vfs.clone()), Path::new(DIR), &options());
    opened.ok().map(|database| begin(&database))
}

fn working(session: &Session) -> Version {
    Version::Working(session.branch().clone())
}

/// The store under a database that is closed.
fn store(vfs: &MemoryVfs) -> Recovered {
    Store::open(Arc::new(vfs.clone()), Path::new(DIR), &options().store).expect("it is sound")
}
