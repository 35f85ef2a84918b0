//! One value of a column, between JSON, keys and Arrow.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use arrow::datatypes::{Decimal128Type, DecimalType};

use super::column_type::{ArrayElement, ColumnType};
use super::decimal::{self, DecimalError};
use super::json::{Scalar, scalar};
use super::moment::{self, Moment, MomentError, write_date, write_moment};
use super::text_input::{check_escapes, check_json, check_nul};
use crate::error::Violation;

/// A value as its column means it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Absent, or JSON null.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// SMALLINT, INTEGER and BIGINT.
    Integer(i64),
    /// REAL, already rounded to 32 bits.
    Real(f32),
    /// DOUBLE PRECISION.
    Double(f64),
    /// NUMERIC, in units of the last digit behind the point.
    Decimal {
        /// The digits as one number.
        unscaled: i128,
        /// Digits behind the point.
        scale: i8,
    },
    /// TEXT and UUID (in its lower-case hyphenated form).
    Text(Cow<'a, str>),
    /// TIMESTAMP, in microseconds since 1970 by the clock on the wall.
    Timestamp(i64),
    /// TIMESTAMPTZ, in microseconds since 1970 UTC.
    TimestampTz(i64),
    /// DATE, in days since 1970.
    Date(i32),
    /// BYTEA.
    Bytes(Vec<u8>),
    /// JSONB, as written.
    Json(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
}

/// Why a JSON value is none of its column's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The rule that it breaks.
    pub violation: Violation,
    /// The value and the reason, for the end of a sentence.
    pub reason: String,
}

impl<'a> Value<'a> {
    /// Reads one JSON value as `column_type` means it. Numbers and moments mean
    /// what they mean in [`Value::from_text`].
    ///
    /// # Errors
    /// What is wrong with it, without the column's name.
    pub fn parse(json: &'a [u8], column_type: &ColumnType) -> Result<Self, ValueError> {
        let wrong = || ValueError {
            violation: Violation::WrongType,
            reason: format!("{} is not of type {column_type}", shown(json)),
        };
        let moment_error = |failure| match failure {
            MomentError::Syntax => wrong(),
            MomentError::Range => out_of_range(json, column_type),
        };
        let value = scalar(json).ok_or_else(wrong)?;
        if value == Scalar::Null {
            return Ok(Self::Null);
        }
        match (column_type, value) {
            (ColumnType::Text { chars_max }, Scalar::Text(text)) => {
                check_nul(&text)?;
                match chars_max {
                    Some(max) if text.chars().count() > *max as usize => Err(out_of_range(json, column_type)),
                    _ => Ok(Self::Text(text)),
                }
            }
            (ColumnType::Boolean, Scalar::Boolean(value)) => Ok(Self::Boolean(value)),
            (ColumnType::SmallInt, Scalar::Number(digits)) => {
                integer(digits, i16::MIN.into(), i16::MAX.into(), json, column_type)
            }
            (ColumnType::Integer, Scalar::Number(digits)) => {
                integer(digits, i32::MIN.into(), i32::MAX.into(), json, column_type)
            }
            (ColumnType::BigInt, Scalar::Number(digits)) => {
                integer(digits, i64::MIN, i64::MAX, json, column_type)
            }
            (ColumnType::Real, Scalar::Number(digits)) => match digits.parse::<f32>() {
                Ok(value) if value.is_finite() => Ok(Self::Real(value)),
                Ok(_) => Err(out_of_range(json, column_type)),
                Err(_) => Err(wrong()),
            },
            (ColumnType::DoublePrecision, Scalar::Number(digits)) => match digits.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Self::Double(value)),
                Ok(_) => Err(out_of_range(json, column_type)),
                Err(_) => Err(wrong()),
            },
            // JSON has no numbers for these three.
            (ColumnType::Real, Scalar::Text(text)) => {
                special_float(&text).map(|value| Self::Real(value as f32)).ok_or_else(wrong)
            }
            (ColumnType::DoublePrecision, Scalar::Text(text)) => {
                special_float(&text).map(Self::Double).ok_or_else(wrong)
            }
            (ColumnType::Numeric { precision, scale }, Scalar::Number(digits)) => {
                match decimal::parse(digits, *precision, *scale) {
                    Ok(unscaled) => Ok(Self::Decimal { unscaled, scale: *scale }),
                    Err(DecimalError::Range) => Err(out_of_range(json, column_type)),
                    Err(DecimalError::Syntax) => Err(wrong()),
                }
            }
            (ColumnType::Timestamp, Scalar::Text(text)) => {
                moment::parse(&text).and_then(Moment::wall_micros).map(Self::Timestamp).map_err(moment_error)
            }
            (ColumnType::TimestampTz, Scalar::Text(text)) => {
                moment::parse(&text).and_then(Moment::utc_micros).map(Self::TimestampTz).map_err(moment_error)
            }
            (ColumnType::Date, Scalar::Text(text)) => {
                moment::parse(&text).map(|moment| Self::Date(moment.days())).map_err(moment_error)
            }
            (ColumnType::Uuid, Scalar::Text(text)) => uuid::Uuid::try_parse(&text)
                .map(|uuid| Self::Text(uuid.to_string().into()))
                .map_err(|_| wrong()),
            (ColumnType::Bytea, Scalar::Text(text)) => from_hex(&text).map(Self::Bytes).ok_or_else(wrong),
            (ColumnType::Jsonb, _) => {
                let text = std::str::from_utf8(json).map_err(|_| wrong())?;
                check_escapes(text)?;
                Ok(Self::Json(text.into()))
            }
            (ColumnType::Array(element), Scalar::Composite(text)) => array(text, *element)?.ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Appends the value as JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            // Writing to memory cannot fail.
            Self::Integer(value) => drop(write!(out, "{value}")),
            Self::Decimal { .. } => out.extend_from_slice(self.to_text().as_bytes()),
            Self::Real(value) if value.is_finite() => drop(serde_json::to_writer(out, value)),
            Self::Double(value) if value.is_finite() => drop(serde_json::to_writer(out, value)),
            Self::Text(text) => write_string(out, text),
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
            Self::Array(elements) => {
                out.push(b'[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    element.write_json(out);
                }
                out.push(b']');
            }
            // None of these has a character that JSON escapes, but for the
            // backslash in front of bytes.
            Self::Real(_) | Self::Double(_) | Self::Timestamp(_) | Self::TimestampTz(_) | Self::Date(_) => {
                out.push(b'"');
                out.extend_from_slice(self.to_text().as_bytes());
                out.push(b'"');
            }
            Self::Bytes(_) => write_string(out, &self.to_text()),
        }
    }

    /// The value as text, in the one form that keys use. Equal values have
    /// equal text.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => "null".into(),
            Self::Boolean(value) => if *value { "true" } else { "false" }.into(),
            Self::Integer(value) => value.to_string().into(),
            // Zero and minus zero are equal, and the sum is the former of either.
            Self::Real(value) => {
                let value = *value + 0.0;
                float_text(f64::from(value), || serde_json::to_string(&value))
            }
            Self::Double(value) => {
                let value = *value + 0.0;
                float_text(value, || serde_json::to_string(&value))
            }
            Self::Decimal { unscaled, scale } => {
                Decimal128Type::format_decimal(*unscaled, Decimal128Type::MAX_PRECISION, *scale).into()
            }
            Self::Text(text) | Self::Json(text) => Cow::Borrowed(text),
            Self::Timestamp(micros) => {
                let mut text = String::with_capacity(MOMENT_BYTES);
                write_moment(&mut text, *micros, false);
                text.into()
            }
            Self::TimestampTz(micros) => {
                let mut text = String::with_capacity(MOMENT_BYTES);
                write_moment(&mut text, *micros, true);
                text.into()
            }
            Self::Date(days) => {
                let mut text = String::with_capacity(MOMENT_BYTES);
                write_date(&mut text, *days);
                text.into()
            }
            Self::Bytes(bytes) => {
                let mut text = String::with_capacity(2 + 2 * bytes.len());
                text.push_str("\\x");
                for byte in bytes {
                    write!(text, "{byte:02x}").expect("writing to a string cannot fail");
                }
                text.into()
            }
            Self::Array(_) => {
                let mut json = Vec::new();
                self.write_json(&mut json);
                String::from_utf8_lossy(&json).into_owned().into()
            }
        }
    }
}

impl Value<'_> {
    /// Brings the value into the form in which it is stored: a UUID in lower
    /// case, checked JSON without blanks around it.
    ///
    /// # Errors
    /// When the text is no UUID, no JSON, or has a NUL in it.
    pub(crate) fn into_stored(self, column_type: &ColumnType) -> Result<Self, ValueError> {
        Ok(match (self, column_type) {
            (Self::Text(text), ColumnType::Text { .. }) => {
                check_nul(&text)?;
                Self::Text(text)
            }
            (Self::Text(text), ColumnType::Uuid) if !is_canonical_uuid(&text) => {
                match uuid::Uuid::try_parse(&text) {
                    Ok(uuid) => Self::Text(uuid.to_string().into()),
                    Err(_) => {
                        return Err(ValueError {
                            violation: Violation::WrongType,
                            reason: format!(
                                "invalid input syntax for type uuid: \"{}\"",
                                shown(text.as_bytes())
                            ),
                        });
                    }
                }
            }
            (Self::Json(text), _) => {
                check_json(&text)?;
                match text.trim_ascii() {
                    // JSON's null is no value at all: it would be read as one.
                    "null" => Self::Null,
                    trimmed if trimmed.len() < text.len() => Self::Json(trimmed.to_owned().into()),
                    _ => Self::Json(text),
                }
            }
            (Self::Array(elements), ColumnType::Array(of @ (ArrayElement::Text | ArrayElement::Uuid))) => {
                let element_type = of.column_type();
                let stored = elements.into_iter().map(|element| element.into_stored(&element_type));
                Self::Array(stored.collect::<Result<_, _>>()?)
            }
            (other, _) => other,
        })
    }
}

/// Whether text is a UUID in the one form in which it is stored.
fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// About as many bytes as a moment takes as text.
const MOMENT_BYTES: usize = 32;

/// Appends a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing a string to memory cannot fail");
}

fn float_text(value: f64, finite: impl FnOnce() -> serde_json::Result<String>) -> Cow<'static, str> {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.into()
    } else {
        finite().expect("finite floats are JSON numbers").into()
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn integer<'a>(
    digits: &str,
    min: i64,
    max: i64,
    json: &[u8],
    column_type: &ColumnType,
) -> Result<Value<'a>, ValueError> {
    match digits.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(Value::Integer(value)),
        Err(_) if digits.contains(['.', 'e', 'E']) => Err(ValueError {
            violation: Violation::WrongType,
            reason: format!("{} is not of type {column_type}", shown(json)),
        }),
        _ => Err(out_of_range(json, column_type)),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok())
        .collect::<Option<Vec<_>>>()?;
    rest.is_empty().then_some(bytes)
}

/// The elements of a JSON array; none if the text is no array.
fn array<'a>(text: &'a str, element: ArrayElement) -> Result<Option<Value<'a>>, ValueError> {
    let Ok(raw) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text) else { return Ok(None) };
    let element_type = element.column_type();
    raw.into_iter()
        .map(|json| Value::parse(json.get().as_bytes(), &element_type))
        .collect::<Result<Vec<_>, _>>()
        .map(|elements| Some(Value::Array(elements)))
}

fn out_of_range(json: &[u8], column_type: &ColumnType) -> ValueError {
    ValueError {
        violation: Violation::OutOfRange,
        reason: format!("{} is out of range for type {column_type}", shown(json)),
    }
}

/// A value in a message: never longer than a line.
pub(super) fn shown(json: &[u8]) -> String {
    const CHARS_MAX: usize = 60;
    let text = String::from_utf8_lossy(json);
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(json: &str, column_type: &ColumnType) -> String {
        let mut out = Vec::new();
        Value::parse(json.as_bytes(), column_type).unwrap().write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_survive_the_way_through_their_type() {
        let numeric = ColumnType::Numeric { precision: 10, scale: 2 };
        for (json, column_type) in [
            ("\"pläin \\\"q\\\"\"", &ColumnType::TEXT),
            ("9223372036854775807", &ColumnType::BigInt),
            ("0.1", &ColumnType::DoublePrecision),
            ("\"NaN\"", &ColumnType::DoublePrecision),
            ("12345678.90", &numeric),
            ("\"2013-01-01T05:00:00Z\"", &ColumnType::TimestampTz),
            ("\"2013-01-01T05:00:00.000001\"", &ColumnType::Timestamp),
            ("\"1969-12-31\"", &ColumnType::Date),
            ("\"\\\\x00ff\"", &ColumnType::Bytea),
            ("{\"a\":[1,2]}", &ColumnType::Jsonb),
            ("[\"a\",null,\"b\"]", &ColumnType::Array(ArrayElement::Text)),
            ("null", &ColumnType::Integer),
        ] {
            assert_eq!(round_trip(json, column_type), json, "{column_type}");
        }
        assert_eq!(
            round_trip("\"2024-01-01T02:00:00+02:00\"", &ColumnType::TimestampTz),
            "\"2024-01-01T00:00:00Z\""
        );
    }

    /// JSON and text had a parser each, of which one cut decimals off where the
    /// other rounded, and one applied a zone that the other ignored.
    #[test]
    fn a_literal_means_the_same_in_json_and_in_text() {
        let numeric = ColumnType::Numeric { precision: 6, scale: 2 };
        let element = ColumnType::Array(ArrayElement::Timestamp);
        for (literal, column_type) in [
            ("1.999", &numeric),
            ("-1.005", &numeric),
            ("1.5e2", &numeric),
            ("1e-7", &numeric),
            ("9999.995", &numeric),
            ("1e65536", &numeric),
            ("1e-99999999999", &numeric),
            ("2013-01-01T05:00:00+02:00", &ColumnType::Timestamp),
            ("2013-01-01 05:00:00.1234567", &ColumnType::Timestamp),
            ("2013-01-01T05:00:00+02:00", &ColumnType::TimestampTz),
            ("2013-01-01T25:00:00Z", &ColumnType::TimestampTz),
            ("+12345-01-01T00:00:00Z", &ColumnType::TimestampTz),
            ("2013-01-31", &ColumnType::Date),
            ("2013-02-30", &ColumnType::Date),
            ("-0044-03-15", &ColumnType::Date),
            ("yesterday", &ColumnType::Date),
        ] {
            let json = if *column_type == numeric { literal.to_owned() } else { format!("\"{literal}\"") };
            let from_json = Value::parse(json.as_bytes(), column_type).map_err(|failure| failure.violation);
            let from_text = Value::from_text(literal, column_type).map_err(|failure| failure.violation);
            assert_eq!(from_json, from_text, "{literal} as {column_type}");
        }
        let list = Value::parse(br#"["2013-01-01T05:00:00+02:00"]"#, &element).unwrap();
        assert_eq!(Value::from_text("{2013-01-01T05:00:00+02:00}", &element).unwrap(), list);
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        // In the years 14645, 1969, 0 and -2.
        for micros in [400_000_000_000_000_000, -1, -62_150_000_000_000_000, -62_200_000_000_000_000] {
            for (value, column_type) in [
                (Value::Timestamp(micros), &ColumnType::Timestamp),
                (Value::TimestampTz(micros), &ColumnType::TimestampTz),
                (Value::Date((micros / 86_400_000_000) as i32), &ColumnType::Date),
            ] {
                let mut json = Vec::new();
                value.write_json(&mut json);
                assert_eq!(Value::parse(&json, column_type).unwrap(), value, "{micros} as {column_type}");
            }
        }
    }

    /// Keys of rows are made of it, so each would have been a row of its own.
    #[test]
    fn equal_values_have_equal_text() {
        assert_eq!(Value::Real(-0.0).to_text(), Value::Real(0.0).to_text());
        assert_eq!(Value::Double(-0.0).to_text(), "0.0");
        assert_eq!(Value::Double(-0.5).to_text(), "-0.5");
        assert_eq!(Value::Double(-f64::NAN).to_text(), Value::Double(f64::NAN).to_text());
    }

    /// PostgreSQL's clients could not be given such text.
    #[test]
    fn text_with_a_nul_or_half_a_character_is_refused_however_it_comes() {
        let text_array = ColumnType::Array(ArrayElement::Text);
        for (json, column_type) in [
            (r#""a\u0000b""#, &ColumnType::TEXT),
            (r#""a\ud800b""#, &ColumnType::TEXT),
            (r#"["a","\u0000"]"#, &text_array),
            (r#"{"a":["\u0000"]}"#, &ColumnType::Jsonb),
            (r#"{"\u0000":1}"#, &ColumnType::Jsonb),
            (r#""\ud800""#, &ColumnType::Jsonb),
            (r#"["\udc00\ud800"]"#, &ColumnType::Jsonb),
        ] {
            assert!(Value::parse(json.as_bytes(), column_type).is_err(), "{json} as {column_type}");
        }
        assert!(Value::parse(br#"["\ud83d\ude00","\\u0000"]"#, &ColumnType::Jsonb).is_ok());
        let stored = |value: Value<'_>, column_type: &ColumnType| value.into_stored(column_type).is_ok();
        assert!(!stored(Value::Text("a\0b".into()), &ColumnType::TEXT));
        assert!(!stored(Value::Array(vec![Value::Null, Value::Text("\0".into())]), &text_array));
        assert!(!stored(Value::Json(r#""\u0000""#.into()), &ColumnType::Jsonb));
        assert!(stored(Value::Array(vec![Value::Null, Value::Text("a".into())]), &text_array));
    }

    #[test]
    fn values_of_another_type_or_range_are_refused_with_the_right_rule() {
        let violation = |json: &str, column_type: &ColumnType| {
            Value::parse(json.as_bytes(), column_type).unwrap_err().violation
        };
        assert_eq!(violation("\"x\"", &ColumnType::BigInt), Violation::WrongType);
        assert_eq!(violation("1.5", &ColumnType::BigInt), Violation::WrongType);
        assert_eq!(violation("40000", &ColumnType::SmallInt), Violation::OutOfRange);
        assert_eq!(violation("92233720368547758080", &ColumnType::BigInt), Violation::OutOfRange);
        assert_eq!(violation("1e999", &ColumnType::DoublePrecision), Violation::OutOfRange);
        assert_eq!(violation("\"abc\"", &ColumnType::Text { chars_max: Some(2) }), Violation::OutOfRange);
        assert_eq!(violation("\"yesterday\"", &ColumnType::TimestampTz), Violation::WrongType);
        assert_eq!(violation("[1,\"x\"]", &ColumnType::Array(ArrayElement::Integer)), Violation::WrongType);
    }
}
