//! Rows as lines.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Schema};

use crate::dialect::{CopyFormat, CopyHeader, CopyOptions};
use crate::error::SqlError;
use crate::text::write_text;

/// Writes batches as CSV, or in PostgreSQL's text format.
pub(crate) struct LineWriter {
    options: CopyOptions,
    field: Vec<u8>,
}

impl LineWriter {
    pub(crate) fn new(options: &CopyOptions) -> Self {
        Self { options: options.clone(), field: Vec::new() }
    }

    /// The line of column names; none if none is wanted.
    pub(crate) fn header(&self, schema: &Schema) -> Option<Vec<u8>> {
        if self.options.header == CopyHeader::No {
            return None;
        }
        let mut out = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                out.push(self.options.delimiter);
            }
            self.write_field(field.name().as_bytes(), schema.fields().len() == 1, &mut out);
        }
        out.push(b'\n');
        Some(out)
    }

    /// The lines of a batch.
    pub(crate) fn lines(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, SqlError> {
        let mut out = Vec::new();
        let mut field = std::mem::take(&mut self.field);
        for row in 0..batch.num_rows() {
            for (index, array) in batch.columns().iter().enumerate() {
                if index > 0 {
                    out.push(self.options.delimiter);
                }
                if array.is_null(row) || array.data_type() == &DataType::Null {
                    out.extend_from_slice(self.options.null.as_bytes());
                    continue;
                }
                field.clear();
                write_text(array, row, &mut field)?;
                self.write_field(&field, batch.num_columns() == 1, &mut out);
            }
            out.push(b'\n');
        }
        self.field = field;
        Ok(out)
    }

    /// Writes a field that is not null; `alone` says that it is the only one
    /// of its line.
    fn write_field(&self, field: &[u8], alone: bool, out: &mut Vec<u8>) {
        let CopyOptions { format, delimiter, null, quote, escape, .. } = &self.options;
        match format {
            CopyFormat::Csv => {
                let special = |byte: &u8| byte == delimiter || byte == quote || matches!(byte, b'\n' | b'\r');
                // A line `\.` would be taken for the end of the data.
                let plain =
                    field != null.as_bytes() && !field.iter().any(special) && !(alone && field == b"\\.");
                if plain {
                    return out.extend_from_slice(field);
                }
                out.push(*quote);
                for byte in field {
                    if byte == quote || byte == escape {
                        out.push(*escape);
                    }
                    out.push(*byte);
                }
                out.push(*quote);
            }
            CopyFormat::Text => {
                for &byte in field {
                    let letter = match byte {
                        8 => b'b',
                        12 => b'f',
                        b'\n' => b'n',
                        b'\r' => b'r',
                        b'\t' => b't',
                        11 => b'v',
                        b'\\' => b'\\',
                        byte if byte == *delimiter => byte,
                        byte => {
                            out.push(byte);
                            continue;
                        }
                    };
                    out.extend_from_slice(&[b'\\', letter]);
                }
            }
        }
    }
}
