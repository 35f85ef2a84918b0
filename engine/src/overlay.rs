//! Pending writes that are not in a tree yet.

use bytes::Bytes;
use imbl::OrdMap;
use microprolly_storage::{KeyRange, Mutation};

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

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
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
        use std::ops::Bound::{Excluded, Included, Unbounded};
        // The map's own range panics on a start above the end.
        let range = if range.is_empty() {
            KeyRange::between(range.start.clone(), range.start.clone())
        } else {
            range.clone()
        };
        let end = match range.end {
            Some(end) => Excluded(end),
            None => Unbounded,
        };
        self.entries.range::<_, Bytes>((Included(range.start), end))
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
