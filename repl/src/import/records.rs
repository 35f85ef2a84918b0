//! Reading CSV records as COPY does, with what the scan needs to know of them: which fields were quoted, and on
//! which line of the file each record begins.
//!
//! What COPY would refuse is refused here, and what it takes is taken: a scan is of no use if it sees other
//! values than those that are loaded.

use std::io::BufRead;

use crate::failure::Failure;
use crate::import::source::CsvFile;

/// Longest record, in bytes, as for COPY: one quote that is never closed shall not fill the memory.
const RECORD_BYTES_MAX: usize = 32 << 20;

/// A line that marks the end of the data.
const END_OF_DATA: &[u8] = b"\\.";

/// One record, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The fields one behind the other, quotes taken off.
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`, and whether any of it was quoted.
    ends: Vec<(usize, bool)>,
    /// Whether any of the field that is being read was quoted.
    quoted: bool,
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

    /// Its fields in order, each with whether any of it was quoted.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, quoted)| {
            let field = &self.bytes[start..*end];
            start = *end;
            (field, *quoted)
        })
    }

    fn begin(&mut self, line: u64) {
        self.bytes.clear();
        self.ends.clear();
        self.quoted = false;
        self.line = line;
    }

    fn end_field(&mut self) {
        self.ends.push((self.bytes.len(), std::mem::take(&mut self.quoted)));
    }

    fn is_end_of_data(&self) -> bool {
        matches!(self.ends.as_slice(), [(_, false)]) && self.bytes == END_OF_DATA
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Quoted,
    /// Behind a quote within quotes: their end, or the first half of a doubled quote.
    QuoteSeen,
    /// Behind a carriage return outside of quotes: the first half of a line end.
    CarriageReturn,
}

/// Reads records from CSV.
pub(super) struct RecordReader<'a> {
    input: Box<dyn BufRead>,
    file: &'a CsvFile,
    delimiter: u8,
    line: u64,
    /// The end of the data was marked.
    ended: bool,
}

impl<'a> RecordReader<'a> {
    /// A reader of `input`, which holds the file's text from its beginning.
    pub(super) fn new(input: Box<dyn BufRead>, file: &'a CsvFile, delimiter: u8) -> Self {
        Self { input, file, delimiter, line: 1, ended: false }
    }

    /// Reads the next record; false at the end. An empty line is a record with one empty field.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, Failure> {
        record.begin(self.line);
        if self.ended {
            return Ok(false);
        }
        let mut length = 0;
        let mut state = State::Plain;
        loop {
            let buffer = self.input.fill_buf().map_err(|error| self.file.failure(error))?;
            if buffer.is_empty() {
                return match state {
                    _ if length == 0 => Ok(false),
                    State::Quoted => Err(self.at_line(record.line, "a quoted field is not closed")),
                    _ => Ok(self.end_record(record)),
                };
            }
            let mut consumed = 0;
            let mut complete = false;
            let mut bare_return = false;
            for &byte in buffer {
                consumed += 1;
                state = match (state, byte) {
                    (State::Quoted, b'"') => State::QuoteSeen,
                    (State::QuoteSeen, b'"') => {
                        record.bytes.push(b'"');
                        State::Quoted
                    }
                    (State::Quoted, byte) => {
                        self.line += u64::from(byte == b'\n');
                        record.bytes.push(byte);
                        State::Quoted
                    }
                    (_, b'\n') => {
                        complete = true;
                        break;
                    }
                    (State::CarriageReturn, _) => {
                        bare_return = true;
                        break;
                    }
                    (_, b'\r') => State::CarriageReturn,
                    // Quotes may begin and end anywhere in a field.
                    (_, b'"') => {
                        record.quoted = true;
                        State::Quoted
                    }
                    (_, byte) if byte == self.delimiter => {
                        record.end_field();
                        State::Plain
                    }
                    (_, byte) => {
                        record.bytes.push(byte);
                        State::Plain
                    }
                };
            }
            self.input.consume(consumed);
            length += consumed;
            if complete {
                return Ok(self.end_record(record));
            }
            if bare_return {
                let message = "a carriage return that ends no line must be quoted";
                return Err(self.at_line(record.line, message));
            }
            if length > RECORD_BYTES_MAX {
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

    /// Ends a record; false if it marks the end of the data.
    fn end_record(&mut self, record: &mut Record) -> bool {
        record.end_field();
        self.line += 1;
        self.ended = record.is_end_of_data();
        !self.ended
    }

    /// What is wrong with a line of the file.
    pub(super) fn at_line(&self, line: u64, message: &str) -> Failure {
        Failure::refused(format!("{}: line {line}: {message}", self.file.path().display()))
    }
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
        let records = read_all("a,\"\",,\"x, \"\"y\"\"\",p\"q, r\"s\n").unwrap();
        assert_eq!(records, [(1, fields(&["a", "[]", "", "[x, \"y\"]", "[pq, rs]"]))]);
    }

    #[test]
    fn lines_count_those_within_quotes_and_empty_ones() {
        let records = read_all("a\r\n\"b\nc\"\r\n\nd\n").unwrap();
        assert_eq!(
            records,
            [(1, fields(&["a"])), (2, fields(&["[b\nc]"])), (4, fields(&[""])), (5, fields(&["d"]))]
        );
        assert_eq!(read_all("\n\n").unwrap(), [(1, fields(&[""])), (2, fields(&[""]))]);
    }

    #[test]
    fn a_last_line_needs_no_end() {
        assert_eq!(read_all("a,b\n1,").unwrap(), [(1, fields(&["a", "b"])), (2, fields(&["1", ""]))]);
        assert_eq!(read_all("a\r").unwrap(), [(1, fields(&["a"]))]);
        assert_eq!(read_all("").unwrap(), []);
    }

    #[test]
    fn the_end_of_the_data_may_be_marked() {
        assert_eq!(read_all("a\n\\.\r\nb\n").unwrap(), [(1, fields(&["a"]))]);
        assert_eq!(read_all("\"\\.\"\n").unwrap(), [(1, fields(&["[\\.]"]))]);
    }

    #[test]
    fn what_copy_refuses_is_an_error_with_its_line() {
        assert_eq!(read_all("a\nb,\"c\nd").unwrap_err(), "f.csv: line 2: a quoted field is not closed");
        assert_eq!(
            read_all("a\nb\rc\n").unwrap_err(),
            "f.csv: line 2: a carriage return that ends no line must be quoted"
        );
    }
}
