//! The options of `COPY`, in parentheses or as a list of words.

use sqlparser::tokenizer::Token as SqlToken;

use super::copy::{CopyFormat, CopyHeader, CopyOptions};
use crate::dialect::cursor::Cursor;
use crate::{SqlError, SqlState};

/// What was said, each at most once, with where.
#[derive(Default)]
struct Said {
    format: Option<(CopyFormat, usize)>,
    header: Option<(CopyHeader, usize)>,
    delimiter: Option<(String, usize)>,
    null: Option<(String, usize)>,
    quote: Option<(String, usize)>,
    escape: Option<(String, usize)>,
    encoding: Option<((), usize)>,
}

/// The options that are known.
const OPTIONS: [&str; 15] = [
    "FORMAT",
    "HEADER",
    "DELIMITER",
    "NULL",
    "QUOTE",
    "ESCAPE",
    "ENCODING",
    "CSV",
    "TEXT",
    "BINARY",
    "FREEZE",
    "FORCE_QUOTE",
    "FORCE_NOT_NULL",
    "FORCE_NULL",
    "FORCE",
];

/// Reads `[WITH] (option value, …)` or `[WITH] option …`, or nothing.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<CopyOptions, SqlError> {
    cursor.take_word("WITH");
    let mut said = Said::default();
    if cursor.take_symbol(&SqlToken::LParen) {
        cursor.comma_separated(|cursor| said.read_option(cursor, true))?;
        cursor.expect_symbol(&SqlToken::RParen)?;
    } else {
        while OPTIONS.iter().any(|option| cursor.at_words(&[option])) {
            said.read_option(cursor, false)?;
        }
    }
    said.options()
}

pub(super) fn binary_is_not_supported(position: usize) -> SqlError {
    SqlError::not_supported("COPY in binary format is not supported")
        .with_hint("use FORMAT csv or FORMAT text")
        .with_position(position)
}

impl Said {
    /// Reads one option. In parentheses `CSV` and `TEXT` stand behind `FORMAT`, in a list of words alone.
    fn read_option(&mut self, cursor: &mut Cursor<'_>, in_parentheses: bool) -> Result<(), SqlError> {
        let position = cursor.position();
        let option = cursor.take_one_of(&OPTIONS);
        match option {
            Some("FORMAT") if in_parentheses => {
                let position = cursor.position();
                let format = match cursor.take_text()? {
                    Some(text) => match text.value {
                        super::ArgumentValue::Text(text) => text.to_ascii_lowercase(),
                        super::ArgumentValue::Parameter(_) => return Err(cursor.unexpected("a format")),
                    },
                    None => cursor.name("csv or text")?.value,
                };
                set(&mut self.format, format_named(&format, position)?, position)
            }
            Some("CSV") if !in_parentheses => set(&mut self.format, CopyFormat::Csv, position),
            Some("TEXT") if !in_parentheses => set(&mut self.format, CopyFormat::Text, position),
            Some("BINARY") if !in_parentheses => Err(binary_is_not_supported(position)),
            Some("HEADER") => {
                let header = read_header(cursor, in_parentheses)?;
                set(&mut self.header, header, position)
            }
            Some("DELIMITER") => set(&mut self.delimiter, read_text(cursor)?, position),
            Some("NULL") => set(&mut self.null, read_text(cursor)?, position),
            Some("QUOTE") => set(&mut self.quote, read_text(cursor)?, position),
            Some("ESCAPE") => set(&mut self.escape, read_text(cursor)?, position),
            Some("ENCODING") => {
                let encoding = read_text(cursor)?;
                if !matches!(encoding.to_ascii_lowercase().as_str(), "utf8" | "utf-8" | "unicode") {
                    return Err(
                        SqlError::not_supported("COPY reads and writes UTF-8 only").with_position(position)
                    );
                }
                set(&mut self.encoding, (), position)
            }
            Some(option @ ("FREEZE" | "FORCE_QUOTE" | "FORCE_NOT_NULL" | "FORCE_NULL" | "FORCE")) => {
                Err(SqlError::not_supported(format!("option {option} of COPY is not supported"))
                    .with_position(position))
            }
            Some(option) => Err(SqlError::syntax(format!("option {option} does not belong here"))
                .with_hint("write (FORMAT csv, HEADER)")
                .with_position(position)),
            None => Err(cursor.unexpected("FORMAT, HEADER, DELIMITER, NULL, QUOTE, ESCAPE or ENCODING")),
        }
    }

    /// Fills in the defaults of the format, and checks that the options go together.
    fn options(self) -> Result<CopyOptions, SqlError> {
        let format = self.format.map_or(CopyFormat::Text, |(format, _)| format);
        let csv = format == CopyFormat::Csv;
        for (option, name) in [(&self.quote, "QUOTE"), (&self.escape, "ESCAPE")] {
            if let (Some((_, position)), false) = (option, csv) {
                return Err(SqlError::not_supported(format!(
                    "option {name} of COPY goes with FORMAT csv only"
                ))
                .with_position(*position));
            }
        }
        let delimiter = one_byte(self.delimiter.as_ref(), "DELIMITER", if csv { b',' } else { b'\t' })?;
        let quote = one_byte(self.quote.as_ref(), "QUOTE", b'"')?;
        let escape = one_byte(self.escape.as_ref(), "ESCAPE", quote)?;
        let null_position = self.null.as_ref().map(|(_, position)| *position);
        let null = match self.null {
            Some((null, _)) => null,
            None if csv => String::new(),
            None => "\\N".to_owned(),
        };
        let delimiter_position = self.delimiter.map(|(_, position)| position);
        if csv && delimiter == quote {
            return Err(invalid("DELIMITER and QUOTE of COPY must differ", delimiter_position));
        }
        if !csv
            && (delimiter == b'\\'
                || delimiter == b'.'
                || delimiter.is_ascii_lowercase()
                || delimiter.is_ascii_digit())
        {
            return Err(invalid(
                "this DELIMITER of COPY would not be told from the text",
                delimiter_position,
            ));
        }
        if null.contains(['\n', '\r']) || null.bytes().any(|byte| byte == delimiter || (csv && byte == quote))
        {
            return Err(invalid(
                "NULL of COPY must not contain the delimiter, the quote or the end of a line",
                null_position,
            ));
        }
        let header = self.header.map_or(CopyHeader::No, |(header, _)| header);
        Ok(CopyOptions { format, header, delimiter, null, quote, escape })
    }
}

/// Takes note of an option, once.
fn set<T>(place: &mut Option<(T, usize)>, value: T, position: usize) -> Result<(), SqlError> {
    if place.is_some() {
        return Err(SqlError::syntax("conflicting or redundant options").with_position(position));
    }
    *place = Some((value, position));
    Ok(())
}

fn format_named(name: &str, position: usize) -> Result<CopyFormat, SqlError> {
    match name {
        "csv" => Ok(CopyFormat::Csv),
        "text" => Ok(CopyFormat::Text),
        "binary" => Err(binary_is_not_supported(position)),
        _ => Err(SqlError::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("COPY format \"{name}\" not recognized"),
        )
        .with_hint("the formats are csv and text")
        .with_position(position)),
    }
}

/// Reads `[AS] 'text'`.
fn read_text(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    cursor.take_word("AS");
    cursor.string("a string in quotes")
}

/// Reads `[boolean | MATCH]` behind `HEADER`; none is true.
fn read_header(cursor: &mut Cursor<'_>, in_parentheses: bool) -> Result<CopyHeader, SqlError> {
    if !in_parentheses {
        return Ok(CopyHeader::Yes);
    }
    if let Some(SqlToken::Number(digits, _)) = cursor.peek().map(|token| &token.token)
        && (digits == "0" || digits == "1")
    {
        let header = if digits == "1" { CopyHeader::Yes } else { CopyHeader::No };
        cursor.skip(1);
        return Ok(header);
    }
    match cursor.take_one_of(&["TRUE", "ON", "FALSE", "OFF", "MATCH"]) {
        Some("MATCH") => Ok(CopyHeader::Match),
        Some("FALSE" | "OFF") => Ok(CopyHeader::No),
        Some(_) => Ok(CopyHeader::Yes),
        None if cursor.at(&SqlToken::Comma) || cursor.at(&SqlToken::RParen) => Ok(CopyHeader::Yes),
        None => Err(cursor.unexpected("true, false or match")),
    }
}

/// The one byte that a delimiter, quote or escape is.
fn one_byte(said: Option<&(String, usize)>, name: &str, default: u8) -> Result<u8, SqlError> {
    match said {
        None => Ok(default),
        Some((text, position)) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
            _ => Err(invalid(format!("{name} of COPY must be a single one-byte character"), Some(*position))),
        },
    }
}

fn invalid(message: impl Into<String>, position: Option<usize>) -> SqlError {
    SqlError::new(SqlState::INVALID_PARAMETER_VALUE, message).or_position(position)
}
