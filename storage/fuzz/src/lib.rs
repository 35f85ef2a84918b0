//! What the fuzz targets feed to: a function for each format of this crate that
//! comes from a disk or from a stranger.
//!
//! Run one for an hour, from `storage/`, after the seeds were written (once):
//!
//! ```text
//! cargo test -p microprolly-storage --test it corpus::write_the_seeds -- --exact --ignored
//! cargo +nightly fuzz run segment -- -max_total_time=3600 -max_len=65536
//! cargo +nightly fuzz cmin segment
//! ```
//!
//! What is then in `corpus/segment` is replayed by every run of the tests
//! (`tests/it/corpus.rs`, which includes this file), after an hour like after a
//! second. An input that fails is put there under a name that says why.
//!
//! Everything on a disk is behind checksums, so changed bytes alone would show
//! that checksums hold and nothing else. The first byte of the inputs for
//! segments and manifests says whether the checksums are put right first
//! ([`checksums`]): then what they protect is reached.

mod checksums;
mod seeds;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, ChunkingParameters, KeyRange, MemoryChunks, MemoryVfs, Mutation, NodeStore,
    OpenMode, Proof, RootHash, Store, StoreOptions, Tree, Vfs, references,
};

pub use seeds::seeds;

/// The names of the targets.
pub const TARGETS: [&str; 4] = ["segment", "manifest", "node", "proof"];

/// A bit of the first byte of an input: the rest is a segment that was sealed.
pub const SEALED: u8 = 1;

/// A bit of the first byte of an input: checksums are put right.
pub const SOUND: u8 = 2;

/// Where the store is.
const DIR: &str = "/db";

/// What hostile counts may not make anybody do without end.
const ITEMS_MAX: usize = 1_000;

/// Feeds an input to a target. Whether it was taken for sound.
pub fn run(target: &str, data: &[u8]) -> bool {
    match target {
        "segment" => segment(data),
        "manifest" => manifest(data),
        "node" => node(data),
        "proof" => proof(data),
        other => panic!("there is no target {other}"),
    }
}

/// Opens, uses and repairs a store whose only segment with anything in it is the
/// input: the one that is written to, or one that was sealed.
pub fn segment(data: &[u8]) -> bool {
    let Some((mode, segment)) = data.split_first() else { return false };
    let (mut segment, is_sealed) = (segment.to_vec(), mode & SEALED != 0);
    if mode & SOUND != 0 {
        checksums::put_segment_right(&mut segment, is_sealed);
    }
    let header = checksums::header(2);
    let listed = match is_sealed {
        true => format!("sealed 1 {}\nactive 2 {}\n", segment.len(), header.len()),
        false => format!("active 1 {}\n", header.len()),
    };
    let mut manifest = b"microprolly manifest 2\nchunking 512 4096 16384\n".to_vec();
    manifest.extend_from_slice(b"compression zstd 1\nnext 3\ncollected 0\nroot none\n");
    manifest.extend_from_slice(listed.as_bytes());
    checksums::put_manifest_right(&mut manifest);
    let mut files = vec![("MANIFEST", &manifest[..]), ("segments/00000001.seg", &segment[..])];
    if is_sealed {
        files.push(("segments/00000002.seg", &header[..]));
    }
    use_store(&disk(&files))
}

/// Opens, uses and repairs a store with the input for its MANIFEST, and a fresh
/// segment.
pub fn manifest(data: &[u8]) -> bool {
    let Some((mode, manifest)) = data.split_first() else { return false };
    let mut manifest = manifest.to_vec();
    if mode & SOUND != 0 {
        checksums::put_manifest_right(&mut manifest);
    }
    let segment = seeds::fresh_segment();
    use_store(&disk(&[("MANIFEST", &manifest[..]), ("segments/00000001.seg", &segment[..])]))
}

/// Takes the input for a chunk of a tree, and does everything with a tree whose
/// root it is.
pub fn node(data: &[u8]) -> bool {
    let (hash, encoding) = (ChunkHash::of(data), Bytes::copy_from_slice(data));
    if references(&hash, &encoding).is_err() {
        return false;
    }
    let chunks = MemoryChunks::new();
    chunks.write(data).expect("memory takes every chunk");
    let nodes = Arc::new(NodeStore::new(Arc::new(chunks), ChunkingParameters::default(), 1 << 20));
    let other = Tree::empty(&nodes).expect("memory takes every chunk");
    use_tree(&Tree::open(&nodes, RootHash::from(hash)), &other);
    true
}

/// Takes the input for a proof, and verifies it against the root that its first
/// node has: that one a forger can choose.
pub fn proof(data: &[u8]) -> bool {
    let Ok(proof) = Proof::decode(data) else { return false };
    assert_eq!(proof.encode(), data, "a proof has one encoding");
    let Some(node) = first_node(data) else { return false };
    let root = RootHash::from(ChunkHash::of(node));
    let holds = seeds::PROVED_KEYS.map(|key| proof.verify(&root, key.as_bytes()).is_ok());
    holds.contains(&true)
}

fn first_node(proof: &[u8]) -> Option<&[u8]> {
    let (len, rest) = proof.get(3..)?.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*len) as usize)
}

fn options() -> StoreOptions {
    StoreOptions { chunk_cache_bytes_max: 0, ..StoreOptions::default() }
}

/// A file system with these files of a store.
fn disk(files: &[(&str, &[u8])]) -> MemoryVfs {
    let (vfs, dir) = (MemoryVfs::new(), Path::new(DIR));
    for dir in [dir, &dir.join("segments")] {
        vfs.create_dir(dir).expect("memory takes every directory");
    }
    for (name, bytes) in files {
        let file = vfs.open(&dir.join(name), OpenMode::CreateNew).expect("memory takes every file");
        file.append(bytes).expect("memory takes all bytes");
    }
    vfs
}

/// Opens, reads, writes, seals, repairs. Whether it opened.
fn use_store(vfs: &MemoryVfs) -> bool {
    let vfs: Arc<dyn Vfs> = Arc::new(vfs.clone());
    let dir = Path::new(DIR);
    let opened = Store::open(vfs.clone(), dir, &options());
    let is_sound = opened.is_ok();
    if let Ok(recovered) = opened {
        read_all(&recovered.store);
        write_on(&vfs, recovered.store);
    }
    if Store::repair(&vfs, dir, &options()).is_ok() {
        let mended = Store::open(vfs, dir, &options()).expect("what was repaired opens");
        read_all(&mended.store);
    }
    is_sound
}

fn read_all(store: &Store) {
    drop(store.verify(|_| ()));
    drop(store.hashes_with_prefix(&[], None, ITEMS_MAX));
    for hash in store.chunk_files().unwrap_or_default().keys() {
        if let Ok(encoding) = store.read(hash) {
            assert_eq!(ChunkHash::of(&encoding), *hash, "a chunk is what its address says");
            drop(references(hash, &encoding));
        }
    }
}

/// A store that takes a root keeps it.
fn write_on(vfs: &Arc<dyn Vfs>, store: Store) {
    // Where an index is damaged, it cannot tell whether it has a chunk.
    let Ok(hash) = store.write(b"\x04\x01written on") else { return };
    let root = RootHash::from(hash);
    let written = store.append_root(root).expect("memory takes all bytes");
    store.sync(written).expect("memory is always in sync");
    store.seal(root).expect("a segment in memory can be sealed");
    drop(store);
    let reopened = Store::open(vfs.clone(), Path::new(DIR), &options());
    let reopened = reopened.expect("a store that opened opens again");
    assert_eq!(reopened.root, Some(root), "what was synced is there");
}

fn use_tree(tree: &Tree, other: &Tree) {
    let (all, some) = (KeyRange::all(), KeyRange::prefix(b"user:00000001"));
    for key in seeds::PROVED_KEYS {
        let value = tree.get(key.as_bytes());
        if let Ok(proof) = tree.prove(key.as_bytes()) {
            let shown = proof.verify(&tree.root(), key.as_bytes());
            assert_eq!(shown.ok(), value.ok(), "a proof shows what the tree has");
        }
    }
    for range in [&all, &some] {
        drop(tree.count(range));
        drop(tree.split(range, 3));
        tree.range(range).take(ITEMS_MAX).for_each(drop);
        tree.range(range).rev().take(ITEMS_MAX).for_each(drop);
        tree.blocks(range, 20).take(ITEMS_MAX).for_each(drop);
        tree.diff(other, range).take(ITEMS_MAX).for_each(drop);
        other.diff(tree, range).take(ITEMS_MAX).for_each(drop);
        drop(tree.diff_count(other, range));
    }
    drop(tree.len());
    drop(tree.nth(3));
    drop(tree.statistics());
    drop(tree.check(&mut HashSet::new(), &mut |_| ()));
    drop(tree.salvage(&mut |_| (), &mut |_, _| true));
    let put = Mutation { key: Bytes::from_static(b"user:000000005+"), value: Some(Bytes::from_static(b"x")) };
    let delete = Mutation { key: Bytes::from_static(b"user:000000007"), value: None };
    drop(tree.apply([put, delete]));
}
