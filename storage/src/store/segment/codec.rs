//! Compression of payloads.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use zstd::zstd_safe::{CCtx, CDict, DCtx, DDict, compress_bound, get_error_name};

use crate::store::Compression;

/// Payloads shorter than this, in bytes, are not worth compressing: a frame's
/// own header takes what would be won.
const COMPRESS_BYTES_MIN: usize = 128;

/// A compressed payload must save at least one part in this many, or reading it
/// would cost more than keeping it.
const SAVING_MIN: usize = 16;

/// The longest dictionary, in bytes. Longer ones gain little and cost memory in
/// every segment that has one.
pub(crate) const DICTIONARY_BYTES_MAX: usize = 64 * 1024;

/// A dictionary is made of this many times its own size of samples at most…
const DICTIONARY_SAMPLES_MAX: usize = 64;

/// …and from no fewer samples than this, or it would fit nothing but them.
const DICTIONARY_SAMPLES_MIN: usize = 256;

/// How a payload is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Raw,
    /// A zstd frame.
    Zstd,
    /// A zstd frame made with the dictionary of its segment.
    ZstdWithDictionary,
}

/// A payload as it is stored.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Its length unpacked, in bytes.
    pub(crate) raw_len: usize,
    pub(crate) packing: Packing,
}

impl<'a> Stored<'a> {
    /// `payload` as it is.
    pub(crate) fn raw(payload: &'a [u8]) -> Self {
        Self { raw_len: payload.len(), bytes: Cow::Borrowed(payload), packing: Packing::Raw }
    }
}

/// What the payloads of a segment have in common, so that each can leave it out.
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    decoder: DDict<'static>,
}

impl Dictionary {
    /// A dictionary as a segment keeps it; `None` if it is none.
    pub(crate) fn new(bytes: Vec<u8>) -> Option<Self> {
        Some(Self { decoder: DDict::try_create(&bytes)?, bytes })
    }

    /// A dictionary for payloads like `samples`, of which it takes as many as it
    /// can use; `None` if these are too few or have nothing in common.
    pub(crate) fn train<'a>(samples: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
        for sample in samples.filter(|sample| sample.len() >= COMPRESS_BYTES_MIN) {
            if bytes.len() + sample.len() > DICTIONARY_SAMPLES_MAX * DICTIONARY_BYTES_MAX {
                break;
            }
            bytes.extend_from_slice(sample);
            lengths.push(sample.len());
        }
        if lengths.len() < DICTIONARY_SAMPLES_MIN {
            return None;
        }
        zstd::dict::from_continuous(&bytes, &lengths, DICTIONARY_BYTES_MAX).ok().and_then(Self::new)
    }

    /// What a segment keeps of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// To pack with it; `None` for want of memory.
    pub(crate) fn encoder(&self, level: i32) -> Option<CDict<'static>> {
        CDict::try_create(&self.bytes, level)
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dictionary({} bytes)", self.bytes.len())
    }
}

thread_local! {
    // Setting up a context costs more than compressing a chunk.
    static COMPRESSOR: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

/// Packs a payload, or leaves it as it is where packing does not help.
pub(crate) fn pack(payload: &[u8], compression: Compression) -> Stored<'_> {
    match compression {
        Compression::None => Stored::raw(payload),
        Compression::Zstd { level } => {
            pack_as(payload, Packing::Zstd, |context, packed| context.compress(packed, payload, level))
        }
    }
}

/// Packs a payload with a dictionary, or leaves it as it is where packing does
/// not help.
pub(crate) fn pack_with<'a>(payload: &'a [u8], dictionary: &CDict<'_>) -> Stored<'a> {
    pack_as(payload, Packing::ZstdWithDictionary, |context, packed| {
        context.compress_using_cdict(packed, payload, dictionary)
    })
}

/// zstd fails for want of memory or a level out of range: the payload is then
/// stored as it is, and nothing is lost.
fn pack_as(
    payload: &[u8],
    packing: Packing,
    compress: impl FnOnce(&mut CCtx<'static>, &mut Vec<u8>) -> Result<usize, usize>,
) -> Stored<'_> {
    if payload.len() < COMPRESS_BYTES_MIN {
        return Stored::raw(payload);
    }
    let packed = COMPRESSOR.with_borrow_mut(|slot| {
        let context = match slot {
            Some(context) => context,
            None => slot.insert(CCtx::try_create()?),
        };
        let mut packed = Vec::with_capacity(compress_bound(payload.len()));
        compress(context, &mut packed).ok().map(|_| packed)
    });
    match packed {
        Some(bytes) if bytes.len() <= payload.len() - payload.len() / SAVING_MIN => {
            Stored { bytes: Cow::Owned(bytes), raw_len: payload.len(), packing }
        }
        _ => Stored::raw(payload),
    }
}

/// Unpacks a stored payload that must become exactly `raw_len` bytes, a number
/// that the caller has checked against a limit. The error says what is wrong.
pub(crate) fn unpack(
    stored: Bytes,
    packing: Packing,
    raw_len: usize,
    dictionary: Option<&Dictionary>,
) -> Result<Bytes, String> {
    let raw = match packing {
        Packing::Raw => stored,
        Packing::Zstd => decompress(raw_len, |context, raw| context.decompress(raw, &stored))?,
        Packing::ZstdWithDictionary => {
            let dictionary = dictionary.ok_or("it needs a dictionary, and its segment has none")?;
            decompress(raw_len, |context, raw| {
                context.decompress_using_ddict(raw, &stored, &dictionary.decoder)
            })?
        }
    };
    if raw.len() != raw_len {
        return Err(format!("its payload is {} bytes where {raw_len} are declared", raw.len()));
    }
    Ok(raw)
}

fn decompress(
    raw_len: usize,
    decompress: impl FnOnce(&mut DCtx<'static>, &mut Vec<u8>) -> Result<usize, usize>,
) -> Result<Bytes, String> {
    let failed = |reason: &str| format!("its payload does not decompress: {reason}");
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let context = match slot {
            Some(context) => context,
            None => slot.insert(DCtx::try_create().ok_or_else(|| failed("out of memory"))?),
        };
        let mut raw = Vec::with_capacity(raw_len);
        decompress(context, &mut raw).map_err(|code| failed(get_error_name(code)))?;
        Ok(Bytes::from(raw))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZSTD: Compression = Compression::Zstd { level: 1 };

    fn round_trip(payload: &[u8], compression: Compression) -> bool {
        let stored = pack(payload, compression);
        let raw = unpack(Bytes::copy_from_slice(&stored.bytes), stored.packing, stored.raw_len, None);
        assert_eq!(raw.unwrap(), payload);
        stored.packing == Packing::Zstd
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
            let refused = unpack(Bytes::copy_from_slice(&stored.bytes), Packing::Zstd, declared, None);
            assert!(refused.is_err(), "{declared}");
        }
        assert!(unpack(Bytes::from_static(b"no frame"), Packing::Zstd, 4096, None).is_err());
        assert!(unpack(Bytes::from_static(b"raw"), Packing::Raw, 4, None).is_err());
    }

    #[test]
    fn a_dictionary_makes_short_payloads_shorter_and_is_needed_to_read_them() {
        let row =
            |n: u32| format!(r#"{{"id":{n},"email":"user{n}@example.com","status":"active","city":"Lyon"}}"#);
        let payloads: Vec<String> = (0..2_000).map(|n| row(n * 7) + &row(n * 11)).collect();
        let dictionary = Dictionary::train(payloads.iter().map(String::as_bytes)).unwrap();
        let payload = payloads[77].as_bytes();
        let stored = pack_with(payload, &dictionary.encoder(3).unwrap());
        assert_eq!(stored.packing, Packing::ZstdWithDictionary);
        assert!(stored.bytes.len() < pack(payload, ZSTD).bytes.len());
        let bytes = Bytes::copy_from_slice(&stored.bytes);
        let reopened = Dictionary::new(dictionary.bytes().to_vec()).unwrap();
        let read = unpack(bytes.clone(), stored.packing, stored.raw_len, Some(&reopened)).unwrap();
        assert_eq!(read, payload);
        assert!(unpack(bytes, stored.packing, stored.raw_len, None).is_err());
        assert!(Dictionary::train(payloads.iter().take(20).map(String::as_bytes)).is_none());
    }
}
