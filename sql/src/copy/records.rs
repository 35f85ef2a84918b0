//! Cutting a stream of bytes into records: lines that go on where a line
//! break is quoted or escaped.

use std::ops::Range;

use microprolly_engine::storage::VALUE_BYTES_MAX;

use crate::dialect::{CopyFormat, CopyOptions};
use crate::error::{SqlError, SqlState};

/// The longest record in bytes. A quote that is never closed would else have
/// all of the input in memory.
const RECORD_BYTES_MAX: usize = 2 * VALUE_BYTES_MAX;

/// The bytes that are there, and how far they have been looked at.
pub(super) struct Records {
    buffer: Vec<u8>,
    /// Where the next record begins.
    begin: usize,
    /// How far the record has been looked at.
    scanned: usize,
    /// Line breaks in the record so far that do not end it.
    inner_lines: u64,
    /// The line on which the next record begins, from 1.
    line: u64,
    state: State,
    /// The end of data was marked by a line `\.`.
    ended: bool,
}

/// Where in a record a scan stands.
enum State {
    Csv {
        quote: u8,
        /// Another byte than the quote.
        escape: Option<u8>,
        quoted: bool,
        escaped: bool,
    },
    Text {
        escaped: bool,
    },
}

/// One record: where it lies in the buffer, without its line break, and the
/// line on which it begins.
pub(super) struct Record {
    range: Range<usize>,
    pub(super) line: u64,
}

impl Records {
    pub(super) fn new(options: &CopyOptions) -> Self {
        let state = match options.format {
            CopyFormat::Csv => State::Csv {
                quote: options.quote,
                escape: (options.escape != options.quote).then_some(options.escape),
                quoted: false,
                escaped: false,
            },
            CopyFormat::Text => State::Text { escaped: false },
        };
        Self { buffer: Vec::new(), begin: 0, scanned: 0, inner_lines: 0, line: 1, state, ended: false }
    }

    /// Adds bytes.
    pub(super) fn push(&mut self, data: &[u8]) {
        if self.ended {
            return;
        }
        if self.begin > 0 {
            self.buffer.drain(..self.begin);
            self.scanned -= self.begin;
            self.begin = 0;
        }
        self.buffer.extend_from_slice(data);
    }

    /// How many bytes have not been looked at.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len() - self.scanned
    }

    /// The bytes of a record that [`Records::next`] gave, before the next push.
    pub(super) fn bytes(&self, record: &Record) -> &[u8] {
        self.buffer.get(record.range.clone()).unwrap_or_default()
    }

    /// The next record that is whole. `last` says that no more bytes come.
    ///
    /// # Errors
    /// For a record that is too long, or ends within quotes.
    pub(super) fn next(&mut self, last: bool) -> Result<Option<Record>, SqlError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(end) = self.find_end() {
            return Ok(self.take(end, end + 1));
        }
        let length = self.buffer.len() - self.begin;
        if length > RECORD_BYTES_MAX {
            return Err(SqlError::new(
                SqlState::PROGRAM_LIMIT_EXCEEDED,
                format!("a line of COPY data is longer than {RECORD_BYTES_MAX} bytes"),
            )
            .with_hint("A quote may be missing.")
            .with_detail(format!("It begins on line {}.", self.line)));
        }
        if !last || length == 0 {
            return Ok(None);
        }
        if matches!(self.state, State::Csv { quoted: true, .. }) {
            return Err(SqlError::new(SqlState::BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field")
                .with_detail(format!("It begins on line {}.", self.line)));
        }
        Ok(self.take(self.buffer.len(), self.buffer.len()))
    }

    /// Takes a record that ends at `end`; the next begins at `next`.
    fn take(&mut self, end: usize, next: usize) -> Option<Record> {
        let begin = std::mem::replace(&mut self.begin, next);
        self.scanned = next;
        let line = self.line;
        self.line += 1 + std::mem::take(&mut self.inner_lines);
        let bytes = self.buffer.get(begin..end).unwrap_or_default();
        if bytes.strip_suffix(b"\r").unwrap_or(bytes) == b"\\." {
            self.ended = true;
            self.buffer.clear();
            (self.begin, self.scanned) = (0, 0);
            return None;
        }
        Some(Record { range: begin..end - usize::from(bytes.ends_with(b"\r")), line })
    }

    /// Where the line break is that ends the record.
    fn find_end(&mut self) -> Option<usize> {
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        let found = match &mut self.state {
            State::Csv { quote, escape, quoted, escaped } => rest.iter().position(|&byte| {
                // As PostgreSQL's reader does it, character by character.
                if byte == b'\n' {
                    *escaped = false;
                    self.inner_lines += u64::from(*quoted);
                    return !*quoted;
                }
                let is_escape = Some(byte) == *escape;
                if *quoted && is_escape {
                    *escaped = !*escaped;
                }
                if byte == *quote && !*escaped {
                    *quoted = !*quoted;
                }
                if !is_escape {
                    *escaped = false;
                }
                false
            }),
            State::Text { escaped } => rest.iter().position(|&byte| {
                if byte == b'\n' {
                    self.inner_lines += u64::from(*escaped);
                    return !std::mem::replace(escaped, false);
                }
                *escaped = byte == b'\\' && !*escaped;
                false
            }),
        };
        match found {
            Some(at) => Some(self.scanned + at),
            None => {
                self.scanned = self.buffer.len();
                None
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::dialect::CopyHeader;

    pub(in super::super) fn options(format: CopyFormat) -> CopyOptions {
        let (delimiter, null) = match format {
            CopyFormat::Csv => (b',', String::new()),
            CopyFormat::Text => (b'\t', "\\N".to_owned()),
        };
        CopyOptions { format, header: CopyHeader::No, delimiter, null, quote: b'"', escape: b'"' }
    }

    fn cut(format: CopyFormat, data: &[u8], step: usize) -> Vec<(u64, String)> {
        let mut records = Records::new(&options(format));
        let mut found = Vec::new();
        for piece in data.chunks(step).map(Some).chain([None]) {
            records.push(piece.unwrap_or_default());
            while let Some(record) = records.next(piece.is_none()).unwrap() {
                found.push((record.line, String::from_utf8(records.bytes(&record).to_vec()).unwrap()));
            }
        }
        found
    }

    #[test]
    fn records_do_not_depend_on_where_the_data_is_cut() {
        let csv = b"a,\"b\n\"\"c\"\"\",d\r\n1,2,3\n\"x\",,\n\nlast";
        let text = b"a\\\nb\tc\r\n\\\\\n\\N\tx\n\\.\nignored\n";
        for step in 1..csv.len() {
            assert_eq!(
                cut(CopyFormat::Csv, csv, step),
                [(1, "a,\"b\n\"\"c\"\"\",d"), (3, "1,2,3"), (4, "\"x\",,"), (5, ""), (6, "last")]
                    .map(|(line, text)| (line, text.to_owned()))
            );
            assert_eq!(
                cut(CopyFormat::Text, text, step),
                [(1, "a\\\nb\tc"), (3, "\\\\"), (4, "\\N\tx")].map(|(line, text)| (line, text.to_owned()))
            );
        }
    }
}
