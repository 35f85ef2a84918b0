//! Sealing: many segments, one store.

use std::sync::Arc;

use microprolly_storage::{ChunkHash, ChunkStore, MemoryVfs, RealVfs, RootHash, Store, StoreOptions, Vfs};

use crate::store_fixture::*;

#[test]
fn chunks_of_every_segment_are_read_before_and_after_opening_again() {
    many_segments(Arc::new(MemoryVfs::new()), dir());
}

#[test]
fn chunks_of_every_segment_are_read_before_and_after_opening_again_on_disk() {
    let temporary = tempfile::tempdir().unwrap();
    many_segments(Arc::new(RealVfs::new()), &temporary.path().join("db"));
}

fn many_segments(vfs: Arc<dyn Vfs>, dir: &std::path::Path) {
    let options = StoreOptions { segment_bytes_max: 10_000, chunk_cache_bytes_max: 0, ..options() };
    let store = Store::create(vfs.clone(), dir, &options).unwrap();
    let mut seals = 0;
    for n in 0..400 {
        store.write(&encoding(n)).unwrap();
        if store.wants_seal() {
            store.seal(root(n)).unwrap();
            assert!(!store.wants_seal());
            seals += 1;
        }
    }
    let last = store.append_root(root(399)).unwrap();
    store.sync(last).unwrap();
    assert!(seals > 5);
    let check = |store: &Store| {
        for n in 0..400 {
            assert_eq!(store.read(&root(n).chunk()).unwrap(), encoding(n));
        }
        let statistics = store.statistics().unwrap();
        assert_eq!(statistics.chunks, 400);
        assert_eq!(statistics.segments.len(), seals + 1);
        assert_eq!(statistics.segments.iter().filter(|segment| segment.sealed).count(), seals);
        assert_eq!(statistics.segments[0].name, "00000001.seg");
        statistics.segments
    };
    let before = check(&store);
    drop(store);
    let recovered = Store::open(vfs, dir, &options).unwrap();
    assert_eq!(recovered.root, Some(root(399)));
    assert_eq!(check(&recovered.store), before);
}

#[test]
fn a_sealed_segment_hands_out_no_mutations_and_the_next_begins_with_the_root() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    store.append_mutations(&mutations(1)).unwrap();
    store.write(&encoding(1)).unwrap();
    store.seal(root(1)).unwrap();
    store.append_mutations(&mutations(2)).unwrap();
    drop(store);
    let recovered = open(&vfs).unwrap();
    assert_eq!(recovered.root, Some(root(1)));
    assert_eq!(payloads(&recovered), [mutations(2)]);
}

#[test]
fn positions_ascend_across_a_seal() {
    let store = create(&MemoryVfs::new());
    let before = store.append_mutations(&mutations(1)).unwrap();
    store.seal(root(1)).unwrap();
    store.sync(before).unwrap();
    let after = store.append_mutations(&mutations(2)).unwrap();
    assert!(before < after);
    store.sync(after).unwrap();
}

#[test]
fn an_empty_segment_can_be_sealed() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    store.seal(root(1)).unwrap();
    store.seal(root(2)).unwrap();
    drop(store);
    assert_eq!(open(&vfs).unwrap().root, Some(root(2)));
}

#[test]
fn opening_reads_the_records_of_the_active_segment_alone() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    for n in 0..2000 {
        store.write(&encoding(n)).unwrap();
    }
    store.seal(root(1)).unwrap();
    drop(store);
    // Were a sealed chunk or its index entry read, this would be noticed.
    let mut image = capture(&vfs);
    let sealed = image.get_mut(&segment(1)).unwrap();
    let records = 24..sealed.len() - 40 - 2000 * 44 - 2048 - 16;
    sealed[records].fill(0);
    let recovered = open(&restore(&image)).unwrap();
    assert!(recovered.store.contains(&root(7).chunk()).unwrap());
    assert!(recovered.store.read(&root(7).chunk()).unwrap_err().to_string().contains("00000001.seg"));
}

/// Frozen: if this fails, the format changed and needs another version (I8).
#[test]
fn the_bytes_of_a_store_are_those_of_format_version_2() {
    let vfs = MemoryVfs::new();
    let store = Store::create(Arc::new(vfs.clone()), dir(), &uncompressed()).unwrap();
    store.write(b"chunk one").unwrap();
    store.append_mutations(b"mutation").unwrap();
    let root = RootHash::from(store.write(b"chunk two").unwrap());
    store.sync(store.append_root(root).unwrap()).unwrap();
    store.seal(root).unwrap();
    store.sync(store.append_mutations(b"more").unwrap()).unwrap();
    drop(store);
    let digests: Vec<String> = capture(&vfs)
        .iter()
        .map(|(path, bytes)| {
            let hash = ChunkHash::of(bytes).to_string();
            format!("{} {} {}", path.strip_prefix(dir()).unwrap().display(), bytes.len(), &hash[..16])
        })
        .collect();
    assert_eq!(
        digests,
        [
            "LOCK 0 af1349b9f5f9a1a6",
            "MANIFEST 198 de0f1ee087389377",
            "segments/00000001.seg 2454 cf18a70799037b6a",
            "segments/00000002.seg 144 71f4d8dd8d2aae92",
        ]
    );
}

/// The files in `fixtures/v1` were written by the first version of the format (I8).
#[test]
fn a_store_of_format_version_1_opens_and_is_refused_by_that_version_afterwards() {
    let vfs = restore(&fixture_of_version_1());
    let recovered = open(&vfs).unwrap();
    assert_eq!(recovered.root, Some(root(39)));
    assert_eq!(payloads(&recovered), [&b"more"[..]]);
    for n in 0..40 {
        assert_eq!(recovered.store.read(&root(n).chunk()).unwrap(), encoding(n));
    }
    recovered.store.write(b"a chunk of version 2").unwrap();
    drop(recovered);
    let manifest = capture(&vfs)[&dir().join("MANIFEST")].clone();
    assert!(manifest.starts_with(b"microprolly manifest 2\n"), "a program of version 1 must refuse it");
    assert_eq!(open(&vfs).unwrap().root, Some(root(39)));
}

fn fixture_of_version_1() -> Image {
    let files: [(&str, &[u8]); 3] = [
        ("MANIFEST", include_bytes!("../fixtures/v1/MANIFEST")),
        ("segments/00000001.seg", include_bytes!("../fixtures/v1/segments/00000001.seg")),
        ("segments/00000002.seg", include_bytes!("../fixtures/v1/segments/00000002.seg")),
    ];
    files.into_iter().map(|(name, bytes)| (dir().join(name), bytes.to_vec())).collect()
}
