//! Compression of payloads.

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

use crate::store::Compression;

/// Payloads shorter than this, in bytes, are not worth compressing: a frame's
/// own header takes what would be won.
const COMPRESS_BYTES_MIN: usize = 128;

/// A compressed payload must save at least one part in this many, or reading it
/// would cost more than keeping it.
const SAVING_MIN: usize = 16;

/// A payload as it is stored.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Its length unpacked, in bytes.
    pub(crate) raw_len: usize,
    pub(crate) compressed: bool,
}

impl<'a> Stored<'a> {
    /// `payload` as it is.
    pub(crate) fn raw(payload: &'a [u8]) -> Self {
        Self { raw_len: payload.len(), bytes: Cow::Borrowed(payload), compressed: false }
    }
}

thread_local! {
    // Setting up a context costs more than compressing a chunk.
    static COMPRESSOR: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs a payload, or leaves it as it is where packing does not help.
pub(crate) fn pack(payload: &[u8], compression: Compression) -> Stored<'_> {
    if let Compression::Zstd { level } = compression
        && payload.len() >= COMPRESS_BYTES_MIN
        && let Some(bytes) = compress(payload, level)
        && bytes.len() <= payload.len() - payload.len() / SAVING_MIN
    {
        return Stored { bytes: Cow::Owned(bytes), raw_len: payload.len(), compressed: true };
    }
    Stored::raw(payload)
}

/// `None` if zstd fails, which it does for want of memory or a level out of
/// range: the payload is then stored as it is, and nothing is lost.
fn compress(payload: &[u8], level: i32) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some((of_level, compressor)) if *of_level == level => compressor,
            _ => &mut slot.insert((level, Compressor::new(level).ok()?)).1,
        };
        compressor.compress(payload).ok()
    })
}

/// Unpacks a stored payload that must become exactly `raw_len` bytes, a number
/// that the caller has checked against a limit. The error says what is wrong.
pub(crate) fn unpack(stored: Bytes, compressed: bool, raw_len: usize) -> Result<Bytes, String> {
    let raw = if compressed { Bytes::from(decompress(&stored, raw_len)?) } else { stored };
    if raw.len() != raw_len {
        return Err(format!("its payload is {} bytes where {raw_len} are declared", raw.len()));
    }
    Ok(raw)
}

fn decompress(stored: &[u8], raw_len: usize) -> Result<Vec<u8>, String> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let failed = |error| format!("its payload does not decompress: {error}");
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(failed)?),
        };
        decompressor.decompress(stored, raw_len).map_err(failed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZSTD: Compression = Compression::Zstd { level: 1 };

    fn round_trip(payload: &[u8], compression: Compression) -> bool {
        let stored = pack(payload, compression);
        let raw = unpack(Bytes::copy_from_slice(&stored.bytes), stored.compressed, stored.raw_len);
        assert_eq!(raw.unwrap(), payload);
        stored.compressed
    }

    #[test]
    fn what_compresses_is_compressed_and_the_rest_is_left_alone() {
        assert!(round_trip(&[7; 4096], ZSTD));
        assert!(!round_trip(&[7; 4096], Compression::None));
        assert!(!round_trip(b"short", ZSTD));
        assert!(!round_trip(b"", ZSTD));
        let noise: Vec<u8> = (0u32..128).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        assert!(!round_trip(&noise, ZSTD));
    }

    #[test]
    fn a_payload_of_another_length_than_declared_is_refused() {
        let stored = pack(&[7; 4096], ZSTD);
        for declared in [0, 4095, 4097, 1 << 20] {
            let refused = unpack(Bytes::copy_from_slice(&stored.bytes), true, declared);
            assert!(refused.is_err(), "{declared}");
        }
        assert!(unpack(Bytes::from_static(b"no frame"), true, 4096).is_err());
        assert!(unpack(Bytes::from_static(b"raw"), false, 4).is_err());
    }
}
