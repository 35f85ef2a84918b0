//! Walking back through commits.

use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::sync::Arc;

use microprolly_storage::ChunkStore;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Commit, CommitId, Jump};
use crate::environment::Timestamp;
use crate::error::Result;

/// Bytes of decoded commits that are kept. By their number alone 4096 of them,
/// with the longest of messages, would be half a gigabyte.
const CACHED_COMMITS_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// About how many commits with ordinary messages that is.
const CACHED_COMMITS_ESTIMATE: usize = 8 * 1024;

/// Reads commits, and finds ancestors along jump pointers.
pub(crate) struct History {
    chunks: Arc<dyn ChunkStore>,
    cache: Cache<CommitId, Arc<Commit>, ByBytes>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<CommitId, Arc<Commit>> for ByBytes {
    fn weight(&self, _: &CommitId, commit: &Arc<Commit>) -> u64 {
        let texts = [&commit.author, &commit.committer, &commit.message, &commit.metadata];
        let texts: usize = texts.into_iter().map(String::len).sum();
        (size_of::<(CommitId, Commit)>() + size_of_val(&commit.parents[..]) + texts) as u64
    }
}

impl History {
    pub(crate) fn new(chunks: Arc<dyn ChunkStore>) -> Self {
        let cache = Cache::with_weighter(CACHED_COMMITS_ESTIMATE, CACHED_COMMITS_BYTES_MAX, ByBytes);
        Self { chunks, cache }
    }

    /// The commit behind an id.
    pub(crate) fn read(&self, id: CommitId) -> Result<Arc<Commit>> {
        if let Some(commit) = self.cache.get(&id) {
            return Ok(commit);
        }
        let commit = Arc::new(Commit::decode(id, self.chunks.read(&id.chunk())?)?);
        self.cache.insert(id, commit.clone());
        Ok(commit)
    }

    /// Writes a commit chunk and returns its id.
    pub(crate) fn write(&self, commit: Commit) -> Result<CommitId> {
        let id = self.chunks.write(&commit.encode())?.into();
        self.cache.insert(id, Arc::new(commit));
        Ok(id)
    }

    /// The jump pointer for a child of `parent`: the skew-binary rule. Two
    /// jumps of equal length in a row are joined into one over both, so that
    /// lengths grow like the digits of a skew-binary number and any ancestor
    /// is O(log n) steps away.
    pub(crate) fn jump_from(&self, parent_id: CommitId) -> Result<Jump> {
        let parent = self.read(parent_id)?;
        if let Some(first) = parent.jump {
            let second = self.read(first.id)?.jump;
            let first_span = parent.depth - first.depth;
            if let Some(second) = second
                && first.depth.checked_sub(second.depth) == Some(first_span)
            {
                return Ok(second);
            }
        }
        Ok(Jump { id: parent_id, depth: parent.depth })
    }

    /// The ancestor `steps` first parents back; none past the first commit.
    pub(crate) fn nth_ancestor(&self, from: CommitId, steps: u64) -> Result<Option<CommitId>> {
        let Some(target) = self.read(from)?.depth.checked_sub(steps) else { return Ok(None) };
        self.first_on_first_parents(from, |commit| commit.depth <= target)
    }

    /// The last commit on the first-parent chain recorded at or before `time`.
    pub(crate) fn at_time(&self, from: CommitId, time: Timestamp) -> Result<Option<CommitId>> {
        self.first_on_first_parents(from, |commit| commit.timestamp <= time)
    }

    /// Whether `ancestor` is `of` or lies behind it, over all parents.
    pub(crate) fn is_ancestor(self: &Arc<Self>, ancestor: CommitId, of: CommitId) -> Result<bool> {
        let generation = self.read(ancestor)?.generation;
        for item in self.log([of], []) {
            let (id, commit) = item?;
            if id == ancestor {
                return Ok(true);
            }
            if commit.generation < generation {
                break;
            }
        }
        Ok(false)
    }

    /// The newest commit that is behind both, by generation; none only for
    /// commits of unrelated databases.
    pub(crate) fn common_ancestor(&self, a: CommitId, b: CommitId) -> Result<Option<CommitId>> {
        const FROM_A: u8 = 1;
        const FROM_B: u8 = 2;
        let mut queue = BTreeMap::new();
        for (id, side) in [(a, FROM_A), (b, FROM_B)] {
            *queue.entry((self.read(id)?.generation, id)).or_insert(0) |= side;
        }
        // Descending generations: when a commit is met, every path to it from
        // either side has been walked, so its sides are complete.
        while let Some(((_, id), sides)) = queue.pop_last() {
            if sides == FROM_A | FROM_B {
                return Ok(Some(id));
            }
            for parent in &self.read(id)?.parents {
                *queue.entry((self.read(*parent)?.generation, *parent)).or_insert(0) |= sides;
            }
        }
        Ok(None)
    }

    /// The nearest commit, from `from` back along first parents, for which
    /// `is_far_enough` holds; once it holds for one it must hold for all
    /// before it.
    fn first_on_first_parents(
        &self,
        from: CommitId,
        is_far_enough: impl Fn(&Commit) -> bool,
    ) -> Result<Option<CommitId>> {
        let mut id = from;
        loop {
            let commit = self.read(id)?;
            if is_far_enough(&commit) {
                return Ok(Some(id));
            }
            let (Some(jump), Some(parent)) = (commit.jump, commit.parents.first()) else { return Ok(None) };
            // A jump may overshoot the nearest such commit; a parent cannot.
            id = if is_far_enough(&*self.read(jump.id)?) { *parent } else { jump.id };
        }
    }

    /// All commits reachable from `include` and not from `exclude`, newest
    /// first: a commit always comes before its parents.
    pub(crate) fn log(
        self: &Arc<Self>,
        include: impl IntoIterator<Item = CommitId>,
        exclude: impl IntoIterator<Item = CommitId>,
    ) -> Log {
        let mut walk = Log {
            history: self.clone(),
            queue: BinaryHeap::new(),
            seen: HashSet::new(),
            excluded: HashSet::new(),
            failure: None,
        };
        for id in exclude {
            walk.excluded.insert(id);
            walk.push(id);
        }
        for id in include {
            walk.push(id);
        }
        walk
    }
}

/// Commits by descending generation, so that each comes before its parents.
pub struct Log {
    history: Arc<History>,
    queue: BinaryHeap<(u64, Timestamp, CommitId)>,
    seen: HashSet<CommitId>,
    excluded: HashSet<CommitId>,
    failure: Option<crate::EngineError>,
}

impl Log {
    fn push(&mut self, id: CommitId) {
        if !self.seen.insert(id) {
            return;
        }
        match self.history.read(id) {
            Ok(commit) => self.queue.push((commit.generation, commit.timestamp, id)),
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl Iterator for Log {
    type Item = Result<(CommitId, Arc<Commit>)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(failure) = self.failure.take() {
                self.queue.clear();
                return Some(Err(failure));
            }
            // A parent's generation is below its child's, so by the time a
            // commit is popped every path that excludes it has been walked.
            let (_, _, id) = self.queue.pop()?;
            let commit = match self.history.read(id) {
                Ok(commit) => commit,
                Err(failure) => return Some(Err(failure)),
            };
            let excluded = self.excluded.contains(&id);
            for parent in &commit.parents {
                if excluded {
                    self.excluded.insert(*parent);
                }
                self.push(*parent);
            }
            if !excluded {
                return Some(Ok((id, commit)));
            }
            if self.queue.iter().all(|(_, _, id)| self.excluded.contains(id)) {
                return None;
            }
        }
    }
}
