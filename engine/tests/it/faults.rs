//! A disk that fails: no change is ever there by half, and none that was
//! acknowledged is lost.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use microprolly_engine::storage::{
    EntryKind, MemoryVfs, OpenMode, Result, StorageError, Vfs, VfsFile, VfsLock,
};
use microprolly_engine::{Column, ColumnType, CommitOptions, Database, EngineError, Session, TypeDefinition};

use crate::fixture::*;

/// Files in memory that fail from one call on, for one call or for good.
#[derive(Clone, Debug)]
struct FaultVfs {
    memory: MemoryVfs,
    calls: Arc<AtomicU64>,
    first: u64,
    last: u64,
}

impl FaultVfs {
    fn call<T>(&self, path: &Path, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if (self.first..=self.last).contains(&number) {
            return Err(StorageError::io(path, "(on command)", io::Error::other("injected failure")));
        }
        call()
    }
}

impl Vfs for FaultVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        self.call(path, || {
            let inner = self.memory.open(path, mode)?;
            Ok(Arc::new(FaultFile { inner, vfs: self.clone() }) as Arc<dyn VfsFile>)
        })
    }
    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        self.call(path, || self.memory.entry(path))
    }
    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.call(dir, || self.memory.list(dir))
    }
    fn create_dir(&self, dir: &Path) -> Result<()> {
        self.call(dir, || self.memory.create_dir(dir))
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.call(to, || self.memory.rename(from, to))
    }
    fn remove(&self, path: &Path) -> Result<()> {
        self.call(path, || self.memory.remove(path))
    }
    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.call(dir, || self.memory.sync_dir(dir))
    }
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        self.call(path, || self.memory.lock(path))
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn VfsFile>,
    vfs: FaultVfs,
}

impl VfsFile for FaultFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.vfs.call(Path::new("a file"), || self.inner.read_at(offset, buffer))
    }
    fn append(&self, bytes: &[u8]) -> Result<()> {
        let outcome = self.vfs.call(Path::new("a file"), || self.inner.append(bytes));
        if outcome.is_err() {
            // Half of it is there, as after a write that the disk gave up on.
            self.inner.append(&bytes[..bytes.len() / 2])?;
        }
        outcome
    }
    fn len(&self) -> Result<u64> {
        self.vfs.call(Path::new("a file"), || self.inner.len())
    }
    fn truncate(&self, len: u64) -> Result<()> {
        self.vfs.call(Path::new("a file"), || self.inner.truncate(len))
    }
    fn sync(&self) -> Result<()> {
        self.vfs.call(Path::new("a file"), || self.inner.sync())
    }
    fn map(&self) -> Result<Bytes> {
        self.vfs.call(Path::new("a file"), || self.inner.map())
    }
}

type Step = fn(&mut Session) -> std::result::Result<(), EngineError>;

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

/// Everything that can be seen: each branch with its contents and its log,
/// tags, types.
type Sight = (BTreeMap<String, (Contents, Vec<String>)>, Vec<String>, Vec<String>);

fn sight(session: &Session) -> std::result::Result<Sight, EngineError> {
    let mut branches = BTreeMap::new();
    for name in session.branch_names() {
        let version = session.resolve(name.as_str())?;
        let mut contents = Contents::new();
        for entry in session.snapshot(&version)?.range(&microprolly_engine::KeyRange::all()) {
            let (key, value) = entry?;
            contents.insert(key.to_vec(), value.to_vec());
        }
        let log = session
            .log(None, &version)?
            .map(|entry| entry.map(|(_, commit)| commit.message.clone()))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        branches.insert(name.to_string(), (contents, log));
    }
    let tags = session.tags().iter().map(|(name, _)| name.to_string()).collect();
    let types = session.types().iter().map(|definition| definition.name.clone()).collect();
    Ok((branches, tags, types))
}

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
    let vfs =
        |disk: &Disk, first, last| FaultVfs { memory: disk.vfs.clone(), calls: Arc::default(), first, last };
    let disk = Disk::new();
    let calls = {
        let vfs = vfs(&disk, u64::MAX, u64::MAX);
        let (database, done) = work(&disk, &vfs);
        assert_eq!(done, STEPS.len());
        assert!(database.unwrap().store_statistics().unwrap().segments.len() > 1, "a segment was sealed");
        vfs.calls.load(Ordering::SeqCst)
    };
    assert!(calls > 40);
    for first in 0..calls {
        for last in [first, u64::MAX] {
            let disk = Disk::new();
            let (database, done) = work(&disk, &vfs(&disk, first, last));
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
