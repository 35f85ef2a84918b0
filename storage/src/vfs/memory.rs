//! Files in memory, with an honest idea of what a disk would have lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::{EntryKind, OpenMode, Vfs, VfsFile, VfsLock};
use crate::error::{Result, StorageError};

/// A file system in memory. Clones share the same files, so a store that was
/// closed can be opened again; locks hold between clones.
///
/// It remembers what was synced: [`after_power_loss`](Self::after_power_loss)
/// gives the files that a disk would still have.
#[derive(Clone, Debug, Default)]
pub struct MemoryVfs {
    shared: Arc<Mutex<Files>>,
}

#[derive(Debug, Default)]
struct Files {
    /// What programs see.
    entries: BTreeMap<PathBuf, Entry>,
    /// The names as of the last sync of their directories.
    durable: BTreeMap<PathBuf, Entry>,
    locked: BTreeSet<PathBuf>,
}

#[derive(Clone, Debug)]
enum Entry {
    Directory,
    File(Arc<RwLock<Contents>>),
}

#[derive(Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// How much of the front of `bytes` was synced…
    synced_len: usize,
    /// …and what followed that on disk, if it was cut off and not synced since.
    synced_tail: Vec<u8>,
}

impl MemoryVfs {
    /// A file system without files. `/` and the current directory exist.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a disk would hold if power failed now, at worst: no byte and no
    /// name that was not synced, and no lock. This file system stays as it is.
    pub fn after_power_loss(&self) -> Self {
        let files = self.shared.lock();
        let mut kept = BTreeMap::new();
        // Ascending by path, so a directory comes before what is in it.
        for (path, entry) in &files.durable {
            let survives = parent(path).is_none_or(|dir| kept.contains_key(dir));
            let entry = match entry {
                _ if !survives => continue,
                Entry::Directory => Entry::Directory,
                Entry::File(contents) => Entry::File(Arc::new(RwLock::new(contents.read().durable()))),
            };
            kept.insert(path.clone(), entry);
        }
        Self::synced(kept)
    }

    /// A file system with these files and, where there are no bytes, directories,
    /// all of it synced.
    pub(super) fn with_entries(entries: &BTreeMap<PathBuf, Option<Arc<Vec<u8>>>>) -> Self {
        let entries = entries.iter().map(|(path, bytes)| {
            let entry = match bytes {
                None => Entry::Directory,
                Some(bytes) => Entry::File(Arc::new(RwLock::new(Contents::synced(bytes.to_vec())))),
            };
            (path.clone(), entry)
        });
        Self::synced(entries.collect())
    }

    fn synced(entries: BTreeMap<PathBuf, Entry>) -> Self {
        let files = Files { entries: entries.clone(), durable: entries, locked: BTreeSet::new() };
        Self { shared: Arc::new(Mutex::new(files)) }
    }
}

impl Contents {
    fn durable(&self) -> Self {
        let mut bytes = self.bytes.get(..self.synced_len).unwrap_or_default().to_vec();
        bytes.extend_from_slice(&self.synced_tail);
        Self::synced(bytes)
    }

    fn synced(bytes: Vec<u8>) -> Self {
        Self { synced_len: bytes.len(), bytes, synced_tail: Vec::new() }
    }

    fn truncate(&mut self, len: usize) {
        if let Some(cut) = self.bytes.get(len..self.synced_len) {
            let mut tail = cut.to_vec();
            tail.append(&mut self.synced_tail);
            (self.synced_len, self.synced_tail) = (len, tail);
        }
        self.bytes.truncate(len);
    }
}

/// The directory that must exist for `path` to; `None` for those that always do.
pub(super) fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|dir| dir.parent().is_some() && !dir.as_os_str().is_empty())
}

fn refuse(path: &Path, action: &'static str, kind: io::ErrorKind) -> StorageError {
    StorageError::io(path, action, kind.into())
}

impl Files {
    fn kind(&self, path: &Path) -> Option<EntryKind> {
        match self.entries.get(path) {
            Some(Entry::Directory) => Some(EntryKind::Directory),
            Some(Entry::File(_)) => Some(EntryKind::File),
            None if path.as_os_str().is_empty() || path.parent().is_none() => Some(EntryKind::Directory),
            None => None,
        }
    }

    fn require_dir(&self, dir: &Path, action: &'static str) -> Result<()> {
        match self.kind(dir) {
            Some(EntryKind::Directory) => Ok(()),
            Some(EntryKind::File) => Err(refuse(dir, action, io::ErrorKind::NotADirectory)),
            None => Err(refuse(dir, action, io::ErrorKind::NotFound)),
        }
    }

    fn create(&mut self, path: &Path, action: &'static str) -> Result<Arc<RwLock<Contents>>> {
        self.require_dir(path.parent().unwrap_or(Path::new("")), action)?;
        let contents = Arc::<RwLock<Contents>>::default();
        self.entries.insert(path.to_path_buf(), Entry::File(contents.clone()));
        Ok(contents)
    }
}

impl Vfs for MemoryVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        let mut files = self.shared.lock();
        let contents = match (files.entries.get(path), mode) {
            (None, OpenMode::CreateNew) => files.create(path, "create")?,
            (Some(_), OpenMode::CreateNew) => {
                return Err(refuse(path, "create", io::ErrorKind::AlreadyExists));
            }
            (Some(Entry::File(contents)), _) => contents.clone(),
            (Some(Entry::Directory), _) => return Err(refuse(path, "open", io::ErrorKind::IsADirectory)),
            (None, _) => return Err(refuse(path, "open", io::ErrorKind::NotFound)),
        };
        Ok(Arc::new(MemoryFile { path: path.to_path_buf(), contents }))
    }

    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        Ok(self.shared.lock().kind(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        let files = self.shared.lock();
        files.require_dir(dir, "list")?;
        let children = files.entries.keys().filter(|path| path.parent() == Some(dir));
        Ok(children.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn create_dir(&self, dir: &Path) -> Result<()> {
        let mut files = self.shared.lock();
        match files.kind(dir) {
            Some(EntryKind::Directory) => return Ok(()),
            Some(EntryKind::File) => {
                return Err(refuse(dir, "create directory", io::ErrorKind::AlreadyExists));
            }
            None => files.require_dir(dir.parent().unwrap_or(Path::new("")), "create directory")?,
        }
        files.entries.insert(dir.to_path_buf(), Entry::Directory);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut files = self.shared.lock();
        files.require_dir(to.parent().unwrap_or(Path::new("")), "rename")?;
        let Some(Entry::File(contents)) = files.entries.get(from).cloned() else {
            return Err(refuse(from, "rename", io::ErrorKind::NotFound));
        };
        files.entries.remove(from);
        files.entries.insert(to.to_path_buf(), Entry::File(contents));
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let mut files = self.shared.lock();
        match files.kind(path) {
            Some(EntryKind::File) => files.entries.remove(path),
            Some(EntryKind::Directory) => {
                return Err(refuse(path, "remove", io::ErrorKind::IsADirectory));
            }
            None => return Err(refuse(path, "remove", io::ErrorKind::NotFound)),
        };
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let mut files = self.shared.lock();
        files.require_dir(dir, "sync directory")?;
        let Files { entries, durable, .. } = &mut *files;
        durable.retain(|path, _| path.parent() != Some(dir));
        let children = entries.iter().filter(|(path, _)| path.parent() == Some(dir));
        durable.extend(children.map(|(path, entry)| (path.clone(), entry.clone())));
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        let mut files = self.shared.lock();
        if files.kind(path).is_none() {
            files.create(path, "open for locking")?;
        }
        if !files.locked.insert(path.to_path_buf()) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryLock { path: path.to_path_buf(), shared: self.shared.clone() })))
    }
}

#[derive(Debug)]
struct MemoryLock {
    path: PathBuf,
    shared: Arc<Mutex<Files>>,
}

impl VfsLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.shared.lock().locked.remove(&self.path);
    }
}

#[derive(Debug)]
struct MemoryFile {
    path: PathBuf,
    contents: Arc<RwLock<Contents>>,
}

impl VfsFile for MemoryFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let contents = self.contents.read();
        let wanted = usize::try_from(offset).ok().and_then(|start| {
            let end = start.checked_add(buffer.len())?;
            contents.bytes.get(start..end)
        });
        match wanted {
            Some(bytes) => buffer.copy_from_slice(bytes),
            None => return Err(refuse(&self.path, "read", io::ErrorKind::UnexpectedEof)),
        }
        Ok(())
    }

    fn append(&self, bytes: &[u8]) -> Result<()> {
        self.contents.write().bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.contents.read().bytes.len() as u64)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        let mut contents = self.contents.write();
        match usize::try_from(len) {
            Ok(len) if len <= contents.bytes.len() => contents.truncate(len),
            _ => return Err(refuse(&self.path, "truncate", io::ErrorKind::InvalidInput)),
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        let mut contents = self.contents.write();
        contents.synced_len = contents.bytes.len();
        contents.synced_tail = Vec::new();
        Ok(())
    }

    fn map(&self) -> Result<Bytes> {
        Ok(Bytes::copy_from_slice(&self.contents.read().bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(vfs: &MemoryVfs, path: &str) -> Vec<u8> {
        vfs.open(Path::new(path), OpenMode::Read).unwrap().map().unwrap().to_vec()
    }

    #[test]
    fn power_loss_takes_what_was_not_synced() {
        let vfs = MemoryVfs::new();
        let file = vfs.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
        file.append(b"kept").unwrap();
        file.sync().unwrap();
        assert_eq!(vfs.after_power_loss().entry(Path::new("/a")).unwrap(), None, "the name is not synced");
        vfs.sync_dir(Path::new("/")).unwrap();
        file.append(b" lost").unwrap();
        assert_eq!(contents(&vfs.after_power_loss(), "/a"), b"kept");
        assert_eq!(contents(&vfs, "/a"), b"kept lost");
    }

    #[test]
    fn power_loss_undoes_a_truncation_that_was_not_synced() {
        let vfs = MemoryVfs::new();
        let file = vfs.open(Path::new("/a"), OpenMode::CreateNew).unwrap();
        vfs.sync_dir(Path::new("/")).unwrap();
        file.append(b"0123456789").unwrap();
        file.sync().unwrap();
        file.truncate(6).unwrap();
        file.truncate(4).unwrap();
        file.append(b"new").unwrap();
        assert_eq!(contents(&vfs.after_power_loss(), "/a"), b"0123456789");
        file.sync().unwrap();
        assert_eq!(contents(&vfs.after_power_loss(), "/a"), b"0123new");
    }

    #[test]
    fn power_loss_takes_a_directory_whose_name_was_not_synced_with_all_in_it() {
        let vfs = MemoryVfs::new();
        vfs.create_dir(Path::new("/d")).unwrap();
        vfs.open(Path::new("/d/a"), OpenMode::CreateNew).unwrap();
        vfs.sync_dir(Path::new("/d")).unwrap();
        assert_eq!(vfs.after_power_loss().entry(Path::new("/d/a")).unwrap(), None);
        vfs.sync_dir(Path::new("/")).unwrap();
        assert_eq!(vfs.after_power_loss().entry(Path::new("/d/a")).unwrap(), Some(EntryKind::File));
    }

    #[test]
    fn a_lock_holds_between_clones_until_it_is_dropped() {
        let vfs = MemoryVfs::new();
        let lock = vfs.lock(Path::new("/LOCK")).unwrap();
        assert!(lock.is_some());
        assert!(vfs.clone().lock(Path::new("/LOCK")).unwrap().is_none());
        drop(lock);
        assert!(vfs.lock(Path::new("/LOCK")).unwrap().is_some());
    }
}
