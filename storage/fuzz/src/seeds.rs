//! Sound inputs, to begin from.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, ChunkingParameters, KeyRange, MemoryChunks, MemoryVfs, NodeStore, OpenMode,
    RootHash, Store, Tree, Vfs,
};

use super::{DIR, SEALED, SOUND, options};

/// Keys that are proved to be there, or not to be.
pub(crate) const PROVED_KEYS: [&str; 5] =
    ["", "user:000000005", "user:000000005+", "user:000000008", "zebra"];

/// Some sound inputs of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "segment" => segments(),
        "manifest" => with_modes(&manifest(), 0),
        "node" => nodes(),
        "proof" => proofs(),
        other => panic!("there is no target {other}"),
    }
}

/// The input as it is, and as one whose checksums are put right.
fn with_modes(bytes: &[u8], mode: u8) -> Vec<Vec<u8>> {
    [mode, mode | SOUND].map(|mode| [&[mode][..], bytes].concat()).to_vec()
}

fn create() -> (MemoryVfs, Store) {
    let vfs = MemoryVfs::new();
    let store = Store::create(Arc::new(vfs.clone()), Path::new(DIR), &options());
    (vfs, store.expect("memory takes a store"))
}

fn read(vfs: &MemoryVfs, name: &str) -> Vec<u8> {
    let file = vfs.open(&Path::new(DIR).join(name), OpenMode::Read).expect("the store made it");
    file.map().expect("it is in memory").to_vec()
}

/// Segment 1 of a store that was just created.
pub(crate) fn fresh_segment() -> Vec<u8> {
    let (vfs, store) = create();
    drop(store);
    read(&vfs, "segments/00000001.seg")
}

fn manifest() -> Vec<u8> {
    let (vfs, store) = create();
    drop(store);
    read(&vfs, "MANIFEST")
}

/// A log with every kind of record, and the same sealed.
fn segments() -> Vec<Vec<u8>> {
    let (vfs, store) = create();
    let mut root = None;
    for number in 0..5 {
        // Blobs, of which every other can be compressed.
        let noise: Vec<u8> = (0..200_u32).map(|at| ((at * at * (number % 2)) >> 3) as u8).collect();
        let hash = store.write(&[&[4, 1, number as u8][..], &noise].concat()).expect("memory takes chunks");
        store.append_mutations(format!("mutation {number}").as_bytes()).expect("memory takes mutations");
        let written = store.append_root(RootHash::from(hash)).expect("memory takes roots");
        store.sync(written).expect("memory is always in sync");
        root = Some(RootHash::from(hash));
    }
    drop(store);
    let active = read(&vfs, "segments/00000001.seg");
    let store = Store::open(Arc::new(vfs.clone()), Path::new(DIR), &options()).expect("it is sound").store;
    store.seal(root.expect("there is a root")).expect("memory takes another segment");
    drop(store);
    let sealed = read(&vfs, "segments/00000001.seg");
    [with_modes(&active, 0), with_modes(&sealed, SEALED)].concat()
}

/// A tree of so many users, one of whom has a large value.
fn tree(users: u32) -> Tree {
    let chunking = ChunkingParameters::with_target(256);
    let nodes = Arc::new(NodeStore::new(Arc::new(MemoryChunks::new()), chunking, 1 << 20));
    let entries = (0..users).map(|number| {
        let value = if number == 8 { "large".repeat(1_000) } else { format!("the value of {number}") };
        Ok((Bytes::from(format!("user:{number:09}")), Bytes::from(value)))
    });
    Tree::build(&nodes, entries).expect("memory takes a tree")
}

/// Leaves and internal nodes.
fn nodes() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for users in [0, 1, 9, 400] {
        let tree = tree(users);
        let read = |hash: &ChunkHash| tree.nodes().chunks().read(hash).expect("it was just written").to_vec();
        seeds.push(read(&tree.root().chunk()));
        let leaf = tree.blocks(&KeyRange::all(), 0).next();
        seeds.extend(leaf.map(|leaf| read(&leaf.expect("it was just written").hash)));
    }
    // A blob is a chunk, and no node.
    seeds.push(b"\x04\x01a large value".to_vec());
    seeds
}

fn proofs() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for users in [0, 9, 400] {
        let tree = tree(users);
        for key in PROVED_KEYS {
            seeds.push(tree.prove(key.as_bytes()).expect("it was just written").encode());
        }
    }
    seeds
}
