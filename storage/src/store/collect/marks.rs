//! What is reached.

use std::collections::HashSet;
use std::sync::Arc;

use super::{CollectionPhase, CollectionProgress, Collector, PROGRESS_CHUNKS};
use crate::error::Result;
use crate::hash::ChunkHash;
use crate::references::references;
use crate::store::Store;
use crate::store::segment::sealed::SealedSegment;

/// The chunks that were reached: a bit for each in the candidates, and the
/// addresses of those that are elsewhere.
pub(super) struct Marks<'a> {
    store: &'a Store,
    /// The segments that are to be collected, and what of them is reached.
    candidates: Vec<(Arc<SealedSegment>, Bits)>,
    elsewhere: HashSet<ChunkHash>,
    count: u64,
}

/// A set of small numbers.
#[derive(Debug)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn new(len: u64) -> Self {
        Self(vec![0; (len as usize).div_ceil(64)])
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Adds a number, and says whether it is new.
    fn insert(&mut self, number: usize) -> bool {
        let is_new = !self.contains(number);
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
        is_new
    }
}

impl<'a> Marks<'a> {
    pub(super) fn new(store: &'a Store, candidates: Arc<Vec<Arc<SealedSegment>>>) -> Self {
        let candidates =
            candidates.iter().map(|segment| (Arc::clone(segment), Bits::new(segment.chunks()))).collect();
        Self { store, candidates, elsewhere: HashSet::new(), count: 0 }
    }

    /// How many chunks are marked.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether a chunk that is in no candidate is marked.
    pub(super) fn has_elsewhere(&self, hash: &ChunkHash) -> bool {
        self.elsewhere.contains(hash)
    }

    pub(super) fn candidates(&self) -> impl Iterator<Item = (&Arc<SealedSegment>, &Bits)> {
        self.candidates.iter().map(|(segment, bits)| (segment, bits))
    }

    /// Marks all that `roots` lead to. False if the collector gave up.
    pub(super) fn mark(&mut self, roots: Vec<ChunkHash>, collector: &mut dyn Collector) -> Result<bool> {
        let total = self.store.statistics()?.chunks;
        let mut pending = roots;
        while let Some(hash) = pending.pop() {
            let Some(is_terminal) = self.visit(&hash)? else { continue };
            if self.count.is_multiple_of(PROGRESS_CHUNKS) {
                let progress =
                    CollectionProgress { phase: CollectionPhase::Marking, done: self.count, total };
                if !collector.progress(progress) {
                    return Ok(false);
                }
            }
            if is_terminal {
                continue;
            }
            let encoding = self.store.read_uncached(&hash)?;
            match references(&hash, &encoding)? {
                Some(children) => pending.extend(children),
                None => pending.extend(collector.commit_references(&hash, &encoding)?),
            }
        }
        Ok(true)
    }

    /// Marks a chunk: whether it refers to no other, or `None` if it was marked
    /// before. One that is nowhere shows when it is read.
    fn visit(&mut self, hash: &ChunkHash) -> Result<Option<bool>> {
        let mut found = None;
        // Of a chunk that is there twice the copy found first is kept.
        for (segment, bits) in self.candidates.iter_mut().rev() {
            if let Some((number, location)) = segment.find(hash)? {
                if !bits.insert(number) {
                    return Ok(None);
                }
                found = Some(location.is_terminal);
                break;
            }
        }
        if found.is_none() {
            if !self.elsewhere.insert(*hash) {
                return Ok(None);
            }
            found = Some(self.store.log.read().chunks.get(hash).is_some_and(|location| location.is_terminal));
        }
        self.count += 1;
        Ok(found)
    }
}
