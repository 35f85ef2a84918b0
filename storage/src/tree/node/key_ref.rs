//! A key inside a node.

use std::cmp::Ordering;

use bytes::Bytes;

/// A key as a node holds it: the prefix common to the node, then its own part.
#[derive(Clone, Copy)]
pub(crate) struct KeyRef<'a> {
    pub(crate) prefix: &'a [u8],
    pub(crate) suffix: &'a [u8],
}

impl<'a> KeyRef<'a> {
    /// A key that is in one piece.
    pub(crate) fn whole(key: &'a [u8]) -> Self {
        Self { prefix: &[], suffix: key }
    }

    pub(crate) fn len(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// The key in one piece.
    pub(crate) fn to_bytes(self) -> Bytes {
        [self.prefix, self.suffix].concat().into()
    }

    /// The least key above this one.
    pub(crate) fn successor(self) -> Bytes {
        [self.prefix, self.suffix, &[0]].concat().into()
    }

    /// Appends the key to `buffer`.
    pub(crate) fn append_to(self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.prefix);
        buffer.extend_from_slice(self.suffix);
    }
}

impl Ord for KeyRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // Compare piece by piece, cutting where the shorter prefix ends.
        if self.prefix.len() > other.prefix.len() {
            return other.cmp(self).reverse();
        }
        let (head, rest) = other.prefix.split_at(self.prefix.len());
        self.prefix.cmp(head).then_with(|| {
            let cut = rest.len().min(self.suffix.len());
            let (middle, tail) = self.suffix.split_at(cut);
            // When the cut is the suffix's own end, `middle` is compared with a
            // longer `rest`, which decides unless both are empty from there on.
            middle.cmp(rest).then_with(|| tail.cmp(other.suffix))
        })
    }
}

impl PartialOrd for KeyRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for KeyRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.cmp(other) == Ordering::Equal
    }
}

impl Eq for KeyRef<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_as_their_whole_wherever_they_are_cut() {
        let keys: [&[u8]; 9] = [b"", b"a", b"aa", b"aaa", b"ab", b"abc", b"b", b"ba", b"\xff\xff"];
        for x in keys {
            for y in keys {
                for i in 0..=x.len() {
                    for j in 0..=y.len() {
                        let a = KeyRef { prefix: &x[..i], suffix: &x[i..] };
                        let b = KeyRef { prefix: &y[..j], suffix: &y[j..] };
                        assert_eq!(a.cmp(&b), x.cmp(y), "{x:?} cut at {i}, {y:?} cut at {j}");
                        assert_eq!(a == b, x == y);
                    }
                }
            }
        }
    }
}
