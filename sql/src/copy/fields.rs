//! Cutting a record into fields.

use crate::dialect::{CopyFormat, CopyOptions};
use crate::error::{SqlError, SqlState};

/// The fields of one record, without quotes and escapes. The memory is used
/// again for the next.
#[derive(Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    /// Where each field ends, and whether it is null.
    ends: Vec<(usize, bool)>,
}

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field; none where it is null.
    ///
    /// # Errors
    /// When it is not text: broken UTF-8, or a NUL byte.
    pub(super) fn get(&self, index: usize) -> Result<Option<&str>, SqlError> {
        let Some(&(end, null)) = self.ends.get(index) else { return Ok(None) };
        if null {
            return Ok(None);
        }
        let begin = match index.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some((end, _)) => *end,
            None => 0,
        };
        let invalid = |what: &str| SqlError::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, what);
        let bytes = self.text.get(begin..end).unwrap_or_default();
        if bytes.contains(&0) {
            return Err(invalid("invalid byte sequence for encoding \"UTF8\": 0x00"));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(failure) => {
                let byte = bytes.get(failure.valid_up_to()).copied().unwrap_or_default();
                Err(invalid(&format!("invalid byte sequence for encoding \"UTF8\": 0x{byte:02x}")))
            }
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// For a bare carriage return in CSV: nobody can say what it means.
    pub(super) fn read(&mut self, record: &[u8], options: &CopyOptions) -> Result<(), SqlError> {
        self.text.clear();
        self.ends.clear();
        match options.format {
            CopyFormat::Csv => self.read_csv(record, options),
            CopyFormat::Text => {
                self.read_text(record, options);
                Ok(())
            }
        }
    }

    fn read_csv(&mut self, record: &[u8], options: &CopyOptions) -> Result<(), SqlError> {
        let CopyOptions { delimiter, quote, escape, null, .. } = options;
        let mut rest = record;
        loop {
            let begin = self.text.len();
            let mut was_quoted = false;
            let mut quoted = false;
            let delimited = loop {
                let Some((&byte, after)) = rest.split_first() else { break false };
                rest = after;
                if quoted {
                    match after.first() {
                        Some(next) if byte == *escape && (next == quote || next == escape) => {
                            self.text.push(*next);
                            rest = after.get(1..).unwrap_or_default();
                        }
                        _ if byte == *quote => quoted = false,
                        _ => self.text.push(byte),
                    }
                } else if byte == *quote {
                    (quoted, was_quoted) = (true, true);
                } else if byte == *delimiter {
                    break true;
                } else if byte == b'\r' {
                    return Err(SqlError::new(
                        SqlState::BAD_COPY_FILE_FORMAT,
                        "unquoted carriage return found in data",
                    )
                    .with_hint("Lines end with \\n or \\r\\n; quote a field that holds a carriage return."));
                } else {
                    self.text.push(byte);
                }
            };
            let is_null = !was_quoted && self.text.get(begin..) == Some(null.as_bytes());
            self.ends.push((self.text.len(), is_null));
            if !delimited {
                return Ok(());
            }
        }
    }

    fn read_text(&mut self, record: &[u8], options: &CopyOptions) {
        let mut rest = record;
        loop {
            let mut end = 0;
            while let Some(&byte) = rest.get(end) {
                if byte == options.delimiter {
                    break;
                }
                end += if byte == b'\\' { 2 } else { 1 };
            }
            let end = end.min(rest.len());
            let (raw, after) = rest.split_at(end);
            let is_null = raw == options.null.as_bytes();
            self.unescape(raw);
            self.ends.push((self.text.len(), is_null));
            match after.split_first() {
                Some((_, after)) => rest = after,
                None => return,
            }
        }
    }

    fn unescape(&mut self, mut raw: &[u8]) {
        while let Some((&byte, after)) = raw.split_first() {
            raw = after;
            if byte != b'\\' {
                self.text.push(byte);
                continue;
            }
            let Some((&escaped, after)) = after.split_first() else {
                self.text.push(b'\\');
                return;
            };
            raw = after;
            let mut number = |first: u32, base: u32, digits_max: usize| {
                let digits = raw.iter().take(digits_max).map_while(|byte| char::from(*byte).to_digit(base));
                let (count, value) =
                    digits.fold((0, first), |(count, value), digit| (count + 1, value * base + digit));
                raw = raw.get(count..).unwrap_or_default();
                // The high bits of `\777` are dropped.
                (count, (value & 0xff) as u8)
            };
            self.text.push(match escaped {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                b'0'..=b'7' => number(u32::from(escaped - b'0'), 8, 2).1,
                b'x' => match number(0, 16, 2) {
                    (0, _) => b'x',
                    (_, value) => value,
                },
                other => other,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::tests::options;
    use super::*;

    fn fields(record: &str, options: &CopyOptions) -> Vec<Option<String>> {
        let mut fields = Fields::default();
        fields.read(record.as_bytes(), options).unwrap();
        (0..fields.len()).map(|index| fields.get(index).unwrap().map(str::to_owned)).collect()
    }

    fn some<const N: usize>(texts: [&str; N]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned()).filter(|text| text != "NULL")).collect()
    }

    #[test]
    fn csv_fields_lose_their_quotes_and_only_bare_ones_are_null() {
        let csv = options(CopyFormat::Csv);
        assert_eq!(
            fields(r#"a,"b ""c"", d",,"""#, &csv),
            [some(["a", "b \"c\", d", "NULL"]), vec![Some(String::new())]].concat()
        );
        assert_eq!(fields(r#"x"y,z"w"#, &csv), some(["xy,zw"]));
        assert_eq!(fields("", &csv), some(["NULL"]));
        let other = CopyOptions { delimiter: b'|', null: "NA".into(), quote: b'\'', escape: b'\\', ..csv };
        assert_eq!(fields(r"NA|'NA'|'it\'s'|a,b", &other), [some(["NULL", "NA", "it's", "a,b"])].concat());
        let mut bare = Fields::default();
        assert!(bare.read(b"a\rb", &options(CopyFormat::Csv)).is_err());
    }

    #[test]
    fn text_fields_lose_their_escapes_and_null_is_told_before() {
        let text = options(CopyFormat::Text);
        assert_eq!(
            fields("a\\tb\t\\N\t\\\\N\t\\x41\\101\\q\\\t", &text),
            some(["a\tb", "NULL", "\\N", "AAq\t"])
        );
        assert_eq!(fields("\t", &text), some(["", ""]));
        let mut broken = Fields::default();
        broken.read(b"\\xff", &text).unwrap();
        assert!(broken.get(0).is_err());
    }
}
