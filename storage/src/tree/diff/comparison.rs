//! Walks through two trees side by side, past what they share.

use std::cmp::Ordering;

use super::side::{Item, LeafEntry, Side};
use crate::error::Result;
use crate::key_range::KeyRange;
use crate::tree::Tree;

/// Finds the differences between two trees in order of keys.
///
/// Both walks stand before an entry or a subtree. Subtrees with equal hashes hold
/// the same entries, at whatever depth, and are passed over unread. A subtree that
/// lies before everything left on the other side differs as a whole; this is known
/// from separators alone. Otherwise the subtrees overlap, and the walk goes into
/// the higher one, or both. So nodes are read only on the way to a difference, and
/// from there until the boundaries of both trees coincide again (I5).
pub(super) struct Comparison {
    pub(super) from: Side,
    pub(super) to: Side,
}

/// One difference.
pub(super) enum Difference {
    Removed(LeafEntry),
    Added(LeafEntry),
    Modified(LeafEntry, LeafEntry),
    /// So many entries are only on the old side; only if subtrees were asked for.
    RemovedSubtree(u64),
    /// So many entries are only on the new side.
    AddedSubtree(u64),
}

/// What the two items that the walks stand before are to each other.
enum Relation {
    End,
    Equal,
    /// All of the old side's item is below all that is left on the new side.
    OldFirst,
    NewFirst,
    /// Two entries of one key with different values.
    Modified,
    /// They overlap; go into the old one, the new one.
    Overlap(bool, bool),
}

impl Comparison {
    pub(super) fn new(from: &Tree, to: &Tree, range: &KeyRange) -> Result<Self> {
        Ok(Self { from: Side::new(from, range)?, to: Side::new(to, range)? })
    }

    /// The next difference. With `by_subtree`, subtrees that are wholly inside the
    /// range and only on one side are reported by their counts, unread.
    pub(super) fn next(&mut self, by_subtree: bool) -> Result<Option<Difference>> {
        loop {
            let found = match self.relation() {
                Relation::End => return Ok(None),
                Relation::Equal => {
                    self.from.skip();
                    self.to.skip();
                    None
                }
                Relation::Modified => {
                    let modified = Difference::Modified(self.from.entry(), self.to.entry());
                    self.from.skip();
                    self.to.skip();
                    Some(modified)
                }
                Relation::OldFirst => {
                    one_sided(&mut self.from, by_subtree, Difference::Removed, Difference::RemovedSubtree)?
                }
                Relation::NewFirst => {
                    one_sided(&mut self.to, by_subtree, Difference::Added, Difference::AddedSubtree)?
                }
                Relation::Overlap(old, new) => {
                    if old {
                        self.from.enter()?;
                    }
                    if new {
                        self.to.enter()?;
                    }
                    None
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn relation(&self) -> Relation {
        let (old, new) = match (self.from.item(), self.to.item()) {
            (None, None) => return Relation::End,
            (Some(_), None) => return Relation::OldFirst,
            (None, Some(_)) => return Relation::NewFirst,
            (Some(old), Some(new)) => (old, new),
        };
        match (&old.subtree, &new.subtree) {
            (Some(a), Some(b)) if a.hash == b.hash => Relation::Equal,
            (None, None) => match old.key.cmp(&new.key) {
                Ordering::Less => Relation::OldFirst,
                Ordering::Greater => Relation::NewFirst,
                Ordering::Equal if self.from.stored() == self.to.stored() => Relation::Equal,
                Ordering::Equal => Relation::Modified,
            },
            _ if is_before(&old, &self.to, &new) => Relation::OldFirst,
            _ if is_before(&new, &self.from, &old) => Relation::NewFirst,
            (Some(a), Some(b)) => Relation::Overlap(a.level >= b.level, b.level >= a.level),
            (a, b) => Relation::Overlap(a.is_some(), b.is_some()),
        }
    }
}

/// Whether all of `item` is below all of the other side's item.
fn is_before(item: &Item<'_>, other_side: &Side, other: &Item<'_>) -> bool {
    match other.subtree {
        None => item.key < other.key,
        Some(_) => other_side.lower().is_some_and(|lower| item.key <= lower),
    }
}

/// Takes what is only on one side: an entry, or a subtree if those are wanted;
/// otherwise goes into the subtree.
fn one_sided(
    side: &mut Side,
    by_subtree: bool,
    entry: fn(LeafEntry) -> Difference,
    subtree: fn(u64) -> Difference,
) -> Result<Option<Difference>> {
    let difference = match side.item() {
        None => return Ok(None),
        Some(Item { subtree: None, .. }) => entry(side.entry()),
        Some(item) => match &item.subtree {
            Some(whole) if by_subtree && side.is_whole(&item) => subtree(whole.entries),
            _ => {
                side.enter()?;
                return Ok(None);
            }
        },
    };
    side.skip();
    Ok(Some(difference))
}
