//! Memory maps of files that never change again: the crate's only `unsafe`.
#![allow(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // the vfs is where files are touched

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps all of `file`. The map outlives the handle, and the file's name.
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::new()); // systems refuse to map nothing
    }
    // SAFETY: a map is sound as long as nobody changes or shortens the file
    // while it lives. `VfsFile::map` is asked only for sealed segments, which
    // this program never writes to or truncates again (removing the name keeps
    // the bytes), and the store's LOCK keeps other instances of it away. A
    // foreign program that shortens the file all the same ends this one with
    // SIGBUS, as it does every user of mapped files.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
