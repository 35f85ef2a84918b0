//! Binary forms.

use arrow::datatypes::{DataType, IntervalMonthDayNano};
use datafusion::scalar::ScalarValue;
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;
use postgres_types::Kind;

use super::super::arrow_type;
use super::super::encode::{EPOCH_DAYS, EPOCH_MICROSECONDS};
use super::{numeric, text, utf8};

/// Why bytes are not a value.
pub(super) enum Unreadable {
    /// Their number or arrangement is not that of the type.
    Layout,
    /// They are arranged well, but the value cannot be had.
    Value(SqlError),
}

impl From<SqlError> for Unreadable {
    fn from(error: SqlError) -> Self {
        Self::Value(error)
    }
}

/// A value from its binary form.
pub(super) fn value(raw: &[u8], pg_type: &Type) -> Result<ScalarValue, Unreadable> {
    if let Kind::Array(element) = pg_type.kind() {
        return array(raw, element);
    }
    Ok(match *pg_type {
        Type::BOOL => ScalarValue::Boolean(Some(fixed::<1>(raw)? != [0])),
        Type::INT2 => ScalarValue::Int16(Some(i16::from_be_bytes(fixed(raw)?))),
        Type::INT4 => ScalarValue::Int32(Some(i32::from_be_bytes(fixed(raw)?))),
        Type::INT8 => ScalarValue::Int64(Some(i64::from_be_bytes(fixed(raw)?))),
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => {
            ScalarValue::Int64(Some(u32::from_be_bytes(fixed(raw)?).into()))
        }
        Type::FLOAT4 => ScalarValue::Float32(Some(f32::from_be_bytes(fixed(raw)?))),
        Type::FLOAT8 => ScalarValue::Float64(Some(f64::from_be_bytes(fixed(raw)?))),
        Type::NUMERIC => read_numeric(raw)?,
        Type::BYTEA => ScalarValue::Binary(Some(raw.to_vec())),
        Type::UUID => ScalarValue::Utf8(Some(uuid::Uuid::from_bytes(fixed(raw)?).to_string())),
        Type::JSONB => match raw.split_first() {
            Some((1, json)) => ScalarValue::Utf8(Some(utf8(json)?.to_owned())),
            _ => return Err(Unreadable::Layout),
        },
        Type::DATE => {
            let days = i32::from_be_bytes(fixed(raw)?).checked_add(EPOCH_DAYS).ok_or_else(out_of_range)?;
            ScalarValue::Date32(Some(days))
        }
        Type::TIME => {
            let microseconds = i64::from_be_bytes(fixed(raw)?);
            if !(0..=86_400_000_000).contains(&microseconds) {
                return Err(out_of_range().into());
            }
            ScalarValue::Time64Microsecond(Some(microseconds))
        }
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(microseconds(raw)?), None),
        Type::TIMESTAMPTZ => ScalarValue::TimestampMicrosecond(Some(microseconds(raw)?), Some("UTC".into())),
        Type::INTERVAL => {
            let mut raw = raw;
            let microseconds = i64::from_be_bytes(take(&mut raw)?);
            let days = i32::from_be_bytes(take(&mut raw)?);
            let months = i32::from_be_bytes(take(&mut raw)?);
            end(raw)?;
            let nanoseconds = microseconds.checked_mul(1000).ok_or_else(out_of_range)?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(months, days, nanoseconds)))
        }
        _ => text::value(utf8(raw)?, pg_type)?,
    })
}

/// Exactly so many bytes.
fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Unreadable> {
    raw.try_into().map_err(|_| Unreadable::Layout)
}

/// The next so many bytes.
fn take<const N: usize>(raw: &mut &[u8]) -> Result<[u8; N], Unreadable> {
    let (taken, rest) = raw.split_first_chunk().ok_or(Unreadable::Layout)?;
    *raw = rest;
    Ok(*taken)
}

fn end(raw: &[u8]) -> Result<(), Unreadable> {
    if raw.is_empty() { Ok(()) } else { Err(Unreadable::Layout) }
}

fn microseconds(raw: &[u8]) -> Result<i64, Unreadable> {
    let since_2000 = i64::from_be_bytes(fixed(raw)?);
    since_2000.checked_add(EPOCH_MICROSECONDS).ok_or_else(|| out_of_range().into())
}

fn out_of_range() -> SqlError {
    SqlError::new(SqlState::DATETIME_FIELD_OVERFLOW, "date or time out of range")
}

/// Groups of four decimal digits, the weight of the first, sign, and the number of fraction digits to show.
fn read_numeric(raw: &[u8]) -> Result<ScalarValue, Unreadable> {
    let mut raw = raw;
    let count = u16::from_be_bytes(take(&mut raw)?);
    let weight = i16::from_be_bytes(take(&mut raw)?);
    let sign = u16::from_be_bytes(take(&mut raw)?);
    let scale = u16::from_be_bytes(take(&mut raw)?);
    let negative = match sign {
        0x0000 => false,
        0x4000 => true,
        0xc000 => return Ok(ScalarValue::Float64(Some(f64::NAN))),
        0xd000 => return Ok(ScalarValue::Float64(Some(f64::INFINITY))),
        0xf000 => return Ok(ScalarValue::Float64(Some(f64::NEG_INFINITY))),
        _ => return Err(Unreadable::Layout),
    };
    let mut digits = String::new();
    for _ in 0..count {
        let group = u16::from_be_bytes(take(&mut raw)?);
        if group > 9999 {
            return Err(Unreadable::Layout);
        }
        digits.push_str(&format!("{group:04}"));
    }
    end(raw)?;
    // The groups' last digit stands at this place after the point.
    let mut place = 4 * (i64::from(count) - 1 - i64::from(weight));
    let scale = i64::from(scale);
    while place > scale && digits.pop_if_zero() {
        place -= 1;
    }
    if digits.is_empty() {
        place = scale;
    } else if place < scale {
        digits.push_str(&"0".repeat(usize::try_from(scale - place).map_err(|_| Unreadable::Layout)?));
        place = scale;
    }
    Ok(numeric::from_digits(negative, &digits, place)?)
}

trait PopIfZero {
    /// Takes a zero off the end; false if another digit or nothing is there.
    fn pop_if_zero(&mut self) -> bool;
}

impl PopIfZero for String {
    fn pop_if_zero(&mut self) -> bool {
        self.ends_with('0') && self.pop().is_some()
    }
}

/// An array of one dimension.
fn array(raw: &[u8], element: &Type) -> Result<ScalarValue, Unreadable> {
    let mut raw = raw;
    let dimensions = i32::from_be_bytes(take(&mut raw)?);
    let _has_nulls: [u8; 4] = take(&mut raw)?;
    let _element_oid: [u8; 4] = take(&mut raw)?;
    let count = match dimensions {
        0 => 0,
        1 => {
            let count = i32::from_be_bytes(take(&mut raw)?);
            let _lower_bound: [u8; 4] = take(&mut raw)?;
            usize::try_from(count).map_err(|_| Unreadable::Layout)?
        }
        _ => return Err(SqlError::not_supported("parameters of more than one dimension").into()),
    };
    // No more elements than there are bytes for; each has its length before it.
    let mut values = Vec::with_capacity(count.min(raw.len() / 4));
    let element_type = arrow_type(element).unwrap_or(DataType::Utf8);
    for _ in 0..count {
        let length = i32::from_be_bytes(take(&mut raw)?);
        if length == -1 {
            values.push(
                ScalarValue::try_from(&element_type)
                    .map_err(|error| SqlError::internal(format!("NULL of {element_type}: {error}")))?,
            );
            continue;
        }
        let length = usize::try_from(length).map_err(|_| Unreadable::Layout)?;
        let (item, rest) = raw.split_at_checked(length).ok_or(Unreadable::Layout)?;
        raw = rest;
        values.push(value(item, element)?);
    }
    end(raw)?;
    super::array::list(values, element).map_err(Into::into)
}
