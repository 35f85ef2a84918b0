//! Files in memory, and a log of what is done to them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use super::Image;
use super::disk::Contents;
use super::ignored::{Call, Ignored, Ignoring};
use super::log::Recording;
use super::operation::{FileId, Operation};
use crate::error::Result;
use crate::vfs::{EntryKind, MemoryVfs, OpenMode, Vfs, VfsFile, VfsLock};

/// A file system in memory that records what is asked of it. Clones share the
/// files and the log.
///
/// ```
/// use std::path::Path;
///
/// use microprolly_storage::{ImagePlan, OpenMode, RecordingVfs, Vfs};
///
/// # fn main() -> microprolly_storage::Result<()> {
/// let vfs = RecordingVfs::new();
/// let file = vfs.open(Path::new("/a"), OpenMode::CreateNew)?;
/// vfs.sync_dir(Path::new("/"))?;
/// file.append(b"not synced")?;
///
/// let recording = vfs.recording();
/// let end = *recording.crash_points().end();
/// for image in recording.images(end, &ImagePlan::default()) {
///     let left = image.vfs().open(Path::new("/a"), OpenMode::Read)?;
///     assert!(left.len()? <= 10, "{image}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RecordingVfs {
    memory: MemoryVfs,
    log: Arc<Mutex<Log>>,
}

/// Whoever changes files holds it meanwhile, so that there is one order of all that
/// is done.
struct Log {
    before: Arc<Contents>,
    operations: Vec<Operation>,
    inherited: usize,
    /// The files by the names that they have now.
    names: BTreeMap<PathBuf, FileId>,
    next_file: FileId,
    ignoring: Vec<Ignoring>,
}

impl RecordingVfs {
    /// A file system without files. `/` and the current directory exist.
    pub fn new() -> Self {
        Self::resumed(Arc::default(), Vec::new())
    }

    /// One that begins with what a power cut left.
    pub fn on(image: &Image) -> Self {
        Self::resumed(Arc::new(Contents::of(&image.entries)), Vec::new())
    }

    /// One that begins after `operations` on what was there before.
    pub(super) fn resumed(before: Arc<Contents>, operations: Vec<Operation>) -> Self {
        let mut present = Contents::clone(&before);
        operations.iter().for_each(|operation| present.apply(operation));
        let log = Log {
            before,
            inherited: operations.len(),
            operations,
            names: present.files_by_name(),
            next_file: present.next_file(),
            ignoring: Vec::new(),
        };
        Self { memory: MemoryVfs::with_entries(&present.entries()), log: Arc::new(Mutex::new(log)) }
    }

    /// Ignores every so many-th call of a kind, on this and all clones: it reports
    /// success and is neither done nor recorded.
    #[must_use]
    pub fn ignoring(self, ignored: Ignored, every: NonZeroU64) -> Self {
        self.log.lock().ignoring.push(Ignoring::new(ignored, every));
        self
    }

    /// Notes that a step of the work begins. Steps are numbered, ascending.
    pub fn begin(&self, step: u64) {
        self.log.lock().operations.push(Operation::Begin(step));
    }

    /// Notes that somebody is told that a step is done: from here on it must never
    /// be lost.
    pub fn acknowledge(&self, step: u64) {
        self.log.lock().operations.push(Operation::Acknowledge(step));
    }

    /// All that was recorded so far.
    pub fn recording(&self) -> Recording {
        let log = self.log.lock();
        Recording {
            before: log.before.clone(),
            operations: log.operations.as_slice().into(),
            inherited: log.inherited,
        }
    }
}

impl Default for RecordingVfs {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RecordingVfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingVfs").finish_non_exhaustive()
    }
}

impl Log {
    /// Records that a file got made.
    fn create(&mut self, path: &Path) -> FileId {
        let file = self.next_file;
        self.next_file = FileId(file.0 + 1);
        self.names.insert(path.to_path_buf(), file);
        self.operations.push(Operation::Create { path: path.to_path_buf(), file });
        file
    }

    /// The file of a name that it is known to have.
    fn file(&self, path: &Path) -> FileId {
        *self.names.get(path).expect("a file was recorded when it was made")
    }

    fn ignores(&mut self, call: &Call<'_>) -> bool {
        // Each counts the calls that it covers, whether or not another ignores them.
        self.ignoring.iter_mut().fold(false, |ignored, one| one.ignores(call) | ignored)
    }

    fn ignores_sync(&mut self, path: &Path, file: FileId, is_first: bool) -> bool {
        if self.ignoring.is_empty() {
            return false;
        }
        let last_appended = self.operations.iter().rev().find_map(|operation| match operation {
            Operation::Append { file: appended, bytes, .. } if *appended == file => Some(bytes.clone()),
            _ => None,
        });
        let last_appended = last_appended.unwrap_or_default();
        self.ignores(&Call::Sync { path, last_appended: &last_appended, is_first })
    }
}

impl Vfs for RecordingVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        let mut log = self.log.lock();
        let inner = self.memory.open(path, mode)?;
        let file = match mode {
            OpenMode::CreateNew => log.create(path),
            OpenMode::Read | OpenMode::Append => log.file(path),
        };
        let found = AtomicBool::new(mode != OpenMode::CreateNew);
        Ok(Arc::new(RecordedFile { inner, path: path.to_path_buf(), file, found, log: self.log.clone() }))
    }

    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        self.memory.entry(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.memory.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> Result<()> {
        let mut log = self.log.lock();
        let is_new = self.memory.entry(dir)?.is_none();
        self.memory.create_dir(dir)?;
        if is_new {
            log.operations.push(Operation::CreateDir { path: dir.to_path_buf() });
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut log = self.log.lock();
        self.memory.rename(from, to)?;
        let file = log.file(from);
        log.names.remove(from);
        log.names.insert(to.to_path_buf(), file);
        log.operations.push(Operation::Rename { from: from.to_path_buf(), to: to.to_path_buf(), file });
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut log = self.log.lock();
        if log.ignores(&Call::Remove { path }) {
            return Ok(());
        }
        self.memory.remove(path)?;
        log.names.remove(path);
        log.operations.push(Operation::Remove { path: path.to_path_buf() });
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let mut log = self.log.lock();
        if log.ignores(&Call::SyncDir { path: dir }) {
            return Ok(());
        }
        self.memory.sync_dir(dir)?;
        log.operations.push(Operation::SyncDir { path: dir.to_path_buf() });
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        let mut log = self.log.lock();
        let is_new = self.memory.entry(path)?.is_none();
        let lock = self.memory.lock(path)?;
        if is_new {
            log.create(path);
        }
        Ok(lock)
    }
}

struct RecordedFile {
    inner: Arc<dyn VfsFile>,
    path: PathBuf,
    file: FileId,
    /// Whether the file was there when it was opened, until the first sync.
    found: AtomicBool,
    log: Arc<Mutex<Log>>,
}

impl fmt::Debug for RecordedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl VfsFile for RecordedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.inner.read_at(offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> Result<()> {
        let mut log = self.log.lock();
        let offset = self.inner.len()?;
        self.inner.append(bytes)?;
        let (path, bytes) = (self.path.clone(), Bytes::copy_from_slice(bytes));
        log.operations.push(Operation::Append { path, file: self.file, offset, bytes });
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        self.inner.len()
    }

    fn truncate(&self, len: u64) -> Result<()> {
        let mut log = self.log.lock();
        if log.ignores(&Call::Truncate { path: &self.path }) {
            return Ok(());
        }
        self.inner.truncate(len)?;
        log.operations.push(Operation::Truncate { path: self.path.clone(), file: self.file, len });
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut log = self.log.lock();
        let is_first = self.found.swap(false, Ordering::Relaxed);
        if log.ignores_sync(&self.path, self.file, is_first) {
            return Ok(());
        }
        self.inner.sync()?;
        log.operations.push(Operation::Sync { path: self.path.clone(), file: self.file });
        Ok(())
    }

    fn map(&self) -> Result<Bytes> {
        self.inner.map()
    }
}
