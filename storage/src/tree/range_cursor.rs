//! Reads the entries of a range from either end.

use super::path::Path;
use super::{Entry, Tree};
use crate::error::Result;
use crate::key_range::KeyRange;

/// The entries of a range in order of keys, from [`Tree::range`]. Can be read from
/// both ends, which share what is left; ends after the first error.
///
/// It holds what it needs of the tree, so it may outlive the [`Tree`] value.
/// Skipping with [`Iterator::nth`] and [`DoubleEndedIterator::nth_back`] costs a
/// descent, not a scan.
pub struct RangeCursor {
    tree: Tree,
    /// The range, until its ends have been looked up.
    range: Option<KeyRange>,
    /// Numbers of the first entry left and of the first beyond the last left.
    first: u64,
    end: u64,
    /// The entry before `first`, once the cursor has moved there.
    front: Option<Path>,
    /// The entry at `end`, once the cursor has moved there.
    back: Option<Path>,
}

impl Tree {
    /// The entries of a range in order of keys. Reads nothing until the first
    /// entry is asked for.
    pub fn range(&self, range: &KeyRange) -> RangeCursor {
        RangeCursor {
            tree: self.clone(),
            range: Some(range.clone()),
            first: 0,
            end: 0,
            front: None,
            back: None,
        }
    }
}

impl RangeCursor {
    /// How many entries are left, without reading them.
    ///
    /// # Errors
    /// A failed read, on the first use.
    pub fn remaining(&mut self) -> Result<u64> {
        if let Some(range) = self.range.take() {
            (self.first, self.end) = self.tree.ranks(&range)?;
        }
        Ok(self.end - self.first)
    }

    fn try_next(&mut self) -> Result<Option<Entry>> {
        if self.remaining()? == 0 {
            return Ok(None);
        }
        let path = match self.front.take() {
            Some(mut path) => {
                path.step()?;
                path
            }
            None => self.path_to(self.first)?,
        };
        let entry = path.entry()?;
        self.front = Some(path);
        self.first += 1;
        Ok(Some(entry))
    }

    fn try_next_back(&mut self) -> Result<Option<Entry>> {
        if self.remaining()? == 0 {
            return Ok(None);
        }
        let path = match self.back.take() {
            Some(mut path) => {
                path.step_back()?;
                path
            }
            None => self.path_to(self.end - 1)?,
        };
        let entry = path.entry()?;
        self.back = Some(path);
        self.end -= 1;
        Ok(Some(entry))
    }

    fn path_to(&self, n: u64) -> Result<Path> {
        let nodes = self.tree.nodes();
        Path::to_nth(nodes, nodes.load(&self.tree.root().chunk())?, n)
    }

    /// Makes an iterator's item of a result; nothing is left after an error.
    fn item(&mut self, result: Result<Option<Entry>>) -> Option<Result<Entry>> {
        if result.is_err() {
            self.range = None;
            self.first = self.end;
        }
        result.transpose()
    }
}

impl Iterator for RangeCursor {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.try_next();
        self.item(result)
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        let result = self.remaining().and_then(|remaining| {
            let skipped = remaining.min(n as u64);
            if skipped > 0 {
                self.front = None;
                self.first += skipped;
            }
            self.try_next()
        });
        self.item(result)
    }
}

impl DoubleEndedIterator for RangeCursor {
    fn next_back(&mut self) -> Option<Self::Item> {
        let result = self.try_next_back();
        self.item(result)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let result = self.remaining().and_then(|remaining| {
            let skipped = remaining.min(n as u64);
            if skipped > 0 {
                self.back = None;
                self.end -= skipped;
            }
            self.try_next_back()
        });
        self.item(result)
    }
}

impl std::iter::FusedIterator for RangeCursor {}

impl std::fmt::Debug for RangeCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left = self.range.is_none().then_some(self.first..self.end);
        f.debug_struct("RangeCursor").field("tree", &self.tree).field("left", &left).finish_non_exhaustive()
    }
}
