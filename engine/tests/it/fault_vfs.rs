//! Files in memory, on a disk that fails on command.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use microprolly_engine::storage::{
    EntryKind, MemoryVfs, OpenMode, Result, StorageError, Vfs, VfsFile, VfsLock,
};

/// The ways in which a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The disk says that it failed, and did nothing.
    Eio,
    /// The disk says that it is full, and did nothing.
    Enospc,
    /// The disk says that it is full, and half of an append is there.
    ShortWrite,
    /// The disk says that it failed, and did all that was asked.
    AfterAll,
}

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Changes nothing.
    Look,
    Append,
    /// Of a file or of a directory.
    Sync,
    /// Names, and lengths.
    Change,
}

impl Failure {
    fn error(self, path: &Path) -> StorageError {
        let kind = match self {
            Self::Eio | Self::AfterAll => io::ErrorKind::Other,
            Self::Enospc | Self::ShortWrite => io::ErrorKind::StorageFull,
        };
        StorageError::io(path, "(on command)", io::Error::new(kind, "injected failure"))
    }
}

impl Call {
    /// The ways of failing that differ for it.
    pub(crate) fn failures(self) -> &'static [Failure] {
        match self {
            Self::Look => &[Failure::Eio],
            Self::Append => &[Failure::Eio, Failure::Enospc, Failure::ShortWrite, Failure::AfterAll],
            Self::Sync | Self::Change => &[Failure::Eio, Failure::Enospc, Failure::AfterAll],
        }
    }
}

/// A file system that fails from one call on, for one call or for good. Clones
/// share the files and the count.
#[derive(Clone, Debug)]
pub(crate) struct FaultVfs {
    memory: MemoryVfs,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    /// The calls that fail, counted from 0; none if there is no first.
    first: usize,
    last: usize,
    failure: Failure,
    calls: Mutex<Vec<Call>>,
}

impl FaultVfs {
    /// One that never fails.
    pub(crate) fn sound(memory: &MemoryVfs) -> Self {
        Self::failing(memory, usize::MAX, usize::MAX, Failure::Eio)
    }

    /// One whose calls from `first` to `last`, counted from 0, fail.
    pub(crate) fn failing(memory: &MemoryVfs, first: usize, last: usize, failure: Failure) -> Self {
        let plan = Plan { first, last, failure, calls: Mutex::default() };
        Self { memory: memory.clone(), plan: Arc::new(plan) }
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.plan.calls.lock().unwrap().clone()
    }

    /// The first call that failed, if one did.
    pub(crate) fn failed(&self) -> Option<Call> {
        self.plan.calls.lock().unwrap().get(self.plan.first).copied()
    }

    fn call<T>(&self, kind: Call, path: &Path, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let Some(failure) = self.plan.next(kind) else { return call() };
        if failure == Failure::AfterAll {
            call()?;
        }
        Err(failure.error(path))
    }
}

impl Plan {
    /// Counts a call, and says how it fails if it does.
    fn next(&self, kind: Call) -> Option<Failure> {
        let mut calls = self.calls.lock().unwrap();
        let number = calls.len();
        calls.push(kind);
        (self.first..=self.last).contains(&number).then_some(self.failure)
    }
}

impl Vfs for FaultVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        let kind = if mode == OpenMode::CreateNew { Call::Change } else { Call::Look };
        self.call(kind, path, || {
            let inner = self.memory.open(path, mode)?;
            Ok(Arc::new(FaultFile { inner, path: path.to_path_buf(), vfs: self.clone() }) as Arc<dyn VfsFile>)
        })
    }
    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        self.call(Call::Look, path, || self.memory.entry(path))
    }
    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.call(Call::Look, dir, || self.memory.list(dir))
    }
    fn create_dir(&self, dir: &Path) -> Result<()> {
        self.call(Call::Change, dir, || self.memory.create_dir(dir))
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.call(Call::Change, to, || self.memory.rename(from, to))
    }
    fn remove(&self, path: &Path) -> Result<()> {
        self.call(Call::Change, path, || self.memory.remove(path))
    }
    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.call(Call::Sync, dir, || self.memory.sync_dir(dir))
    }
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        self.call(Call::Change, path, || self.memory.lock(path))
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn VfsFile>,
    path: PathBuf,
    vfs: FaultVfs,
}

impl FaultFile {
    fn call<T>(&self, kind: Call, call: impl FnOnce() -> Result<T>) -> Result<T> {
        self.vfs.call(kind, &self.path, call)
    }
}

impl VfsFile for FaultFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.call(Call::Look, || self.inner.read_at(offset, buffer))
    }
    fn append(&self, bytes: &[u8]) -> Result<()> {
        let Some(failure) = self.vfs.plan.next(Call::Append) else { return self.inner.append(bytes) };
        match failure {
            Failure::Eio | Failure::Enospc => {}
            Failure::ShortWrite => self.inner.append(&bytes[..bytes.len() / 2])?,
            Failure::AfterAll => self.inner.append(bytes)?,
        }
        Err(failure.error(&self.path))
    }
    fn len(&self) -> Result<u64> {
        self.call(Call::Look, || self.inner.len())
    }
    fn truncate(&self, len: u64) -> Result<()> {
        self.call(Call::Change, || self.inner.truncate(len))
    }
    fn sync(&self) -> Result<()> {
        self.call(Call::Sync, || self.inner.sync())
    }
    fn map(&self) -> Result<Bytes> {
        self.call(Call::Look, || self.inner.map())
    }
}
