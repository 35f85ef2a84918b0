//! Decides where nodes end.
//!
//! Whether a node ends after an entry depends on two things only: a hash of that
//! entry's key, seeded by the level, and the bytes of the node so far. So the
//! boundaries of a level are a function of its entries from the previous boundary
//! on, the tree is a function of its entries (I3), and after a change boundaries
//! fall back into place as soon as one of them coincides with an old one. A value
//! matters through its length alone: replacing a value by one as long moves none.
//!
//! # The hazard
//!
//! With a constant chance per entry node sizes would be spread exponentially, with
//! many tiny and some huge. Here the chance grows with the size, so that sizes
//! follow a Weibull distribution of shape 4 (its mean is 0.906 of its scale, its
//! standard deviation 0.25). The cumulative hazard at a size of `s` bytes is
//! `H(s) = (s / scale)⁴`, and an entry that takes the node from `s` to `e` bytes
//! ends it with the probability `1 − exp(−(H(e) − H(s)))`. Because the hazard
//! telescopes, the distribution does not depend on the sizes of the entries.
//!
//! # Integers only
//!
//! Every platform must decide alike, so no floating point takes part: `s / scale`
//! and `H` are fixed-point integers with 32 fractional bits, and `exp(x)` is the
//! first four terms of its series. That is within 2 % for `x ≤ 1`, beyond which
//! nodes hardly survive, and its exactness matters to nothing but the distribution.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::ChunkingParameters;

/// Multiplied by the level plus one, gives the seed of that level's key hash. The
/// levels need different ones: every key of an internal node ended a node below,
/// so under the same hash it would end this one too.
const LEVEL_SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The mean of a Weibull distribution of shape 4 is 0.906 of its scale; what is
/// missing to 11/10 is made up by entries that go beyond the point of the cut.
const SCALE_NUMERATOR: u64 = 11;
const SCALE_DENOMINATOR: u64 = 10;

/// Fractional bits of the fixed-point numbers.
const FRACTION_BITS: u32 = 32;

/// A hazard from which on the end is taken as certain enough: `exp` of it is
/// beyond what four terms of the series show.
const HAZARD_MAX: u64 = 8 << FRACTION_BITS;

/// Follows one level of a tree and says after which entries its nodes end.
#[derive(Debug)]
pub(crate) struct Splitter {
    seed: u64,
    /// Least number of entries of a node that ends by itself.
    entries_min: u64,
    bytes_min: u64,
    bytes_max: u64,
    /// `2³² / scale`.
    inverse_scale: u64,
    /// Bytes and entries of the open node, and its cumulative hazard.
    bytes: u64,
    entries: u64,
    hazard: u64,
}

impl Splitter {
    /// A splitter at the start of a node. Parameters out of their limits are
    /// brought inside, so that any give a tree.
    pub(crate) fn new(chunking: ChunkingParameters, level: u8) -> Self {
        let limit = ChunkingParameters::BYTES_MAX_LIMIT;
        let target = chunking.bytes_target.clamp(1, limit);
        let scale = (u64::from(target) * SCALE_NUMERATOR / SCALE_DENOMINATOR).max(1);
        Self {
            seed: LEVEL_SEED.wrapping_mul(u64::from(level) + 1),
            // With two children in every node but the last, a level has at most
            // half the nodes (rounded up) of the one below, so that levels come
            // to an end even if every key is as long as a node.
            entries_min: if level == 0 { 1 } else { 2 },
            bytes_min: u64::from(chunking.bytes_min),
            bytes_max: u64::from(chunking.bytes_max.clamp(1, limit)),
            inverse_scale: (1 << FRACTION_BITS) / scale,
            bytes: 0,
            entries: 0,
            hazard: 0,
        }
    }

    /// Takes in an entry of `len` bytes, key and value; returns whether the node
    /// ends after it, in which case the next entry starts the next node.
    pub(crate) fn ends_after(&mut self, key: &[u8], len: usize) -> bool {
        self.bytes = self.bytes.saturating_add(len as u64);
        self.entries += 1;
        let before = self.hazard;
        self.hazard = self.hazard_at(self.bytes);
        let ends = self.entries >= self.entries_min
            && (self.bytes >= self.bytes_max
                || (self.bytes >= self.bytes_min && is_hit(self.seed, key, self.hazard - before)));
        if ends {
            self.restart();
        }
        ends
    }

    /// Starts a node, whatever came before.
    pub(crate) fn restart(&mut self) {
        self.bytes = 0;
        self.entries = 0;
        self.hazard = 0;
    }

    /// The cumulative hazard at a size, `(bytes / scale)⁴`.
    fn hazard_at(&self, bytes: u64) -> u64 {
        // At most 2²⁰ bytes times 2³² is far from overflow; the ratio is cut at
        // 2⁴, whose fourth power still fits.
        let ratio = (bytes.min(self.bytes_max) * self.inverse_scale).min(16 << FRACTION_BITS);
        let square = (u128::from(ratio) * u128::from(ratio)) >> FRACTION_BITS;
        let fourth = (square * square) >> FRACTION_BITS;
        u64::try_from(fourth).expect("the ratio is at most 16, and its fourth power 2¹⁶")
    }
}

/// Whether the key's hash, as a number evenly spread over [0, 1), is below
/// `1 − exp(−hazard)`.
fn is_hit(seed: u64, key: &[u8], hazard: u64) -> bool {
    let x = u128::from(hazard.min(HAZARD_MAX));
    let one = 1_u128 << FRACTION_BITS;
    let square = (x * x) >> FRACTION_BITS;
    let cube = (square * x) >> FRACTION_BITS;
    let exp = one + x + square / 2 + cube / 6;
    // u < 1 − 1/exp  ⇔  (1 − u)·exp > 1, and 1 − u is spread as u is.
    let spread = u128::from(xxh3_64_with_seed(key, seed));
    spread * exp > one << 64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes of nodes over keys `0..entries` with entries of `len` bytes.
    fn sizes(chunking: ChunkingParameters, level: u8, entries: u64, len: usize) -> Vec<u64> {
        let mut splitter = Splitter::new(chunking, level);
        let mut sizes = Vec::new();
        let mut size = 0;
        for key in 0..entries {
            size += len as u64;
            if splitter.ends_after(&key.to_be_bytes(), len) {
                sizes.push(std::mem::take(&mut size));
            }
        }
        sizes
    }

    #[test]
    fn node_sizes_follow_the_target_for_any_size_of_entries() {
        for target in [1024, 4096, 16384] {
            for len in [16, 100, 333] {
                let sizes = sizes(ChunkingParameters::with_target(target), 0, 200_000, len);
                let mean = sizes.iter().sum::<u64>() as f64 / sizes.len() as f64;
                let aimed = f64::from(target) + len as f64 / 2.0;
                assert!((mean / aimed - 1.0).abs() < 0.05, "mean {mean} for {target} and {len}");
                let tiny = sizes.iter().filter(|&&size| size < u64::from(target) / 4).count();
                assert!(tiny * 50 < sizes.len(), "{tiny} tiny of {}", sizes.len());
            }
        }
    }

    #[test]
    fn an_internal_node_has_two_children_however_long_the_keys() {
        let sizes = sizes(ChunkingParameters::with_target(64), 1, 1000, 5000);
        assert_eq!(sizes, vec![10_000; 500]);
    }

    #[test]
    fn no_parameters_make_the_splitter_panic_or_nodes_endless() {
        for bytes_min in [0, 1, u32::MAX] {
            for bytes_target in [0, 1, u32::MAX] {
                for bytes_max in [0, 1, u32::MAX] {
                    let chunking = ChunkingParameters { bytes_min, bytes_target, bytes_max };
                    let sizes = sizes(chunking, 0, 4096, 4096);
                    assert!(!sizes.is_empty(), "{chunking:?} never ends a node");
                    assert!(chunking.check().is_err() || bytes_max == 1);
                }
            }
        }
    }

    #[test]
    fn the_boundaries_are_frozen() {
        let sizes = sizes(ChunkingParameters::default(), 0, 300, 100);
        assert_eq!(sizes, [3800, 4900, 2900, 4500, 5300, 4300, 3500]);
    }
}
