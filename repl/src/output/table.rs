//! Result sets as an aligned table, laid out as psql does.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cell;
use super::terminal::{escape_line, escape_lines, width};
use super::type_name::is_number;

/// Most rows that are held back to find the widths of columns. A longer result is written in pages of so
/// many rows, whose columns may be wider than those of the pages before.
pub(crate) const TABLE_PAGE_ROWS: usize = 10_000;

/// A column's heading and layout.
struct Column {
    name: String,
    right: bool,
    width: usize,
}

/// The lines of one cell.
type Cell = Vec<String>;

/// Collects a page of rows, then writes it.
pub(crate) struct TableWriter {
    null: String,
    columns: Vec<Column>,
    page: Vec<Vec<Cell>>,
    rows: u64,
    heading_written: bool,
}

impl TableWriter {
    /// A writer for rows with these columns.
    pub(super) fn new(schema: &SchemaRef, null: &str) -> Self {
        let columns = schema.fields().iter().map(|field| {
            let name = escape_line(field.name());
            Column { right: is_number(field.data_type()), width: width(&name), name }
        });
        Self {
            columns: columns.collect(),
            null: null.to_owned(),
            page: Vec::new(),
            rows: 0,
            heading_written: false,
        }
    }

    /// Takes these rows, and writes every page that is full.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = Vec::new();
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(self.columns.len());
            for (array, column) in batch.columns().iter().zip(&mut self.columns) {
                let cell = match cell::text(array, row, &mut buffer)? {
                    None => vec![self.null.clone()],
                    Some(text) => escape_lines(text),
                };
                column.width = cell.iter().map(|line| width(line)).fold(column.width, usize::max);
                cells.push(cell);
            }
            self.page.push(cells);
            self.rows += 1;
            if self.page.len() == TABLE_PAGE_ROWS {
                self.write_page(out)?;
            }
        }
        Ok(())
    }

    /// Writes the last page, the count of rows and an empty line.
    pub(super) fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.write_page(out)?;
        writeln!(out, "({} {})\n", self.rows, if self.rows == 1 { "row" } else { "rows" })
    }

    fn write_page(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.heading_written {
            self.write_heading(out)?;
            self.heading_written = true;
        }
        for cells in std::mem::take(&mut self.page) {
            let height = cells.iter().map(Vec::len).max().unwrap_or(1);
            for line in 0..height {
                self.write_line(&cells, line, out)?;
            }
        }
        Ok(())
    }

    fn write_heading(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let space = column.width - width(&column.name);
            push_separator(&mut line, index, '|');
            line.push(' ');
            push_spaces(&mut line, space / 2);
            line.push_str(&column.name);
            push_spaces(&mut line, space - space / 2);
            line.push(' ');
        }
        writeln!(out, "{}", line.trim_end_matches(' '))?;
        line.clear();
        for (index, column) in self.columns.iter().enumerate() {
            push_separator(&mut line, index, '+');
            line.extend(std::iter::repeat_n('-', column.width + 2));
        }
        // psql's mark for a result without columns.
        writeln!(out, "{}", if line.is_empty() { "--" } else { &line })
    }

    /// Writes one line of a row; a `+` behind a cell says that it goes on in the next.
    fn write_line(&self, cells: &[Cell], line_number: usize, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (index, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
            let text = cell.get(line_number).map_or("", String::as_str);
            let space = column.width.saturating_sub(width(text));
            push_separator(&mut line, index, '|');
            line.push(' ');
            if column.right {
                push_spaces(&mut line, space);
            }
            line.push_str(text);
            if !column.right {
                push_spaces(&mut line, space);
            }
            line.push(if line_number + 1 < cell.len() { '+' } else { ' ' });
        }
        writeln!(out, "{}", line.trim_end_matches(' '))
    }
}

fn push_separator(line: &mut String, index: usize, separator: char) {
    if index > 0 {
        line.push(separator);
    }
}

fn push_spaces(line: &mut String, count: usize) {
    line.extend(std::iter::repeat_n(' ', count));
}

#[cfg(test)]
mod tests {
    use super::super::{Format, samples};
    use super::*;

    #[test]
    fn a_table_looks_as_in_psql() {
        let batch = samples::people();
        insta::assert_snapshot!(samples::written(Format::Table, &batch), @r"
         id  |    name     |   note
        -----+-------------+-----------
           1 | 漢字        | two      +
             |             | lines
         -20 | Zoë\x1B[31m |
           3 | plain       | tab     x
        (3 rows)
        ");
    }

    #[test]
    fn an_empty_result_has_a_heading_and_no_rows() {
        let written = samples::written(Format::Table, &samples::optional_text(&[]));
        assert_eq!(written, " n | t\n---+---\n(0 rows)\n\n");
    }

    #[test]
    fn one_row_is_one_row() {
        assert!(samples::written(Format::Table, &samples::optional_text(&[None])).ends_with("(1 row)\n\n"));
    }

    #[test]
    fn a_result_longer_than_a_page_has_one_heading_and_one_count() {
        let numbers: Vec<String> = (0..TABLE_PAGE_ROWS * 2 + 1).map(|number| number.to_string()).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let written = samples::written(Format::Table, &samples::text_columns(&[("n", &numbers)]));
        assert_eq!(written.lines().count(), 2 + numbers.len() + 2);
        assert!(written.ends_with("(20001 rows)\n\n"));
    }
}
