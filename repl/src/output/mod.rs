//! Result sets as text: a table for people, CSV and JSON for programs.
//!
//! Values are written by [`microprolly_sql::text`], so that a number or an interval reads the same in all of
//! them, in COPY and in psql; JSON has forms of its own where it can say more. CSV and JSON are written row by
//! row; a table holds back at most [`TABLE_PAGE_ROWS`](table::TABLE_PAGE_ROWS) rows to find the widths of its
//! columns.

mod cell;
mod csv;
mod expanded;
mod json;
mod table;
pub(crate) mod terminal;
pub(crate) mod type_name;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

/// How result sets are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns and a count of rows.
    #[default]
    Table,
    /// RFC 4180 with a header.
    Csv,
    /// One JSON object per row.
    Json,
}

/// What the user chose about result sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How they are written.
    pub(crate) format: Format,
    /// In a table, one line per column instead of one per row.
    pub(crate) expanded: bool,
    /// In a table, what stands for NULL.
    pub(crate) null: String,
}

/// Writes one result set, batch by batch.
pub(crate) enum ResultWriter {
    /// As a table.
    Table(table::TableWriter),
    /// As a list of records.
    Expanded(expanded::ExpandedWriter),
    /// As CSV.
    Csv(csv::CsvWriter),
    /// As JSON, a row per line.
    Json(json::JsonWriter),
}

impl ResultWriter {
    /// Begins a result set with these columns; CSV writes its header.
    pub(crate) fn begin(settings: &Settings, schema: &SchemaRef, out: &mut dyn Write) -> io::Result<Self> {
        Ok(match settings.format {
            Format::Table if settings.expanded => {
                Self::Expanded(expanded::ExpandedWriter::new(schema, &settings.null))
            }
            Format::Table => Self::Table(table::TableWriter::new(schema, &settings.null)),
            Format::Csv => Self::Csv(csv::CsvWriter::begin(schema, out)?),
            Format::Json => Self::Json(json::JsonWriter::new(schema)),
        })
    }

    /// Writes these rows, or holds them back.
    pub(crate) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Table(writer) => writer.write(batch, out),
            Self::Expanded(writer) => writer.write(batch, out),
            Self::Csv(writer) => writer.write(batch, out),
            Self::Json(writer) => writer.write(batch, out),
        }
    }

    /// Writes what was held back, and the count of rows below a table.
    pub(crate) fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Table(writer) => writer.finish(out),
            Self::Expanded(writer) => writer.finish(out),
            Self::Csv(_) | Self::Json(_) => Ok(()),
        }
    }
}

/// Where result sets go.
pub(crate) struct Sink {
    writer: BufWriter<Box<dyn Write>>,
}

impl Sink {
    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Self { writer: BufWriter::new(Box::new(io::stdout())) }
    }

    /// A file, emptied or made (`\o`).
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        Ok(Self { writer: BufWriter::new(Box::new(File::create(path)?)) })
    }

    /// The writer; flush it when a result set is complete.
    pub(crate) fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }
}

/// Names for the columns of which no two are equal: of two columns `id`, the second becomes `id_2`.
fn unique_names(schema: &Schema) -> Vec<String> {
    let given: std::collections::HashSet<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let mut taken = std::collections::HashSet::new();
    let mut names = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let mut name = field.name().clone();
        let mut number = 2_usize;
        while taken.contains(&name) || (number > 2 && given.contains(name.as_str())) {
            name = format!("{}_{number}", field.name());
            number += 1;
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

#[cfg(test)]
pub(crate) mod samples;
