//! Result sets as JSON: one object per row, one row per line (NDJSON).

mod string;
mod time;
mod value;

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::unique_names;
use string::write_string;
use value::write_value;

/// Writes rows as they come.
pub(crate) struct JsonWriter {
    schema: SchemaRef,
    /// Per column, its name as a JSON string.
    names: Vec<Vec<u8>>,
    line: Vec<u8>,
}

impl JsonWriter {
    /// A writer for rows with these columns.
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let quoted = |name: &String| {
            let mut quoted = Vec::new();
            write_string(name, &mut quoted);
            quoted
        };
        let names = unique_names(schema).iter().map(quoted).collect();
        Self { schema: schema.clone(), names, line: Vec::new() }
    }

    /// Writes a line per row.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        for row in 0..batch.num_rows() {
            self.line.clear();
            self.line.push(b'{');
            let columns = batch.columns().iter().zip(self.schema.fields()).zip(&self.names);
            for (index, ((column, field), name)) in columns.enumerate() {
                if index > 0 {
                    self.line.push(b',');
                }
                self.line.extend_from_slice(name);
                self.line.push(b':');
                write_value(column, field, row, &mut self.line).map_err(io::Error::other)?;
            }
            self.line.extend_from_slice(b"}\n");
            out.write_all(&self.line)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, samples};

    #[test]
    fn every_type_has_its_json_form() {
        let written = samples::written(Format::Json, &samples::every_type());
        insta::assert_snapshot!(written.replace(",\"", ",\n\""));
    }

    #[test]
    fn every_line_is_json_by_itself() {
        let written = samples::written(Format::Json, &samples::every_type());
        assert_eq!(written.lines().count(), 2);
        for line in written.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    #[test]
    fn two_columns_of_one_name_both_stay_readable() {
        let batch = samples::text_columns(&[("id", &["a"]), ("id", &["b"]), ("id_2", &["c"])]);
        assert_eq!(samples::written(Format::Json, &batch), "{\"id\":\"a\",\"id_3\":\"b\",\"id_2\":\"c\"}\n");
    }
}
