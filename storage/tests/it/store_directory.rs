//! Which directories are taken for stores, and which not.

use std::path::Path;
use std::sync::Arc;

use microprolly_storage::{ChunkStore, MemoryVfs, OpenMode, RealVfs, StorageError, Store, Vfs};

use crate::store_fixture::*;

/// The reason why the store cannot be opened, and that creation is refused too
/// unless `creatable`.
fn refusal(vfs: &MemoryVfs, creatable: bool) -> String {
    let Err(StorageError::NotAStore { path, detail }) = open(vfs) else { panic!("opened") };
    assert_eq!(path, dir());
    assert!(!Store::exists(vfs, dir()).unwrap());
    let before = vfs.entry(dir()).unwrap().map(|_| capture(vfs));
    match Store::create(Arc::new(vfs.clone()), dir(), &options()) {
        Ok(_) => assert!(creatable, "{detail}"),
        Err(StorageError::NotAStore { .. }) => {
            assert!(!creatable, "{detail}");
            assert_eq!(before, Some(capture(vfs)), "a refusal changes nothing");
        }
        Err(other) => panic!("{other}"),
    }
    detail
}

fn touch(vfs: &MemoryVfs, path: &Path, bytes: &[u8]) {
    vfs.open(path, OpenMode::CreateNew).unwrap().append(bytes).unwrap();
}

fn empty_dir() -> MemoryVfs {
    let vfs = MemoryVfs::new();
    vfs.create_dir(Path::new("/data")).unwrap();
    vfs.create_dir(dir()).unwrap();
    vfs
}

#[test]
fn an_absent_or_empty_directory_is_no_store_and_can_become_one() {
    assert_eq!(refusal(&MemoryVfs::new(), true), "it does not exist");
    assert_eq!(refusal(&empty_dir(), true), "it is empty");
}

#[test]
fn a_directory_with_other_files_is_no_store_and_is_left_alone() {
    let vfs = empty_dir();
    touch(&vfs, &dir().join("letter.txt"), b"dear reader");
    assert_eq!(refusal(&vfs, false), "it has no MANIFEST, and holds \"letter.txt\"");
}

#[test]
fn a_store_that_lost_its_manifest_is_not_taken_for_an_empty_one() {
    let vfs = MemoryVfs::new();
    History::new().commit(&create(&vfs), 1).unwrap();
    vfs.remove(&dir().join("MANIFEST")).unwrap();
    let reason = refusal(&vfs, false);
    assert!(reason.starts_with("its MANIFEST is missing"), "{reason}");
}

#[test]
fn what_an_interrupted_creation_leaves_can_be_created_again() {
    let vfs = empty_dir();
    touch(&vfs, &dir().join("LOCK"), b"");
    assert!(refusal(&vfs, true).contains("interrupted"));

    let vfs = empty_dir();
    touch(&vfs, &dir().join("MANIFEST.tmp"), b"microprolly mani");
    vfs.create_dir(&dir().join("segments")).unwrap();
    touch(&vfs, &segment(1), b"MPROL");
    assert!(refusal(&vfs, true).contains("interrupted"));
}

#[test]
fn a_file_is_no_store() {
    let vfs = MemoryVfs::new();
    vfs.create_dir(Path::new("/data")).unwrap();
    touch(&vfs, dir(), b"");
    let Err(StorageError::NotAStore { detail, .. }) = open(&vfs) else { panic!("opened") };
    assert_eq!(detail, "it is a file, not a directory");
}

#[test]
fn a_store_is_not_created_over_another() {
    let vfs = MemoryVfs::new();
    drop(create(&vfs));
    assert!(Store::exists(&vfs, dir()).unwrap());
    let refused = Store::create(Arc::new(vfs.clone()), dir(), &options()).unwrap_err();
    assert!(matches!(refused, StorageError::AlreadyExists { .. }), "{refused}");
}

#[test]
fn a_store_is_open_once_at_a_time() {
    let temporary = tempfile::tempdir().unwrap();
    let places: [(Arc<dyn Vfs>, &Path); 2] =
        [(Arc::new(MemoryVfs::new()), dir()), (Arc::new(RealVfs::new()), temporary.path())];
    for (vfs, dir) in places {
        let store = Store::create(vfs.clone(), dir, &options()).unwrap();
        let refused = Store::open(vfs.clone(), dir, &options()).unwrap_err();
        assert!(matches!(&refused, StorageError::Locked { path } if path == dir), "{refused}");
        drop(store);
        let reopened = Store::open(vfs.clone(), dir, &options()).unwrap();
        assert!(Store::open(vfs.clone(), dir, &options()).is_err());
        drop(reopened);
        Store::open(vfs, dir, &options()).unwrap();
    }
}

#[test]
fn later_versions_of_each_file_are_refused_by_number() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    History::new().seal(&store, 1).unwrap();
    drop(store);
    let image = capture(&vfs);
    for number in [1, 2] {
        let mut later = image.clone();
        later.get_mut(&segment(number)).unwrap()[8] = 3;
        let refused = open(&restore(&later)).unwrap_err();
        assert!(matches!(refused, StorageError::NewerFormat { found: 3, supported: 2, .. }), "{refused}");
    }
    let mut later = image;
    later.insert(dir().join("MANIFEST"), b"microprolly manifest 7\nsomething new\n".to_vec());
    let refused = open(&restore(&later)).unwrap_err();
    assert!(matches!(&refused, StorageError::NewerFormat { found: 7, .. }), "{refused}");
    assert!(refused.to_string().contains("/data/db/MANIFEST"), "{refused}");
}

#[test]
fn half_a_copy_is_refused_with_what_is_missing() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    let mut history = History::new();
    let manifest_of_one = capture(&vfs)[&dir().join("MANIFEST")].clone();
    history.seal(&store, 1).unwrap();
    history.commit(&store, 2).unwrap();
    drop(store);
    let image = capture(&vfs);
    for number in [1, 2] {
        let mut half = image.clone();
        half.remove(&segment(number));
        let refused = open(&restore(&half)).unwrap_err().to_string();
        assert!(refused.contains(&format!("{number:08}.seg")) && refused.contains("missing"), "{refused}");

        let mut shorter = image.clone();
        let bytes = shorter.get_mut(&segment(number)).unwrap();
        bytes.truncate(if number == 1 { bytes.len() - 1 } else { 50 });
        let refused = open(&restore(&shorter)).unwrap_err();
        assert!(matches!(refused, StorageError::Corrupt { .. }), "{refused}");
    }
    let mut older = image.clone();
    older.insert(dir().join("MANIFEST"), manifest_of_one);
    let vfs = restore(&older);
    let refused = open(&vfs).unwrap_err().to_string();
    assert!(refused.contains("MANIFEST is older"), "{refused}");
    assert_eq!(capture(&vfs)[&segment(2)], image[&segment(2)], "a refusal changes nothing");
}

#[test]
fn a_copy_without_its_segments_is_refused_and_one_without_its_lock_is_whole() {
    let vfs = MemoryVfs::new();
    let mut history = History::new();
    history.commit(&create(&vfs), 1).unwrap();
    let image = capture(&vfs);

    let manifest = empty_dir();
    touch(&manifest, &dir().join("MANIFEST"), &image[&dir().join("MANIFEST")]);
    let refused = open(&manifest).unwrap_err();
    assert!(matches!(refused, StorageError::Corrupt { .. }), "{refused}");
    assert!(refused.to_string().contains("no \"segments\" directory"), "{refused}");

    let mut unlocked = image;
    unlocked.remove(&dir().join("LOCK"));
    history.recover(&open(&restore(&unlocked)).unwrap());
}

#[test]
fn what_is_no_store_is_not_repaired() {
    for vfs in [MemoryVfs::new(), empty_dir()] {
        let shared: Arc<dyn Vfs> = Arc::new(vfs.clone());
        let refused = Store::repair(&shared, dir(), &options()).unwrap_err();
        assert!(matches!(&refused, StorageError::NotAStore { path, .. } if path == dir()), "{refused}");
        assert!(capture(&vfs).is_empty(), "a refusal changes nothing");
    }
}

/// Whoever may do everything cannot be refused anything: run as root it shows nothing.
#[test]
#[allow(clippy::disallowed_methods, reason = "permissions are not the store's business, but the test's")]
fn what_a_user_may_not_do_is_said_with_the_path_and_changes_nothing() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    let temporary = tempfile::tempdir().unwrap();
    let (vfs, place) = (Arc::new(RealVfs::new()), temporary.path().join("db"));
    let mut history = History::new();
    history.commit(&Store::create(vfs.clone(), &place, &options()).unwrap(), 1).unwrap();
    let empty = temporary.path().join("empty");
    vfs.create_dir(&empty).unwrap();
    let permit = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    permit(&empty, 0o555);
    if vfs.open(&empty.join("probe"), OpenMode::CreateNew).is_ok() {
        println!("not shown: this user may do everything");
        return;
    }
    let denied = |outcome: Result<(), StorageError>, path: &Path| {
        let error = outcome.unwrap_err();
        let StorageError::Io { source, .. } = &error else { panic!("{error}") };
        assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    };
    denied(Store::create(vfs.clone(), &empty, &options()).map(drop), &empty);
    assert!(vfs.list(&empty).unwrap().is_empty());
    let parts = [
        (place.clone(), 0o000, 0o755),
        (place.join("MANIFEST"), 0o000, 0o644),
        (place.join("segments"), 0o000, 0o755),
        (place.join("segments/00000001.seg"), 0o000, 0o644),
        (place.join("segments/00000001.seg"), 0o444, 0o644),
        (place.join("LOCK"), 0o000, 0o644),
    ];
    for (path, mode, usual) in parts {
        permit(&path, mode);
        let opened = Store::open(vfs.clone(), &place, &options()).map(drop);
        permit(&path, usual);
        denied(opened, &path);
        let recovered = Store::open(vfs.clone(), &place, &options()).unwrap();
        assert_eq!(history.objection(&recovered), None);
    }
}

#[test]
fn an_error_of_the_disk_names_the_path_and_what_was_tried() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("file");
    drop(RealVfs::new().open(&file, OpenMode::CreateNew).unwrap());
    let error = Store::create(Arc::new(RealVfs::new()), &file.join("db"), &options()).unwrap_err();
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    assert!(matches!(error, StorageError::Io { .. }), "{error}");
}

#[test]
fn a_relative_path_will_do() {
    let vfs = Arc::new(MemoryVfs::new());
    let dir = Path::new("some/db");
    let store = Store::create(vfs.clone(), dir, &options()).unwrap();
    store.write(&encoding(1)).unwrap();
    let last = store.append_root(root(1)).unwrap();
    store.sync(last).unwrap();
    let survived = Store::open(Arc::new(vfs.after_power_loss()), dir, &options()).unwrap();
    assert_eq!(survived.root, Some(root(1)));
}
