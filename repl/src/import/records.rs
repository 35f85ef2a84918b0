//! Reading CSV records with what COPY needs to know of them: which fields are quoted, and on which line of
//! the file each record begins.

use std::io::BufRead;

use crate::failure::Failure;
use crate::import::source::CsvFile;

/// Longest record, in bytes: one quote that is never closed shall not fill the memory.
const RECORD_BYTES_MAX: usize = 64 << 20;

/// One record, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The fields one behind the other, quotes taken off.
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`, and whether it was quoted.
    ends: Vec<(usize, bool)>,
    /// The line on which it begins, from 1.
    line: u64,
}

impl Record {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The line on which it begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Its fields in order, each with whether it was quoted.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, quoted)| {
            let field = &self.bytes[start..*end];
            start = *end;
            (field, *quoted)
        })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote within a quoted field: the field's end, or the first half of a doubled quote.
    QuoteSeen,
    /// Behind the closing quote of a field that goes on all the same.
    AfterQuoted,
}

/// Reads records from CSV.
pub(super) struct RecordReader<'a> {
    input: Box<dyn BufRead>,
    file: &'a CsvFile,
    delimiter: u8,
    line: u64,
    /// The last record ended in a carriage return: a line feed behind it belongs to that.
    skip_line_feed: bool,
}

impl<'a> RecordReader<'a> {
    /// A reader of `input`, which holds the file's text from its beginning.
    pub(super) fn new(input: Box<dyn BufRead>, file: &'a CsvFile, delimiter: u8) -> Self {
        Self { input, file, delimiter, line: 1, skip_line_feed: false }
    }

    /// Reads the next record; false at the end. Empty lines are passed over.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, Failure> {
        record.clear();
        record.line = self.line;
        let mut state = State::FieldStart;
        loop {
            let buffer = self.input.fill_buf().map_err(|error| self.file.failure(error))?;
            if buffer.is_empty() {
                return self.end_of_input(record, state);
            }
            let mut consumed = 0;
            let mut complete = false;
            for &byte in buffer {
                consumed += 1;
                if std::mem::take(&mut self.skip_line_feed) && byte == b'\n' {
                    continue;
                }
                let is_line_end = matches!(byte, b'\n' | b'\r');
                if is_line_end && state != State::Quoted {
                    self.line += 1;
                    self.skip_line_feed = byte == b'\r';
                    if state == State::FieldStart && record.ends.is_empty() {
                        record.line = self.line;
                        continue;
                    }
                    end_field(record, state);
                    complete = true;
                    break;
                }
                state = match (state, byte) {
                    (State::Quoted, b'"') => State::QuoteSeen,
                    (State::Quoted, byte) => {
                        // A carriage return and line feed are one line end; so is either alone.
                        self.line += u64::from(byte == b'\n');
                        record.bytes.push(byte);
                        State::Quoted
                    }
                    (State::QuoteSeen, b'"') => {
                        record.bytes.push(b'"');
                        State::Quoted
                    }
                    (_, byte) if byte == self.delimiter => {
                        end_field(record, state);
                        State::FieldStart
                    }
                    (State::FieldStart, b'"') => State::Quoted,
                    (State::FieldStart | State::Unquoted, byte) => {
                        record.bytes.push(byte);
                        State::Unquoted
                    }
                    (State::QuoteSeen | State::AfterQuoted, byte) => {
                        record.bytes.push(byte);
                        State::AfterQuoted
                    }
                };
            }
            self.input.consume(consumed);
            if complete {
                return Ok(true);
            }
            if record.bytes.len() > RECORD_BYTES_MAX {
                return Err(self.at_line(
                    record.line,
                    &format!(
                        "the record is longer than {} MiB; is a quote not closed?",
                        RECORD_BYTES_MAX >> 20
                    ),
                ));
            }
        }
    }

    fn end_of_input(&self, record: &mut Record, state: State) -> Result<bool, Failure> {
        match state {
            State::Quoted => Err(self.at_line(record.line, "a quoted field is not closed")),
            State::FieldStart if record.ends.is_empty() => Ok(false),
            _ => {
                end_field(record, state);
                Ok(true)
            }
        }
    }

    /// What is wrong with a line of the file.
    pub(super) fn at_line(&self, line: u64, message: &str) -> Failure {
        Failure::refused(format!("{}: line {line}: {message}", self.file.path().display()))
    }
}

fn end_field(record: &mut Record, state: State) {
    let quoted = matches!(state, State::QuoteSeen | State::AfterQuoted);
    record.ends.push((record.bytes.len(), quoted));
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// Records as (line, fields), quoted fields in brackets. Read through a buffer of every small size.
    fn read_all(text: &str) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut results = (1..=8).map(|capacity| read_through(text, capacity));
        let first = results.next().unwrap();
        for other in results {
            assert_eq!(first, other, "{text:?}");
        }
        first
    }

    fn read_through(text: &str, capacity: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let file = CsvFile::new("f.csv".into());
        let input = Box::new(BufReader::with_capacity(capacity, Cursor::new(text.as_bytes().to_vec())));
        let mut reader = RecordReader::new(input, &file, b',');
        let mut record = Record::default();
        let mut records = Vec::new();
        while reader.read(&mut record).map_err(|error| error.to_string())? {
            let fields = record.fields().map(|(field, quoted)| {
                let text = String::from_utf8_lossy(field).into_owned();
                if quoted { format!("[{text}]") } else { text }
            });
            records.push((record.line(), fields.collect()));
        }
        Ok(records)
    }

    fn fields(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn quoted_fields_are_told_from_plain_ones() {
        let records = read_all("a,\"\",,\"x, \"\"y\"\"\",p\"q\"\n").unwrap();
        assert_eq!(records, [(1, fields(&["a", "[]", "", "[x, \"y\"]", "p\"q\""]))]);
    }

    #[test]
    fn every_line_end_ends_a_record_and_lines_count_those_within_quotes() {
        let records = read_all("a\r\n\"b\nc\"\r\n\nd\re").unwrap();
        assert_eq!(
            records,
            [(1, fields(&["a"])), (2, fields(&["[b\nc]"])), (5, fields(&["d"])), (6, fields(&["e"])),]
        );
    }

    #[test]
    fn a_last_line_without_its_end_counts_and_an_empty_one_does_not() {
        assert_eq!(read_all("a,b\n1,").unwrap(), [(1, fields(&["a", "b"])), (2, fields(&["1", ""]))]);
        assert_eq!(read_all("").unwrap(), []);
        assert_eq!(read_all("\n\n").unwrap(), []);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error_with_its_line() {
        assert_eq!(read_all("a\nb,\"c\nd").unwrap_err(), "f.csv: line 2: a quoted field is not closed");
    }
}
