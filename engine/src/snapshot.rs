//! What a reader sees: a tree and the writes pending over it.

use std::cmp::Ordering;

use bytes::Bytes;
use microprolly_storage::{Entry, KeyRange, RangeCursor, Tree};

use crate::error::Result;
use crate::overlay::{Overlay, OverlayCursor};

/// An unchanging view of all keys. Taking one copies two pointers; holding one
/// blocks nobody.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) tree: Tree,
    pub(crate) overlay: Overlay,
}

impl Snapshot {
    pub(crate) fn of_tree(tree: Tree) -> Self {
        Self { tree, overlay: Overlay::default() }
    }

    /// Whether both views are known to be the same without reading anything.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.tree.root() == other.tree.root() && self.overlay.is_same(&other.overlay)
    }

    /// The value under a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        match self.overlay.get(key) {
            Some(pending) => Ok(pending.clone()),
            None => Ok(self.tree.get(key)?),
        }
    }

    /// The entries of a range, in key order from the front, in reverse from
    /// the back.
    pub fn range(&self, range: &KeyRange) -> SnapshotCursor {
        SnapshotCursor {
            tree: BothEnds::of(self.tree.range(range)),
            pending: BothEnds::of(self.overlay.cursor(range)),
        }
    }

    /// How many keys a range holds: O(log n) and a look-up per pending key in it.
    pub fn count(&self, range: &KeyRange) -> Result<u64> {
        let mut count = self.tree.count(range)?;
        let pending: Vec<(&Bytes, &Option<Bytes>)> = self.overlay.range(range).collect();
        let keys: Vec<Bytes> = pending.iter().map(|(key, _)| (*key).clone()).collect();
        for (is_stored, (_, value)) in self.tree.contains_many(&keys)?.into_iter().zip(pending) {
            match (is_stored, value.is_some()) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        Ok(count)
    }

    /// Splits a range into at most `parts` consecutive ones with about equally
    /// many entries.
    pub fn split(&self, range: &KeyRange, parts: usize) -> Result<Vec<KeyRange>> {
        Ok(self.tree.split(range, parts)?)
    }

    /// The same view with all pending writes put into the tree.
    pub(crate) fn folded(&self) -> Result<Tree> {
        if self.overlay.is_empty() {
            return Ok(self.tree.clone());
        }
        Ok(self.tree.apply(self.overlay.mutations())?)
    }
}

/// Entries of a snapshot, from either end.
pub struct SnapshotCursor {
    tree: BothEnds<RangeCursor>,
    pending: BothEnds<OverlayCursor>,
}

/// An iterator that can be looked into at both ends.
struct BothEnds<I: Iterator> {
    rest: I,
    front: Option<I::Item>,
    back: Option<I::Item>,
}

impl<I: DoubleEndedIterator> BothEnds<I> {
    fn of(rest: I) -> Self {
        Self { rest, front: None, back: None }
    }

    fn front(&mut self) -> Option<&I::Item> {
        if self.front.is_none() {
            self.front = self.rest.next().or_else(|| self.back.take());
        }
        self.front.as_ref()
    }

    fn back(&mut self) -> Option<&I::Item> {
        if self.back.is_none() {
            self.back = self.rest.next_back().or_else(|| self.front.take());
        }
        self.back.as_ref()
    }
}

impl Iterator for SnapshotCursor {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.tree.front(), self.pending.front()) {
                (Some(Err(_)), _) | (_, None) => Ordering::Less,
                (Some(Ok((stored, _))), Some((pending, _))) => stored.cmp(pending),
                (None, Some(_)) => Ordering::Greater,
            };
            if order.is_lt() {
                return self.tree.front.take().map(|entry| entry.map_err(Into::into));
            }
            if order.is_eq() {
                self.tree.front = None;
            }
            if let Some((key, Some(value))) = self.pending.front.take() {
                return Some(Ok((key, value)));
            }
        }
    }
}

impl DoubleEndedIterator for SnapshotCursor {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.tree.back(), self.pending.back()) {
                (Some(Err(_)), _) | (_, None) => Ordering::Greater,
                (Some(Ok((stored, _))), Some((pending, _))) => stored.cmp(pending),
                (None, Some(_)) => Ordering::Less,
            };
            if order.is_gt() {
                return self.tree.back.take().map(|entry| entry.map_err(Into::into));
            }
            if order.is_eq() {
                self.tree.back = None;
            }
            if let Some((key, Some(value))) = self.pending.back.take() {
                return Some(Ok((key, value)));
            }
        }
    }
}
