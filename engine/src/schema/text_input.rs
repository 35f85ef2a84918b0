//! Values from text, by the rules of PostgreSQL's text input.

use std::borrow::Cow;
use std::num::IntErrorKind;

use serde::de::IgnoredAny;

use super::column_type::{ArrayElement, ColumnType};
use super::decimal::{self, DecimalError};
use super::json::are_escapes_text;
use super::moment::{self, MomentError};
use super::value::{Value, ValueError, shown};
use crate::error::Violation;

impl<'a> Value<'a> {
    /// Reads text as a value of `column_type`, as PostgreSQL does: numbers may
    /// have blanks around them, `t` and `yes` are true, `\x00ff` is bytes,
    /// `{a,"b c",NULL}` an array. NUMERIC rounds to its scale. A moment
    /// without a zone is UTC; a TIMESTAMP ignores the zone that it is given.
    ///
    /// # Errors
    /// Why the text is none; the reason is a whole sentence.
    pub fn from_text(text: &'a str, column_type: &ColumnType) -> Result<Self, ValueError> {
        let wrong = || syntax(text, column_type);
        match column_type {
            ColumnType::Text { chars_max } => short_text(text, *chars_max, column_type),
            ColumnType::Boolean => boolean(text).map(Self::Boolean).ok_or_else(wrong),
            ColumnType::SmallInt => integer(text, i16::MIN.into(), i16::MAX.into(), column_type),
            ColumnType::Integer => integer(text, i32::MIN.into(), i32::MAX.into(), column_type),
            ColumnType::BigInt => integer(text, i64::MIN, i64::MAX, column_type),
            ColumnType::Real => match text.trim_ascii().parse::<f32>() {
                Ok(value) if value.is_infinite() && !names_infinity(text) => {
                    Err(out_of_range(text, column_type))
                }
                Ok(value) => Ok(Self::Real(value)),
                Err(_) => Err(wrong()),
            },
            ColumnType::DoublePrecision => match text.trim_ascii().parse::<f64>() {
                Ok(value) if value.is_infinite() && !names_infinity(text) => {
                    Err(out_of_range(text, column_type))
                }
                Ok(value) => Ok(Self::Double(value)),
                Err(_) => Err(wrong()),
            },
            ColumnType::Numeric { precision, scale } => {
                match decimal::parse(text.trim_ascii(), *precision, *scale) {
                    Ok(unscaled) => Ok(Self::Decimal { unscaled, scale: *scale }),
                    Err(DecimalError::Range) => Err(out_of_range(text, column_type)),
                    Err(DecimalError::Syntax) => Err(wrong()),
                }
            }
            ColumnType::Timestamp => moment::parse(text)
                .and_then(|moment| moment.wall_micros())
                .map(Self::Timestamp)
                .map_err(|failure| moment_error(failure, text, column_type)),
            ColumnType::TimestampTz => moment::parse(text)
                .and_then(|moment| moment.utc_micros())
                .map(Self::TimestampTz)
                .map_err(|failure| moment_error(failure, text, column_type)),
            ColumnType::Date => moment::parse(text)
                .map(|moment| Self::Date(moment.days()))
                .map_err(|failure| moment_error(failure, text, column_type)),
            ColumnType::Uuid => uuid::Uuid::try_parse(text)
                .map(|uuid| Self::Text(uuid.to_string().into()))
                .map_err(|_| wrong()),
            ColumnType::Jsonb => {
                let json = text.trim_ascii();
                check_json(json)?;
                Ok(Self::Json(json.into()))
            }
            ColumnType::Bytea => bytes(text).map(Self::Bytes).ok_or_else(wrong),
            ColumnType::Array(element) => array(text, *element, column_type),
        }
    }
}

/// Checks that text is JSON all of whose strings are text.
pub(super) fn check_json(text: &str) -> Result<(), ValueError> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|failure| ValueError {
        violation: Violation::Malformed,
        reason: format!("invalid input syntax for type json: {failure}"),
    })?;
    check_escapes(text)
}

/// Checks that all strings of a JSON text are text.
pub(super) fn check_escapes(json: &str) -> Result<(), ValueError> {
    if are_escapes_text(json) {
        return Ok(());
    }
    let reason = "unsupported Unicode escape sequence: neither \\u0000 nor half of a surrogate pair is text";
    Err(ValueError { violation: Violation::Malformed, reason: reason.to_owned() })
}

/// Checks that text has no NUL: PostgreSQL knows no such text, so its clients
/// could not be given it.
pub(super) fn check_nul(text: &str) -> Result<(), ValueError> {
    if text.contains('\0') {
        let reason = "text cannot hold the character NUL".to_owned();
        return Err(ValueError { violation: Violation::WrongType, reason });
    }
    Ok(())
}

fn syntax(text: &str, column_type: &ColumnType) -> ValueError {
    ValueError {
        violation: Violation::WrongType,
        reason: format!("invalid input syntax for type {column_type}: \"{}\"", shown(text.as_bytes())),
    }
}

fn out_of_range(text: &str, column_type: &ColumnType) -> ValueError {
    ValueError {
        violation: Violation::OutOfRange,
        reason: format!("value \"{}\" is out of range for type {column_type}", shown(text.as_bytes())),
    }
}

fn moment_error(failure: MomentError, text: &str, column_type: &ColumnType) -> ValueError {
    match failure {
        MomentError::Syntax => syntax(text, column_type),
        MomentError::Range => ValueError {
            violation: Violation::OutOfRange,
            reason: format!("date/time field value out of range: \"{}\"", shown(text.as_bytes())),
        },
    }
}

fn short_text<'a>(
    text: &'a str,
    chars_max: Option<u32>,
    column_type: &ColumnType,
) -> Result<Value<'a>, ValueError> {
    check_nul(text)?;
    let mut text = text;
    // Bytes are at least as many as characters.
    if let Some(max) = chars_max
        && text.len() > max as usize
        && let Some((end, _)) = text.char_indices().nth(max as usize)
    {
        let (kept, rest) = text.split_at(end);
        // Blanks past the limit are cut, as the standard has it.
        if rest.bytes().any(|byte| byte != b' ') {
            return Err(ValueError {
                violation: Violation::OutOfRange,
                reason: format!("value too long for type {column_type}"),
            });
        }
        text = kept;
    }
    Ok(Value::Text(Cow::Borrowed(text)))
}

/// Any beginning of a word that no other word has.
fn boolean(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    let begins = |word: &str, bytes_min: usize| {
        text.len() >= bytes_min
            && word.len() >= text.len()
            && word.as_bytes()[..text.len()].eq_ignore_ascii_case(text.as_bytes())
    };
    if text == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2) {
        Some(true)
    } else if text == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(false)
    } else {
        None
    }
}

fn integer<'a>(text: &str, min: i64, max: i64, column_type: &ColumnType) -> Result<Value<'a>, ValueError> {
    match text.trim_ascii().parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(Value::Integer(value)),
        Ok(_) => Err(out_of_range(text, column_type)),
        Err(failure) => Err(match failure.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => out_of_range(text, column_type),
            _ => syntax(text, column_type),
        }),
    }
}

/// Whether infinity is what the text says, and not what its digits overflow to.
fn names_infinity(text: &str) -> bool {
    text.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'i'))
}

/// `\x` and hexadecimal digits, or text with `\ooo` and `\\`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        let mut digits = digits.bytes();
        while let Some(high) = digits.next() {
            // Blanks may stand between bytes.
            if high.is_ascii_whitespace() {
                continue;
            }
            let digit = |byte: u8| char::from(byte).to_digit(16);
            bytes.push(u8::try_from(digit(high)? << 4 | digit(digits.next()?)?).ok()?);
        }
        return Some(bytes);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        match after {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}

/// `{a,"b c",NULL}`.
fn array<'a>(
    text: &'a str,
    element: ArrayElement,
    column_type: &ColumnType,
) -> Result<Value<'a>, ValueError> {
    let malformed = || ValueError {
        violation: Violation::WrongType,
        reason: format!("malformed array literal: \"{}\"", shown(text.as_bytes())),
    };
    let inner = text.trim_ascii().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let Some(inner) = inner else { return Err(malformed()) };
    let element_type = element.column_type();
    let mut elements = Vec::new();
    let mut rest = inner.trim_ascii_start();
    if rest.is_empty() {
        return Ok(Value::Array(elements));
    }
    loop {
        let (element, after) = array_element(rest).ok_or_else(malformed)?;
        elements.push(match element {
            None => Value::Null,
            Some(text) => match Value::from_text(&text, &element_type) {
                Ok(value) => owned(value),
                Err(failure) => return Err(failure),
            },
        });
        let after = after.trim_ascii_start();
        if after.is_empty() {
            return Ok(Value::Array(elements));
        }
        rest = after.strip_prefix(',').ok_or_else(malformed)?.trim_ascii_start();
        if elements.len() > ELEMENTS_MAX {
            return Err(out_of_range(text, column_type));
        }
    }
}

/// The most elements of an array.
const ELEMENTS_MAX: usize = 1 << 24;

/// The element at the beginning of a list, none for NULL, and what follows it.
fn array_element(list: &str) -> Option<(Option<Cow<'_, str>>, &str)> {
    if let Some(quoted) = list.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = quoted.char_indices();
        loop {
            match chars.next()? {
                (at, '"') => return Some((Some(text.into()), quoted.get(at + 1..)?)),
                (_, '\\') => text.push(chars.next()?.1),
                (_, c) => text.push(c),
            }
        }
    }
    let mut text = String::new();
    let mut escaped = false;
    // Blanks at the end do not count, unless they are escaped.
    let mut kept = 0;
    let mut chars = list.char_indices();
    let mut end = list.len();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' => {
                end = at;
                break;
            }
            '{' | '}' | '"' => return None,
            '\\' => {
                escaped = true;
                text.push(chars.next()?.1);
                kept = text.len();
            }
            c => {
                text.push(c);
                if !c.is_ascii_whitespace() {
                    kept = text.len();
                }
            }
        }
    }
    text.truncate(kept);
    let element = match text.as_str() {
        "" if !escaped => return None,
        null if !escaped && null.eq_ignore_ascii_case("null") => None,
        _ => Some(text.into()),
    };
    Some((element, list.get(end..)?))
}

/// The same value without borrowed text.
fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Text(text) => Value::Text(text.into_owned().into()),
        Value::Json(text) => Value::Json(text.into_owned().into()),
        Value::Array(elements) => Value::Array(elements.into_iter().map(owned).collect()),
        Value::Null => Value::Null,
        Value::Boolean(value) => Value::Boolean(value),
        Value::Integer(value) => Value::Integer(value),
        Value::Real(value) => Value::Real(value),
        Value::Double(value) => Value::Double(value),
        Value::Decimal { unscaled, scale } => Value::Decimal { unscaled, scale },
        Value::Timestamp(micros) => Value::Timestamp(micros),
        Value::TimestampTz(micros) => Value::TimestampTz(micros),
        Value::Date(days) => Value::Date(days),
        Value::Bytes(bytes) => Value::Bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str, column_type: &ColumnType) -> String {
        let mut out = Vec::new();
        Value::from_text(text, column_type).unwrap().write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_reads_as_postgres_reads_it() {
        let numeric = ColumnType::Numeric { precision: 6, scale: 2 };
        for (text, column_type, expected) in [
            (" 42 ", &ColumnType::Integer, "42"),
            ("+7", &ColumnType::BigInt, "7"),
            ("T", &ColumnType::Boolean, "true"),
            ("yes", &ColumnType::Boolean, "true"),
            ("of", &ColumnType::Boolean, "false"),
            ("0", &ColumnType::Boolean, "false"),
            ("-infinity", &ColumnType::DoublePrecision, "\"-Infinity\""),
            ("nan", &ColumnType::Real, "\"NaN\""),
            ("1e3", &ColumnType::DoublePrecision, "1000.0"),
            ("1.005", &numeric, "1.01"),
            ("-1.005", &numeric, "-1.01"),
            ("1.5e2", &numeric, "150.00"),
            (".5", &numeric, "0.50"),
            ("1e-9", &numeric, "0.00"),
            ("2013-01-01 05:00:00", &ColumnType::TimestampTz, "\"2013-01-01T05:00:00Z\""),
            ("2013-01-01T05:00:00.1234567+02", &ColumnType::TimestampTz, "\"2013-01-01T03:00:00.123457Z\""),
            ("2013-01-01 05:00:00+02", &ColumnType::Timestamp, "\"2013-01-01T05:00:00\""),
            ("2013-1-5", &ColumnType::Date, "\"2013-01-05\""),
            (
                "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}",
                &ColumnType::Uuid,
                "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
            ),
            (" {\"a\": 1} ", &ColumnType::Jsonb, "{\"a\": 1}"),
            ("\\x00FF", &ColumnType::Bytea, "\"\\\\x00ff\""),
            ("a\\\\b\\001", &ColumnType::Bytea, "\"\\\\x615c6201\""),
            (
                "{a, \"b \\\"c\\\"\" ,NULL,\"NULL\"}",
                &ColumnType::Array(ArrayElement::Text),
                "[\"a\",\"b \\\"c\\\"\",null,\"NULL\"]",
            ),
            ("{}", &ColumnType::Array(ArrayElement::Integer), "[]"),
            ("{1,2}", &ColumnType::Array(ArrayElement::Integer), "[1,2]"),
            ("ab  ", &ColumnType::Text { chars_max: Some(3) }, "\"ab \""),
        ] {
            assert_eq!(json(text, column_type), expected, "{text} as {column_type}");
        }
    }

    #[test]
    fn text_of_another_type_or_range_is_refused_with_the_right_rule() {
        let violation =
            |text: &str, column_type: &ColumnType| Value::from_text(text, column_type).unwrap_err().violation;
        let numeric = ColumnType::Numeric { precision: 4, scale: 2 };
        for (text, column_type, expected) in [
            ("abc", &ColumnType::Integer, Violation::WrongType),
            ("", &ColumnType::Integer, Violation::WrongType),
            ("40000", &ColumnType::SmallInt, Violation::OutOfRange),
            ("99999999999999999999", &ColumnType::BigInt, Violation::OutOfRange),
            ("1e999", &ColumnType::DoublePrecision, Violation::OutOfRange),
            ("99.995", &numeric, Violation::OutOfRange),
            ("1e99999999999", &numeric, Violation::OutOfRange),
            ("1e65536", &numeric, Violation::OutOfRange),
            ("1.2.3", &numeric, Violation::WrongType),
            ("maybe", &ColumnType::Boolean, Violation::WrongType),
            ("2013-13-01", &ColumnType::Date, Violation::OutOfRange),
            ("2013-01-01 25:00", &ColumnType::Timestamp, Violation::OutOfRange),
            ("yesterday", &ColumnType::TimestampTz, Violation::WrongType),
            ("not-a-uuid", &ColumnType::Uuid, Violation::WrongType),
            ("{\"a\":", &ColumnType::Jsonb, Violation::Malformed),
            ("{\"a\":\"\\u0000\"}", &ColumnType::Jsonb, Violation::Malformed),
            ("[\"\\ud800\"]", &ColumnType::Jsonb, Violation::Malformed),
            ("a\0b", &ColumnType::TEXT, Violation::WrongType),
            ("{a,b\0}", &ColumnType::Array(ArrayElement::Text), Violation::WrongType),
            ("\\xf", &ColumnType::Bytea, Violation::WrongType),
            ("\\9", &ColumnType::Bytea, Violation::WrongType),
            ("{a", &ColumnType::Array(ArrayElement::Text), Violation::WrongType),
            ("{a,}", &ColumnType::Array(ArrayElement::Text), Violation::WrongType),
            ("{1,x}", &ColumnType::Array(ArrayElement::Integer), Violation::WrongType),
            ("abcd", &ColumnType::Text { chars_max: Some(3) }, Violation::OutOfRange),
        ] {
            assert_eq!(violation(text, column_type), expected, "{text} as {column_type}");
        }
    }
}
