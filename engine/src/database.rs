//! Opening and creating databases.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use microprolly_storage::{
    ChunkStore, MemoryVfs, Mutations, NodeStore, RealVfs, Recovered, StorageError, Store, StoreOptions,
    StoreStatistics, Tree, Vfs,
};

use crate::background::Background;
use crate::collection::CollectionMonitor;
use crate::columnar::DecodedCache;
use crate::commit::{Commit, History};
use crate::environment::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::error::Result;
use crate::log_record::LogRecord;
use crate::name::BranchName;
use crate::principal::Principal;
use crate::publication::{Publisher, epoch};
use crate::session::Session;
use crate::state::{Branch, State};

/// The branch that a new database has, and that sessions begin on.
pub const DEFAULT_BRANCH: &str = "main";

/// How a database runs. None of it is part of the format.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// How chunks and segments are written.
    pub store: StoreOptions,
    /// Bytes of tree nodes kept parsed.
    pub node_cache_bytes_max: usize,
    /// Bytes of decoded columns kept.
    pub column_cache_bytes_max: usize,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            store: StoreOptions::default(),
            node_cache_bytes_max: 256 * 1024 * 1024,
            column_cache_bytes_max: 256 * 1024 * 1024,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// An open database. Copies share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Database {
    pub(crate) shared: Arc<Shared>,
    _handle: Arc<Handle>,
}

/// What the copies of a database have in common, and nothing that works for it
/// in the background has.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    /// The database closes: whatever goes on in the background ends first, so
    /// that it can be opened again at once.
    fn drop(&mut self) {
        self.0.collection.cancel();
        self.0.background.join();
    }
}

pub(crate) struct Shared {
    pub(crate) publisher: Publisher,
    pub(crate) history: Arc<History>,
    pub(crate) nodes: Arc<NodeStore>,
    pub(crate) store: Arc<Store>,
    pub(crate) columns: Arc<DecodedCache>,
    pub(crate) collection: CollectionMonitor,
    pub(crate) background: Background,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Database {
    /// Creates a database in a directory that is empty or does not exist.
    ///
    /// # Errors
    /// When a store or anything else is there, or the system refuses.
    pub fn create(directory: impl AsRef<Path>) -> Result<Self> {
        Self::create_with(Arc::new(RealVfs), directory.as_ref(), &DatabaseOptions::default())
    }

    /// Opens the database in a directory, recovering it if it was not closed.
    ///
    /// # Errors
    /// When no store is there, another process has it open, a later version
    /// wrote it, or it is damaged.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(Arc::new(RealVfs), directory.as_ref(), &DatabaseOptions::default())
    }

    /// Opens the database in a directory, or creates it where there is none.
    ///
    /// # Errors
    /// As for [`Database::open`] and [`Database::create`].
    pub fn open_or_create(directory: impl AsRef<Path>) -> Result<Self> {
        let vfs = RealVfs;
        if Store::exists(&vfs, directory.as_ref())? { Self::open(directory) } else { Self::create(directory) }
    }

    /// A database that lives in memory and is gone with its last copy.
    pub fn in_memory() -> Result<Self> {
        Self::create_with(Arc::new(MemoryVfs::default()), Path::new("memory"), &DatabaseOptions::default())
    }

    /// Creates a database on any file system.
    ///
    /// # Errors
    /// As for [`Database::create`].
    pub fn create_with(vfs: Arc<dyn Vfs>, directory: &Path, options: &DatabaseOptions) -> Result<Self> {
        let store = Arc::new(Store::create(vfs, directory, &options.store)?);
        Self::initialize(store, options)
    }

    /// Opens a database on any file system.
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub fn open_with(vfs: Arc<dyn Vfs>, directory: &Path, options: &DatabaseOptions) -> Result<Self> {
        let Recovered { store, root, mutations, .. } = Store::open(vfs, directory, &options.store)?;
        let store = Arc::new(store);
        // A store without a root was being created when the power went.
        let Some(root) = root else {
            if store.statistics()?.segments.len() > 1 {
                let detail = "no root says what is in it (run repair)";
                return Err(StorageError::corrupt(directory.display().to_string(), detail).into());
            }
            return Self::initialize(store, options);
        };
        let nodes = node_store(&store, options);
        let mut state = State::load(Tree::open(&nodes, root), None)?;
        replay(&mut state, &mutations)?;
        Ok(Self::assemble(store, nodes, state, options))
    }

    /// Acts for a principal, on the default branch.
    pub fn session(&self, principal: Principal) -> Result<Session> {
        Session::begin(self.clone(), principal)
    }

    /// What is on disk.
    pub fn store_statistics(&self) -> Result<StoreStatistics> {
        Ok(self.shared.store.statistics()?)
    }

    /// Tree nodes asked for since the database was opened, cached or not.
    pub fn nodes_read(&self) -> u64 {
        self.shared.nodes.reads()
    }

    /// The first state: one branch, and one commit that holds nothing, so that
    /// every branch has a head and any two have a common ancestor.
    fn initialize(store: Arc<Store>, options: &DatabaseOptions) -> Result<Self> {
        let nodes = node_store(&store, options);
        let empty = Tree::empty(&nodes)?;
        let history = History::new(store.clone());
        let head = history.write(Commit {
            root: empty.root(),
            parents: Vec::new(),
            author: "MicroProlly".to_owned(),
            committer: "MicroProlly".to_owned(),
            message: "Create the database".to_owned(),
            metadata: String::new(),
            timestamp: options.clock.now(),
            generation: 0,
            depth: 0,
            jump: None,
            salt: options.entropy.bytes(),
        })?;
        let name = BranchName::parse(DEFAULT_BRANCH)?;
        let branch = Branch::new(head, epoch(&*options.entropy), empty.clone());
        let catalog = empty.apply([branch.mutation(&name)])?;
        let lsn = store.append_root(catalog.root())?;
        store.sync(lsn)?;
        let state = State::load(catalog, Some(lsn))?;
        Ok(Self::assemble(store, nodes, state, options))
    }

    fn assemble(store: Arc<Store>, nodes: Arc<NodeStore>, state: State, options: &DatabaseOptions) -> Self {
        let shared = Arc::new_cyclic(|me: &Weak<Shared>| {
            let me = me.clone();
            let on_seal = Box::new(move || {
                if let Some(shared) = me.upgrade() {
                    shared.collect_if_due();
                }
            });
            Shared {
                publisher: Publisher::new(store.clone(), options.entropy.clone(), state, on_seal),
                history: Arc::new(History::new(store.clone())),
                nodes,
                store,
                columns: Arc::new(DecodedCache::new(options.column_cache_bytes_max)),
                collection: CollectionMonitor::default(),
                background: Background::default(),
                clock: options.clock.clone(),
                entropy: options.entropy.clone(),
            }
        });
        Self { _handle: Arc::new(Handle(shared.clone())), shared }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.shared.publisher.state();
        f.debug_struct("Database").field("catalog", &state.catalog.root()).finish_non_exhaustive()
    }
}

fn node_store(store: &Arc<Store>, options: &DatabaseOptions) -> Arc<NodeStore> {
    let chunks: Arc<dyn ChunkStore> = store.clone();
    Arc::new(NodeStore::new(chunks, store.chunking(), options.node_cache_bytes_max))
}

/// Puts back the pending writes of every branch. A record whose branch is gone or
/// whose epoch has passed is in a tree already.
///
/// The newest record comes first, and the first write of a key counts: what was
/// overwritten since need not be taken in.
fn replay(state: &mut State, mutations: &Mutations) -> Result<()> {
    let mut pending: HashMap<(String, u64), HashMap<Bytes, Option<Bytes>>> = HashMap::new();
    for payload in mutations.payloads().rev() {
        let record = LogRecord::open(payload?)?;
        let is_current =
            state.branches.get(record.branch()).is_some_and(|branch| branch.epoch == record.epoch());
        if !is_current {
            continue;
        }
        let writes = pending.entry((record.branch().to_owned(), record.epoch())).or_default();
        record.for_each_write(|key, value| {
            // Copied, so that a record does not stay in memory for one of its writes.
            if !writes.contains_key(&key) {
                let value = value.map(|value| Bytes::copy_from_slice(&value));
                writes.insert(Bytes::copy_from_slice(&key), value);
            }
        })?;
    }
    for ((name, _), writes) in pending {
        if let Some(branch) = state.branches.get_mut(name.as_str()) {
            for (key, value) in writes {
                branch.working.overlay.insert(key, value);
            }
        }
    }
    Ok(())
}
