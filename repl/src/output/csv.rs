//! Result sets as CSV: RFC 4180 with a header, LF line ends, NULL empty and the empty string `""`.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cell;

/// Writes rows as they come.
pub(crate) struct CsvWriter {
    line: String,
    cell: Vec<u8>,
}

impl CsvWriter {
    /// Writes the header.
    pub(super) fn begin(schema: &SchemaRef, out: &mut dyn Write) -> io::Result<Self> {
        let mut line = String::new();
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            push_quoted_if_needed(&mut line, field.name());
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        Ok(Self { line, cell: Vec::new() })
    }

    /// Writes a record per row.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        for row in 0..batch.num_rows() {
            self.line.clear();
            for (index, column) in batch.columns().iter().enumerate() {
                if index > 0 {
                    self.line.push(',');
                }
                if let Some(text) = cell::text(column, row, &mut self.cell)? {
                    push_quoted_if_needed(&mut self.line, text);
                }
            }
            self.line.push('\n');
            out.write_all(self.line.as_bytes())?;
        }
        Ok(())
    }
}

/// Appends a field that is not NULL.
fn push_quoted_if_needed(line: &mut String, field: &str) {
    // COPY reads a line of `\.` as the end of the data.
    if !field.is_empty() && field != "\\." && !field.contains([',', '"', '\n', '\r']) {
        line.push_str(field);
        return;
    }
    line.push('"');
    for (index, part) in field.split('"').enumerate() {
        if index > 0 {
            line.push_str("\"\"");
        }
        line.push_str(part);
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{Format, samples};

    #[test]
    fn every_type_has_its_csv_form() {
        insta::assert_snapshot!(samples::written(Format::Csv, &samples::every_type()));
    }

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let batch = samples::text_columns(&[("a,b", &["", "say \"hi\"", "two\nlines", "\\.", " spaced "])]);
        assert_eq!(
            samples::written(Format::Csv, &batch),
            "\"a,b\"\n\"\"\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n\"\\.\"\n spaced \n"
        );
    }

    #[test]
    fn null_is_an_empty_field_and_the_empty_string_a_quoted_one() {
        let batch = samples::optional_text(&[Some(""), None]);
        assert_eq!(samples::written(Format::Csv, &batch), "n,t\n1,\"\"\n2,\n");
    }

    #[test]
    fn no_rows_give_the_header_alone() {
        let batch = samples::optional_text(&[]);
        assert_eq!(samples::written(Format::Csv, &batch), "n,t\n");
    }
}
