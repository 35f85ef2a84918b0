//! Result sets as a list of records, one line per column (`\x`).

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cell;
use super::terminal::{escape_line, escape_lines, width};

/// Longest rule above a record, in columns; wide values do not make it longer.
const MAX_RULE_COLUMNS: usize = 60;

/// Writes rows as they come.
pub(crate) struct ExpandedWriter {
    names: Vec<String>,
    name_width: usize,
    null: String,
    rows: u64,
}

impl ExpandedWriter {
    /// A writer for rows with these columns.
    pub(super) fn new(schema: &SchemaRef, null: &str) -> Self {
        let names: Vec<_> = schema.fields().iter().map(|field| escape_line(field.name())).collect();
        let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0);
        Self { names, name_width, null: null.to_owned(), rows: 0 }
    }

    /// Writes a record per row.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = Vec::new();
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let mut cells = Vec::with_capacity(self.names.len());
            for column in batch.columns() {
                cells.push(match cell::text(column, row, &mut buffer)? {
                    None => vec![self.null.clone()],
                    Some(text) => escape_lines(text),
                });
            }
            self.write_rule(&cells, out)?;
            for (name, cell) in self.names.iter().zip(&cells) {
                self.write_cell(name, cell, out)?;
            }
        }
        Ok(())
    }

    /// Says so if there were no rows; ends with an empty line.
    pub(super) fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows == 0 { writeln!(out, "(0 rows)\n") } else { writeln!(out) }
    }

    /// `-[ RECORD 1 ]-+------`, with the cross above the line between names and values.
    fn write_rule(&self, cells: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
        let value_width = cells.iter().flatten().map(|line| width(line)).max().unwrap_or(0);
        let total = (self.name_width + 3 + value_width).min(MAX_RULE_COLUMNS);
        let mut rule = format!("-[ RECORD {} ]", self.rows);
        while rule.len() < total {
            rule.push(if rule.len() == self.name_width + 1 { '+' } else { '-' });
        }
        writeln!(out, "{rule}")
    }

    fn write_cell(&self, name: &str, cell: &[String], out: &mut dyn Write) -> io::Result<()> {
        for (number, text) in cell.iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            let space = " ".repeat(self.name_width - width(name));
            let line = format!("{name}{space} | {text}");
            let more = if number + 1 < cell.len() { "+" } else { "" };
            writeln!(out, "{}{more}", line.trim_end_matches(' '))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Settings, samples};

    #[test]
    fn records_look_as_in_psql() {
        let settings = Settings { format: Format::Table, expanded: true, null: "∅".into() };
        insta::assert_snapshot!(samples::written_with(&settings, &samples::people()), @r"
        -[ RECORD 1 ]
        id   | 1
        name | 漢字
        note | two+
             | lines
        -[ RECORD 2 ]-----
        id   | -20
        name | Zoë\x1B[31m
        note | ∅
        -[ RECORD 3 ]---
        id   | 3
        name | plain
        note | tab     x
        ");
    }
}
