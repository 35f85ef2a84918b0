//! Collecting garbage: giving back what no root leads to.
//!
//! One at a time, beside readers and writers, in these phases:
//!
//! 1. **Wait.** The sealed segments of this moment become *candidates*: from now
//!    on a chunk that only they hold counts as absent for whoever writes it, and
//!    is written again. Writes that began before are waited for. So whoever
//!    relies on a chunk in a candidate holds a pin on something that leads to it.
//! 2. **Mark** ([`marks`]). From the roots and pins on, every chunk that is
//!    reached is marked, once.
//! 3. **Rewrite** ([`rewrite`]). What is marked in the candidates worth it is
//!    copied into new segments, packed with a dictionary made for it.
//! 4. **Swap.** MANIFEST is replaced: in one step the new segments stand for the
//!    old ones. Then the old files are removed. Readers who are in them keep
//!    their maps.
//!
//! What a crash leaves: before the swap, files that MANIFEST does not list,
//! whose numbers it had given out; after it, the old files, likewise. Opening
//! the store removes both. The active segment is not touched: whoever wants its
//! garbage collected seals it first.

mod marks;
mod rewrite;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Store;
use super::layout::segment_name;
use super::manifest::ListedSegment;
use super::segment::Location;
use super::segment::sealed::SealedSegment;
use crate::error::Result;
use crate::hash::{AddressHashing, ChunkHash};
use marks::Marks;
use rewrite::{Output, Survivor};

/// Which segments a collection rewrites.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CollectionPolicy {
    /// Segments are rewritten in which at most this part of the bytes of chunks
    /// is live: 1.0 takes all that hold any garbage, 0.5 those that are half
    /// garbage or more.
    pub live_ratio_max: f64,
    /// All segments are rewritten, so that everything is packed anew by the
    /// present settings.
    pub repack: bool,
}

impl Default for CollectionPolicy {
    /// All garbage, and nothing else.
    fn default() -> Self {
        Self { live_ratio_max: 1.0, repack: false }
    }
}

/// What a collection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionPhase {
    /// Waiting for writes that began before it.
    Waiting,
    /// Marking what is reached.
    Marking,
    /// Copying what is live.
    Rewriting,
}

/// How far a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectionProgress {
    /// What it is at.
    pub phase: CollectionPhase,
    /// Chunks marked, or copied, so far.
    pub done: u64,
    /// Chunks there are to copy; of marking, the chunks in the store, most of
    /// which may have to be marked.
    pub total: u64,
}

/// What a collection did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Chunks that were removed.
    pub chunks_removed: u64,
    /// Chunks that are reached.
    pub chunks_live: u64,
    /// Bytes that the store is smaller by. Of a dry run an estimate, which knows
    /// nothing of better packing.
    pub bytes_reclaimed: u64,
    /// Segments that were rewritten or removed.
    pub segments_removed: u64,
    /// Segments that took their place.
    pub segments_written: u64,
}

/// How much of a segment is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSegment {
    /// Its file name.
    pub name: String,
    /// Chunks in it.
    pub chunks: u64,
    /// Bytes of their records.
    pub chunk_bytes: u64,
    /// Those of the chunks that something leads to.
    pub live_chunks: u64,
    /// Bytes of their records.
    pub live_bytes: u64,
}

impl LiveSegment {
    fn add(&mut self, location: &Location, is_live: bool) {
        let bytes = location.record_len() as u64;
        self.chunks += 1;
        self.chunk_bytes += bytes;
        if is_live {
            self.live_chunks += 1;
            self.live_bytes += bytes;
        }
    }
}

/// What a collection asks of the one who started it.
pub trait Collector {
    /// The chunks from which everything is reached that must stay. Asked for
    /// once, after the writes that began earlier have ended.
    ///
    /// # Errors
    /// Whatever makes it impossible to tell; nothing is collected then.
    fn roots(&mut self) -> Result<Vec<ChunkHash>>;

    /// The chunks that a commit refers to.
    ///
    /// # Errors
    /// When its encoding makes no sense; nothing is collected then.
    fn commit_references(&mut self, hash: &ChunkHash, encoding: &[u8]) -> Result<Vec<ChunkHash>>;

    /// Called now and then. False gives up, with nothing changed.
    fn progress(&mut self, progress: CollectionProgress) -> bool;
}

/// How a collection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionOutcome {
    /// It did what there was to do.
    Done(Collected),
    /// The collector gave up; nothing changed.
    Cancelled,
    /// Another one is under way.
    Busy,
}

impl Store {
    /// Removes from the sealed segments what `collector`'s roots and the pins do
    /// not lead to (I6), as far as `policy` says. With `dry_run` it only says
    /// what it would do. Readers and writers go on meanwhile.
    ///
    /// # Errors
    /// `NotFound` or `Corrupt` if something that is reached is missing or
    /// damaged, and what the collector fails with: nothing is removed then.
    /// `Io`, `Poisoned`.
    pub fn collect(
        &self,
        collector: &mut dyn Collector,
        policy: &CollectionPolicy,
        dry_run: bool,
    ) -> Result<CollectionOutcome> {
        let Some(_one_at_a_time) = self.collecting.try_lock() else { return Ok(CollectionOutcome::Busy) };
        let candidates = Candidates::begin(self);
        let Some(marks) = self.marks(&candidates, collector)? else {
            return Ok(CollectionOutcome::Cancelled);
        };
        let mut plan = Plan::new(&marks, policy, self.segment_bytes_max)?;
        if dry_run {
            plan.estimate_active(&marks, &self.log.read().chunks);
            return Ok(CollectionOutcome::Done(plan.estimate));
        }
        self.carry_out(plan, collector)
    }

    /// How much of each segment is in use, oldest first; `None` if the collector
    /// gave up. Waits while somebody collects.
    ///
    /// # Errors
    /// As for [`collect`](Self::collect).
    pub fn live_segments(&self, collector: &mut dyn Collector) -> Result<Option<Vec<LiveSegment>>> {
        let _one_at_a_time = self.collecting.lock();
        let candidates = Candidates::begin(self);
        let Some(marks) = self.marks(&candidates, collector)? else { return Ok(None) };
        let mut segments = Vec::new();
        for (segment, marked) in marks.candidates() {
            let mut live = LiveSegment { name: segment_name(segment.number()), ..LiveSegment::default() };
            for (number, entry) in segment.locations().enumerate() {
                live.add(&entry?.1, marked.contains(number));
            }
            segments.push(live);
        }
        let log = self.log.read();
        let mut live = LiveSegment { name: segment_name(log.number), ..LiveSegment::default() };
        log.chunks.iter().for_each(|(hash, location)| live.add(location, marks.has_elsewhere(hash)));
        segments.push(live);
        Ok(Some(segments))
    }

    /// Waits for the writes that began before there were candidates, and marks what
    /// is reached then; `None` if the collector gave up.
    fn marks(&self, candidates: &Candidates<'_>, collector: &mut dyn Collector) -> Result<Option<Marks<'_>>> {
        let waiting = CollectionProgress { phase: CollectionPhase::Waiting, done: 0, total: 0 };
        if !self.pins.wait_for_writes(|| collector.progress(waiting)) {
            return Ok(None);
        }
        let mut roots = collector.roots()?;
        roots.extend(self.pins.held());
        let mut marks = Marks::new(self, candidates.segments.clone());
        Ok(marks.mark(roots, collector)?.then_some(marks))
    }

    fn carry_out(&self, plan: Plan, collector: &mut dyn Collector) -> Result<CollectionOutcome> {
        if plan.victims.is_empty() {
            self.collected.store(self.statistics()?.bytes, Ordering::Relaxed);
            return Ok(CollectionOutcome::Done(plan.estimate));
        }
        let mut progress = CollectionProgress {
            phase: CollectionPhase::Rewriting,
            done: 0,
            total: plan.survivors.len() as u64,
        };
        let mut output = Output::new(self, &plan.survivors)?;
        for survivor in &plan.survivors {
            if progress.done.is_multiple_of(PROGRESS_CHUNKS) && !collector.progress(progress) {
                return Ok(CollectionOutcome::Cancelled);
            }
            output.push(survivor)?;
            progress.done += 1;
        }
        let written = output.finish()?;
        let bytes_written: u64 = written.iter().map(|segment| segment.len()).sum();
        self.swap(&plan.victims, &written, false)?;
        let bytes_removed: u64 = plan.victims.iter().map(|segment| segment.len()).sum();
        for victim in &plan.victims {
            self.vfs.remove(victim.path())?;
        }
        Ok(CollectionOutcome::Done(Collected {
            bytes_reclaimed: bytes_removed.saturating_sub(bytes_written),
            segments_written: written.len() as u64,
            ..plan.estimate
        }))
    }

    /// Makes `written` stand for `victims`, in MANIFEST first. They take the
    /// place of the first of them, so that what is newer is still found first.
    /// With `keeps_aside`, the files of the victims stay, as damaged.
    pub(super) fn swap(
        &self,
        victims: &[Arc<SealedSegment>],
        written: &[Arc<SealedSegment>],
        keeps_aside: bool,
    ) -> Result<()> {
        let is_victim = |number: u64| victims.iter().any(|victim| victim.number() == number);
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let mut manifest = writer.manifest.clone();
        let listed = written.iter().map(|new| ListedSegment { number: new.number(), len: new.len() });
        replace(&mut manifest.sealed, |segment| is_victim(segment.number), listed);
        if keeps_aside {
            manifest.damaged.extend(victims.iter().map(|victim| victim.number()));
        } else {
            let bytes_of = |segments: &[Arc<SealedSegment>]| -> u64 {
                segments.iter().map(|segment| segment.len()).sum()
            };
            let bytes = self.statistics()?.bytes + bytes_of(written);
            manifest.collected = bytes.saturating_sub(bytes_of(victims));
        }
        let collected = manifest.collected;
        self.set_manifest(&mut writer, manifest)?;
        self.collected.store(collected, Ordering::Relaxed);
        let mut log = self.log.write();
        let mut sealed = log.sealed.to_vec();
        replace(&mut sealed, |segment| is_victim(segment.number()), written.iter().map(Arc::clone));
        log.sealed = Arc::new(sealed);
        Ok(())
    }

    /// Numbers a new segment that a collection writes. MANIFEST has given it out
    /// before the file is there, so that a crash leaves nothing unknown.
    pub(super) fn next_segment_number(&self) -> Result<u64> {
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let mut manifest = writer.manifest.clone();
        let number = manifest.next;
        manifest.next += 1;
        self.set_manifest(&mut writer, manifest)?;
        Ok(number)
    }
}

/// A segment is small if it is below this part of a full one…
const SMALL_PART: u64 = 4;

/// …and if there are more small ones than this, they are put together.
const SMALL_SEGMENTS_MAX: usize = 8;

/// The collector hears of progress every so many chunks.
const PROGRESS_CHUNKS: u64 = 1024;

/// Puts `new` in the place of the first item that is `old`, and drops all that are.
fn replace<T>(items: &mut Vec<T>, old: impl Fn(&T) -> bool, new: impl IntoIterator<Item = T>) {
    let place = items.iter().position(&old).unwrap_or(items.len());
    let mut after = items.split_off(place);
    after.retain(|item| !old(item));
    items.extend(new);
    items.extend(after);
}

/// The candidates, for as long as a collection goes on.
struct Candidates<'a> {
    store: &'a Store,
    segments: Arc<Vec<Arc<SealedSegment>>>,
}

impl<'a> Candidates<'a> {
    fn begin(store: &'a Store) -> Self {
        let mut log = store.log.write();
        let segments = log.sealed.clone();
        log.candidates = Arc::new(segments.iter().map(|segment| segment.number()).collect());
        Self { store, segments }
    }
}

impl Drop for Candidates<'_> {
    fn drop(&mut self) {
        self.store.log.write().candidates = Arc::default();
    }
}

/// What is to be rewritten.
struct Plan {
    victims: Vec<Arc<SealedSegment>>,
    /// What is live in them, in the order in which it lies there: what was
    /// written together is read together.
    survivors: Vec<Survivor>,
    estimate: Collected,
}

impl Plan {
    fn new(marks: &Marks<'_>, policy: &CollectionPolicy, segment_bytes_max: u64) -> Result<Self> {
        let mut plan = Self { victims: Vec::new(), survivors: Vec::new(), estimate: Collected::default() };
        plan.estimate.chunks_live = marks.count();
        let small = |segment: &SealedSegment| segment.len() < segment_bytes_max / SMALL_PART;
        let merges = marks.candidates().filter(|(segment, _)| small(segment)).count() > SMALL_SEGMENTS_MAX;
        for (segment, marked) in marks.candidates() {
            let (mut live_bytes, mut dead_bytes, mut live) = (0, 0, Vec::new());
            for (number, entry) in segment.locations().enumerate() {
                let (hash, location) = entry?;
                let bytes = location.record_len() as u64;
                if marked.contains(number) {
                    live_bytes += bytes;
                    live.push(Survivor { segment: Arc::clone(segment), hash, location });
                } else {
                    dead_bytes += bytes;
                }
            }
            let unmarked = segment.chunks() - live.len() as u64;
            let live_ratio = live_bytes as f64 / ((live_bytes + dead_bytes).max(1)) as f64;
            let is_worth_it = unmarked > 0 && live_ratio <= policy.live_ratio_max;
            let is_needless = live.is_empty() || policy.repack || (merges && small(segment));
            if !is_worth_it && !is_needless {
                continue;
            }
            plan.estimate.chunks_removed += unmarked;
            plan.estimate.segments_removed += 1;
            // What is neither a live chunk nor needed to hold one: dead chunks,
            // roots and mutations that were folded long ago.
            plan.estimate.bytes_reclaimed += segment
                .len()
                .saturating_sub(live_bytes + if live.is_empty() { 0 } else { segment.frame_bytes() });
            live.sort_unstable_by_key(|survivor| survivor.location.offset);
            plan.survivors.append(&mut live);
            plan.victims.push(Arc::clone(segment));
        }
        Ok(plan)
    }

    /// Adds what would go of the active segment, had it been sealed before.
    fn estimate_active(&mut self, marks: &Marks<'_>, chunks: &HashMap<ChunkHash, Location, AddressHashing>) {
        for (_, location) in chunks.iter().filter(|(hash, _)| !marks.has_elsewhere(hash)) {
            self.estimate.chunks_removed += 1;
            self.estimate.bytes_reclaimed += location.record_len() as u64;
        }
    }
}
