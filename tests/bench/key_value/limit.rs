//! The least that loading can cost: to compress the bytes and to hash them.

use std::hint::black_box;

use super::bulk;
use super::entries::Entries;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};

/// The level that the engine compresses with by default.
const LEVEL: i32 = 1;
/// The size of a piece; the mean size of a tree's nodes by default.
const PIECE_BYTES: usize = 4 << 10;

/// What the report says about it.
pub(crate) const SETUP: &str = "no store but a limit: the same bytes in pieces of 4 KiB, each compressed at level 1 and hashed, with one \
                                thread, nothing written";

/// The same figures as of loading a store.
pub(super) fn measure(order: &Order) -> Result<Vec<Figure>> {
    let (packed_bytes, time) = measure::clocked(|| pack(Entries::open(order)?))?;
    let mut figures = bulk::speed(order, time)?;
    figures.push(Figure::new("on disk", Unit::Bytes, packed_bytes as f64));
    Ok(figures)
}

/// Compresses and hashes entries. Returns the compressed bytes.
pub(super) fn pack(mut entries: Entries) -> Result<u64> {
    let mut packer = Packer::new()?;
    let mut piece = Vec::with_capacity(2 * PIECE_BYTES);
    while let Some((key, value)) = entries.read()? {
        piece.extend_from_slice(key);
        piece.extend_from_slice(value);
        if piece.len() >= PIECE_BYTES {
            packer.add(&piece)?;
            piece.clear();
        }
    }
    packer.add(&piece)?;
    Ok(packer.packed_bytes)
}

struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
    packed_bytes: u64,
}

impl Packer {
    fn new() -> Result<Packer> {
        Ok(Packer { compressor: zstd::bulk::Compressor::new(LEVEL)?, packed: Vec::new(), packed_bytes: 0 })
    }

    fn add(&mut self, piece: &[u8]) -> Result<()> {
        black_box(blake3::hash(piece));
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(piece.len()));
        self.packed_bytes += self.compressor.compress_to_buffer(piece, &mut self.packed)? as u64;
        Ok(())
    }
}
