//! Collecting garbage: what no branch, tag, working set or reader leads to any
//! more is removed, and its bytes are given back (I6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use microprolly_storage::{
    ChunkHash, Collected, CollectionOutcome, CollectionPolicy, CollectionProgress, Collector, Compression,
    LiveSegment, Mutation, StorageError,
};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use crate::catalog::{self, AutomaticCollectionRecord};
use crate::commit::{Commit, CommitId};
use crate::database::Shared;
use crate::error::{EngineError, Result};
use crate::session::Session;
use crate::state::State;

/// How garbage is collected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CollectionOptions {
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Which segments are worth rewriting.
    pub policy: CollectionPolicy,
}

impl Default for CollectionOptions {
    /// Removes all garbage.
    fn default() -> Self {
        Self { dry_run: false, policy: CollectionPolicy::default() }
    }
}

/// When garbage is collected unasked: when the database has grown since the last
/// collection by this part of its size, and by at least so many bytes. Looked at
/// whenever a segment is full.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthPolicy {
    /// 1.0 collects when it has doubled.
    pub growth: f64,
    /// Bytes of growth below which it is not worth it.
    pub bytes_min: u64,
}

impl Default for GrowthPolicy {
    /// When it has doubled, and grown by 256 MiB.
    fn default() -> Self {
        Self { growth: 1.0, bytes_min: 256 << 20 }
    }
}

impl GrowthPolicy {
    /// Segments that are half garbage are worth rewriting unasked.
    const LIVE_RATIO_MAX: f64 = 0.5;

    pub(crate) fn of_record(record: &AutomaticCollectionRecord) -> Option<Self> {
        record.is_on.then_some(Self { growth: record.growth, bytes_min: record.bytes_min })
    }

    fn is_due(&self, bytes: u64, bytes_after_collection: u64) -> bool {
        let grown = bytes.saturating_sub(bytes_after_collection);
        grown >= self.bytes_min && grown as f64 >= bytes_after_collection as f64 * self.growth
    }
}

/// What a collection did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectionReport {
    /// Objects (tree nodes, commits, large values) that were removed.
    pub objects_removed: u64,
    /// Objects that are in use.
    pub objects_live: u64,
    /// Bytes that the database takes less on disk. Of a dry run an estimate.
    pub bytes_reclaimed: u64,
    /// Segments that were rewritten or removed.
    pub segments_removed: u64,
    /// Segments that took their place.
    pub segments_written: u64,
}

impl From<Collected> for CollectionReport {
    fn from(collected: Collected) -> Self {
        Self {
            objects_removed: collected.chunks_removed,
            objects_live: collected.chunks_live,
            bytes_reclaimed: collected.bytes_reclaimed,
            segments_removed: collected.segments_removed,
            segments_written: collected.segments_written,
        }
    }
}

/// How far the collection under way is, and whether it shall go on.
#[derive(Debug, Default)]
pub(crate) struct CollectionMonitor {
    /// Held by the one who collects.
    turn: Mutex<()>,
    progress: Mutex<Option<CollectionProgress>>,
    is_cancelled: AtomicBool,
}

impl CollectionMonitor {
    /// Has the collection under way, if there is one, give up.
    pub(crate) fn cancel(&self) {
        if self.progress.lock().is_some() {
            self.is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until nobody else collects or repairs.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    fn end(&self) {
        let mut progress = self.progress.lock();
        *progress = None;
        self.is_cancelled.store(false, Ordering::Relaxed);
    }

    fn note(&self, progress: CollectionProgress) -> bool {
        *self.progress.lock() = Some(progress);
        !self.is_cancelled.load(Ordering::Relaxed)
    }
}

impl Session {
    /// Removes what nothing leads to any more, and gives its bytes back. Readers
    /// and writers go on meanwhile.
    ///
    /// ```
    /// # use microprolly_engine::{CommitOptions, Database, Principal};
    /// # fn main() -> microprolly_engine::Result<()> {
    /// let mut db = Database::in_memory()?.session(Principal::all_powerful("ada"))?;
    /// db.create_branch("experiment", "main")?;
    /// db.switch_branch("experiment")?;
    /// db.put("config:theme", "dark")?;
    /// db.commit(CommitOptions::message("try it"))?;
    /// db.switch_branch("main")?;
    /// db.drop_branch("experiment", true)?;
    ///
    /// let stats = db.gc()?;
    /// assert!(stats.objects_removed > 0 && stats.bytes_reclaimed > 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Session::collect_garbage`].
    pub fn gc(&self) -> Result<CollectionReport> {
        self.collect_garbage(&CollectionOptions::default())
    }

    /// As [`Session::gc`], with options. Waits for one that is under way already.
    ///
    /// # Errors
    /// When it was given up; when something in use is missing or damaged, in which case nothing is removed; when the
    /// disk fails.
    pub fn collect_garbage(&self, options: &CollectionOptions) -> Result<CollectionReport> {
        let shared = &self.database.shared;
        let _turn = shared.collection.turn();
        shared.collect_garbage(options)
    }

    /// When garbage is collected unasked; `None` if never.
    pub fn automatic_collection(&self) -> Option<GrowthPolicy> {
        self.state().automatic_collection
    }

    /// Sets when garbage is collected unasked; `None` is never. It holds for
    /// everybody, from now on. Durable on return.
    ///
    /// # Errors
    /// When the policy makes no sense, or the disk fails.
    pub fn set_automatic_collection(&self, policy: Option<GrowthPolicy>) -> Result<()> {
        let GrowthPolicy { growth, bytes_min } = policy.unwrap_or_default();
        if !growth.is_finite() || growth < 0.0 {
            let reason = format!("a database cannot grow by {growth} of its size");
            return Err(EngineError::Refused { reason, hint: None });
        }
        let record = AutomaticCollectionRecord { is_on: policy.is_some(), growth, bytes_min };
        self.database.shared.publisher.publish(|publication| {
            publication.record(Mutation {
                key: Bytes::from_static(catalog::AUTOMATIC_COLLECTION.as_bytes()),
                value: Some(catalog::encode(record)),
            });
            publication.state.automatic_collection = policy;
            Ok(())
        })
    }

    /// How what is written now is stored.
    pub fn compression(&self) -> Compression {
        self.database.shared.store.compression()
    }

    /// Stores what is written from now on in another way; what is there stays
    /// as it is until a collection rewrites it. Durable on return.
    ///
    /// # Errors
    /// When the level is none of zstd's, or the disk fails.
    pub fn set_compression(&self, compression: Compression) -> Result<()> {
        if let Compression::Zstd { level } = compression
            && !(ZSTD_LEVEL_MIN..=ZSTD_LEVEL_MAX).contains(&level)
        {
            let reason = format!("zstd has levels from {ZSTD_LEVEL_MIN} to {ZSTD_LEVEL_MAX}, not {level}");
            return Err(EngineError::Refused { reason, hint: None });
        }
        Ok(self.database.shared.store.set_compression(compression)?)
    }

    /// How much of each segment is in use, oldest first. Follows every reference,
    /// and waits while somebody collects.
    ///
    /// # Errors
    /// As for [`Session::collect_garbage`].
    pub fn live_segments(&self) -> Result<Vec<LiveSegment>> {
        let shared = &self.database.shared;
        let _turn = shared.collection.turn();
        let found = shared.store.live_segments(&mut DatabaseCollector(shared));
        shared.collection.end();
        found?.ok_or_else(|| cancelled("nothing was found out"))
    }

    /// How far the collection under way is; `None` if there is none.
    pub fn collection_progress(&self) -> Option<CollectionProgress> {
        *self.database.shared.collection.progress.lock()
    }

    /// Has the collection under way give up, whoever started it. It ends soon,
    /// with nothing removed.
    pub fn cancel_collection(&self) {
        self.database.shared.collection.cancel();
    }
}

/// The fastest level that is of use; zstd has lower ones.
const ZSTD_LEVEL_MIN: i32 = -7;
const ZSTD_LEVEL_MAX: i32 = 22;

impl Shared {
    /// Collects garbage in the background if the database has grown enough, as
    /// is looked at whenever a segment was sealed.
    pub(crate) fn collect_if_due(self: &Arc<Self>) {
        let Some(policy) = self.publisher.state().automatic_collection else { return };
        let is_due = self
            .store
            .statistics()
            .is_ok_and(|statistics| policy.is_due(statistics.bytes, statistics.bytes_after_collection));
        if !is_due {
            return;
        }
        let policy = CollectionPolicy { live_ratio_max: GrowthPolicy::LIVE_RATIO_MAX, repack: false };
        let shared = Arc::clone(self);
        self.background.run(move || {
            // Nobody waits for it. What stops it, damage or a full disk, stops
            // whoever asks for a collection or a check too, and they are told.
            if let Some(_turn) = shared.collection.turn.try_lock() {
                drop(shared.collect_garbage(&CollectionOptions { dry_run: false, policy }));
            }
        });
    }

    pub(crate) fn collect_garbage(&self, options: &CollectionOptions) -> Result<CollectionReport> {
        if !options.dry_run && self.store.unsealed_chunks() > 0 {
            // Only sealed segments are collected.
            self.publisher.publish(|publication| {
                publication.seal();
                Ok(())
            })?;
        }
        let outcome = self.store.collect(&mut DatabaseCollector(self), &options.policy, options.dry_run);
        if !matches!(outcome, Ok(CollectionOutcome::Busy)) {
            self.collection.end();
        }
        let refused = |reason: &str| Err(EngineError::Refused { reason: reason.to_owned(), hint: None });
        match outcome? {
            CollectionOutcome::Done(collected) => Ok(collected.into()),
            CollectionOutcome::Busy => refused("garbage is being collected already"),
            CollectionOutcome::Cancelled => Err(cancelled("nothing was removed")),
        }
    }
}

fn cancelled(so: &str) -> EngineError {
    EngineError::Refused { reason: format!("the collection was cancelled; {so}"), hint: None }
}

/// Tells a collection what is in use.
struct DatabaseCollector<'a>(&'a Shared);

impl Collector for DatabaseCollector<'_> {
    /// What every state leads to that somebody may still look at. Trees that are
    /// in use hold pins of their own.
    fn roots(&mut self) -> std::result::Result<Vec<ChunkHash>, StorageError> {
        let states: Vec<Arc<State>> = self.0.publisher.live_states();
        Ok(states.iter().flat_map(|state| state.roots()).collect())
    }

    fn commit_references(
        &mut self,
        hash: &ChunkHash,
        encoding: &[u8],
    ) -> std::result::Result<Vec<ChunkHash>, StorageError> {
        let commit =
            Commit::decode(CommitId::from(*hash), encoding.to_vec().into()).map_err(|error| match error {
                EngineError::Storage(error) => error,
                other => StorageError::corrupt(format!("commit {hash}"), other.to_string()),
            })?;
        Ok(commit.references())
    }

    fn progress(&mut self, progress: CollectionProgress) -> bool {
        self.0.collection.note(progress)
    }
}
