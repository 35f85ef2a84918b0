//! What a reader sees: a tree and the writes pending over it.

use std::collections::VecDeque;

use bytes::Bytes;
use microprolly_storage::{Entry, KeyRange, RangeCursor, Tree};

use crate::error::Result;
use crate::overlay::Overlay;

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
        let pending = self.overlay.range(range).map(|(key, value)| (key.clone(), value.clone())).collect();
        SnapshotCursor { tree: Stored::new(self.tree.range(range)), pending }
    }

    /// How many keys a range holds: O(log n) and a look-up per pending key in it.
    pub fn count(&self, range: &KeyRange) -> Result<u64> {
        let mut count = self.tree.count(range)?;
        let pending: Vec<(&Bytes, &Option<Bytes>)> = self.overlay.range(range).collect();
        let keys: Vec<Bytes> = pending.iter().map(|(key, _)| (*key).clone()).collect();
        for (stored, (_, value)) in self.tree.get_many(&keys)?.into_iter().zip(pending) {
            match (stored.is_some(), value.is_some()) {
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
    tree: Stored,
    pending: VecDeque<(Bytes, Option<Bytes>)>,
}

/// A tree cursor that can be looked into at both ends.
struct Stored {
    cursor: RangeCursor,
    front: Option<Entry>,
    back: Option<Entry>,
}

impl Stored {
    fn new(cursor: RangeCursor) -> Self {
        Self { cursor, front: None, back: None }
    }

    fn peek_front(&mut self) -> Result<Option<&Entry>> {
        if self.front.is_none() {
            self.front = match self.cursor.next().transpose()? {
                Some(entry) => Some(entry),
                None => self.back.take(),
            };
        }
        Ok(self.front.as_ref())
    }

    fn peek_back(&mut self) -> Result<Option<&Entry>> {
        if self.back.is_none() {
            self.back = match self.cursor.next_back().transpose()? {
                Some(entry) => Some(entry),
                None => self.front.take(),
            };
        }
        Ok(self.back.as_ref())
    }
}

impl SnapshotCursor {
    fn advance(&mut self) -> Result<Option<Entry>> {
        loop {
            let stored = self.tree.peek_front()?;
            let Some((key, _)) = self.pending.front() else { return Ok(self.tree.front.take()) };
            match stored {
                Some((stored_key, _)) if stored_key < key => return Ok(self.tree.front.take()),
                Some((stored_key, _)) if stored_key == key => self.tree.front = None,
                _ => {}
            }
            if let Some((key, Some(value))) = self.pending.pop_front() {
                return Ok(Some((key, value)));
            }
        }
    }

    fn retreat(&mut self) -> Result<Option<Entry>> {
        loop {
            let stored = self.tree.peek_back()?;
            let Some((key, _)) = self.pending.back() else { return Ok(self.tree.back.take()) };
            match stored {
                Some((stored_key, _)) if stored_key > key => return Ok(self.tree.back.take()),
                Some((stored_key, _)) if stored_key == key => self.tree.back = None,
                _ => {}
            }
            if let Some((key, Some(value))) = self.pending.pop_back() {
                return Ok(Some((key, value)));
            }
        }
    }
}

impl Iterator for SnapshotCursor {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl DoubleEndedIterator for SnapshotCursor {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.retreat().transpose()
    }
}
