//! Disks that are full, and disks that nobody may write to: a clear error, and
//! nothing is lost.

use std::io;
use std::path::Path;
use std::sync::Arc;

use microprolly_storage::{ChunkStore, MemoryVfs, Result, StorageError, Store, Vfs};

use crate::store_faults::{survive, work};
use crate::store_fixture::*;

/// The kind of a failure of the disk, which must name a path below `/data`.
#[track_caller]
fn refusal<T>(outcome: Result<T>) -> io::ErrorKind {
    let Err(error) = outcome else { panic!("it was not refused") };
    let StorageError::Io { path, source, .. } = &error else { panic!("{error}") };
    assert!(path.starts_with("/data") && error.to_string().contains("/data"), "{error}");
    source.kind()
}

/// A closed store with a sealed segment and a log.
fn store() -> (MemoryVfs, History) {
    let (vfs, mut history) = (MemoryVfs::new(), History::new());
    let store = create(&vfs);
    history.commit(&store, 1).unwrap();
    history.seal(&store, 2).unwrap();
    history.mutate(&store, 3).unwrap();
    history.commit(&store, 4).unwrap();
    drop(store);
    (vfs, history)
}

#[test]
fn on_a_read_only_disk_nothing_is_opened_created_or_changed() {
    let (memory, mut history) = store();
    let before = capture(&memory);
    let disk = FaultVfs::read_only(&memory);
    assert_eq!(refusal(open(&disk)), io::ErrorKind::ReadOnlyFilesystem);
    let vfs: Arc<dyn Vfs> = Arc::new(disk);
    assert_eq!(refusal(Store::repair(&vfs, dir(), &options())), io::ErrorKind::ReadOnlyFilesystem);
    assert_eq!(capture(&memory), before);
    history.recover(&open(&memory).unwrap());

    let empty = MemoryVfs::new();
    let created = Store::create(Arc::new(FaultVfs::read_only(&empty)), dir(), &options());
    assert_eq!(refusal(created), io::ErrorKind::ReadOnlyFilesystem);
    assert_eq!(empty.entry(Path::new("/data")).unwrap(), None);
}

#[test]
fn a_store_on_a_full_disk_opens_and_reads_and_takes_writes_again_once_there_is_room() {
    let (memory, mut history) = store();
    let store = open(&FaultVfs::with_space(&memory, 0)).unwrap().store;
    assert_eq!(store.read(&root(4).chunk()).unwrap(), encoding(4));
    let mut refused = history.clone();
    assert_eq!(refusal(refused.commit(&store, 5)), io::ErrorKind::StorageFull);
    let again = refused.commit(&store, 6).unwrap_err();
    assert!(matches!(again, StorageError::Poisoned { .. }), "{again}");
    for n in [1, 2, 4] {
        assert_eq!(store.read(&root(n).chunk()).unwrap(), encoding(n));
    }
    drop(store);
    // There is room again.
    history.recover(&open(&memory).unwrap());
    let store = open(&memory).unwrap().store;
    history.commit(&store, 7).unwrap();
    drop(store);
    history.recover(&open(&memory.after_power_loss()).unwrap());
}

#[test]
fn a_creation_that_the_disk_has_no_room_for_says_so_and_can_be_repeated() {
    let memory = MemoryVfs::new();
    let created = Store::create(Arc::new(FaultVfs::with_space(&memory, 30)), dir(), &options());
    assert_eq!(refusal(created), io::ErrorKind::StorageFull);
    drop(create(&memory));
    assert_eq!(open(&memory).unwrap().root, None);
}

/// Every 29th number of bytes: at the end of an append, and within one.
#[test]
fn wherever_a_disk_fills_up_nothing_acknowledged_is_lost() {
    let plenty = 1 << 20;
    let needed = {
        let vfs = FaultVfs::with_space(&MemoryVfs::new(), plenty);
        work(&vfs, &mut History::new()).unwrap();
        plenty - vfs.space()
    };
    for space in (0..needed).step_by(29) {
        let (memory, mut history) = (MemoryVfs::new(), History::new());
        let created = work(&FaultVfs::with_space(&memory, space), &mut history).is_ok();
        survive(&memory.after_power_loss(), history.clone(), created);
        survive(&memory, history, created);
    }
}
