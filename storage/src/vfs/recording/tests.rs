use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::vfs::{MemoryVfs, OpenMode, Vfs, VfsFile};

fn create(vfs: &dyn Vfs, path: &str) -> Arc<dyn VfsFile> {
    vfs.open(Path::new(path), OpenMode::CreateNew).unwrap()
}

/// A file whose name and first bytes are durable.
fn create_synced(vfs: &dyn Vfs, path: &str, bytes: &[u8]) -> Arc<dyn VfsFile> {
    let file = create(vfs, path);
    file.append(bytes).unwrap();
    file.sync().unwrap();
    vfs.sync_dir(Path::new(path).parent().unwrap()).unwrap();
    file
}

/// The images of a crash after everything that was recorded.
fn images(vfs: &RecordingVfs) -> Vec<Image> {
    let recording = vfs.recording();
    recording.images(*recording.crash_points().end(), &ImagePlan::default()).collect()
}

/// What each image has under a name.
fn contents(images: &[Image], path: &str) -> Vec<Option<Vec<u8>>> {
    images.iter().map(|image| left(&image.vfs(), path)).collect()
}

fn left(vfs: &dyn Vfs, path: &str) -> Option<Vec<u8>> {
    vfs.entry(Path::new(path)).unwrap()?;
    Some(vfs.open(Path::new(path), OpenMode::Read).unwrap().map().unwrap().to_vec())
}

fn distinct(contents: &[Option<Vec<u8>>]) -> BTreeSet<Option<&[u8]>> {
    contents.iter().map(Option::as_deref).collect()
}

#[test]
fn what_was_synced_is_in_every_image() {
    let vfs = RecordingVfs::new();
    let file = create_synced(&vfs, "/a", b"kept");
    let before = vfs.recording();
    file.append(b" perhaps").unwrap();
    create(&vfs, "/b").append(b"perhaps").unwrap();
    let images = images(&vfs);
    assert!(images.len() > 10);
    assert!(contents(&images, "/a").iter().all(|bytes| bytes.as_ref().unwrap().starts_with(b"kept")));
    assert!(contents(&images, "/a").contains(&Some(b"kept".to_vec())));
    assert!(contents(&images, "/a").contains(&Some(b"kept perhaps".to_vec())));
    // Nothing was in doubt when the directory had been synced.
    assert_eq!(before.images(before.operations.len(), &ImagePlan::default()).count(), 1);
}

#[test]
fn the_worst_image_is_what_a_file_system_in_memory_keeps_after_power_loss() {
    let (memory, recorded) = (MemoryVfs::new(), RecordingVfs::new());
    for vfs in [&memory as &dyn Vfs, &recorded] {
        vfs.create_dir(Path::new("/d")).unwrap();
        vfs.sync_dir(Path::new("/")).unwrap();
        let file = create_synced(vfs, "/d/a", b"0123456789");
        file.truncate(4).unwrap();
        file.append(b"new").unwrap();
        create_synced(vfs, "/d/b", b"b");
        vfs.rename(Path::new("/d/b"), Path::new("/d/c")).unwrap();
        create(vfs, "/d/e");
        vfs.remove(Path::new("/d/a")).unwrap();
    }
    let (worst, expected) = (images(&recorded).remove(0).vfs(), memory.after_power_loss());
    for path in ["/d/a", "/d/b", "/d/c", "/d/e"] {
        assert_eq!(left(&worst, path), left(&expected, path), "{path}");
    }
    assert_eq!(left(&worst, "/d/a").unwrap(), b"0123456789");
}

#[test]
fn a_name_that_was_not_synced_may_be_gone_with_all_that_is_under_it() {
    let vfs = RecordingVfs::new();
    vfs.create_dir(Path::new("/d")).unwrap();
    create_synced(&vfs, "/d/a", b"synced");
    let images = images(&vfs);
    assert_eq!(distinct(&contents(&images, "/d/a")), BTreeSet::from([None, Some(&b"synced"[..])]));
    let without = images.iter().find(|image| left(&image.vfs(), "/d/a").is_none()).unwrap();
    assert_eq!(without.vfs().entry(Path::new("/d")).unwrap(), None);
}

#[test]
fn a_lost_append_before_one_that_is_not_leaves_zeros_or_garbage() {
    let vfs = RecordingVfs::new();
    let file = create_synced(&vfs, "/a", b"first ");
    file.append(b"second").unwrap();
    file.append(b" third").unwrap();
    let contents = contents(&images(&vfs), "/a");
    assert!(contents.contains(&Some(b"first \0\0\0\0\0\0 third".to_vec())));
    let holes = contents.iter().flatten().filter(|bytes| bytes.ends_with(b" third") && bytes.len() == 18);
    assert_eq!(distinct(&contents).len(), contents.len(), "each image is there once");
    assert!(holes.count() >= 3, "whole, with zeros, with garbage");
}

#[test]
fn the_last_append_may_end_after_each_of_its_bytes_or_have_its_length_alone() {
    let vfs = RecordingVfs::new();
    let file = create_synced(&vfs, "/a", b"first ");
    file.append(b"second").unwrap();
    let contents = contents(&images(&vfs), "/a");
    for len in 6..=12 {
        assert!(contents.contains(&Some(b"first second"[..len].to_vec())), "{len} bytes");
    }
    assert!(contents.contains(&Some(b"first \0\0\0\0\0\0".to_vec())));
}

#[test]
fn a_long_append_may_end_after_each_sector() {
    let vfs = RecordingVfs::new();
    create_synced(&vfs, "/a", b"").append(&[7; 10_000]).unwrap();
    let contents = contents(&images(&vfs), "/a");
    for len in (0..10_000).step_by(512) {
        assert!(contents.contains(&Some(vec![7; len])), "{len} bytes");
        let mut zeros = vec![7; len];
        zeros.resize(10_000, 0);
        assert!(contents.contains(&Some(zeros)), "zeros after {len} bytes");
    }
}

#[test]
fn a_rename_may_arrive_before_the_bytes() {
    let vfs = RecordingVfs::new();
    create_synced(&vfs, "/name", b"old");
    create(&vfs, "/name.tmp").append(b"new").unwrap();
    vfs.rename(Path::new("/name.tmp"), Path::new("/name")).unwrap();
    let contents = contents(&images(&vfs), "/name");
    for bytes in [&b"old"[..], b"new", b"", b"n"] {
        assert!(contents.contains(&Some(bytes.to_vec())), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_truncation_may_be_lost_though_what_followed_is_not() {
    let vfs = RecordingVfs::new();
    let file = create_synced(&vfs, "/a", b"0123456789");
    file.truncate(4).unwrap();
    file.append(b"new").unwrap();
    let contents = contents(&images(&vfs), "/a");
    for bytes in [&b"0123456789"[..], b"0123", b"0123new", b"0123new789"] {
        assert!(contents.contains(&Some(bytes.to_vec())), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_removal_that_was_not_synced_may_be_undone() {
    let vfs = RecordingVfs::new();
    create_synced(&vfs, "/a", b"old");
    vfs.remove(Path::new("/a")).unwrap();
    assert_eq!(distinct(&contents(&images(&vfs), "/a")), BTreeSet::from([None, Some(&b"old"[..])]));
    create_synced(&vfs, "/a", b"new");
    assert_eq!(contents(&images(&vfs), "/a"), [Some(b"new".to_vec())]);
}

#[test]
fn the_same_plan_gives_the_same_images_and_no_more_than_it_allows() {
    let vfs = RecordingVfs::new();
    for number in 0..5 {
        create(&vfs, &format!("/{number}")).append(&[number; 1000]).unwrap();
    }
    let recording = vfs.recording();
    let plan = ImagePlan { seed: 3, images_max: 40, ..ImagePlan::default() };
    let described = |plan: &ImagePlan| -> Vec<String> {
        recording.images(10, plan).map(|image| image.to_string()).collect()
    };
    assert_eq!(described(&plan).len(), 40);
    assert_eq!(described(&plan), described(&plan));
    assert_ne!(described(&plan), described(&ImagePlan { seed: 4, ..plan }));
}

#[test]
fn an_image_says_how_it_was_made() {
    let vfs = RecordingVfs::new();
    create_synced(&vfs, "/a", b"first ").append(b"second").unwrap();
    let texts: Vec<String> = images(&vfs).iter().map(Image::to_string).collect();
    let prefix = "after operation 5 of 5 (append 6 bytes to /a): ";
    let torn = "every unsynced operation, but of #5 (append 6 bytes to /a) the first 2 bytes";
    for choice in ["no unsynced operation", "every unsynced operation", torn] {
        assert!(texts.contains(&format!("{prefix}{choice}")), "{texts:?}");
    }
}

#[test]
fn a_call_that_is_ignored_does_nothing() {
    let every = |count| NonZeroU64::new(count).unwrap();
    let sync = Ignored::FileSync { name_contains: ".seg".to_owned() };
    let vfs = RecordingVfs::new().ignoring(sync, every(2));
    create_synced(&vfs, "/1.seg", b"synced");
    create_synced(&vfs, "/2.seg", b"not synced");
    create_synced(&vfs, "/MANIFEST", b"synced");
    let images = images(&vfs);
    assert!(contents(&images, "/2.seg").contains(&Some(Vec::new())));
    assert!(contents(&images, "/1.seg").iter().all(|bytes| bytes.as_deref() == Some(&b"synced"[..])));
    assert!(contents(&images, "/MANIFEST").iter().all(|bytes| bytes.as_deref() == Some(&b"synced"[..])));

    let vfs = RecordingVfs::new().ignoring(Ignored::DirSync { name: String::new() }, every(1));
    create_synced(&vfs, "/a", b"");
    assert!(contents(&self::images(&vfs), "/a").contains(&None));
    let vfs = vfs.ignoring(Ignored::Remove { name_contains: "a".to_owned() }, every(1));
    vfs.remove(Path::new("/a")).unwrap();
    assert!(left(&vfs, "/a").is_some());
    let vfs = vfs.ignoring(Ignored::SyncOf { bytes: b"footer".to_vec() }, every(1));
    let file = vfs.open(Path::new("/a"), OpenMode::Append).unwrap();
    for (bytes, synced) in [("body", true), ("a footer.", false)] {
        file.append(bytes.as_bytes()).unwrap();
        file.sync().unwrap();
        let recording = vfs.recording();
        let last = recording.operations.last().unwrap();
        assert_eq!(matches!(last, operation::Operation::Sync { .. }), synced, "{last}");
    }
}

#[test]
fn after_a_kill_all_is_there_and_nothing_more_is_synced() {
    let vfs = RecordingVfs::new();
    let _lock = vfs.lock(Path::new("/LOCK")).unwrap().unwrap();
    let file = create_synced(&vfs, "/a", b"synced");
    vfs.begin(1);
    file.append(b" not synced").unwrap();
    let recording = vfs.recording();
    let next = recording.killed_after(*recording.crash_points().end());
    assert!(next.lock(Path::new("/LOCK")).unwrap().is_some());
    assert_eq!(left(&next, "/a").unwrap(), b"synced not synced");
    let points = next.recording().crash_points();
    assert_eq!(points.start(), points.end(), "nothing new was done");
    assert!(contents(&images(&next), "/a").contains(&Some(b"synced".to_vec())));
    let file = next.open(Path::new("/a"), OpenMode::Append).unwrap();
    file.sync().unwrap();
    assert_eq!(next.recording().crash_points().count(), 2);
    assert_eq!(contents(&images(&next), "/a"), [Some(b"synced not synced".to_vec())]);
    assert_eq!(left(&vfs, "/a").unwrap(), b"synced not synced", "the first one is as it was");
}

#[test]
fn a_recording_goes_on_where_a_power_cut_ended() {
    let vfs = RecordingVfs::new();
    create_synced(&vfs, "/a", b"one").append(b" two").unwrap();
    let image =
        images(&vfs).into_iter().find(|image| left(&image.vfs(), "/a").unwrap() == b"one tw").unwrap();
    let vfs = RecordingVfs::on(&image);
    let file = vfs.open(Path::new("/a"), OpenMode::Append).unwrap();
    file.truncate(3).unwrap();
    let found = distinct(&contents(&images(&vfs), "/a")).len();
    assert_eq!(found, 2, "with the truncation and without");
    create(&vfs, "/b");
    assert_eq!(vfs.list(Path::new("/")).unwrap(), ["a", "b"]);
}

#[test]
fn notes_say_what_had_begun_and_what_was_acknowledged() {
    let vfs = RecordingVfs::new();
    vfs.begin(0);
    vfs.acknowledge(0);
    vfs.begin(1);
    let recording = vfs.recording();
    let notes: Vec<_> = recording
        .crash_points()
        .map(|point| (recording.begun_before(point), recording.acknowledged_before(point)))
        .collect();
    assert_eq!(notes, [(None, None), (Some(0), None), (Some(0), Some(0)), (Some(1), Some(0))]);
    assert_eq!(recording.describe(0), "before the first of 3 operations");
    assert_eq!(recording.describe(2), "after operation 2 of 3 (acknowledge step 0)");
}
