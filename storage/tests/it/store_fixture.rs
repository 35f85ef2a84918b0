//! What the tests of the store share: a file system that fails on command, a
//! history that knows what a store may hold after a crash, and images of files.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use microprolly_storage::{
    ChunkHash, ChunkStore, Compression, EntryKind, MemoryVfs, OpenMode, Recovered, Result, RootHash,
    StorageError, Store, StoreOptions, Vfs, VfsFile, VfsLock,
};

/// Where the stores of tests are.
pub(crate) fn dir() -> &'static Path {
    Path::new("/data/db")
}

pub(crate) fn options() -> StoreOptions {
    StoreOptions::default()
}

pub(crate) fn uncompressed() -> StoreOptions {
    StoreOptions { compression: Some(Compression::None), ..StoreOptions::default() }
}

pub(crate) fn create(vfs: &(impl Vfs + Clone + 'static)) -> Store {
    Store::create(Arc::new(vfs.clone()), dir(), &options()).unwrap()
}

pub(crate) fn open(vfs: &(impl Vfs + Clone + 'static)) -> Result<Recovered> {
    Store::open(Arc::new(vfs.clone()), dir(), &options())
}

/// An encoding that differs for each `n`, a few hundred bytes long; those of
/// even `n` compress.
pub(crate) fn encoding(n: u64) -> Vec<u8> {
    let mut hash = ChunkHash::of(&n.to_le_bytes());
    let mut bytes = n.to_le_bytes().to_vec();
    for _ in 0..8 + n % 5 {
        bytes.extend_from_slice(hash.as_bytes());
        if n % 2 == 1 {
            hash = ChunkHash::of(hash.as_bytes());
        }
    }
    bytes
}

/// The root whose chunk is `encoding(n)`.
pub(crate) fn root(n: u64) -> RootHash {
    RootHash::from(ChunkHash::of(&encoding(n)))
}

pub(crate) fn mutations(n: u64) -> Bytes {
    Bytes::from(format!("mutation {n} {}", "x".repeat((n % 3) as usize * 100)))
}

/// The files of a file system with their bytes.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

/// All files of the store.
pub(crate) fn capture(vfs: &MemoryVfs) -> Image {
    let mut image = Image::new();
    for dir in [dir().to_path_buf(), dir().join("segments")] {
        if vfs.entry(&dir).unwrap() != Some(EntryKind::Directory) {
            continue;
        }
        for name in vfs.list(&dir).unwrap() {
            let path = dir.join(name);
            if vfs.entry(&path).unwrap() == Some(EntryKind::File) {
                image.insert(path.clone(), vfs.open(&path, OpenMode::Read).unwrap().map().unwrap().to_vec());
            }
        }
    }
    image
}

/// A file system with these files, all of them synced.
pub(crate) fn restore(image: &Image) -> MemoryVfs {
    let vfs = MemoryVfs::new();
    for dir in [Path::new("/data"), dir(), &dir().join("segments")] {
        vfs.create_dir(dir).unwrap();
    }
    for (path, bytes) in image {
        let file = vfs.open(path, OpenMode::CreateNew).unwrap();
        file.append(bytes).unwrap();
        file.sync().unwrap();
    }
    for dir in [Path::new("/"), Path::new("/data"), dir(), &dir().join("segments")] {
        vfs.sync_dir(dir).unwrap();
    }
    vfs
}

/// The path of a segment.
pub(crate) fn segment(number: u64) -> PathBuf {
    dir().join(format!("segments/{number:08}.seg"))
}

/// What a store holds, as far as opening it tells.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    root: Option<RootHash>,
    mutations: Vec<Bytes>,
}

/// Everything that was asked of a store, in order, and how much of it was
/// acknowledged. After a crash a store must be in one of the states from the
/// acknowledged one on.
#[derive(Clone, Debug)]
pub(crate) struct History {
    states: Vec<State>,
    acknowledged: usize,
    /// The roots were made of `encoding(n)` for these `n`.
    roots: BTreeMap<RootHash, u64>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self { states: vec![State::default()], acknowledged: 0, roots: BTreeMap::new() }
    }

    /// Appends a mutation record.
    pub(crate) fn mutate(&mut self, store: &Store, n: u64) -> Result<()> {
        let mut state = self.states.last().unwrap().clone();
        state.mutations.push(mutations(n));
        self.states.push(state);
        store.append_mutations(&mutations(n)).map(|_| ())
    }

    /// Writes a chunk and appends it as root, and syncs that.
    pub(crate) fn commit(&mut self, store: &Store, n: u64) -> Result<()> {
        self.push_root(n, false);
        store.write(&encoding(n))?;
        let position = store.append_root(root(n))?;
        store.sync(position)?;
        self.acknowledge();
        Ok(())
    }

    /// Writes a chunk and seals with it as root.
    pub(crate) fn seal(&mut self, store: &Store, n: u64) -> Result<()> {
        self.push_root(n, true);
        store.write(&encoding(n))?;
        store.seal(root(n))?;
        self.acknowledge();
        Ok(())
    }

    fn push_root(&mut self, n: u64, sealed: bool) {
        let mut state = self.states.last().unwrap().clone();
        state.root = Some(root(n));
        if sealed {
            state.mutations.clear();
        }
        self.roots.insert(root(n), n);
        self.states.push(state);
    }

    fn acknowledge(&mut self) {
        self.acknowledged = self.states.len() - 1;
    }

    /// Why what was recovered is not allowed, if it is not.
    pub(crate) fn objection(&self, recovered: &Recovered) -> Option<String> {
        let state = State::of(recovered);
        let allowed = &self.states[self.acknowledged..];
        if !allowed.contains(&state) {
            return Some(format!("{state:?} is none of {allowed:?}"));
        }
        let root = recovered.root?;
        match recovered.store.read(&root.chunk()) {
            Ok(read) if read == encoding(self.roots[&root]) => None,
            other => Some(format!("the chunk of the root reads as {other:?}")),
        }
    }

    /// Checks what was recovered, and takes it as what is to be from now on.
    pub(crate) fn recover(&mut self, recovered: &Recovered) {
        assert_eq!(self.objection(recovered), None);
        self.states = vec![State::of(recovered)];
        self.acknowledged = 0;
    }
}

impl State {
    fn of(recovered: &Recovered) -> Self {
        Self { root: recovered.root, mutations: payloads(recovered) }
    }
}

/// What a failing call does before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// An append leaves half of its bytes, as on a disk that is full.
    Half,
    /// Everything that was asked.
    Whole,
}

/// Which calls fail, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) effect: Effect,
}

/// Files in memory under a file system that fails on command.
#[derive(Clone)]
pub(crate) struct FaultVfs {
    memory: MemoryVfs,
    plan: Arc<Plan>,
}

/// What is wrong with a disk from the beginning.
enum Sickness {
    /// Nothing can be changed.
    ReadOnly,
    /// So many more bytes fit.
    Full(Mutex<usize>),
}

#[derive(Default)]
struct Plan {
    fault: Option<Fault>,
    sickness: Option<Sickness>,
    /// A call that, being a sync, reports success and does nothing.
    skipped: Option<u64>,
    before_sync: Option<Box<dyn Fn() + Send + Sync>>,
    calls: AtomicU64,
    /// Which of the calls were syncs, of files and directories.
    syncs: Mutex<Vec<u64>>,
    file_syncs: AtomicU64,
}

impl std::fmt::Debug for FaultVfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaultVfs({:?})", self.plan.fault)
    }
}

impl FaultVfs {
    pub(crate) fn new(memory: &MemoryVfs, fault: Option<Fault>) -> Self {
        Self::planned(memory, Plan { fault, ..Plan::default() })
    }

    /// One that never fails, and calls `before_sync` before each sync of a file.
    pub(crate) fn with_hook(memory: &MemoryVfs, before_sync: impl Fn() + Send + Sync + 'static) -> Self {
        Self::planned(memory, Plan { before_sync: Some(Box::new(before_sync)), ..Plan::default() })
    }

    /// One whose call `skipped`, a sync, does nothing, and which fails for good
    /// from call `crash` on.
    pub(crate) fn skipping(memory: &MemoryVfs, skipped: u64, crash: u64) -> Self {
        let fault = Fault { first: crash, last: u64::MAX, effect: Effect::Nothing };
        Self::planned(memory, Plan { fault: Some(fault), skipped: Some(skipped), ..Plan::default() })
    }

    /// One that reads, and refuses to change anything.
    pub(crate) fn read_only(memory: &MemoryVfs) -> Self {
        Self::planned(memory, Plan { sickness: Some(Sickness::ReadOnly), ..Plan::default() })
    }

    /// One on which so many more bytes fit. What is removed makes no room.
    pub(crate) fn with_space(memory: &MemoryVfs, bytes: usize) -> Self {
        let sickness = Some(Sickness::Full(Mutex::new(bytes)));
        Self::planned(memory, Plan { sickness, ..Plan::default() })
    }

    /// How many bytes fit that did not come, on a disk with little space.
    pub(crate) fn space(&self) -> usize {
        match &self.plan.sickness {
            Some(Sickness::Full(space)) => *space.lock().unwrap(),
            _ => panic!("there is any amount of space"),
        }
    }

    fn planned(memory: &MemoryVfs, plan: Plan) -> Self {
        Self { memory: memory.clone(), plan: Arc::new(plan) }
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.plan.calls.load(Ordering::SeqCst)
    }

    /// Which of the calls were syncs.
    pub(crate) fn syncs(&self) -> Vec<u64> {
        self.plan.syncs.lock().unwrap().clone()
    }

    /// Syncs of files so far.
    pub(crate) fn file_syncs(&self) -> u64 {
        self.plan.file_syncs.load(Ordering::SeqCst)
    }

    fn sync_call(&self, path: &Path, call: impl FnOnce() -> Result<()>) -> Result<()> {
        let number = self.calls();
        self.plan.syncs.lock().unwrap().push(number);
        let skipped = self.plan.skipped == Some(number);
        self.call(path, || if skipped { Ok(()) } else { call() })
    }

    fn call<T>(&self, path: &Path, call: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.plan.next() {
            None => call(),
            Some(effect) => {
                if effect == Effect::Whole {
                    call()?;
                }
                Err(failure(path, effect))
            }
        }
    }

    /// A call that a read-only disk refuses.
    fn change<T>(&self, path: &Path, call: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.plan.sickness {
            Some(Sickness::ReadOnly) => {
                Err(StorageError::io(path, "change", io::ErrorKind::ReadOnlyFilesystem.into()))
            }
            _ => self.call(path, call),
        }
    }
}

impl Plan {
    fn next(&self) -> Option<Effect> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        self.fault.filter(|fault| (fault.first..=fault.last).contains(&call)).map(|fault| fault.effect)
    }

    /// Takes the space for so many bytes, or all that is left: how many fit, if not
    /// all do.
    fn lacks_space(&self, len: usize) -> Option<usize> {
        let Some(Sickness::Full(space)) = &self.sickness else { return None };
        let mut space = space.lock().unwrap();
        let fits = len.min(*space);
        *space -= fits;
        (fits < len).then_some(fits)
    }
}

fn failure(path: &Path, effect: Effect) -> StorageError {
    let kind = if effect == Effect::Half { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
    StorageError::io(path, "(on command)", io::Error::new(kind, "injected failure"))
}

impl Vfs for FaultVfs {
    fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
        let open = || -> Result<Arc<dyn VfsFile>> {
            let inner = self.memory.open(path, mode)?;
            Ok(Arc::new(FaultFile { inner, path: path.to_path_buf(), vfs: self.clone() }))
        };
        if mode == OpenMode::Read { self.call(path, open) } else { self.change(path, open) }
    }
    fn entry(&self, path: &Path) -> Result<Option<EntryKind>> {
        self.call(path, || self.memory.entry(path))
    }
    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.call(dir, || self.memory.list(dir))
    }
    fn create_dir(&self, dir: &Path) -> Result<()> {
        self.change(dir, || self.memory.create_dir(dir))
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.change(to, || self.memory.rename(from, to))
    }
    fn remove(&self, path: &Path) -> Result<()> {
        self.change(path, || self.memory.remove(path))
    }
    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.sync_call(dir, || self.memory.sync_dir(dir))
    }
    fn lock(&self, path: &Path) -> Result<Option<Box<dyn VfsLock>>> {
        self.change(path, || self.memory.lock(path))
    }
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn VfsFile>,
    path: PathBuf,
    vfs: FaultVfs,
}

impl VfsFile for FaultFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.vfs.call(&self.path, || self.inner.read_at(offset, buffer))
    }
    fn append(&self, bytes: &[u8]) -> Result<()> {
        if let Some(fits) = self.vfs.plan.lacks_space(bytes.len()) {
            self.inner.append(&bytes[..fits])?;
            return Err(StorageError::io(&self.path, "append to", io::ErrorKind::StorageFull.into()));
        }
        let Some(effect) = self.vfs.plan.next() else { return self.inner.append(bytes) };
        match effect {
            Effect::Nothing => {}
            Effect::Half => self.inner.append(&bytes[..bytes.len() / 2])?,
            Effect::Whole => self.inner.append(bytes)?,
        }
        Err(failure(&self.path, effect))
    }
    fn len(&self) -> Result<u64> {
        self.vfs.call(&self.path, || self.inner.len())
    }
    fn truncate(&self, len: u64) -> Result<()> {
        self.vfs.call(&self.path, || self.inner.truncate(len))
    }
    fn sync(&self) -> Result<()> {
        if let Some(before_sync) = &self.vfs.plan.before_sync {
            before_sync();
        }
        self.vfs.plan.file_syncs.fetch_add(1, Ordering::SeqCst);
        self.vfs.sync_call(&self.path, || self.inner.sync())
    }
    fn map(&self) -> Result<Bytes> {
        self.vfs.call(&self.path, || self.inner.map())
    }
}

/// The payloads of mutation records, oldest first.
pub(crate) fn payloads(recovered: &Recovered) -> Vec<Bytes> {
    recovered.mutations.payloads().map(Result::unwrap).collect()
}
