//! Text forms, as PostgreSQL's input functions read them.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit};
use datafusion::scalar::ScalarValue;
use microprolly_sql::{SqlError, SqlState};
use pg_interval::Interval;
use pgwire::api::Type;

use super::super::arrow_type;
use super::numeric;

/// A value of a type that is no array.
pub(super) fn value(text: &str, pg_type: &Type) -> Result<ScalarValue, SqlError> {
    let trimmed = text.trim_matches(|char: char| char.is_ascii_whitespace());
    let invalid = |name: &str| invalid_input(name, text);
    Ok(match *pg_type {
        Type::BOOL => ScalarValue::Boolean(Some(boolean(trimmed).ok_or_else(|| invalid("boolean"))?)),
        Type::INT2 => ScalarValue::Int16(Some(whole(trimmed, text, "smallint")?)),
        Type::INT4 => ScalarValue::Int32(Some(whole(trimmed, text, "integer")?)),
        Type::INT8 => ScalarValue::Int64(Some(whole(trimmed, text, "bigint")?)),
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => {
            ScalarValue::Int64(Some(whole(trimmed, text, pg_type.name())?))
        }
        Type::FLOAT4 => {
            let value: f32 = float(trimmed).ok_or_else(|| invalid("real"))?;
            if value.is_infinite() && !names_infinity(trimmed) {
                return Err(out_of_range(text, "real"));
            }
            ScalarValue::Float32(Some(value))
        }
        Type::FLOAT8 => {
            let value: f64 = float(trimmed).ok_or_else(|| invalid("double precision"))?;
            if value.is_infinite() && !names_infinity(trimmed) {
                return Err(out_of_range(text, "double precision"));
            }
            ScalarValue::Float64(Some(value))
        }
        Type::NUMERIC => {
            numeric::from_text(trimmed).map_err(|error| error.unwrap_or_else(|| invalid("numeric")))?
        }
        Type::BYTEA => ScalarValue::Binary(Some(bytea(text).ok_or_else(|| invalid("bytea"))?)),
        Type::UUID => {
            let uuid = uuid::Uuid::try_parse(trimmed).map_err(|_| invalid("uuid"))?;
            ScalarValue::Utf8(Some(uuid.to_string()))
        }
        Type::INTERVAL => interval(trimmed).ok_or_else(|| {
            SqlError::new(
                SqlState::INVALID_DATETIME_FORMAT,
                format!("invalid input syntax for type interval: \"{text}\""),
            )
        })?,
        Type::DATE | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let target = arrow_type(pg_type).ok_or_else(|| invalid(pg_type.name()))?;
            time(trimmed, &target).ok_or_else(|| {
                let name = match *pg_type {
                    Type::TIMESTAMPTZ => "timestamp with time zone",
                    _ => pg_type.name(),
                };
                SqlError::new(
                    SqlState::INVALID_DATETIME_FORMAT,
                    format!("invalid input syntax for type {name}: \"{text}\""),
                )
            })?
        }
        _ => ScalarValue::Utf8(Some(text.to_owned())),
    })
}

pub(super) fn invalid_input(type_name: &str, text: &str) -> SqlError {
    SqlError::new(
        SqlState::INVALID_TEXT_REPRESENTATION,
        format!("invalid input syntax for type {type_name}: \"{text}\""),
    )
}

fn out_of_range(text: &str, type_name: &str) -> SqlError {
    SqlError::new(
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
        format!("value \"{text}\" is out of range for type {type_name}"),
    )
}

/// An interval in the form that Postgres prints, `1 mon 2 days 00:00:01`, or
/// in the words that arrow reads.
fn interval(text: &str) -> Option<ScalarValue> {
    let data_type = DataType::Interval(IntervalUnit::MonthDayNano);
    let Ok(interval) = Interval::from_postgres(text) else { return time(text, &data_type) };
    let nanoseconds = interval.microseconds.checked_mul(1_000)?;
    let value = IntervalMonthDayNano::new(interval.months, interval.days, nanoseconds);
    Some(ScalarValue::IntervalMonthDayNano(Some(value)))
}

/// `true`, `yes`, `on`, `1`, their opposites, and unambiguous beginnings of them.
fn boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

fn whole<T: TryFrom<i128>>(trimmed: &str, text: &str, type_name: &str) -> Result<T, SqlError> {
    let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_input(type_name, text));
    }
    let out_of_range = || out_of_range(text, type_name);
    let value: i128 = trimmed.parse().map_err(|_| out_of_range())?;
    T::try_from(value).map_err(|_| out_of_range())
}

fn float<T: std::str::FromStr>(text: &str) -> Option<T> {
    // Rust's parser takes `infinity`, `inf` and `nan` in any case, as PostgreSQL does.
    text.parse().ok()
}

fn names_infinity(text: &str) -> bool {
    text.trim_start_matches(['-', '+']).starts_with(['i', 'I'])
}

/// Hexadecimal after `\x`, else the old form with `\\` and `\ooo`.
fn bytea(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        return digits
            .chunks(2)
            .map(|pair| {
                pair.iter().try_fold(0u8, |byte, &digit| {
                    Some(byte << 4 | u8::try_from(char::from(digit).to_digit(16)?).ok()?)
                })
            })
            .collect();
    }
    let mut bytes = text.bytes();
    let mut value = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            value.push(byte);
            continue;
        }
        match bytes.next()? {
            b'\\' => value.push(b'\\'),
            first @ b'0'..=b'3' => {
                let mut octal = first - b'0';
                for _ in 0..2 {
                    let digit = bytes.next().filter(|digit| (b'0'..=b'7').contains(digit))?;
                    octal = octal << 3 | (digit - b'0');
                }
                value.push(octal);
            }
            _ => return None,
        }
    }
    Some(value)
}

/// Dates, times and intervals, as Arrow reads them.
fn time(text: &str, target: &DataType) -> Option<ScalarValue> {
    let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let array = cast_with_options(&array, target, &options).ok()?;
    ScalarValue::try_from_array(&array, 0).ok()
}
