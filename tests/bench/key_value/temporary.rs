//! Directories of stores that one task alone needs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::child::Order;

/// A directory that is removed when the value is dropped.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// An empty one.
    pub(super) fn empty(order: &Order) -> Result<Temporary> {
        let directory = order.directory();
        make_empty(&directory)?;
        Ok(Temporary(directory))
    }

    /// A copy of the store that was prepared, all of it on disk. The store itself stays as it is, for other tasks.
    pub(super) fn copy(order: &Order) -> Result<Temporary> {
        let prepared = order.directory();
        let directory = prepared.with_extension("copy");
        make_empty(&directory)?;
        let copied = Temporary(directory);
        copy_files(&prepared, copied.path())?;
        Ok(copied)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left over: {error}", self.0.display());
        }
    }
}

/// Makes a directory, after removing what is there.
pub(super) fn make_empty(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_files(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()?;
    Ok(())
}
