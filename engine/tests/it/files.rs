//! The files of a database as bytes, which a test may damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use microprolly_engine::storage::{EntryKind, MemoryVfs, OpenMode, Vfs};

/// Files with their bytes.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All files of the database.
pub(crate) fn capture(vfs: &MemoryVfs) -> Files {
    let mut files = Files::new();
    let mut pending = vec![PathBuf::from("db")];
    while let Some(path) = pending.pop() {
        match vfs.entry(&path).unwrap() {
            Some(EntryKind::Directory) => {
                let names = vfs.list(&path).unwrap();
                pending.extend(names.into_iter().map(|name| path.join(name)));
            }
            Some(EntryKind::File) => {
                let bytes = vfs.open(&path, OpenMode::Read).unwrap().map().unwrap();
                files.insert(path, bytes.to_vec());
            }
            None => {}
        }
    }
    files
}

/// A file system with these files, all of them synced.
pub(crate) fn restore(files: &Files) -> MemoryVfs {
    let vfs = MemoryVfs::new();
    for dir in ["db", "db/segments"] {
        vfs.create_dir(Path::new(dir)).unwrap();
    }
    for (path, bytes) in files {
        let file = vfs.open(path, OpenMode::CreateNew).unwrap();
        file.append(bytes).unwrap();
        file.sync().unwrap();
    }
    for dir in ["", "db", "db/segments"] {
        vfs.sync_dir(Path::new(dir)).unwrap();
    }
    vfs
}
