//! Parameters as clients send them, in text and in binary.

mod array;
mod binary;
mod numeric;
mod text;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;
use postgres_types::Kind;

use super::Format;

/// The value of parameter `index` (from 0), sent as `pg_type`, as a value of the type that the statement was
/// prepared with.
pub(crate) fn parameter(
    index: usize,
    raw: Option<&[u8]>,
    format: Format,
    pg_type: &Type,
    target: &DataType,
) -> Result<ScalarValue, SqlError> {
    let value = match raw {
        None => return null(target),
        Some(raw) => match format {
            Format::Text => text_value(raw, pg_type)?,
            Format::Binary => binary::value(raw, pg_type).map_err(|error| match error {
                binary::Unreadable::Layout => SqlError::new(
                    SqlState::INVALID_BINARY_REPRESENTATION,
                    format!("incorrect binary data format in bind parameter {}", index + 1),
                ),
                binary::Unreadable::Value(error) => error,
            })?,
        },
    };
    convert(value, target, pg_type)
}

/// A value from its text form.
fn text_value(raw: &[u8], pg_type: &Type) -> Result<ScalarValue, SqlError> {
    let text = utf8(raw)?;
    match pg_type.kind() {
        Kind::Array(element) => array::from_text(text, element),
        _ => text::value(text, pg_type),
    }
}

/// Text without NUL.
fn utf8(raw: &[u8]) -> Result<&str, SqlError> {
    let error = |message: &str| SqlError::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, message);
    let text = std::str::from_utf8(raw).map_err(|_| error("invalid byte sequence for encoding \"UTF8\""))?;
    if text.contains('\0') {
        return Err(error("invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    Ok(text)
}

fn null(target: &DataType) -> Result<ScalarValue, SqlError> {
    ScalarValue::try_from(target)
        .map_err(|error| SqlError::internal(format!("NULL of type {target}: {error}")))
}

/// The value in the type of the statement's parameter. Never silently another value: what does not fit is an
/// error, as is a fraction where a whole number is wanted.
fn convert(value: ScalarValue, target: &DataType, pg_type: &Type) -> Result<ScalarValue, SqlError> {
    if value.data_type() == *target || *target == DataType::Null {
        return Ok(value);
    }
    let out_of_range = || {
        SqlError::new(
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("value {value} of type {} is out of range for {target}", pg_type.name()),
        )
    };
    let converted = value.cast_to(target).map_err(|_| out_of_range())?;
    let whole = |data_type: &DataType| data_type.is_integer();
    if !whole(&value.data_type()) && value.data_type().is_numeric() && whole(target) {
        // A cast to an integer cuts the fraction off.
        let back = converted.cast_to(&value.data_type()).map_err(|_| out_of_range())?;
        if back != value {
            return Err(out_of_range());
        }
    }
    Ok(converted)
}

#[cfg(test)]
mod tests;
