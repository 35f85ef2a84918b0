//! The operating system's files.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the vfs is where files are touched

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::{EntryKind, OpenMode, Vfs, VfsFile, VfsLock, map};
use crate::error::{Result, StorageError};

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealVfs;

impl RealVfs {
    /// The file system of the machine.
    pub const fn new() -> Self {
        Self
    }
}

impl Vfs for RealVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        let mut options = OpenOptions::new();
        let (options, action) = match mode {
            OpenMode::Read => (options.read(true), "open"),
            OpenMode::Append => (options.read(true).append(true), "open for writing"),
            OpenMode::CreateNew => (options.read(true).append(true).create_new(true), "create"),
        };
        let file = options.open(path).map_err(|error| StorageError::io(path, action, error))?;
        Ok(Arc::new(RealFile { file, path: path.to_path_buf() }))
    }

    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Some(EntryKind::Directory)),
            Ok(_) => Ok(Some(EntryKind::File)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StorageError::io(path, "look up", error)),
        }
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .and_then(|entries| {
                entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
            })
            .map_err(|error| StorageError::io(dir, "list", error))?;
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&self, dir: &Path) -> Result<()> {
        match fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            outcome => outcome.map_err(|error| StorageError::io(dir, "create directory", error)),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).map_err(|error| StorageError::io(to, "rename a temporary file to", error))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).map_err(|error| StorageError::io(path, "remove", error))
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let opened = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(opened)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| StorageError::io(opened, "sync directory", error))
    }

    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| StorageError::io(path, "open for locking", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(RealLock { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StorageError::io(path, "lock", error)),
        }
    }
}

/// The system releases the lock when the handle is closed.
#[derive(Debug)]
struct RealLock {
    _file: File,
}

impl VfsLock for RealLock {}

#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
}

impl RealFile {
    fn error(&self, action: &'static str) -> impl FnOnce(io::Error) -> StorageError {
        let path = self.path.clone();
        move |error| StorageError::io(path, action, error)
    }
}

impl VfsFile for RealFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(buffer, offset).map_err(self.error("read"))
    }

    fn append(&self, bytes: &[u8]) -> Result<()> {
        // `write_all` goes on after a short write, which a nearly full disk gives.
        (&self.file).write_all(bytes).map_err(self.error("append to"))
    }

    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(self.error("look up"))?.len())
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(self.error("truncate"))
    }

    fn sync(&self) -> Result<()> {
        // `sync_data` covers the length, which reading the bytes back needs; it
        // leaves out only times of access and the like.
        self.file.sync_data().map_err(self.error("sync"))
    }

    fn map(&self) -> Result<Bytes> {
        map::map(&self.file).map_err(self.error("map"))
    }
}
