//! Collecting garbage: what no branch, tag, working set or reader leads to any
//! more is removed, and its bytes are given back (I6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use microprolly_storage::{
    ChunkHash, Collected, CollectionOutcome, CollectionPolicy, CollectionProgress, Collector, StorageError,
};

use parking_lot::Mutex;

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
    /// # Errors
    /// As for [`Session::collect_garbage`].
    pub fn gc(&self) -> Result<CollectionReport> {
        self.collect_garbage(&CollectionOptions::default())
    }

    /// As [`Session::gc`], with options.
    ///
    /// # Errors
    /// When a collection is under way already, or was given up; when something
    /// in use is missing or damaged, in which case nothing is removed; when the
    /// disk fails.
    pub fn collect_garbage(&self, options: &CollectionOptions) -> Result<CollectionReport> {
        self.database.shared.collect_garbage(options)
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

impl Shared {
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
            CollectionOutcome::Cancelled => refused("the collection was cancelled; nothing was removed"),
        }
    }
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
