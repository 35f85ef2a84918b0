//! Offsets tables: `n` ascending integers of two or four bytes.

/// How many bytes an offset takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetWidth {
    Two,
    Four,
}

impl OffsetWidth {
    /// The width for offsets up to `max`.
    pub(super) fn for_max(max: usize) -> Self {
        if max <= usize::from(u16::MAX) { Self::Two } else { Self::Four }
    }

    /// The width that the byte in a header states.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            _ => None,
        }
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// The `index`-th offset of the table at `table`, which must lie inside.
    #[inline]
    pub(super) fn get(self, encoding: &[u8], table: usize, index: usize) -> usize {
        match self {
            Self::Two => {
                let at = table + index * 2;
                usize::from(u16::from_le_bytes([encoding[at], encoding[at + 1]]))
            }
            Self::Four => {
                let at = table + index * 4;
                let bytes = [encoding[at], encoding[at + 1], encoding[at + 2], encoding[at + 3]];
                u32::from_le_bytes(bytes) as usize
            }
        }
    }

    /// Appends `ends` as a table.
    pub(super) fn write(self, ends: &[u32], out: &mut Vec<u8>) {
        for &end in ends {
            let bytes = end.to_le_bytes();
            out.extend_from_slice(&bytes[..self.bytes()]);
        }
    }
}
