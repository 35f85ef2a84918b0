//! Splits a range into parts of about equal counts.

use bytes::Bytes;

use super::Tree;
use super::node::Node;
use crate::error::Result;
use crate::key_range::KeyRange;

impl Tree {
    /// Splits a range, at the boundaries of leaves, into at most `parts` ranges of
    /// about equal numbers of entries. Put together in order they are the range;
    /// there is always at least one. A part may be missing where leaves are too
    /// few, so there are fewer parts than asked for rather than empty ones.
    ///
    /// Reads internal nodes, and the leaves at the ends of the range.
    ///
    /// # Errors
    /// A failed read.
    pub fn split(&self, range: &KeyRange, parts: usize) -> Result<Vec<KeyRange>> {
        let (first, end) = self.ranks(range)?;
        let root = self.nodes().load(&self.root().chunk())?;
        let parts = u64::try_from(parts).unwrap_or(u64::MAX).min(end - first);
        let mut ranges = Vec::new();
        let mut start = range.start.clone();
        // The first entry of the next part is that of a leaf.
        let mut reached = first;
        for part in 1..parts {
            // In 128 bits the product cannot overflow, and the quotient is below `end`.
            let wanted = u128::from(end - first) * u128::from(part) / u128::from(parts);
            let Some((cut, rank)) = self.cut_near(&root, first + wanted as u64)? else {
                break;
            };
            if reached < rank && rank < end {
                ranges.push(KeyRange { start: std::mem::replace(&mut start, cut.clone()), end: Some(cut) });
                reached = rank;
            }
        }
        ranges.push(KeyRange { start, end: range.end.clone() });
        Ok(ranges)
    }

    /// The leaf boundary nearest to the `n`-th entry: the least key that can be in
    /// the leaf after it, and the number of that leaf's first entry. None when the
    /// tree has only one leaf.
    fn cut_near(&self, root: &Node, n: u64) -> Result<Option<(Bytes, u64)>> {
        let Some((index, rest)) = (!root.is_leaf()).then(|| root.child_of_nth(n)).flatten() else {
            return Ok(None);
        };
        let before = n - rest;
        let child = root.child(index);
        let is_nearer_end = rest > child.entries / 2;
        if root.level() > 1 {
            let node = self.nodes().load_child(root, index)?;
            if let Some((cut, rank)) = self.cut_near(&node, rest)? {
                return Ok(Some((cut, before + rank)));
            }
        }
        // The boundaries of this child itself; the end of all is not one between
        // two leaves.
        let at_end = (is_nearer_end && index + 1 < root.len()).then(|| (index, before + child.entries));
        let at_start = index.checked_sub(1).map(|index| (index, before));
        Ok(at_end.or(at_start).map(|(last, rank)| (root.key(last).successor(), rank)))
    }
}
