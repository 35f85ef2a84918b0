//! Chance that is the same in each run.

/// Numbers that follow from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// One of several, if there is any.
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(from.len().max(1) as u64) as usize;
        from.get(place).cloned()
    }

    /// Bytes that do not compress.
    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| self.roll().to_le_bytes()).collect();
        bytes.truncate(len);
        bytes
    }
}
