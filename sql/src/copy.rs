//! COPY.
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use futures::stream::BoxStream;

use crate::Session;
use crate::error::SqlError;

/// COPY … FROM STDIN under way. Dropping it changes nothing.
pub struct CopyIn {
    pub(crate) column_count: usize,
}

impl CopyIn {
    pub fn column_count(&self) -> usize {
        self.column_count
    }
    pub async fn write(&mut self, _data: Bytes) -> Result<(), SqlError> {
        todo!()
    }
    pub async fn finish(self, _session: &mut Session) -> Result<String, SqlError> {
        todo!()
    }
}

/// COPY … TO STDOUT: whole lines, header included.
pub struct CopyOut {
    pub column_count: usize,
    pub stream: BoxStream<'static, Result<Bytes, SqlError>>,
    pub(crate) rows: Arc<AtomicU64>,
}

impl CopyOut {
    /// Rows sent so far.
    pub fn rows(&self) -> Arc<AtomicU64> {
        self.rows.clone()
    }
}
