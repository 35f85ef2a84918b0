//! The last bytes of a sealed segment.

use super::{FOOTER_LEN, field};

const MAGIC: [u8; 8] = *b"MPSEALED";

/// What a footer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    /// Number of the segment.
    pub(crate) number: u64,
    /// Where the index record begins.
    pub(crate) index_offset: u64,
    /// Bytes in the file, this footer included.
    pub(crate) file_len: u64,
    /// CRC-32 of the index's table.
    pub(crate) table_checksum: u32,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER_LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.index_offset.to_le_bytes());
        bytes.extend_from_slice(&self.file_len.to_le_bytes());
        bytes.extend_from_slice(&self.table_checksum.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// The footer at the end of `file`; `None` if there is no sound one.
    pub(crate) fn parse(file: &[u8]) -> Option<Self> {
        let bytes = file.get(file.len().checked_sub(FOOTER_LEN)?..)?;
        let footer = Self {
            number: u64::from_le_bytes(field(bytes, 8)?),
            index_offset: u64::from_le_bytes(field(bytes, 16)?),
            file_len: u64::from_le_bytes(field(bytes, 24)?),
            table_checksum: u32::from_le_bytes(field(bytes, 32)?),
        };
        // One encoding for each footer: this compares magic and checksum too.
        (footer.encode() == bytes).then_some(footer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_is_read_back_and_every_flipped_bit_is_refused() {
        let footer = Footer { number: 9, index_offset: 1000, file_len: 5000, table_checksum: 77 };
        let bytes = footer.encode();
        assert_eq!(bytes.len(), FOOTER_LEN);
        assert_eq!(Footer::parse(&bytes), Some(footer));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Footer::parse(&flipped), None, "bit {bit}");
        }
        assert_eq!(Footer::parse(&bytes[1..]), None);
    }
}
