//! Collecting garbage from a store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, Collected, CollectionOutcome, CollectionPolicy, CollectionProgress, Collector,
    Compression, KeyRange, MemoryVfs, NodeStore, Pins, Result, RootHash, StorageError, Store, StoreOptions,
    Tree, Vfs,
};

use crate::store_fixture::{dir, open, options};
use crate::tree_fixture::{Model, build, collect, put, user, user_value, users};

/// Collects with fixed roots; commits are not in use here.
struct Roots(Vec<RootHash>);

impl Collector for Roots {
    fn roots(&mut self) -> Result<Vec<ChunkHash>> {
        Ok(self.0.iter().map(RootHash::chunk).collect())
    }

    fn commit_references(&mut self, hash: &ChunkHash, _encoding: &[u8]) -> Result<Vec<ChunkHash>> {
        Err(StorageError::corrupt(format!("chunk {hash}"), "no commits are written here"))
    }

    fn progress(&mut self, _progress: CollectionProgress) -> bool {
        true
    }
}

fn create(options: &StoreOptions) -> (MemoryVfs, Arc<Store>, Arc<NodeStore>) {
    let vfs = MemoryVfs::new();
    let store = Arc::new(Store::create(Arc::new(vfs.clone()), dir(), options).unwrap());
    let nodes = nodes(&store);
    (vfs, store, nodes)
}

fn nodes(store: &Arc<Store>) -> Arc<NodeStore> {
    let chunks: Arc<dyn ChunkStore> = store.clone();
    Arc::new(NodeStore::new(chunks, store.chunking(), 1 << 20))
}

/// Appends and syncs a root, and seals what is there.
fn seal(store: &Store, root: RootHash) {
    store.sync(store.append_root(root).unwrap()).unwrap();
    store.seal(root).unwrap();
}

fn collected(store: &Store, roots: &[RootHash]) -> Collected {
    collected_by(store, roots, &CollectionPolicy::default())
}

fn collected_by(store: &Store, roots: &[RootHash], policy: &CollectionPolicy) -> Collected {
    match store.collect(&mut Roots(roots.to_vec()), policy, false).unwrap() {
        CollectionOutcome::Done(collected) => collected,
        other => panic!("{other:?}"),
    }
}

fn entries(tree: &Tree) -> Model {
    collect(tree.range(&KeyRange::all())).into_iter().collect()
}

fn segment_files(vfs: &MemoryVfs) -> Vec<String> {
    vfs.list(&dir().join("segments")).unwrap()
}

#[test]
fn what_no_root_leads_to_is_removed_and_the_rest_reads_as_before() {
    let (vfs, store, nodes) = create(&options());
    let kept_model = users(3_000);
    let kept = build(&nodes, &kept_model).root();
    let dropped = build(&nodes, &(0..3_000).map(|n| (user(n), user_value(n + 1, "gone"))).collect()).root();
    seal(&store, kept);
    let before = store.statistics().unwrap();

    let dry = match store.collect(&mut Roots(vec![kept]), &CollectionPolicy::default(), true).unwrap() {
        CollectionOutcome::Done(dry) => dry,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.statistics().unwrap().bytes, before.bytes, "a dry run changes nothing");

    let collected = collected(&store, &[kept]);
    assert!(collected.chunks_removed > 50, "{collected:?}");
    assert_eq!((dry.chunks_removed, dry.chunks_live), (collected.chunks_removed, collected.chunks_live));
    let after = store.statistics().unwrap();
    assert_eq!(before.bytes - after.bytes, collected.bytes_reclaimed);
    assert_eq!(before.chunks - after.chunks, collected.chunks_removed);
    assert!(
        matches!(store.read(&dropped.chunk()), Err(StorageError::NotFound { .. })) || cached(&store, dropped)
    );
    assert_eq!(segment_files(&vfs).len(), 2, "the old file is gone");

    drop((nodes, store));
    let store = Arc::new(open(&vfs.after_power_loss()).unwrap().store);
    assert_eq!(entries(&Tree::open(&self::nodes(&store), kept)), kept_model);
    assert!(!store.contains(&dropped.chunk()).unwrap());
}

/// Whether a chunk is answered from memory only.
fn cached(store: &Store, root: RootHash) -> bool {
    !store.contains(&root.chunk()).unwrap()
}

#[test]
fn a_collection_without_garbage_changes_nothing() {
    let (vfs, store, nodes) = create(&options());
    let root = build(&nodes, &users(2_000)).root();
    seal(&store, root);
    let files = segment_files(&vfs);
    assert_eq!(collected(&store, &[root]).segments_removed, 0);
    assert_eq!(segment_files(&vfs), files);
}

#[test]
fn a_tree_that_somebody_holds_is_not_collected_until_it_is_let_go() {
    let (_vfs, store, nodes) = create(&options());
    let base = build(&nodes, &users(2_000));
    let held = base.apply([put(user(7), "changed")]).unwrap();
    seal(&store, base.root());
    let (root, hash) = (base.root(), held.root().chunk());
    let mut cursor = held.range(&KeyRange::all());
    drop(held);
    assert_eq!(collected(&store, &[root]).chunks_removed, 0, "the cursor reads on in it");
    assert!(store.contains(&hash).unwrap());
    assert_eq!(cursor.by_ref().count(), 2_000);
    drop(cursor);
    assert!(collected(&store, &[root]).chunks_removed > 0);
    assert!(!store.contains(&hash).unwrap());
}

#[test]
fn a_chunk_that_a_writer_finds_present_during_a_collection_is_not_swept_under_it() {
    let (_vfs, store, nodes) = create(&options());
    let model = users(2_000);
    let garbage = build(&nodes, &model).root();
    let other = Tree::empty(&nodes).unwrap().root();
    seal(&store, other);

    // Writes the very same tree in the middle of the collection that removes it.
    struct Meanwhile<'a> {
        roots: Roots,
        nodes: &'a Arc<NodeStore>,
        model: &'a Model,
        rewritten: Option<Tree>,
    }
    impl Collector for Meanwhile<'_> {
        fn roots(&mut self) -> Result<Vec<ChunkHash>> {
            let roots = self.roots.roots();
            self.rewritten = Some(build(self.nodes, self.model));
            roots
        }
        fn commit_references(&mut self, hash: &ChunkHash, encoding: &[u8]) -> Result<Vec<ChunkHash>> {
            self.roots.commit_references(hash, encoding)
        }
        fn progress(&mut self, _progress: CollectionProgress) -> bool {
            true
        }
    }
    let mut collector =
        Meanwhile { roots: Roots(vec![other]), nodes: &nodes, model: &model, rewritten: None };
    let outcome = store.collect(&mut collector, &CollectionPolicy::default(), false).unwrap();
    assert!(matches!(outcome, CollectionOutcome::Done(_)), "{outcome:?}");
    let rewritten = collector.rewritten.unwrap();
    assert_eq!(rewritten.root(), garbage);
    drop(nodes);
    assert_eq!(entries(&Tree::open(&self::nodes(&store), garbage)), model);
}

#[test]
fn a_collection_waits_for_writes_that_began_before_it() {
    let (_vfs, store, nodes) = create(&options());
    let model = users(500);
    let written = build(&nodes, &model).root();
    let other = Tree::empty(&nodes).unwrap().root();
    seal(&store, other);
    // A writer that found everything present, and has not told anybody yet.
    let guard = store.pins().begin_write();
    assert_eq!(build(&nodes, &model).root(), written);

    struct GiveUp(Roots, u32);
    impl Collector for GiveUp {
        fn roots(&mut self) -> Result<Vec<ChunkHash>> {
            panic!("the write has not ended");
        }
        fn commit_references(&mut self, hash: &ChunkHash, encoding: &[u8]) -> Result<Vec<ChunkHash>> {
            self.0.commit_references(hash, encoding)
        }
        fn progress(&mut self, _progress: CollectionProgress) -> bool {
            self.1 += 1;
            self.1 < 3
        }
    }
    let mut collector = GiveUp(Roots(vec![other]), 0);
    let outcome = store.collect(&mut collector, &CollectionPolicy::default(), false).unwrap();
    assert_eq!(outcome, CollectionOutcome::Cancelled);
    let published = Tree::open(&nodes, written);
    drop(guard);
    assert_eq!(collected(&store, &[other]).chunks_removed, 0);
    assert_eq!(entries(&published), model);
}

#[test]
fn segments_with_little_garbage_are_left_alone_if_the_policy_says_so() {
    let (_vfs, store, nodes) = create(&options());
    let base = build(&nodes, &users(5_000));
    let next = base.apply([put(user(7), "changed")]).unwrap();
    seal(&store, next.root());
    let root = next.root();
    drop((base, next));
    let half = CollectionPolicy { live_ratio_max: 0.5, ..CollectionPolicy::default() };
    assert_eq!(collected_by(&store, &[root], &half).segments_removed, 0);
    assert_eq!(collected(&store, &[root]).segments_removed, 1);
}

#[test]
fn compaction_packs_with_a_dictionary_and_small_segments_are_put_together() {
    let (vfs, store, nodes) = create(&options());
    let mut tree = build(&nodes, &users(20_000));
    for round in 0..10 {
        seal(&store, tree.root());
        tree = tree.apply([put(user(round), user_value(round, "new"))]).unwrap();
    }
    seal(&store, tree.root());
    let root = tree.root();
    let model = entries(&tree);
    let before = store.statistics().unwrap();
    drop((tree, nodes));
    let repack = CollectionPolicy { repack: true, ..CollectionPolicy::default() };
    collected_by(&store, &[root], &repack);
    let after = store.statistics().unwrap();
    assert_eq!(after.segments.len(), 2, "{:?}", after.segments);
    assert!(after.bytes * 10 < before.bytes * 9, "{} of {} bytes", after.bytes, before.bytes);
    drop(store);
    let store = Arc::new(open(&vfs.after_power_loss()).unwrap().store);
    assert_eq!(entries(&Tree::open(&self::nodes(&store), root)), model);
}

#[test]
fn compression_may_be_changed_at_any_time_and_outlives_the_process() {
    let plain = StoreOptions { compression: Some(Compression::None), ..options() };
    let (vfs, store, nodes) = create(&plain);
    let model = users(4_000);
    let root = build(&nodes, &model).root();
    seal(&store, root);
    let uncompressed = store.statistics().unwrap().bytes;
    store.set_compression(Compression::Zstd { level: 3 }).unwrap();
    drop((store, nodes));
    let store = Arc::new(open(&vfs.after_power_loss()).unwrap().store);
    assert_eq!(store.compression(), Compression::Zstd { level: 3 });
    let mixed = self::nodes(&store);
    let more = Tree::open(&mixed, root).apply([put("zebra", "z".repeat(1_000))]).unwrap();
    assert_eq!(entries(&more).len(), model.len() + 1);
    collected_by(&store, &[root], &CollectionPolicy { repack: true, ..CollectionPolicy::default() });
    assert!(store.statistics().unwrap().bytes * 2 < uncompressed);
    assert_eq!(entries(&more).len(), model.len() + 1);
}

#[test]
fn large_values_are_kept_with_the_leaf_that_refers_to_them() {
    let (vfs, store, nodes) = create(&options());
    let large: Bytes = "large".repeat(5_000).into();
    let model = Model::from([(Bytes::from("a"), large.clone()), (Bytes::from("b"), Bytes::from("small"))]);
    let kept = build(&nodes, &model).root();
    build(&nodes, &Model::from([(Bytes::from("a"), Bytes::from("other".repeat(5_000)))]));
    seal(&store, kept);
    let collected = collected(&store, &[kept]);
    assert_eq!(collected.chunks_removed, 2, "a leaf and its value");
    drop((store, nodes));
    let store = Arc::new(open(&vfs).unwrap().store);
    assert_eq!(Tree::open(&self::nodes(&store), kept).get(b"a").unwrap(), Some(large));
}

#[test]
fn a_missing_chunk_stops_the_collection_before_anything_is_removed() {
    let (vfs, store, nodes) = create(&options());
    let root = build(&nodes, &users(1_000)).root();
    seal(&store, root);
    let files = segment_files(&vfs);
    let nowhere = RootHash::from(ChunkHash::of(b"never written"));
    let failed = store.collect(&mut Roots(vec![nowhere]), &CollectionPolicy::default(), false);
    assert!(matches!(failed, Err(StorageError::NotFound { .. })), "{failed:?}");
    assert_eq!(segment_files(&vfs), files);
}

#[test]
fn readers_and_writers_go_on_beside_collections() {
    let small = StoreOptions { segment_bytes_max: 64 << 10, chunk_cache_bytes_max: 0, ..options() };
    let (_vfs, store, nodes) = create(&small);
    let published = published::Published::new(build(&nodes, &users(500)));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..600_u32 {
                let tree = published.get();
                let next = tree.apply([put(user(n % 500), user_value(n, "written"))]).unwrap();
                if store.wants_seal() {
                    store.seal(next.root()).unwrap();
                }
                published.set(next);
            }
            stop.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let tree = published.get();
                assert_eq!(tree.range(&KeyRange::all()).map(Result::unwrap).count(), 500);
            }
        });
        let mut removed = 0;
        while !stop.load(Ordering::Relaxed) {
            removed += collected(&store, &[published.get().root()]).chunks_removed;
        }
        removed += collected(&store, &[published.get().root()]).chunks_removed;
        assert!(removed > 0);
    });
    let fresh = self::nodes(&store);
    assert_eq!(Tree::open(&fresh, published.get().root()).len().unwrap(), 500);
}

/// A tree that one thread replaces and others take.
mod published {
    use std::sync::Mutex;

    use microprolly_storage::Tree;

    pub(super) struct Published(Mutex<Tree>);

    impl Published {
        pub(super) fn new(tree: Tree) -> Self {
            Self(Mutex::new(tree))
        }

        pub(super) fn get(&self) -> Tree {
            self.0.lock().unwrap().clone()
        }

        pub(super) fn set(&self, tree: Tree) {
            *self.0.lock().unwrap() = tree;
        }
    }
}

#[test]
fn a_file_that_a_crash_left_behind_is_removed_and_does_not_count() {
    let (vfs, store, nodes) = create(&options());
    let kept = build(&nodes, &users(1_000)).root();
    build(&nodes, &(0..1_000).map(|n| (user(n), user_value(n, "gone"))).collect());
    seal(&store, kept);
    let before: BTreeMap<String, Vec<u8>> = files(&vfs);
    collected(&store, &[kept]);
    drop((store, nodes));
    // The old file is back, as if its removal had not reached the disk.
    for (name, bytes) in before {
        let path = dir().join("segments").join(&name);
        if vfs.entry(&path).unwrap().is_none() {
            let file = vfs.open(&path, microprolly_storage::OpenMode::CreateNew).unwrap();
            file.append(&bytes).unwrap();
        }
    }
    assert_eq!(segment_files(&vfs).len(), 3);
    let store = Arc::new(open(&vfs).unwrap().store);
    assert_eq!(segment_files(&vfs).len(), 2);
    assert_eq!(Tree::open(&self::nodes(&store), kept).len().unwrap(), 1_000);
}

fn files(vfs: &MemoryVfs) -> BTreeMap<String, Vec<u8>> {
    let read = |name: &String| {
        let path = Path::new("/data/db/segments").join(name);
        vfs.open(&path, microprolly_storage::OpenMode::Read).unwrap().map().unwrap().to_vec()
    };
    segment_files(vfs).iter().map(|name| (name.clone(), read(name))).collect()
}

/// A store whose collector hears of no pin and of no write: two mistakes that the
/// tests above must notice.
struct Forgetful {
    store: Arc<Store>,
    pins: Arc<Pins>,
}

impl ChunkStore for Forgetful {
    fn read(&self, hash: &ChunkHash) -> Result<Bytes> {
        self.store.read(hash)
    }

    fn write(&self, encoding: &[u8]) -> Result<ChunkHash> {
        self.store.write(encoding)
    }

    fn contains(&self, hash: &ChunkHash) -> Result<bool> {
        self.store.contains(hash)
    }

    fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }
}

fn forgetful(store: &Arc<Store>) -> Arc<NodeStore> {
    let chunks = Arc::new(Forgetful { store: store.clone(), pins: Arc::default() });
    Arc::new(NodeStore::new(chunks, store.chunking(), 0))
}

#[test]
fn a_collector_that_ignores_pins_is_noticed() {
    let uncached = StoreOptions { chunk_cache_bytes_max: 0, ..options() };
    let (_vfs, store, nodes) = create(&uncached);
    let root = Tree::empty(&nodes).unwrap().root();
    let held = build(&forgetful(&store), &users(2_000));
    seal(&store, root);
    assert!(collected(&store, &[root]).chunks_removed > 0);
    let read: Result<Vec<_>> = held.range(&KeyRange::all()).collect();
    assert!(matches!(read, Err(StorageError::NotFound { .. })), "what is held is gone");
}

#[test]
fn a_collector_that_does_not_wait_for_writes_is_noticed() {
    let uncached = StoreOptions { chunk_cache_bytes_max: 0, ..options() };
    let (_vfs, store, nodes) = create(&uncached);
    let root = Tree::empty(&nodes).unwrap().root();
    let model = users(500);
    let found_present = build(&nodes, &model).root();
    seal(&store, root);
    let forgetful = forgetful(&store);
    let _guard = forgetful.pins().begin_write();
    assert_eq!(build(&forgetful, &model).root(), found_present, "nothing was written again");
    assert!(collected(&store, &[root]).chunks_removed > 0);
    let published = Tree::open(&forgetful, found_present);
    assert!(matches!(published.len(), Err(StorageError::NotFound { .. })), "what was published is gone");
}
