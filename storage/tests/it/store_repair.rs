//! Repairing a store.

use std::sync::Arc;

use microprolly_storage::{ChunkStore, MemoryVfs, Repaired, Result, RootHash, Store, StoreOptions, Vfs};

use crate::store_fixture::*;

/// Chunks in each segment of [`store`].
const CHUNKS: u64 = 30;

/// Two sealed segments of 30 chunks each, and an active one with a root, chunks
/// and mutations, all of it synced.
fn store() -> MemoryVfs {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    for n in 0..3 * CHUNKS {
        store.write(&encoding(n)).unwrap();
        if n == CHUNKS - 1 || n == 2 * CHUNKS - 1 {
            store.seal(root(n)).unwrap();
        }
    }
    for n in 0..5 {
        store.append_mutations(&mutations(n)).unwrap();
    }
    store.sync(store.append_root(root(2 * CHUNKS)).unwrap()).unwrap();
    store.sync(store.append_mutations(&mutations(9)).unwrap()).unwrap();
    drop(store);
    vfs
}

fn repair(vfs: &(impl Vfs + Clone + 'static)) -> Result<Repaired> {
    let vfs: Arc<dyn Vfs> = Arc::new(vfs.clone());
    Store::repair(&vfs, dir(), &StoreOptions::default())
}

/// How many of the chunks can be read, and the root and number of mutations.
fn readable(vfs: &MemoryVfs) -> (usize, Option<RootHash>, usize) {
    let recovered = open(vfs).unwrap();
    let chunks = (0..3 * CHUNKS)
        .filter(|n| recovered.store.read(&root(*n).chunk()).is_ok_and(|read| read == encoding(*n)));
    (chunks.count(), recovered.root, recovered.mutations.len())
}

/// What [`readable`] says of a sound store.
const ALL: usize = 3 * CHUNKS as usize;

fn is_whole(vfs: &MemoryVfs) -> bool {
    readable(vfs) == (ALL, Some(root(2 * CHUNKS)), 6)
}

fn damage(vfs: &MemoryVfs, number: u64, offset: usize) -> MemoryVfs {
    let mut image = capture(vfs);
    image.get_mut(&segment(number)).unwrap()[offset] ^= 0xff;
    restore(&image)
}

#[test]
fn a_sound_store_is_left_alone() {
    let vfs = store();
    let before = capture(&vfs);
    assert!(!repair(&vfs).unwrap().is_needed());
    assert_eq!(capture(&vfs), before);
}

#[test]
fn a_lost_or_damaged_manifest_is_made_anew() {
    let before = capture(&store());
    let manifest = dir().join("MANIFEST");
    let mut lost = before.clone();
    lost.remove(&manifest);
    let mut damaged = before.clone();
    damaged.get_mut(&manifest).unwrap()[30] ^= 1;
    for image in [lost, damaged] {
        let vfs = restore(&image);
        assert!(open(&vfs).is_err());
        let repaired = repair(&vfs).unwrap();
        assert!(repaired.manifest_rebuilt && repaired.segments_replaced.is_empty(), "{repaired:?}");
        assert!(is_whole(&vfs));
        assert!(is_whole(&vfs.after_power_loss()));
    }
}

#[test]
fn a_damaged_index_or_footer_costs_nothing() {
    let sound = store();
    let len = capture(&sound)[&segment(1)].len();
    for offset in [len - 1, len - 39, len - 60, len - 40 - 30 * 44 - 100, len - 40 - 2] {
        let vfs = damage(&sound, 1, offset);
        let repaired = repair(&vfs).unwrap();
        assert_eq!(repaired.segments_replaced, ["segments/00000001.seg"], "offset {offset}");
        assert_eq!(repaired.chunks_saved, CHUNKS);
        assert!(is_whole(&vfs), "offset {offset}");
        assert!(!repair(&vfs).unwrap().is_needed(), "it is mended");
    }
}

#[test]
fn a_damaged_chunk_costs_itself_and_no_other() {
    let vfs = damage(&store(), 2, 400);
    let repaired = repair(&vfs).unwrap();
    assert_eq!(repaired.chunks_saved, CHUNKS - 1);
    assert!(repaired.bytes_lost > 0 && !repaired.log_damaged, "{repaired:?}");
    assert_eq!(readable(&vfs), (ALL - 1, Some(root(2 * CHUNKS)), 6));
    // What was replaced is kept aside, until it is discarded.
    assert!(capture(&vfs).contains_key(&segment(2)));
    let store = open(&vfs).unwrap().store;
    assert_eq!(store.discard_damaged().unwrap(), 1);
    assert_eq!(store.discard_damaged().unwrap(), 0);
    assert!(!capture(&vfs).contains_key(&segment(2)));
    drop(store);
    assert_eq!(readable(&vfs).0, ALL - 1);
}

#[test]
fn damage_in_the_log_costs_what_it_hit_and_not_what_follows() {
    let sound = store();
    for offset in (60..capture(&sound)[&segment(3)].len()).step_by(97) {
        let vfs = damage(&sound, 3, offset);
        let opened = open(&vfs).is_ok();
        let repaired = repair(&vfs).unwrap();
        // What was not vouched for is a torn tail, which opening cuts off.
        assert_ne!(opened, repaired.log_damaged, "offset {offset}");
        let (chunks, root, mutations) = readable(&vfs);
        assert!(chunks >= ALL - 1 && root.is_some() && mutations >= 5, "offset {offset}: {repaired:?}");
    }
}

#[test]
fn a_segment_that_is_not_there_is_reported() {
    let mut image = capture(&store());
    image.remove(&segment(1));
    let vfs = restore(&image);
    assert_eq!(repair(&vfs).unwrap().segments_missing, ["segments/00000001.seg"]);
    assert_eq!(readable(&vfs), (ALL - CHUNKS as usize, Some(root(2 * CHUNKS)), 6));
}

#[test]
fn a_repair_that_is_interrupted_anywhere_can_be_made_again() {
    let damaged = damage(&damage(&store(), 1, 400), 3, 100);
    let image = capture(&damaged);
    let expected = {
        let vfs = restore(&image);
        repair(&vfs).unwrap();
        readable(&vfs)
    };
    for first in 0.. {
        for effect in [Effect::Nothing, Effect::Half, Effect::Whole] {
            let memory = restore(&image);
            let faulty = FaultVfs::new(&memory, Some(Fault { first, last: u64::MAX, effect }));
            let done = repair(&faulty).is_ok();
            for left in [memory.clone(), memory.after_power_loss()] {
                repair(&left).unwrap();
                assert_eq!(readable(&left), expected, "call {first}, {effect:?}");
            }
            if done {
                return;
            }
        }
    }
}

#[test]
fn an_open_store_is_mended_beside_its_readers() {
    let sound = store();
    let vfs = damage(&sound, 1, 400);
    let store = open(&vfs).unwrap().store;
    let mut faults = 0;
    store.verify(|_| faults += 1).unwrap();
    assert!(faults > 0);
    let repaired = store.mend().unwrap();
    assert_eq!((repaired.segments_replaced.len(), repaired.chunks_saved), (1, CHUNKS - 1));
    store.verify(|fault| panic!("{fault:?}")).unwrap();
    drop(store);
    assert_eq!(readable(&vfs), (ALL - 1, Some(root(2 * CHUNKS)), 6));
}
