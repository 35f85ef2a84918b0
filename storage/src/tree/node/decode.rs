//! Checks an encoding that may come from anywhere.

use bytes::Bytes;

use super::offsets::OffsetWidth;
use super::{COUNT_BYTES, HEADER_BYTES, NODE_FORMAT_VERSION, Node};
use crate::chunk::ChunkKind;
use crate::error::{Result, StorageError};
use crate::hash::ChunkHash;
use crate::tree::limits::{KEY_BYTES_MAX, LEVEL_MAX, VALUE_INLINE_BYTES_MAX};
use crate::tree::value::BlobRef;

impl Node {
    /// Takes an encoding after checking all that the accessors rely on, and that
    /// it is the only encoding of its contents.
    ///
    /// `hash` is the chunk's address, for messages; it is not verified here.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] that names what is wrong, or
    /// [`StorageError::NewerFormat`].
    pub(crate) fn decode(hash: &ChunkHash, encoding: Bytes) -> Result<Self> {
        if let Some(&version) = encoding.get(1)
            && matches!(ChunkKind::of(&encoding), Some(ChunkKind::Leaf | ChunkKind::Internal))
            && version > NODE_FORMAT_VERSION
        {
            return Err(StorageError::NewerFormat {
                what: format!("tree node {hash}"),
                found: u32::from(version),
                supported: u32::from(NODE_FORMAT_VERSION),
            });
        }
        Self::check(encoding)
            .map_err(|detail| StorageError::Corrupt { what: format!("tree node {hash}"), detail })
    }

    /// As [`Node::decode`], with only what is wrong as the error.
    fn check(encoding: Bytes) -> std::result::Result<Self, String> {
        let Some(header) = encoding.first_chunk::<HEADER_BYTES>() else {
            return Err(format!("{} bytes are too few for a header", encoding.len()));
        };
        let &[_, version, level, width, n0, n1, n2, n3, p0, p1] = header;
        if version != NODE_FORMAT_VERSION {
            return Err(format!("there is no node format version {version}"));
        }
        match ChunkKind::of(&encoding) {
            Some(ChunkKind::Leaf) if level == 0 => {}
            Some(ChunkKind::Internal) if (1..=LEVEL_MAX).contains(&level) => {}
            Some(kind @ (ChunkKind::Leaf | ChunkKind::Internal)) => {
                return Err(format!("a node of kind {kind:?} cannot have level {level}"));
            }
            _ => return Err(format!("chunk kind {} is not a tree node", header[0])),
        }
        let width = OffsetWidth::from_byte(width).ok_or_else(|| format!("offset width {width}"))?;
        let len = u32::from_le_bytes([n0, n1, n2, n3]) as usize;
        let prefix_len = usize::from(u16::from_le_bytes([p0, p1]));

        let mut layout = Layout { encoding: &encoding, at: HEADER_BYTES };
        layout.skip(len, width.bytes(), "key offsets")?;
        let ends_end = layout.at;
        let item = if level == 0 { width.bytes() } else { COUNT_BYTES };
        layout.skip(len, item, "value offsets or counts")?;
        let references = layout.at;
        if level == 0 {
            layout.skip(len.div_ceil(8), 1, "blob bits")?;
        } else {
            layout.skip(len, ChunkHash::LEN, "child hashes")?;
        }
        let prefix = layout.at;
        layout.skip(prefix_len, 1, "key prefix")?;
        let suffixes = layout.at;
        let keys_len = ascending_end(&encoding, width, HEADER_BYTES, len, "key")?;
        layout.skip(keys_len, 1, "keys")?;
        let values = layout.at;
        let mut values_len = 0;
        if level == 0 {
            values_len = ascending_end(&encoding, width, ends_end, len, "value")?;
            layout.skip(values_len, 1, "values")?;
        }
        if layout.at != encoding.len() {
            return Err(format!("{} bytes where its fields take {}", encoding.len(), layout.at));
        }
        if width != OffsetWidth::for_max(keys_len.max(values_len)) {
            return Err(format!("offsets of {} bytes are not the shortest", width.bytes()));
        }

        let mut node =
            Self { encoding, level, width, len, entries: 0, ends_end, references, prefix, suffixes, values };
        node.check_keys()?;
        node.entries = if level == 0 { node.check_values()? } else { node.check_counts()? };
        Ok(node)
    }

    /// Keys ascend strictly, are short enough and share no more than the prefix.
    fn check_keys(&self) -> std::result::Result<(), String> {
        let prefix_len = self.prefix().len();
        let Some(last) = self.len.checked_sub(1) else {
            return if prefix_len == 0 && self.is_leaf() {
                Ok(())
            } else {
                Err("no entries, which only the empty tree's leaf may have".into())
            };
        };
        for index in 0..self.len {
            let suffix = self.suffix(index);
            if prefix_len + suffix.len() > KEY_BYTES_MAX {
                return Err(format!("key {index} has {} bytes", prefix_len + suffix.len()));
            }
            if index > 0 && self.suffix(index - 1) >= suffix {
                return Err(format!("key {index} is not above the one before it"));
            }
        }
        // Since keys ascend, what the first and the last share, all share.
        let longer = if last == 0 {
            !self.suffix(0).is_empty()
        } else {
            self.suffix(0).first().is_some_and(|first| Some(first) == self.suffix(last).first())
        };
        if longer {
            return Err(format!("its keys have more in common than the prefix of {prefix_len} bytes"));
        }
        Ok(())
    }

    /// Values are short enough, or are blob references; returns the number of
    /// tree entries.
    fn check_values(&self) -> std::result::Result<u64, String> {
        for index in 0..self.len {
            match self.stored(index) {
                (false, value) if value.len() > VALUE_INLINE_BYTES_MAX => {
                    return Err(format!("value {index} of {} bytes is in line", value.len()));
                }
                (true, reference) if BlobRef::decode(reference).is_none() => {
                    return Err(format!("value {index} is not a blob reference"));
                }
                _ => {}
            }
        }
        let unused = (!self.len.is_multiple_of(8)).then(|| self.encoding[self.prefix - 1] >> (self.len % 8));
        if unused.is_some_and(|bits| bits != 0) {
            return Err("unused blob bits are set".into());
        }
        Ok(self.len as u64)
    }

    /// Every child has entries, and their sum is a number; returns it.
    fn check_counts(&self) -> std::result::Result<u64, String> {
        (0..self.len).try_fold(0_u64, |sum, index| match self.count(index) {
            0 => Err(format!("child {index} has no entries")),
            count => sum.checked_add(count).ok_or_else(|| "its entry counts overflow".to_owned()),
        })
    }
}

/// Walks over the fields, whose lengths are what the encoding says.
struct Layout<'a> {
    encoding: &'a [u8],
    at: usize,
}

impl Layout<'_> {
    fn skip(&mut self, items: usize, item_bytes: usize, field: &str) -> std::result::Result<(), String> {
        let end = items.checked_mul(item_bytes).and_then(|bytes| self.at.checked_add(bytes));
        match end {
            Some(end) if end <= self.encoding.len() => {
                self.at = end;
                Ok(())
            }
            _ => Err(format!(
                "its {field} ({items} of {item_bytes} bytes at offset {}) go beyond its {} bytes",
                self.at,
                self.encoding.len()
            )),
        }
    }
}

/// The last offset of a table inside the encoding, after checking that none is
/// below the one before it.
fn ascending_end(
    encoding: &[u8],
    width: OffsetWidth,
    table: usize,
    len: usize,
    what: &str,
) -> std::result::Result<usize, String> {
    (0..len).try_fold(0, |before, index| match width.get(encoding, table, index) {
        end if end >= before => Ok(end),
        end => Err(format!("{what} {index} ends at {end}, before it starts at {before}")),
    })
}
