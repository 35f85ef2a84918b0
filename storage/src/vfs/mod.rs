//! Every touch of a file goes through [`Vfs`]: a small object-safe trait, so
//! that the same store runs on a disk ([`RealVfs`]), in memory ([`MemoryVfs`]),
//! under a record of all that was asked ([`RecordingVfs`]) and under tests that
//! fail or lose it.
//!
//! Durability is spelled out, as a disk demands it: the bytes of a file are on
//! disk after [`VfsFile::sync`], its *name* after [`Vfs::sync_dir`] of the
//! directory that holds it. [`durable`] has the two sequences built from these.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Result;

pub(crate) mod durable;
mod map;
mod memory;
mod real;
mod recording;

pub use memory::MemoryVfs;
pub use real::RealVfs;
pub use recording::{Ignored, Image, ImagePlan, Recording, RecordingVfs};

/// How a file is opened. There is no "create if absent": the caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, for reading and mapping.
    Read,
    /// An existing file, for reading, appending and truncating.
    Append,
    /// A file that must not exist yet, for reading and appending.
    CreateNew,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Bytes.
    File,
    /// A directory.
    Directory,
}

/// A file system, as far as a store needs one. Every error names the path and
/// what was tried.
pub trait Vfs: Send + Sync + fmt::Debug {
    /// Opens a file.
    ///
    /// # Errors
    /// `Io` if it is absent ([`OpenMode::Read`], [`OpenMode::Append`]) or
    /// present ([`OpenMode::CreateNew`]), or the system refuses.
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>>;

    /// What is at `path`; `None` if nothing is.
    fn entry(&self, path: &Path) -> Result<Option<EntryKind>>;

    /// The names in a directory, ascending. Names that are not UTF-8 are given
    /// with replacement characters: a store makes no such name.
    fn list(&self, dir: &Path) -> Result<Vec<String>>;

    /// Creates one directory, whose parent exists. One that exists already is
    /// no error.
    fn create_dir(&self, dir: &Path) -> Result<()>;

    /// Gives a file another name in one step, replacing a file of that name.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<()>;

    /// Makes durable which names a directory holds: files created, renamed and
    /// removed in it.
    fn sync_dir(&self, dir: &Path) -> Result<()>;

    /// Takes the lock that the file at `path` stands for, creating the file if
    /// need be; `None` if another handle, here or in another process, has it.
    /// Held until the returned value is dropped, or the process ends.
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>>;
}

/// An open file. Reads may run beside an append.
pub trait VfsFile: Send + Sync + fmt::Debug {
    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// `Io` of kind `UnexpectedEof` if the file ends before the buffer is full.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()>;

    /// Writes all of `bytes` at the end. After an error any part of them may
    /// be there.
    fn append(&self, bytes: &[u8]) -> Result<()>;

    /// Its length in bytes.
    fn len(&self) -> Result<u64>;

    /// Whether it has no bytes.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts it to `len` bytes, which is at most its length.
    fn truncate(&self, len: u64) -> Result<()>;

    /// Makes its bytes and its length durable. After an error nobody knows
    /// which of them are, and asking again proves nothing.
    fn sync(&self) -> Result<()>;

    /// The whole file as one piece of memory, read by the system as touched.
    /// Only for files that will never change again.
    fn map(&self) -> Result<Bytes>;
}

/// A lock taken by [`Vfs::lock`], released when dropped.
pub trait VfsLock: Send + Sync + fmt::Debug {}
