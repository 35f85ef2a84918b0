//! Differences between two snapshots.

use std::cmp::Ordering;
use std::iter::Peekable;

use bytes::Bytes;
use microprolly_storage::{Change, Diff, KeyRange};

use crate::error::Result;
use crate::overlay::{Overlay, OverlayCursor};
use crate::snapshot::Snapshot;

/// How many keys differ, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// Keys only in the later snapshot.
    pub added: u64,
    /// Keys only in the earlier one.
    pub removed: u64,
    /// Keys in both with different values.
    pub modified: u64,
}

impl ChangeCounts {
    /// Counts one more change.
    pub fn add(&mut self, change: &Change) {
        match (&change.from, &change.to) {
            (None, _) => self.added += 1,
            (_, None) => self.removed += 1,
            _ => self.modified += 1,
        }
    }
}

/// The keys whose values differ, in key order. Costs what changed, not what
/// exists (I5).
pub struct Changes {
    from: Snapshot,
    to: Snapshot,
    trees: Peekable<Diff>,
    pending: Peekable<PendingKeys>,
}

impl Snapshot {
    /// What one would have to do to this snapshot to have `to`, within a range.
    pub fn changes(&self, to: &Self, range: &KeyRange) -> Changes {
        // Keys pending on either side are looked up on both; the trees answer
        // for all others.
        let none = Overlay::default();
        let pending = if self.is_same(to) { [&none, &none] } else { [&self.overlay, &to.overlay] };
        let [pending_from, pending_to] = pending.map(|overlay| overlay.cursor(range).peekable());
        Changes {
            from: self.clone(),
            to: to.clone(),
            trees: self.tree.diff(&to.tree, range).peekable(),
            pending: PendingKeys { from: pending_from, to: pending_to }.peekable(),
        }
    }

    /// Whether anything differs within a range.
    pub(crate) fn differs(&self, from: &Self, range: &KeyRange) -> Result<bool> {
        from.changes(self, range).next().transpose().map(|change| change.is_some())
    }

    /// Counts the changes within a range without keeping them.
    pub fn count_changes(&self, to: &Self, range: &KeyRange) -> Result<ChangeCounts> {
        let mut counts = ChangeCounts::default();
        for change in self.changes(to, range) {
            counts.add(&change?);
        }
        Ok(counts)
    }
}

/// The keys that are pending on either side, in order, each once.
struct PendingKeys {
    from: Peekable<OverlayCursor>,
    to: Peekable<OverlayCursor>,
}

impl Iterator for PendingKeys {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let order = match (self.from.peek(), self.to.peek()) {
            (Some((from, _)), Some((to, _))) => from.cmp(to),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let from = if order.is_le() { self.from.next() } else { None };
        let to = if order.is_ge() { self.to.next() } else { None };
        from.or(to).map(|(key, _)| key)
    }
}

impl Iterator for Changes {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let pending_is_next = match (self.pending.peek(), self.trees.peek()) {
                (Some(key), Some(Ok(change))) => {
                    if *key == change.key {
                        self.trees.next();
                        continue;
                    }
                    *key < change.key
                }
                (Some(_), None) => true,
                (_, Some(Err(_))) | (None, Some(Ok(_))) => false,
                (None, None) => return None,
            };
            if !pending_is_next {
                return self.trees.next().map(|change| change.map_err(Into::into));
            }
            let key = self.pending.next()?;
            let values = self.from.get(&key).and_then(|from| Ok((from, self.to.get(&key)?)));
            match values {
                Ok((from, to)) if from == to => {}
                Ok((from, to)) => return Some(Ok(Change { key, from, to })),
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}
