//! The file to import, unpacked on the fly if it is gzipped.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::failure::Failure;

/// What is read from the file at once, in bytes.
const READ_BYTES: usize = 256 << 10;

/// The first bytes of a gzip member.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A CSV file that can be read several times.
pub(crate) struct CsvFile {
    path: PathBuf,
}

impl CsvFile {
    /// The file at this path, which need not exist yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its size on disk in bytes.
    pub(crate) fn size(&self) -> Result<u64, Failure> {
        Ok(std::fs::metadata(&self.path).map_err(|error| self.failure(error))?.len())
    }

    /// Opens it from the beginning. Whether it is gzipped is told by its first bytes, not by its name.
    pub(crate) fn open(&self) -> Result<Box<dyn BufRead>, Failure> {
        self.open_through(|file| Box::new(file))
    }

    /// Opens it with the bytes on disk passing through `watch`.
    pub(crate) fn open_through(
        &self,
        watch: impl FnOnce(File) -> Box<dyn Read>,
    ) -> Result<Box<dyn BufRead>, Failure> {
        let file = File::open(&self.path).map_err(|error| self.failure(error))?;
        if file.metadata().map_err(|error| self.failure(error))?.is_dir() {
            return Err(self.failure(io::ErrorKind::IsADirectory.into()));
        }
        let mut raw = BufReader::with_capacity(READ_BYTES, watch(file));
        let start = raw.fill_buf().map_err(|error| self.failure(error))?;
        if start.starts_with(&GZIP_MAGIC) {
            Ok(Box::new(BufReader::with_capacity(READ_BYTES, MultiGzDecoder::new(raw))))
        } else {
            Ok(Box::new(raw))
        }
    }

    /// An error of the operating system, with the file's name.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        Failure::file(&self.path, error)
    }
}
