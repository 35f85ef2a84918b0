//! What is written is read, at once and after opening again.

use std::collections::BTreeSet;
use std::sync::Arc;

use microprolly_storage::{
    ChunkHash, ChunkStore, Compression, MemoryVfs, RealVfs, StorageError, Store, StoreOptions, Vfs,
};

use crate::store_fixture::*;

#[test]
fn everything_synced_is_there_after_opening_again() {
    let vfs = MemoryVfs::new();
    round_trip(Arc::new(vfs), dir());
}

#[test]
fn everything_synced_is_there_after_opening_again_on_disk() {
    let temporary = tempfile::tempdir().unwrap();
    round_trip(Arc::new(RealVfs::new()), &temporary.path().join("deep/down/db"));
}

fn round_trip(vfs: Arc<dyn Vfs>, dir: &std::path::Path) {
    let store = Store::create(vfs.clone(), dir, &options()).unwrap();
    for n in 0..20 {
        assert_eq!(store.write(&encoding(n)).unwrap(), root(n).chunk());
    }
    store.append_mutations(&mutations(1)).unwrap();
    store.append_root(root(3)).unwrap();
    let last = store.append_mutations(&mutations(2)).unwrap();
    store.sync(last).unwrap();
    let statistics = store.statistics().unwrap();
    assert_eq!((statistics.chunks, statistics.chunk_writes), (20, 20));
    drop(store);

    for _ in 0..3 {
        let recovered = Store::open(vfs.clone(), dir, &options()).unwrap();
        assert_eq!(recovered.root, Some(root(3)));
        assert_eq!(payloads(&recovered), [mutations(1), mutations(2)]);
        assert_eq!(recovered.truncated_bytes, 0);
        for n in 0..20 {
            assert_eq!(recovered.store.read(&root(n).chunk()).unwrap(), encoding(n));
        }
        assert_eq!(recovered.store.statistics().unwrap().bytes, statistics.bytes, "opening adds nothing");
    }
}

#[test]
fn a_new_store_has_no_root_and_no_mutations() {
    let vfs = MemoryVfs::new();
    drop(create(&vfs));
    let recovered = open(&vfs).unwrap();
    assert_eq!(recovered.root, None);
    assert!(recovered.mutations.is_empty());
}

#[test]
fn a_chunk_can_be_read_before_it_is_written_to_the_file_and_after() {
    let store = create(&MemoryVfs::new());
    // Enough to pass through the buffer several times.
    let encodings: Vec<Vec<u8>> =
        (0..6000u64).map(|n| [encoding(2 * n + 1), encoding(2 * n + 1)].concat()).collect();
    let hashes: Vec<ChunkHash> = encodings.iter().map(|encoding| store.write(encoding).unwrap()).collect();
    assert!(store.statistics().unwrap().bytes > 2 << 20);
    for (hash, encoding) in hashes.iter().zip(&encodings) {
        assert_eq!(store.read(hash).unwrap(), encoding);
    }
}

#[test]
fn a_chunk_that_is_there_is_not_written_again() {
    let vfs = MemoryVfs::new();
    let store = create(&vfs);
    store.write(&encoding(1)).unwrap();
    let before = store.statistics().unwrap().bytes;
    store.write(&encoding(1)).unwrap();
    assert_eq!(store.statistics().unwrap().bytes, before);
    store.seal(root(1)).unwrap();
    let before = store.statistics().unwrap().bytes;
    store.write(&encoding(1)).unwrap();
    let statistics = store.statistics().unwrap();
    assert_eq!(statistics.bytes, before, "nor when it is in a sealed segment");
    assert_eq!((statistics.chunk_writes, statistics.chunk_writes_present), (1, 2));
}

#[test]
fn a_chunk_that_was_never_written_is_not_found() {
    let store = create(&MemoryVfs::new());
    let hash = root(1).chunk();
    assert!(!store.contains(&hash).unwrap());
    assert!(matches!(store.read(&hash), Err(StorageError::NotFound { hash: missing }) if missing == hash));
    store.seal(root(2)).unwrap();
    assert!(matches!(store.read(&hash), Err(StorageError::NotFound { .. })));
}

#[test]
fn records_of_every_compression_are_read_whatever_the_present_one_is() {
    let vfs = Arc::new(MemoryVfs::new());
    let settings = [Compression::None, Compression::Zstd { level: 1 }, Compression::Zstd { level: 9 }];
    let with = |compression| StoreOptions { compression: Some(compression), ..options() };
    drop(Store::create(vfs.clone(), dir(), &with(Compression::None)).unwrap());
    for (round, compression) in settings.into_iter().cycle().take(6).enumerate() {
        let store = Store::open(vfs.clone(), dir(), &with(compression)).unwrap().store;
        for n in 0..5 {
            store.write(&encoding(round as u64 * 5 + n)).unwrap();
        }
        let last = store.append_mutations(&[round as u8; 500]).unwrap();
        store.sync(last).unwrap();
    }
    let recovered = open(&*vfs).unwrap();
    assert_eq!(payloads(&recovered), (0..6).map(|round| vec![round; 500]).collect::<Vec<_>>());
    for n in 0..30 {
        assert_eq!(recovered.store.read(&root(n).chunk()).unwrap(), encoding(n));
    }
}

#[test]
fn compression_makes_the_store_smaller() {
    let bytes = |options: &StoreOptions| {
        let store = Store::create(Arc::new(MemoryVfs::new()), dir(), options).unwrap();
        for n in 0..10 {
            store.write(&encoding(2 * n)).unwrap();
        }
        store.statistics().unwrap().bytes
    };
    assert!(bytes(&options()) < bytes(&uncompressed()) / 2);
}

#[test]
fn hashes_are_found_by_prefix_in_every_segment() {
    let store = create(&MemoryVfs::new());
    let mut all = BTreeSet::new();
    for n in 0..300 {
        all.insert(store.write(&encoding(n)).unwrap());
        if n % 100 == 50 {
            store.seal(root(n)).unwrap();
        }
    }
    assert_eq!(store.hashes_with_prefix(&[], None, 1000).unwrap(), all.iter().copied().collect::<Vec<_>>());
    for hash in &all {
        let bytes = hash.as_bytes();
        assert_eq!(store.hashes_with_prefix(bytes, None, 10).unwrap(), [*hash]);
        let with_half: Vec<_> = all
            .iter()
            .filter(|other| other.as_bytes()[0] == bytes[0] && other.as_bytes()[1] >> 4 == bytes[1] >> 4)
            .copied()
            .collect();
        assert_eq!(store.hashes_with_prefix(&bytes[..1], Some(bytes[1] >> 4), 1000).unwrap(), with_half);
    }
    let lowest: Vec<_> = all.iter().take(7).copied().collect();
    assert_eq!(store.hashes_with_prefix(&[], None, 7).unwrap(), lowest, "the limit keeps the lowest");
    assert!(store.hashes_with_prefix(&[0; 33], None, 10).unwrap().is_empty());
}

#[test]
fn what_is_over_a_limit_is_refused_and_poisons_nothing() {
    let store = create(&MemoryVfs::new());
    let refused = store.write(&vec![0; (32 << 20) + 1]).unwrap_err();
    assert!(matches!(refused, StorageError::TooLarge { what: "chunk", .. }), "{refused}");
    store.write(&encoding(1)).unwrap();
}

#[test]
fn the_chunk_cache_answers_repeated_reads() {
    let vfs = Arc::new(MemoryVfs::new());
    let store = create(&*vfs);
    store.write(&encoding(1)).unwrap();
    for _ in 0..5 {
        store.read(&root(1).chunk()).unwrap();
    }
    let statistics = store.statistics().unwrap();
    assert_eq!((statistics.chunk_reads, statistics.chunk_reads_cached), (5, 4));
}

#[test]
fn a_store_without_a_cache_works() {
    let options = StoreOptions { chunk_cache_bytes_max: 0, ..options() };
    let store = Store::create(Arc::new(MemoryVfs::new()), dir(), &options).unwrap();
    store.write(&encoding(1)).unwrap();
    assert_eq!(store.read(&root(1).chunk()).unwrap(), encoding(1));
    assert_eq!(store.read(&root(1).chunk()).unwrap(), encoding(1));
}

#[test]
fn chunking_parameters_are_those_of_the_creation() {
    let vfs = Arc::new(MemoryVfs::new());
    let chunking = microprolly_storage::ChunkingParameters::with_target(8192);
    drop(Store::create(vfs.clone(), dir(), &StoreOptions { chunking, ..options() }).unwrap());
    assert_eq!(open(&*vfs).unwrap().store.chunking(), chunking);
}
