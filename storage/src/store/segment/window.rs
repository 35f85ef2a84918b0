//! Reading a file from front to back through a buffer.

use crate::error::Result;
use crate::vfs::VfsFile;

/// Bytes read at once.
const READ_BYTES: usize = 1 << 20;

/// A view of a file of known length that moves forward.
#[derive(Debug)]
pub(super) struct Window<'a> {
    file: &'a dyn VfsFile,
    len: u64,
    /// Where in the file `buffer` begins.
    start: u64,
    buffer: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(file: &'a dyn VfsFile, len: u64) -> Self {
        Self { file, len, start: 0, buffer: Vec::new() }
    }

    /// The bytes from `offset` on: `wanted` of them, or more if they were read
    /// anyway, or fewer if the file ends before.
    pub(super) fn at(&mut self, offset: u64, wanted: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if wanted == 0 {
            return Ok(&[]);
        }
        if !self.holds(offset, wanted) {
            self.buffer.clear();
            self.buffer.resize(wanted.max(READ_BYTES).min(left), 0);
            self.file.read_at(offset, &mut self.buffer)?;
            self.start = offset;
        }
        let skipped = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        Ok(self.buffer.get(skipped..).unwrap_or_default())
    }

    fn holds(&self, offset: u64, wanted: usize) -> bool {
        let end = self.start + self.buffer.len() as u64;
        self.start <= offset && offset.saturating_add(wanted as u64) <= end
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::vfs::{MemoryVfs, OpenMode, Vfs};

    #[test]
    fn every_part_of_a_file_is_seen_and_nothing_beyond_its_end() {
        let file = MemoryVfs::new().open(Path::new("/f"), OpenMode::CreateNew).unwrap();
        let bytes: Vec<u8> = (0..3 * READ_BYTES as u32 / 2).map(|n| (n % 251) as u8).collect();
        file.append(&bytes).unwrap();
        let mut window = Window::new(&*file, bytes.len() as u64);
        for (offset, wanted) in [(0, 10), (5, 4), (READ_BYTES - 2, 8), (READ_BYTES, READ_BYTES)] {
            let end = (offset + wanted).min(bytes.len());
            let seen = window.at(offset as u64, wanted).unwrap();
            assert!(seen.len() >= end - offset);
            assert_eq!(seen, &bytes[offset..offset + seen.len()]);
        }
        assert!(window.at(bytes.len() as u64, 1).unwrap().is_empty());
        assert!(window.at(u64::MAX, 1).unwrap().is_empty());
    }
}
