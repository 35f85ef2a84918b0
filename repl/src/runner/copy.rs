//! The data of COPY … FROM STDIN and COPY … TO STDOUT.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::StreamExt;
use microprolly_sql::{CopyIn, CopyOut};

use super::Runner;
use crate::failure::Failure;
use crate::runner::{LineSource, Want};

/// How much data is handed over at once, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// Ends the data of a COPY in a script or on the terminal.
const END_OF_DATA: &str = "\\.";

/// Where the data of a COPY … FROM STDIN comes from.
pub(crate) trait CopySource {
    /// The next piece of the data, or none at its end.
    fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure>;
}

/// The lines that follow the statement, up to a line of `\.`.
pub(super) struct LineChunks<'a> {
    lines: &'a mut dyn LineSource,
    ended: bool,
}

impl<'a> LineChunks<'a> {
    pub(super) fn new(lines: &'a mut dyn LineSource) -> Self {
        Self { lines, ended: false }
    }
}

impl CopySource for LineChunks<'_> {
    fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let mut chunk = String::new();
        while !self.ended && chunk.len() < CHUNK_BYTES {
            match self.lines.next_line(Want::CopyData)? {
                Some(line) if line.trim_end_matches('\r') != END_OF_DATA => {
                    chunk.push_str(&line);
                    chunk.push('\n');
                }
                _ => self.ended = true,
            }
        }
        Ok(if chunk.is_empty() { None } else { Some(Bytes::from(chunk)) })
    }
}

/// A file, from its beginning to its end.
pub(crate) struct FileChunks<R> {
    path: PathBuf,
    reader: R,
}

impl<R: Read> FileChunks<R> {
    /// The data that `reader` gives; `path` names it in errors.
    pub(crate) fn new(path: PathBuf, reader: R) -> Self {
        Self { path, reader }
    }
}

impl<R: Read> CopySource for FileChunks<R> {
    fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let limit = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let read = self.reader.by_ref().take(limit).read_to_end(&mut chunk);
        read.map_err(|error| Failure::file(&self.path, error))?;
        Ok(if chunk.is_empty() { None } else { Some(Bytes::from(chunk)) })
    }
}

/// No data at all, for statements that ask for none.
pub(crate) struct NoCopyData;

impl CopySource for NoCopyData {
    fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(None)
    }
}

impl Runner {
    /// Hands all data over, and gives the command tag. After an error nothing has changed.
    pub(super) async fn copy_in(
        &mut self,
        mut copy: CopyIn,
        data: &mut dyn CopySource,
    ) -> Result<String, Failure> {
        while let Some(chunk) = data.next_chunk()? {
            copy.write(&mut self.session, chunk).await?;
        }
        Ok(copy.finish(&mut self.session).await?)
    }

    /// Writes all data to `out`, or where result sets go, and gives the command tag.
    pub(super) async fn copy_out(
        &mut self,
        mut copy: CopyOut,
        out: Option<&mut dyn Write>,
    ) -> Result<String, Failure> {
        let rows = copy.rows();
        let out: &mut dyn Write = match out {
            Some(out) => out,
            None => self.sink.writer(),
        };
        while let Some(chunk) = copy.stream.next().await {
            out.write_all(&chunk?).map_err(Failure::output)?;
        }
        out.flush().map_err(Failure::output)?;
        Ok(format!("COPY {}", rows.load(Ordering::Relaxed)))
    }
}
