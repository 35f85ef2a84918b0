//! Walks through three trees side by side and decides, for one range of keys after
//! the other, which side the merged tree takes it from.

use bytes::Bytes;

use super::splicer::Splicer;
use super::walk::{Item, Walk};
use super::{MergeConflict, TreeMerge};
use crate::error::Result;
use crate::tree::Tree;

/// The three walks of a merge, and what it puts together.
///
/// All keys up to a *frontier* are decided, and each walk stands before an item
/// that is wholly beyond it, so that what is left of a tree is what its walk has
/// yet to pass. The next step is one of these:
///
/// - Two walks stand before the same item, and so agree on every key up to its
///   last. If one of them is the base, the other side changed nothing there, and
///   the merged tree has what the third has; if they are the two sides, it has what
///   they have. A run of such items is one step, since leading the third walk to
///   its end may cost a descent.
/// - One walk alone has keys up to the last of its item, as separators show. One
///   side added them; or they are the base's, and both sides removed them.
/// - Several walks may have keys there, and some stand before subtrees. The highest
///   of those are gone into. Each differs from the others or lies at another place
///   of its tree, so this is the way to a difference.
/// - Several walks stand before entries of the least key that is left. As no two of
///   them are the same, it is a conflict.
///
/// Each step passes an item or goes down a level, so there is an end. Nodes are read
/// only where all three differ and at the ends of runs (I5).
pub(super) struct ThreeWay<'a, R> {
    base: Walk<'a>,
    ours: Walk<'a>,
    theirs: Walk<'a>,
    merged: Splicer<'a>,
    resolve: R,
    conflicts: u64,
}

impl<'a, R: FnMut(MergeConflict) -> Result<Option<Bytes>>> ThreeWay<'a, R> {
    pub(super) fn new(base: &'a Tree, ours: &'a Tree, theirs: &'a Tree, resolve: R) -> Result<Self> {
        Ok(Self {
            base: Walk::new(base)?,
            ours: Walk::new(ours)?,
            theirs: Walk::new(theirs)?,
            merged: Splicer::new(ours.nodes()),
            resolve,
            conflicts: 0,
        })
    }

    /// Merges the trees.
    pub(super) fn merge(mut self) -> Result<TreeMerge> {
        while self.step()? {}
        let (tree, subtrees_spliced) = self.merged.finish()?;
        Ok(TreeMerge { tree, conflicts: self.conflicts, subtrees_spliced })
    }

    /// Takes one step; false at the end of all three trees.
    fn step(&mut self) -> Result<bool> {
        let (base, ours, theirs) = (self.base.item(), self.ours.item(), self.theirs.item());
        if are_same(base, ours) {
            let last = pass_same(&mut self.base, &mut self.ours, |_| Ok(()))?;
            self.theirs.pass(&last, |item| self.merged.push(item))?;
        } else if are_same(base, theirs) {
            let last = pass_same(&mut self.base, &mut self.theirs, |_| Ok(()))?;
            self.ours.pass(&last, |item| self.merged.push(item))?;
        } else if are_same(ours, theirs) {
            let last = pass_same(&mut self.ours, &mut self.theirs, |item| self.merged.push(item))?;
            self.base.pass(&last, |_| Ok(()))?;
        } else {
            return self.step_apart();
        }
        Ok(true)
    }

    /// As [`ThreeWay::step`], where no two walks stand before the same item.
    fn step_apart(&mut self) -> Result<bool> {
        let walks = [&self.base, &self.ours, &self.theirs];
        let Some(least) = walks.into_iter().filter_map(Walk::item).map(Item::key).min() else {
            return Ok(false);
        };
        // Which of them may have keys up to the end of the item that ends first.
        let reaches = walks.map(|walk| !walk.is_after(least));
        let key = least.to_bytes();
        match reaches {
            [true, false, false] => self.base.pass(&key, |_| Ok(()))?,
            [false, true, false] => self.ours.pass(&key, |item| self.merged.push(item))?,
            [false, false, true] => self.theirs.pass(&key, |item| self.merged.push(item))?,
            _ => {
                if !self.enter_highest(reaches)? {
                    self.settle(key, reaches)?;
                }
            }
        }
        Ok(true)
    }

    /// Goes into the highest subtrees that the walks of some sides stand before;
    /// false when those stand before entries only.
    fn enter_highest(&mut self, sides: [bool; 3]) -> Result<bool> {
        let walks = [&mut self.base, &mut self.ours, &mut self.theirs];
        let walks: Vec<&mut Walk<'a>> =
            walks.into_iter().zip(sides).filter_map(|(walk, is_meant)| is_meant.then_some(walk)).collect();
        let highest = walks.iter().filter_map(|walk| walk.item()?.level()).max();
        if highest.is_none() {
            return Ok(false);
        }
        for walk in walks {
            if walk.item().and_then(Item::level) == highest {
                walk.enter()?;
            }
        }
        Ok(true)
    }

    /// Asks for the value of a key, an entry of which the walks of some sides stand
    /// before, and passes over those.
    fn settle(&mut self, key: Bytes, [in_base, in_ours, in_theirs]: [bool; 3]) -> Result<()> {
        let conflict = MergeConflict {
            key: key.clone(),
            base: in_base.then(|| self.base.take_value()).transpose()?,
            ours: in_ours.then(|| self.ours.take_value()).transpose()?,
            theirs: in_theirs.then(|| self.theirs.take_value()).transpose()?,
        };
        self.conflicts += 1;
        match (self.resolve)(conflict)? {
            Some(value) => self.merged.push_value(&key, value),
            None => Ok(()),
        }
    }
}

/// Whether two walks stand before the same item.
fn are_same(one: Option<Item<'_>>, other: Option<Item<'_>>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.is_same(other))
}

/// Passes over the items that two walks both stand before, as long as they are the
/// same; each is handed to `take` first. Returns the last key passed.
fn pass_same(
    one: &mut Walk<'_>,
    other: &mut Walk<'_>,
    mut take: impl FnMut(Item<'_>) -> Result<()>,
) -> Result<Bytes> {
    let mut last = Bytes::new();
    while let (Some(item), Some(same)) = (one.item(), other.item())
        && item.is_same(same)
    {
        last = item.key().to_bytes();
        take(item)?;
        one.skip();
        other.skip();
    }
    Ok(last)
}
