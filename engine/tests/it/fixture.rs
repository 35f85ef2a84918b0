//! Databases in memory whose clock and chance the test decides, and that can
//! be opened again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use microprolly_engine::storage::{ChunkHash, ChunkingParameters, Compression, MemoryVfs, StoreOptions, Vfs};
use microprolly_engine::{
    Clock, CommitId, CommitOptions, Database, DatabaseOptions, EngineError, Entropy, KeyRange, Principal,
    RepairReport, Session, Snapshot, Timestamp,
};

/// Keys and values in order, as a model holds them.
pub(crate) type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// Microseconds that the clock moves on each time it is asked.
pub(crate) const TICK_MICROS: i64 = 1_000_000;

/// A clock that only the test moves, and that moves a tick for each question.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(1_700_000_000_000_000))
    }

    pub(crate) fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(TICK_MICROS, Ordering::SeqCst))
    }
}

/// Bytes that differ each time, and are the same in each run.
#[derive(Debug, Default)]
pub(crate) struct TestEntropy(AtomicU64);

impl TestEntropy {
    /// One whose bytes differ from those of any other lane, as those of two
    /// processes do.
    pub(crate) fn of_lane(lane: u32) -> Self {
        Self(AtomicU64::new(u64::from(lane) << 32))
    }
}

impl Entropy for TestEntropy {
    fn bytes(&self) -> [u8; 16] {
        let hash = ChunkHash::of(&self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        *hash.as_bytes().first_chunk().unwrap()
    }
}

/// Where a database lives while it is closed.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) vfs: MemoryVfs,
    pub(crate) clock: Arc<TestClock>,
    options: DatabaseOptions,
}

impl Disk {
    /// An empty one. Nodes and segments are small, so that little data makes
    /// deep trees and many seals.
    pub(crate) fn new() -> Self {
        Self::with_store(StoreOptions {
            compression: Some(Compression::None),
            segment_bytes_max: 24 * 1024,
            chunking: ChunkingParameters::with_target(256),
            ..StoreOptions::default()
        })
    }

    pub(crate) fn with_store(store: StoreOptions) -> Self {
        let clock = Arc::new(TestClock::new());
        let options = DatabaseOptions {
            store,
            node_cache_bytes_max: 1024 * 1024,
            column_cache_bytes_max: 1024 * 1024,
            clock: clock.clone(),
            entropy: Arc::new(TestEntropy::default()),
        };
        Self { vfs: MemoryVfs::new(), clock, options }
    }

    pub(crate) fn create(&self) -> Database {
        self.create_on(Arc::new(self.vfs.clone())).unwrap()
    }

    pub(crate) fn create_on(&self, vfs: Arc<dyn Vfs>) -> Result<Database, EngineError> {
        Database::create_with(vfs, Path::new("db"), &self.options)
    }

    pub(crate) fn open(&self) -> Database {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Database, EngineError> {
        self.open_on(Arc::new(self.vfs.clone()))
    }

    pub(crate) fn open_on(&self, vfs: Arc<dyn Vfs>) -> Result<Database, EngineError> {
        Database::open_with(vfs, Path::new("db"), &self.options)
    }

    pub(crate) fn repair_on(&self, vfs: Arc<dyn Vfs>) -> Result<RepairReport, EngineError> {
        Database::repair_with(vfs, Path::new("db"), &self.options)
    }

    /// The same machine with another disk in it.
    pub(crate) fn with_vfs(&self, vfs: MemoryVfs) -> Self {
        Self { vfs, ..self.clone() }
    }

    /// What is left of it when the power goes now.
    pub(crate) fn after_power_loss(&self) -> Self {
        Self { vfs: self.vfs.after_power_loss(), ..self.clone() }
    }
}

/// A session on a new database.
pub(crate) fn session() -> Session {
    begin(&Disk::new().create())
}

pub(crate) fn begin(database: &Database) -> Session {
    database.session(Principal::all_powerful("ada")).unwrap()
}

/// Records a version, also of no changes.
pub(crate) fn commit(session: &Session, message: &str) -> CommitId {
    let options = CommitOptions { allow_empty: true, ..CommitOptions::message(message) };
    session.commit(options).unwrap()
}

/// Sets `count` keys that begin with `prefix`, in one transaction.
pub(crate) fn fill(session: &Session, prefix: &str, count: u32, value: &str) {
    let mut transaction = session.begin_transaction().unwrap();
    for number in 0..count {
        transaction.put(format!("{prefix}:{number:05}"), format!("{value} {number}")).unwrap();
    }
    transaction.commit().unwrap();
}

/// Everything in a snapshot.
pub(crate) fn contents(snapshot: &Snapshot) -> Contents {
    owned(snapshot.range(&KeyRange::all())).into_iter().collect()
}

/// Entries as plain bytes.
pub(crate) fn owned(
    entries: impl Iterator<Item = Result<microprolly_engine::Entry, EngineError>>,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

/// Messages of the commits behind a revision, newest first.
pub(crate) fn messages(session: &Session, revision: &str) -> Vec<String> {
    let log = session.log(None, &session.resolve(revision).unwrap()).unwrap();
    log.map(|entry| entry.unwrap().1.message.clone()).collect()
}
