//! Ranges of keys.

use std::ops::Bound;

use bytes::Bytes;

/// A half-open range of keys in byte order. Every range of byte strings has
/// this form: an inclusive end `k` is the exclusive end `k` followed by a zero
/// byte, the least key above it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    /// The least key inside.
    pub start: Bytes,
    /// The least key above the range; none when it has no upper end.
    pub end: Option<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self { start: Bytes::new(), end: None }
    }

    /// `start` included, `end` excluded.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self { start: start.into(), end: Some(end.into()) }
    }

    /// Exactly one key.
    pub fn key(key: &[u8]) -> Self {
        Self { start: Bytes::copy_from_slice(key), end: Some(above(key)) }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let end = prefix.iter().rposition(|&byte| byte != u8::MAX).map(|last| {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            Bytes::from(end)
        });
        Self { start: Bytes::copy_from_slice(prefix), end }
    }

    /// The half-open form of any pair of bounds.
    pub fn from_bounds(start: Bound<&[u8]>, end: Bound<&[u8]>) -> Self {
        let start = match start {
            Bound::Included(key) => Bytes::copy_from_slice(key),
            Bound::Excluded(key) => above(key),
            Bound::Unbounded => Bytes::new(),
        };
        let end = match end {
            Bound::Included(key) => Some(above(key)),
            Bound::Excluded(key) => Some(Bytes::copy_from_slice(key)),
            Bound::Unbounded => None,
        };
        Self { start, end }
    }

    /// Whether `key` is inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= &self.start[..] && self.is_below_end(key)
    }

    /// Whether `key` is below the upper end.
    pub fn is_below_end(&self, key: &[u8]) -> bool {
        self.end.as_ref().is_none_or(|end| key < &end[..])
    }

    /// Whether no key can be inside.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end <= &self.start)
    }

    /// The keys inside both.
    pub fn intersect(&self, other: &Self) -> Self {
        let start = self.start.clone().max(other.start.clone());
        let end = match (&self.end, &other.end) {
            (Some(a), Some(b)) => Some(a.min(b).clone()),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Self { start, end }
    }
}

/// The least key above `key`.
fn above(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_range_ends_at_the_next_prefix_and_not_at_all_after_only_ff() {
        assert_eq!(KeyRange::prefix(b"user:"), KeyRange::between(&b"user:"[..], &b"user;"[..]));
        assert_eq!(KeyRange::prefix(b"a\xff").end.as_deref(), Some(&b"b"[..]));
        assert_eq!(KeyRange::prefix(b"\xff\xff").end, None);
        assert_eq!(KeyRange::prefix(b""), KeyRange::all());
    }

    #[test]
    fn bounds_become_half_open_without_losing_or_gaining_a_key() {
        let range = KeyRange::from_bounds(Bound::Excluded(b"a"), Bound::Included(b"c"));
        let inside: Vec<&[u8]> =
            [&b"a"[..], b"a\0", b"b", b"c", b"c\0"].into_iter().filter(|key| range.contains(key)).collect();
        assert_eq!(inside, [&b"a\0"[..], b"b", b"c"]);
    }

    #[test]
    fn disjoint_ranges_intersect_in_nothing() {
        let low = KeyRange::between(&b"a"[..], &b"b"[..]);
        let high = KeyRange::between(&b"c"[..], &b"d"[..]);
        assert!(low.intersect(&high).is_empty());
        assert_eq!(low.intersect(&KeyRange::all()), low);
    }
}
