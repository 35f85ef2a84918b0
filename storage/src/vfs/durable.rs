//! Sequences of file operations that survive power loss at any point.

use std::io;
use std::path::{Path, PathBuf};

use super::{EntryKind, OpenMode, Vfs};
use crate::error::{Result, StorageError};

/// Replaces the file `name` in `dir` by one that holds `bytes`, in one step:
/// whatever happens, the name leads to the old bytes or to the new ones.
/// Durable on return.
///
/// Write a temporary file, sync it, rename it, sync the directory. Renaming
/// before syncing could leave the name on an empty file.
pub(crate) fn replace_file(vfs: &dyn Vfs, dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_path(dir, name);
    if vfs.entry(&temporary)?.is_some() {
        vfs.remove(&temporary)?; // left by a crash before the rename: never read by anyone
    }
    let file = vfs.open(&temporary, OpenMode::CreateNew)?;
    file.append(bytes)?;
    file.sync()?;
    vfs.rename(&temporary, &dir.join(name))?;
    vfs.sync_dir(dir)
}

/// Where [`replace_file`] prepares the next contents of `name`.
pub(crate) fn temporary_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.tmp"))
}

/// Creates `dir` and the directories above it that are missing, each durable
/// in its parent before the next is made.
pub(crate) fn create_dirs(vfs: &dyn Vfs, dir: &Path) -> Result<()> {
    let Some(parent) = dir.parent() else { return Ok(()) }; // the root, or the current directory
    if vfs.entry(dir)? == Some(EntryKind::Directory) {
        // It may have been made by one who crashed before this sync.
        return match vfs.sync_dir(parent) {
            // Then the directory was made for us by somebody with more rights.
            Err(StorageError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
                Ok(())
            }
            outcome => outcome,
        };
    }
    create_dirs(vfs, parent)?;
    vfs.create_dir(dir)?;
    vfs.sync_dir(parent)
}
