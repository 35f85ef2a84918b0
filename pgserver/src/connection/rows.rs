//! Rows on their way to the client.

use arrow::array::timezone::Tz;
use bytes::{BufMut, BytesMut};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use microprolly_sql::{Command, SqlError, SqlState};

use super::{Connection, interruptible};
use crate::error::{Failure, stream_error};
use crate::types::Format;
use crate::types::encode::{ColumnEncoder, batch_encoders};

/// A result of which some rows have been sent. Dropping it stops the work behind it.
pub(crate) struct RowSource {
    stream: SendableRecordBatchStream,
    command: Command,
    timezone: Tz,
    batch: Option<Batch>,
}

/// A batch of which some rows have been sent.
struct Batch {
    encoders: Vec<ColumnEncoder>,
    rows: usize,
    next: usize,
}

/// What a fetch came to.
pub(crate) enum Fetched {
    /// As many rows as were wanted; there may be more.
    Enough(RowSource),
    /// All rows; the tag counts those of this fetch.
    All(String),
}

impl RowSource {
    /// A result from its beginning.
    pub(crate) fn new(stream: SendableRecordBatchStream, command: Command, timezone: Tz) -> Self {
        Self { stream, command, timezone, batch: None }
    }

    /// The kind of statement that the rows come from.
    pub(crate) fn command(&self) -> Command {
        self.command
    }
}

impl Connection {
    /// Sends up to `rows_max` rows, or all.
    pub(crate) async fn fetch(
        &mut self,
        mut source: RowSource,
        formats: &[Format],
        rows_max: Option<u64>,
    ) -> Result<Fetched, Failure> {
        let mut sent = 0;
        loop {
            if let Some(batch) = &mut source.batch {
                while batch.next < batch.rows {
                    if rows_max == Some(sent) {
                        return Ok(Fetched::Enough(source));
                    }
                    put_row(&batch.encoders, batch.next, formats, self.outbound.buffer())?;
                    batch.next += 1;
                    sent += 1;
                    if self.outbound.is_full() {
                        interruptible(&mut self.inbound, &mut self.cancel, self.outbound.flush()).await??;
                    }
                }
            }
            if rows_max == Some(sent) {
                return Ok(Fetched::Enough(source));
            }
            let batch = interruptible(&mut self.inbound, &mut self.cancel, source.stream.next()).await?;
            match batch {
                None => return Ok(Fetched::All(source.command.tag(sent))),
                Some(batch) => {
                    let batch = batch.map_err(stream_error)?;
                    source.batch = Some(Batch {
                        encoders: batch_encoders(&batch, source.timezone)?,
                        rows: batch.num_rows(),
                        next: 0,
                    });
                }
            }
        }
    }
}

/// Appends one DataRow message; nothing if a value cannot be written.
fn put_row(
    encoders: &[ColumnEncoder],
    row: usize,
    formats: &[Format],
    out: &mut BytesMut,
) -> Result<(), SqlError> {
    const HEADER_BYTES: usize = 1 + 4 + 2;
    let start = out.len();
    out.put_u8(b'D');
    out.put_i32(0);
    out.put_i16(encoders.len() as i16);
    let written = encoders
        .iter()
        .zip(formats)
        .try_for_each(|(encoder, format)| encoder.value(row, *format, out))
        .and_then(|()| {
            i32::try_from(out.len() - start - 1).map_err(|_| {
                SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "a row is too long for the protocol")
            })
        });
    match written {
        Ok(length) => {
            if let Some(field) = out.get_mut(start + 1..start + HEADER_BYTES - 2) {
                field.copy_from_slice(&length.to_be_bytes());
            }
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Int32Array};
    use arrow::record_batch::RecordBatch;

    use super::*;

    fn encoders(array: ArrayRef) -> Vec<ColumnEncoder> {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        batch_encoders(&batch, "UTC".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_row_carries_its_length_and_its_columns() {
        let encoders = encoders(Arc::new(Int32Array::from(vec![Some(42), None])));
        let mut out = BytesMut::new();
        put_row(&encoders, 0, &[Format::Text], &mut out).unwrap();
        assert_eq!(&out[..], b"D\0\0\0\x0c\0\x01\0\0\0\x0242");
        out.clear();
        put_row(&encoders, 1, &[Format::Text], &mut out).unwrap();
        assert_eq!(&out[..], b"D\0\0\0\x0a\0\x01\xff\xff\xff\xff");
    }

    #[test]
    fn a_row_that_cannot_be_written_leaves_nothing_behind() {
        let encoders = encoders(Arc::new(Date32Array::from(vec![i32::MAX])));
        let mut out = BytesMut::from(&b"before"[..]);
        assert!(put_row(&encoders, 0, &[Format::Text], &mut out).is_err());
        assert_eq!(&out[..], b"before");
    }
}
