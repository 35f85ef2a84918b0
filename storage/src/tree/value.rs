//! Values as leaves store them: in line, or as a reference to a blob chunk.

use bytes::{BufMut, Bytes, BytesMut};

use super::limits::{VALUE_BYTES_MAX, VALUE_INLINE_BYTES_MAX};
use crate::chunk::{ChunkKind, ChunkStore};
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;

/// The blob format version that this build writes, and the newest it reads.
const BLOB_FORMAT_VERSION: u8 = 1;

/// Bytes of a blob chunk before the value.
const BLOB_HEADER_BYTES: usize = 2;

/// Refers to a value that is a chunk of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlobRef {
    hash: ChunkHash,
    /// Length of the value in bytes.
    len: u32,
}

impl BlobRef {
    /// Bytes of an encoded reference.
    pub(crate) const LEN: usize = ChunkHash::LEN + 4;

    /// The blob chunk.
    pub(crate) fn hash(&self) -> ChunkHash {
        self.hash
    }

    /// Length of the value in bytes.
    pub(crate) fn value_len(&self) -> u32 {
        self.len
    }

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..ChunkHash::LEN].copy_from_slice(self.hash.as_bytes());
        bytes[ChunkHash::LEN..].copy_from_slice(&self.len.to_le_bytes());
        bytes
    }

    /// Reads a reference; none when the bytes are not one, which includes a
    /// length that belongs in line or that no value may have.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (hash, len) = bytes.split_at_checked(ChunkHash::LEN)?;
        let len = u32::from_le_bytes(len.try_into().ok()?);
        let is_blob_len = (VALUE_INLINE_BYTES_MAX + 1..=VALUE_BYTES_MAX).contains(&(len as usize));
        is_blob_len.then_some(Self { hash: ChunkHash::from_slice(hash)?, len })
    }

    /// Reads the value.
    fn read(&self, chunks: &dyn ChunkStore) -> Result<Bytes> {
        let value = blob_value(&self.hash, &chunks.read(&self.hash)?)?;
        if value.len() != self.len as usize {
            let detail = format!("it holds {} bytes where its entry states {}", value.len(), self.len);
            return Err(StorageError::corrupt(format!("blob {}", self.hash), detail));
        }
        Ok(value)
    }
}

/// The value in the encoding of a blob chunk, whose address is `hash`.
///
/// # Errors
/// [`StorageError::Corrupt`] when it is not one, or [`StorageError::NewerFormat`].
pub(crate) fn blob_value(hash: &ChunkHash, encoding: &Bytes) -> Result<Bytes> {
    let what = || format!("blob {hash}");
    let [kind, version, ..] = &encoding[..] else {
        return Err(StorageError::corrupt(what(), format!("it has only {} bytes", encoding.len())));
    };
    if *kind != ChunkKind::Blob as u8 {
        return Err(StorageError::corrupt(what(), format!("its chunk kind is {kind}")));
    }
    if *version != BLOB_FORMAT_VERSION {
        return Err(StorageError::NewerFormat {
            what: what(),
            found: u32::from(*version),
            supported: u32::from(BLOB_FORMAT_VERSION),
        });
    }
    Ok(encoding.slice(BLOB_HEADER_BYTES..))
}

/// A value as a leaf stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredValue {
    /// The value itself.
    Inline(Bytes),
    /// Where the value is.
    Blob(BlobRef),
}

impl StoredValue {
    /// Stores `value`: writes the blob chunk if it is too long to stay in line.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] above [`VALUE_BYTES_MAX`], or a failed write.
    pub(crate) fn store(value: Bytes, chunks: &dyn ChunkStore) -> Result<Self> {
        if value.len() <= VALUE_INLINE_BYTES_MAX {
            return Ok(Self::Inline(value));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(StorageError::TooLarge { what: "value", len: value.len(), max: VALUE_BYTES_MAX });
        }
        let mut encoding = BytesMut::with_capacity(BLOB_HEADER_BYTES + value.len());
        encoding.put_u8(ChunkKind::Blob as u8);
        encoding.put_u8(BLOB_FORMAT_VERSION);
        encoding.put_slice(&value);
        let len = u32::try_from(value.len()).expect("checked against the limit above");
        Ok(Self::Blob(BlobRef { hash: chunks.write(&encoding)?, len }))
    }

    /// The value itself, read from its chunk if it is not in line.
    pub(crate) fn resolve(self, chunks: &dyn ChunkStore) -> Result<Bytes> {
        match self {
            Self::Inline(value) => Ok(value),
            Self::Blob(blob) => blob.read(chunks),
        }
    }
}
