//! Values as PostgreSQL writes them as text: on the wire, in COPY, in the
//! shell, and where a message shows a value.
//!
//! [`write_text`] tells types apart; what they look like is in `number`,
//! `time` and `nested`.

mod nested;
mod number;
mod time;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType,
    IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::BufMut;

use crate::error::{SqlError, SqlState};

/// Appends the text of one value; of a null nothing. Moments are shown in UTC.
///
/// # Errors
/// For types that have no text, and times outside the calendar.
pub fn write_text(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    write_text_in(array, row, None, out)
}

/// As [`write_text`], with moments shown in a time zone; without one in UTC.
///
/// # Errors
/// As for [`write_text`].
pub fn write_text_in(
    array: &dyn Array,
    row: usize,
    zone: Option<Tz>,
    out: &mut impl BufMut,
) -> Result<(), SqlError> {
    if array.is_null(row) {
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => {}
        DataType::Utf8 => out.put_slice(array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => out.put_slice(array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => out.put_slice(array.as_string_view().value(row).as_bytes()),
        DataType::Boolean => out.put_u8(if array.as_boolean().value(row) { b't' } else { b'f' }),
        DataType::Int8 => number::display(out, value::<Int8Type>(array, row)),
        DataType::Int16 => number::display(out, value::<Int16Type>(array, row)),
        DataType::Int32 => number::display(out, value::<Int32Type>(array, row)),
        DataType::Int64 => number::display(out, value::<Int64Type>(array, row)),
        DataType::UInt8 => number::display(out, value::<UInt8Type>(array, row)),
        DataType::UInt16 => number::display(out, value::<UInt16Type>(array, row)),
        DataType::UInt32 => number::display(out, value::<UInt32Type>(array, row)),
        DataType::UInt64 => number::display(out, value::<UInt64Type>(array, row)),
        DataType::Float16 => number::write_f32(out, value::<Float16Type>(array, row).to_f32()),
        DataType::Float32 => number::write_f32(out, value::<Float32Type>(array, row)),
        DataType::Float64 => number::write_f64(out, value::<Float64Type>(array, row)),
        DataType::Decimal32(_, scale) => {
            number::write_decimal(out, value::<Decimal32Type>(array, row), *scale);
        }
        DataType::Decimal64(_, scale) => {
            number::write_decimal(out, value::<Decimal64Type>(array, row), *scale);
        }
        DataType::Decimal128(_, scale) => {
            number::write_decimal(out, value::<Decimal128Type>(array, row), *scale);
        }
        DataType::Decimal256(_, scale) => {
            number::write_decimal(out, value::<Decimal256Type>(array, row), *scale);
        }
        DataType::Binary => number::write_bytes(out, array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => number::write_bytes(out, array.as_binary::<i64>().value(row)),
        DataType::BinaryView => number::write_bytes(out, array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => number::write_bytes(out, array.as_fixed_size_binary().value(row)),
        DataType::Date32 => time::write_date(out, value::<Date32Type>(array, row))?,
        DataType::Date64 => time::write_date(out, time::days(value::<Date64Type>(array, row))?)?,
        DataType::Time32(_) | DataType::Time64(_) => time::write_time(out, time_of_day(array, row)?),
        DataType::Timestamp(unit, None) => time::write_timestamp(out, moment(array, row, *unit)?)?,
        DataType::Timestamp(unit, Some(_)) => time::write_moment(out, moment(array, row, *unit)?, zone)?,
        DataType::Interval(unit) => {
            let (months, days, micros) = interval(array, row, *unit);
            time::write_interval(out, months, days, micros);
        }
        DataType::Duration(unit) => time::write_interval(out, 0, 0, duration(array, row, *unit)?),
        DataType::List(_) => nested::write_list(out, &*array.as_list::<i32>().value(row), zone)?,
        DataType::LargeList(_) => nested::write_list(out, &*array.as_list::<i64>().value(row), zone)?,
        DataType::FixedSizeList(_, _) => {
            nested::write_list(out, &*array.as_fixed_size_list().value(row), zone)?;
        }
        DataType::Struct(_) => nested::write_record(out, array.as_struct(), row, zone)?,
        DataType::Dictionary(_, values) => write_as(array, row, values, zone, out)?,
        DataType::RunEndEncoded(_, values) => write_as(array, row, values.data_type(), zone, out)?,
        DataType::ListView(element) | DataType::LargeListView(element) => {
            write_as(array, row, &DataType::List(Arc::clone(element)), zone, out)?;
        }
        // What Postgres has no type for, as Arrow shows it.
        _ => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(array, &options)
                .and_then(|formatter| formatter.value(row).try_to_string())
                .map_err(|error| cannot_write(&error))?;
            out.put_slice(shown.as_bytes());
        }
    }
    Ok(())
}

/// Writes a value of a type that is but another layout of `plain`.
fn write_as(
    array: &dyn Array,
    row: usize,
    plain: &DataType,
    zone: Option<Tz>,
    out: &mut impl BufMut,
) -> Result<(), SqlError> {
    let one = array.slice(row, 1);
    let plain = cast(&one, plain).map_err(|error| cannot_write(&error))?;
    write_text_in(&*plain, 0, zone, out)
}

fn value<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

/// Microseconds since midnight.
fn time_of_day(array: &dyn Array, row: usize) -> Result<i64, SqlError> {
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            time::micros(TimeUnit::Second, value::<Time32SecondType>(array, row).into())
        }
        DataType::Time32(_) => {
            time::micros(TimeUnit::Millisecond, value::<Time32MillisecondType>(array, row).into())
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            time::micros(TimeUnit::Nanosecond, value::<Time64NanosecondType>(array, row))
        }
        _ => time::micros(TimeUnit::Microsecond, value::<Time64MicrosecondType>(array, row)),
    }
}

/// Microseconds since 1970.
fn moment(array: &dyn Array, row: usize, unit: TimeUnit) -> Result<i64, SqlError> {
    let count = match unit {
        TimeUnit::Second => value::<TimestampSecondType>(array, row),
        TimeUnit::Millisecond => value::<TimestampMillisecondType>(array, row),
        TimeUnit::Microsecond => value::<TimestampMicrosecondType>(array, row),
        TimeUnit::Nanosecond => value::<TimestampNanosecondType>(array, row),
    };
    time::micros(unit, count)
}

fn duration(array: &dyn Array, row: usize, unit: TimeUnit) -> Result<i64, SqlError> {
    let count = match unit {
        TimeUnit::Second => value::<DurationSecondType>(array, row),
        TimeUnit::Millisecond => value::<DurationMillisecondType>(array, row),
        TimeUnit::Microsecond => value::<DurationMicrosecondType>(array, row),
        TimeUnit::Nanosecond => value::<DurationNanosecondType>(array, row),
    };
    time::micros(unit, count)
}

/// Months, days and microseconds, which do not convert into each other.
fn interval(array: &dyn Array, row: usize, unit: IntervalUnit) -> (i32, i32, i64) {
    match unit {
        IntervalUnit::YearMonth => (value::<IntervalYearMonthType>(array, row), 0, 0),
        IntervalUnit::DayTime => {
            let interval = value::<IntervalDayTimeType>(array, row);
            (0, interval.days, i64::from(interval.milliseconds) * 1_000)
        }
        IntervalUnit::MonthDayNano => {
            let interval = value::<IntervalMonthDayNanoType>(array, row);
            (interval.months, interval.days, interval.nanoseconds / 1_000)
        }
    }
}

fn cannot_write(error: &ArrowError) -> SqlError {
    SqlError::new(SqlState::DATA_EXCEPTION, format!("the value has no text: {error}"))
}
