//! The first reading of the file: its header, and facts about every column.

use std::collections::HashSet;

use super::infer::TypeFacts;
use super::progress::Progress;
use super::records::{Record, RecordReader};
use super::request::{ImportRequest, first_duplicate};
use super::source::CsvFile;
use crate::failure::Failure;

/// A header and what is known of each column.
#[derive(Debug)]
pub(super) struct Scan {
    /// Names and facts, in the order of the file.
    pub(super) columns: Vec<(String, TypeFacts)>,
    /// The file, for messages.
    pub(super) file: String,
}

/// Reads the names of the columns.
pub(super) fn read_header(file: &CsvFile, delimiter: u8) -> Result<Vec<String>, Failure> {
    let mut reader = RecordReader::new(file.open()?, file, delimiter);
    header(&mut reader, file)
}

/// Reads the whole file. Columns in `typed` have a type already and only their NULLs are looked at.
pub(super) fn scan(
    file: &CsvFile,
    request: &ImportRequest,
    typed: &HashSet<&str>,
    progress: &Progress,
) -> Result<Scan, Failure> {
    let mut reader = RecordReader::new(progress.open(file)?, file, request.delimiter.byte());
    let names = header(&mut reader, file)?;
    let has_type: Vec<bool> = names.iter().map(|name| typed.contains(name.as_str())).collect();
    let mut facts = vec![TypeFacts::default(); names.len()];
    let mut record = Record::default();
    while reader.read(&mut record)? {
        if record.len() != names.len() {
            let noun = if record.len() == 1 { "field" } else { "fields" };
            return Err(reader.at_line(
                record.line(),
                &format!("the record has {} {noun}, the header {}", record.len(), names.len()),
            ));
        }
        for (((field, quoted), facts), has_type) in record.fields().zip(&mut facts).zip(&has_type) {
            if !quoted && field == request.null.as_bytes() {
                facts.observe_null(record.line());
            } else if !has_type {
                facts.observe(text(&reader, &record, field)?);
            }
        }
    }
    Ok(Scan { columns: names.into_iter().zip(facts).collect(), file: file.path().display().to_string() })
}

fn header(reader: &mut RecordReader<'_>, file: &CsvFile) -> Result<Vec<String>, Failure> {
    let mut record = Record::default();
    if !reader.read(&mut record)? {
        return Err(Failure::refused(format!(
            "{}: the file is empty; its first line must name the columns",
            file.path().display()
        )));
    }
    let mut names = Vec::with_capacity(record.len());
    for (index, (field, _)) in record.fields().enumerate() {
        let name = text(reader, &record, field)?;
        // Spreadsheets begin their files with a byte order mark.
        let name = if index == 0 { name.trim_start_matches('\u{feff}') } else { name };
        if name.is_empty() {
            let message = format!("the header has no name for column {}", index + 1);
            return Err(reader.at_line(record.line(), &message));
        }
        names.push(name.to_owned());
    }
    if let Some(name) = first_duplicate(names.iter().map(String::as_str)) {
        return Err(reader.at_line(record.line(), &format!("the header names the column {name} twice")));
    }
    Ok(names)
}

/// A field as COPY takes it: UTF-8 without NUL.
fn text<'a>(reader: &RecordReader<'_>, record: &Record, field: &'a [u8]) -> Result<&'a str, Failure> {
    if field.contains(&0) {
        return Err(reader.at_line(record.line(), "the text holds a NUL byte"));
    }
    std::str::from_utf8(field).map_err(|_| reader.at_line(record.line(), "the text is not UTF-8"))
}
