//! What becomes of an operation that was not synced.

use std::fmt;

use super::chance::Chance;

/// What is in a part of a file whose bytes did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    Zeros,
    /// Bytes without a meaning, which follow from this seed: what the disk held
    /// there before.
    Garbage(u64),
}

impl Fill {
    /// Appends `len` such bytes.
    pub(super) fn extend(self, bytes: &mut Vec<u8>, len: usize) {
        match self {
            Self::Zeros => bytes.resize(bytes.len() + len, 0),
            Self::Garbage(seed) => {
                let mut chance = Chance::new(seed ^ bytes.len() as u64);
                bytes.extend((0..len).map(|_| chance.draw() as u8));
            }
        }
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zeros => "zeros",
            Self::Garbage(_) => "garbage",
        })
    }
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The disk knows nothing of it.
    Lost,
    /// It arrived.
    Whole,
    /// Of an append the first `len` bytes arrived. The file ends there, or has its
    /// new length and something else in the rest of it.
    Torn { len: usize, rest: Option<Fill> },
}
