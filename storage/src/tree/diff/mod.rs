//! What differs between two trees.

mod comparison;
mod side;

use bytes::Bytes;

use super::Tree;
use crate::error::Result;
use crate::key_range::KeyRange;
use comparison::{Comparison, Difference};

/// A key whose value differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Bytes,
    /// Its value in the old tree; none when the key was added.
    pub from: Option<Bytes>,
    /// Its value in the new tree; none when the key was removed.
    pub to: Option<Bytes>,
}

/// How many keys differ between two trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiffCounts {
    /// Keys only in the new tree.
    pub added: u64,
    /// Keys only in the old tree.
    pub removed: u64,
    /// Keys in both, with different values.
    pub modified: u64,
}

/// The changes from one tree to another in order of keys, from [`Tree::diff`].
/// Ends after the first error.
pub struct Diff {
    state: State,
}

enum State {
    /// Nothing was read yet.
    Start {
        from: Tree,
        to: Tree,
        range: KeyRange,
    },
    Running(Box<Comparison>),
    Done,
}

impl Tree {
    /// The changes that lead from this tree to `to`, among the keys of a range,
    /// in order of keys. Equal subtrees are passed over unread, whatever the
    /// depths of the trees; nothing is read until the first change is asked for.
    /// Values are equal when they are stored alike, so a large one is read only
    /// if it is part of a change.
    pub fn diff(&self, to: &Tree, range: &KeyRange) -> Diff {
        let state = if self.root() == to.root() {
            State::Done
        } else {
            State::Start { from: self.clone(), to: to.clone(), range: range.clone() }
        };
        Diff { state }
    }

    /// Counts the changes that [`Tree::diff`] would give. Subtrees that are only
    /// in one tree are counted unread.
    ///
    /// # Errors
    /// A failed read.
    pub fn diff_count(&self, to: &Tree, range: &KeyRange) -> Result<DiffCounts> {
        let mut counts = DiffCounts::default();
        if self.root() == to.root() {
            return Ok(counts);
        }
        let mut comparison = Comparison::new(self, to, range)?;
        while let Some(difference) = comparison.next(true)? {
            match difference {
                Difference::Removed(_) => counts.removed += 1,
                Difference::Added(_) => counts.added += 1,
                Difference::Modified(..) => counts.modified += 1,
                Difference::RemovedSubtree(entries) => counts.removed += entries,
                Difference::AddedSubtree(entries) => counts.added += entries,
            }
        }
        Ok(counts)
    }
}

impl Diff {
    fn try_next(&mut self) -> Result<Option<Change>> {
        if let State::Start { from, to, range } = &self.state {
            self.state = State::Running(Box::new(Comparison::new(from, to, range)?));
        }
        let State::Running(comparison) = &mut self.state else {
            return Ok(None);
        };
        let change = match comparison.next(false)? {
            Some(Difference::Removed(old)) => {
                Change { key: old.key(), from: Some(comparison.from.value(&old)?), to: None }
            }
            Some(Difference::Added(new)) => {
                Change { key: new.key(), from: None, to: Some(comparison.to.value(&new)?) }
            }
            Some(Difference::Modified(old, new)) => Change {
                key: new.key(),
                from: Some(comparison.from.value(&old)?),
                to: Some(comparison.to.value(&new)?),
            },
            // Subtrees were not asked for.
            Some(Difference::RemovedSubtree(_) | Difference::AddedSubtree(_)) | None => return Ok(None),
        };
        Ok(Some(change))
    }
}

impl Iterator for Diff {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.try_next();
        if !matches!(result, Ok(Some(_))) {
            self.state = State::Done;
        }
        result.transpose()
    }
}

impl std::iter::FusedIterator for Diff {}
