//! What a disk is certain to hold, and what it may hold besides.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use super::fate::{Fate, Fill};
use super::operation::{FileId, Operation};
use crate::vfs::memory;

/// Files with their bytes, and directories, which have none; by path.
pub(super) type Entries = BTreeMap<PathBuf, Option<Arc<Vec<u8>>>>;

/// Files and their names, which a file may lack and a disk keeps apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    names: BTreeMap<PathBuf, Name>,
    /// Copies share the bytes until one of them changes.
    files: BTreeMap<FileId, Arc<Vec<u8>>>,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Directory,
    File(FileId),
}

impl Contents {
    pub(super) fn of(entries: &Entries) -> Self {
        let mut contents = Self::default();
        for (path, bytes) in entries {
            let name = match bytes {
                None => Name::Directory,
                Some(bytes) => {
                    let file = contents.next_file();
                    contents.files.insert(file, bytes.clone());
                    Name::File(file)
                }
            };
            contents.names.insert(path.clone(), name);
        }
        contents
    }

    /// An id that no file has.
    pub(super) fn next_file(&self) -> FileId {
        FileId(self.files.last_key_value().map_or(0, |(FileId(last), _)| last + 1))
    }

    /// The files by name.
    pub(super) fn files_by_name(&self) -> BTreeMap<PathBuf, FileId> {
        let files = self.names.iter().filter_map(|(path, name)| match name {
            Name::File(file) => Some((path.clone(), *file)),
            Name::Directory => None,
        });
        files.collect()
    }

    /// What can be reached by names: not what lies in a directory without one.
    pub(super) fn entries(&self) -> Entries {
        let mut entries = Entries::new();
        // Ascending by path, so a directory comes before what is in it.
        for (path, name) in &self.names {
            if !memory::parent(path).is_none_or(|dir| matches!(entries.get(dir), Some(None))) {
                continue;
            }
            let bytes = match name {
                Name::Directory => None,
                Name::File(file) => Some(self.files.get(file).cloned().unwrap_or_default()),
            };
            entries.insert(path.clone(), bytes);
        }
        entries
    }

    /// Does all of an operation.
    pub(super) fn apply(&mut self, operation: &Operation) {
        self.apply_part(operation, Fate::Whole, Fill::Zeros);
    }

    /// Does of an operation what its fate leaves of it. Where a file must be as long
    /// as it is and the bytes for that are lost, it gets others. Says whether that
    /// was so.
    fn apply_part(&mut self, operation: &Operation, fate: Fate, hole: Fill) -> bool {
        if fate == Fate::Lost {
            return false;
        }
        match operation {
            Operation::Create { path, file } => {
                self.files.entry(*file).or_default();
                self.names.insert(path.clone(), Name::File(*file));
            }
            Operation::CreateDir { path } => {
                self.names.insert(path.clone(), Name::Directory);
            }
            Operation::Rename { from, to, file } => {
                self.names.remove(from);
                self.names.insert(to.clone(), Name::File(*file));
            }
            Operation::Remove { path } => {
                self.names.remove(path);
            }
            Operation::Append { file, offset, bytes, .. } => {
                let contents = Arc::make_mut(self.files.entry(*file).or_default());
                return append(contents, *offset as usize, bytes, fate, hole);
            }
            Operation::Truncate { file, len, .. } => {
                let contents = Arc::make_mut(self.files.entry(*file).or_default());
                let missing = (*len as usize).saturating_sub(contents.len());
                contents.truncate(*len as usize);
                hole.extend(contents, missing);
                return missing > 0;
            }
            Operation::Sync { .. } | Operation::SyncDir { .. } => {}
            Operation::Begin(_) | Operation::Acknowledge(_) => {}
        }
        false
    }
}

/// Puts `bytes` where they belong in a file, which may lack what was before them,
/// or still have what was cut off there. Says whether it lacked something.
fn append(contents: &mut Vec<u8>, offset: usize, bytes: &[u8], fate: Fate, hole: Fill) -> bool {
    let missing = offset.saturating_sub(contents.len());
    hole.extend(contents, missing);
    let (arrived, rest) = match fate {
        Fate::Torn { len, rest } => (bytes.get(..len).unwrap_or(bytes), rest),
        Fate::Whole | Fate::Lost => (bytes, None),
    };
    let (over, beyond) = arrived.split_at(arrived.len().min(contents.len() - offset));
    contents[offset..offset + over.len()].copy_from_slice(over);
    contents.extend_from_slice(beyond);
    if let Some(rest) = rest {
        rest.extend(contents, (offset + bytes.len()).saturating_sub(contents.len()));
    }
    missing > 0
}

/// What a sequence of operations leaves on a disk.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    certain: Contents,
    unsynced: Vec<Unsynced>,
}

/// An operation that was not synced.
#[derive(Clone, Debug)]
pub(super) struct Unsynced {
    /// Its place in the recording, counted from 1.
    number: usize,
    pub(super) operation: Operation,
}

impl Disk {
    /// What there is after `operations` on a disk that held `before`.
    pub(super) fn after(before: &Contents, operations: &[Operation]) -> Self {
        let mut disk = Self { certain: before.clone(), unsynced: Vec::new() };
        for (number, operation) in (1..).zip(operations) {
            match operation {
                Operation::Sync { file, .. } => disk.settle(|unsynced| unsynced.data_of() == Some(*file)),
                Operation::SyncDir { path } => {
                    disk.settle(|unsynced| unsynced.directory() == Some(path.as_path()));
                }
                note if note.is_note() => {}
                _ => disk.unsynced.push(Unsynced { number, operation: operation.clone() }),
            }
        }
        disk
    }

    fn settle(&mut self, is_synced: impl Fn(&Operation) -> bool) {
        let unsynced = mem::take(&mut self.unsynced).into_iter();
        let (settled, left): (Vec<_>, Vec<_>) = unsynced.partition(|one| is_synced(&one.operation));
        settled.iter().for_each(|one| self.certain.apply(&one.operation));
        self.unsynced = left;
    }

    /// What may be there or not, in order.
    pub(super) fn unsynced(&self) -> &[Unsynced] {
        &self.unsynced
    }

    /// What there is if each unsynced operation has its fate, and whether there are
    /// holes in it.
    pub(super) fn with(&self, fates: &[Fate], hole: Fill) -> (Contents, bool) {
        let mut contents = self.certain.clone();
        let mut has_holes = false;
        for (unsynced, fate) in self.unsynced.iter().zip(fates) {
            has_holes |= contents.apply_part(&unsynced.operation, *fate, hole);
        }
        (contents, has_holes)
    }
}

impl fmt::Display for Unsynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} ({})", self.number, self.operation)
    }
}
