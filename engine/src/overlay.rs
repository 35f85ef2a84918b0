//! Pending writes that are not in a tree yet.

use std::collections::VecDeque;
use std::ops::Bound;

use bytes::Bytes;
use imbl::OrdMap;
use microprolly_storage::{KeyRange, Mutation};

/// Pending bytes on a branch beyond which they are put into its tree.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Pending keys on a branch beyond which they are put into its tree.
const ENTRIES_MAX: usize = 16 * 1024;

/// What an entry takes in memory besides its bytes.
const ENTRY_OVERHEAD_BYTES: usize = 128;

/// An immutable ordered map of pending keys. A put is one insert; a copy is
/// one pointer. `None` is a deletion.
#[derive(Clone, Default)]
pub(crate) struct Overlay {
    entries: OrdMap<Bytes, Option<Bytes>>,
    bytes: usize,
}

impl Overlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether both are the very same map; unequal maps may still hold the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.entries.ptr_eq(&other.entries) || (self.is_empty() && other.is_empty())
    }

    /// About how much memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes + self.entries.len() * ENTRY_OVERHEAD_BYTES
    }

    /// Whether there is so much in it that a branch's tree should have it.
    pub(crate) fn is_large(&self) -> bool {
        self.bytes > BYTES_MAX || self.entries.len() > ENTRIES_MAX
    }

    pub(crate) fn insert(&mut self, key: Bytes, value: Option<Bytes>) {
        let key_len = key.len();
        self.bytes += key_len + value.as_ref().map_or(0, Bytes::len);
        if let Some(former) = self.entries.insert(key, value) {
            self.bytes -= key_len + former.map_or(0, |value| value.len());
        }
    }

    /// The pending state of a key: nothing pending, deleted, or a value.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        self.entries.get(key)
    }

    /// Pending keys inside a range, in order.
    pub(crate) fn range(
        &self,
        range: &KeyRange,
    ) -> impl DoubleEndedIterator<Item = (&Bytes, &Option<Bytes>)> + use<'_> {
        self.entries.range::<_, Bytes>(bounds(range))
    }

    /// The same as copies, made as they are asked for.
    pub(crate) fn cursor(&self, range: &KeyRange) -> OverlayCursor {
        OverlayCursor { overlay: self.clone(), rest: bounds(range), ready: VecDeque::new() }
    }

    /// Every pending write, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Option<Bytes>)> {
        self.entries.iter()
    }

    /// Every pending write as a mutation of a tree, in order.
    pub(crate) fn mutations(&self) -> impl Iterator<Item = Mutation> + '_ {
        self.entries.iter().map(|(key, value)| Mutation { key: key.clone(), value: value.clone() })
    }
}

/// A range as the map takes it.
fn bounds(range: &KeyRange) -> (Bound<Bytes>, Bound<Bytes>) {
    let end = match &range.end {
        // The map would panic on a start above the end.
        Some(end) => Bound::Excluded(end.max(&range.start).clone()),
        None => Bound::Unbounded,
    };
    (Bound::Included(range.start.clone()), end)
}

/// How many writes a cursor takes from the map at once: to find its place
/// there again costs more than to copy some that nobody may ask for.
const READY_MAX: usize = 32;

/// Pending writes of a range, from either end. It holds the map, not what is
/// in it, so what is not read costs nothing.
pub(crate) struct OverlayCursor {
    overlay: Overlay,
    /// Where the writes lie that were not taken from the map yet.
    rest: (Bound<Bytes>, Bound<Bytes>),
    /// Those that were, and come before the rest.
    ready: VecDeque<(Bytes, Option<Bytes>)>,
}

impl Iterator for OverlayCursor {
    type Item = (Bytes, Option<Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            let rest = self.overlay.entries.range::<_, Bytes>((self.rest.0.as_ref(), self.rest.1.as_ref()));
            self.ready.extend(rest.take(READY_MAX).map(|(key, value)| (key.clone(), value.clone())));
            if let Some((last, _)) = self.ready.back() {
                self.rest.0 = Bound::Excluded(last.clone());
            }
        }
        self.ready.pop_front()
    }
}

impl DoubleEndedIterator for OverlayCursor {
    fn next_back(&mut self) -> Option<Self::Item> {
        let mut rest = self.overlay.entries.range::<_, Bytes>((self.rest.0.as_ref(), self.rest.1.as_ref()));
        let Some((key, value)) = rest.next_back() else { return self.ready.pop_back() };
        self.rest.1 = Bound::Excluded(key.clone());
        Some((key.clone(), value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_cursor_share_what_is_left() {
        let mut overlay = Overlay::default();
        let keys: Vec<Bytes> = (0..100).map(|number| format!("{number:03}").into()).collect();
        keys.iter().for_each(|key| overlay.insert(key.clone(), None));
        for period in 1..10 {
            let mut cursor = overlay.cursor(&KeyRange::between("010", "090"));
            let (mut front, mut back) = (Vec::new(), Vec::new());
            for turn in 0..80 {
                if turn % period == 0 {
                    back.extend(cursor.next_back());
                } else {
                    front.extend(cursor.next());
                }
            }
            assert!(cursor.next().is_none() && cursor.next_back().is_none());
            back.reverse();
            let all: Vec<Bytes> = front.into_iter().chain(back).map(|(key, _)| key).collect();
            assert_eq!(all, keys[10..90], "from the back each {period}th time");
        }
    }
}
