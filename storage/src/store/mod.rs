//! The store: a directory of segments, one of which is appended to.
//!
//! Everything durable is in one log, whose parts are the segments: chunks, the
//! mutations of transactions, and roots, in the order in which they were
//! appended. What survives a crash is a front part of that log which contains
//! at least what was synced; so a root that survives finds its chunks (I2), and
//! an acknowledged transaction its mutations (I1).
//!
//! To read on: [`segment`] for the bytes, [`layout`] and [`manifest`] for the
//! files around them, then the life of a store: `create`, `append`, `seal`,
//! `open`.
//!
//! # Locks
//!
//! | lock | held by | while |
//! |------|---------|-------|
//! | [`GroupCommit`] leadership | one who syncs or seals | the disk syncs |
//! | `writer` | one who appends, writes to the file or seals | the file is written; during a seal, synced |
//! | `log` | readers, shared; one who appends | memory is touched, nothing else |
//!
//! taken in this order. So nobody who reads ever waits for the disk on account
//! of somebody who writes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::{Mutex, RwLock};

use crate::error::Result;
use crate::hash::RootHash;
use crate::pins::Pins;
use crate::tree::ChunkingParameters;
use crate::vfs::{Vfs, VfsLock};

mod append;
mod chunks;
mod collect;
mod create;
mod group_commit;
mod layout;
mod log;
mod manifest;
mod mutations;
mod open;
mod options;
mod poison;
mod prefix;
mod repair;
mod seal;
mod segment;
mod statistics;
mod survey;
mod verify;

use append::Writer;
use chunks::ChunkCache;
use create::replace_manifest;
use group_commit::GroupCommit;
use log::Log;
use manifest::Manifest;
use poison::Poison;
use statistics::Counters;

pub use collect::{
    Collected, CollectionOutcome, CollectionPhase, CollectionPolicy, CollectionProgress, Collector,
    LiveSegment,
};
pub use mutations::Mutations;
pub use options::{Compression, StoreOptions};
pub use repair::Repaired;
pub use statistics::{SegmentStatistics, StoreStatistics};
pub use verify::{SegmentFault, SegmentFaultKind};

/// An open store: a [`ChunkStore`](crate::ChunkStore) with a log of mutations
/// and roots. Shared between threads as `Arc<Store>`. Only one is open for a
/// directory at a time.
///
/// ```
/// use std::{path::Path, sync::Arc};
///
/// use microprolly_storage::{ChunkStore, MemoryVfs, RootHash, Store, StoreOptions};
///
/// # fn main() -> microprolly_storage::Result<()> {
/// let vfs = Arc::new(MemoryVfs::new());
/// let options = StoreOptions::default();
/// let store = Store::create(vfs.clone(), Path::new("/db"), &options)?;
/// let root = RootHash::from(store.write(b"a chunk")?);
/// store.sync(store.append_root(root)?)?;
/// drop(store);
///
/// let recovered = Store::open(vfs, Path::new("/db"), &options)?;
/// assert_eq!(recovered.root, Some(root));
/// assert_eq!(recovered.store.read(&root.chunk())?, &b"a chunk"[..]);
/// # Ok(())
/// # }
/// ```
pub struct Store {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    /// As MANIFEST has it.
    compression: RwLock<Compression>,
    segment_bytes_max: u64,
    chunking: ChunkingParameters,
    group_commit: GroupCommit,
    writer: Mutex<Writer>,
    log: RwLock<Log>,
    poison: Poison,
    pins: Arc<Pins>,
    /// Bytes of all segments after garbage was last collected.
    collected: AtomicU64,
    /// Held by the one who collects or compacts.
    collecting: Mutex<()>,
    cache: Option<ChunkCache>,
    counters: Counters,
    _lock: Box<dyn VfsLock>,
}

/// A position in the log of an open store. Positions ascend in the order of
/// appending; they mean nothing in another store, or after opening it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

/// A store that was opened, and what its unsealed segment holds.
#[derive(Debug)]
pub struct Recovered {
    /// The store, ready for use.
    pub store: Store,
    /// The last root that was appended; `None` if there never was one.
    pub root: Option<RootHash>,
    /// Every mutation record of the unsealed segment.
    pub mutations: Mutations,
    /// Bytes at the end of the log that a crash had torn and nobody had been
    /// told are durable. They are gone.
    pub truncated_bytes: u64,
}

impl Store {
    /// How trees in this store are cut into chunks, as was laid down when it was
    /// created.
    pub fn chunking(&self) -> ChunkingParameters {
        self.chunking
    }

    /// How what is written now is stored.
    pub fn compression(&self) -> Compression {
        *self.compression.read()
    }

    /// Stores what is written from now on in another way, also after the store
    /// is opened again. What is there stays as it is until it is compacted.
    /// Durable on return.
    ///
    /// # Errors
    /// `Io`, `Poisoned`.
    pub fn set_compression(&self, compression: Compression) -> Result<()> {
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let manifest = Manifest { compression, ..writer.manifest.clone() };
        self.set_manifest(&mut writer, manifest)?;
        *self.compression.write() = compression;
        Ok(())
    }

    /// Makes `manifest` the truth, on disk first. After a failure nobody knows which
    /// one is, so nothing more is accepted.
    fn set_manifest(&self, writer: &mut Writer, manifest: Manifest) -> Result<()> {
        self.poison.guard(replace_manifest(&*self.vfs, &self.dir, &manifest))?;
        writer.manifest = manifest;
        Ok(())
    }

    /// Puts an open store together. All of `log` is durable, but for a mark.
    fn assemble(
        vfs: Arc<dyn Vfs>,
        dir: &Path,
        options: &StoreOptions,
        lock: Box<dyn VfsLock>,
        manifest: Manifest,
        log: Log,
    ) -> Self {
        Self {
            vfs,
            dir: dir.to_path_buf(),
            compression: RwLock::new(manifest.compression),
            segment_bytes_max: options.segment_bytes_max,
            chunking: manifest.chunking,
            group_commit: GroupCommit::new(log.position()),
            collected: AtomicU64::new(manifest.collected),
            writer: Mutex::new(Writer::new(manifest)),
            log: RwLock::new(log),
            poison: Poison::default(),
            pins: Arc::default(),
            collecting: Mutex::new(()),
            cache: chunks::cache(options.chunk_cache_bytes_max),
            counters: Counters::default(),
            _lock: lock,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).finish_non_exhaustive()
    }
}
