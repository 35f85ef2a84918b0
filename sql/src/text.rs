//! Values as PostgreSQL writes them as text: in COPY, and where a message
//! shows a value.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, make_array};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::error::{SqlError, SqlState};

/// Appends the text of one value; of a null nothing.
///
/// # Errors
/// For types that have no text, and times outside the calendar.
pub fn write_text(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    if array.is_null(row) {
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => {}
        DataType::Utf8 => out.extend_from_slice(array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => out.extend_from_slice(array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => out.extend_from_slice(array.as_string_view().value(row).as_bytes()),
        DataType::Boolean => out.push(if array.as_boolean().value(row) { b't' } else { b'f' }),
        DataType::Int8 => display(out, array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => display(out, array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => display(out, array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => display(out, array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => display(out, array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => display(out, array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => display(out, array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => display(out, array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            write_float(out, value.into(), &format!("{value:e}"), 6);
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            write_float(out, value, &format!("{value:e}"), 15);
        }
        DataType::Decimal128(_, scale) => {
            let value = array.as_primitive::<Decimal128Type>().value(row);
            display(out, Decimal128Type::format_decimal(value, Decimal128Type::MAX_PRECISION, *scale));
        }
        DataType::Decimal256(_, scale) => {
            let value = array.as_primitive::<Decimal256Type>().value(row);
            display(out, Decimal256Type::format_decimal(value, Decimal256Type::MAX_PRECISION, *scale));
        }
        DataType::Binary => write_bytes(out, array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => write_bytes(out, array.as_binary::<i64>().value(row)),
        DataType::BinaryView => write_bytes(out, array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => write_bytes(out, array.as_fixed_size_binary().value(row)),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let date = NaiveDate::from_epoch_days(days).ok_or_else(out_of_range)?;
            write_date(out, date);
            write_era(out, date);
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = DateTime::from_timestamp_micros(micros).ok_or_else(out_of_range)?.naive_utc();
            write_timestamp(out, time);
            if zone.is_some() {
                out.extend_from_slice(b"+00");
            }
            write_era(out, time.date());
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            write_clock(out, array.as_primitive::<Time64MicrosecondType>().value(row));
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            write_interval(out, value.months, value.days, value.nanoseconds / 1_000);
        }
        DataType::List(_) => write_list(out, &array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => write_list(out, &array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => write_list(out, &array.as_fixed_size_list().value(row))?,
        other => return write_other(array, row, other, out),
    }
    Ok(())
}

/// Types that are written as another one is, and those that Postgres has not.
fn write_other(array: &dyn Array, row: usize, from: &DataType, out: &mut Vec<u8>) -> Result<(), SqlError> {
    let to = match from {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        DataType::RunEndEncoded(_, value) => value.data_type().clone(),
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| cannot_write(&error))?;
            display(out, formatter.value(row));
            return Ok(());
        }
    };
    let one: ArrayRef = make_array(array.slice(row, 1).to_data());
    let plain = cast(&one, &to).map_err(|error| cannot_write(&error))?;
    write_text(&plain, 0, out)
}

fn cannot_write(error: &arrow::error::ArrowError) -> SqlError {
    SqlError::new(SqlState::DATA_EXCEPTION, format!("the value has no text: {error}"))
}

fn out_of_range() -> SqlError {
    SqlError::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

fn display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("writing to memory cannot fail");
}

/// The fewest digits that read back as the same number, with an exponent when
/// it is below -4 or at least `exponent_min`. `shortest` are those digits in
/// scientific notation.
fn write_float(out: &mut Vec<u8>, value: f64, shortest: &str, exponent_min: i32) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.extend_from_slice(sign.as_bytes());
    if exponent < -4 || exponent >= exponent_min {
        let sign = if exponent < 0 { '-' } else { '+' };
        return display(out, format_args!("{mantissa}e{sign}{:02}", exponent.abs()));
    }
    let digits = || mantissa.bytes().filter(|&byte| byte != b'.');
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        return out.extend(digits());
    }
    let whole = exponent as usize + 1;
    out.extend(digits().chain(std::iter::repeat(b'0')).take(whole));
    if digits().nth(whole).is_some() {
        out.push(b'.');
        out.extend(digits().skip(whole));
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    out.reserve(2 + 2 * bytes.len());
    out.extend_from_slice(b"\\x");
    out.extend(
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    );
}

/// Years before the first are counted back from it; [`write_era`] says so.
fn write_date(out: &mut Vec<u8>, date: NaiveDate) {
    let year = if date.year() > 0 { date.year() } else { 1 - date.year() };
    display(out, format_args!("{year:04}-{:02}-{:02}", date.month(), date.day()));
}

fn write_era(out: &mut Vec<u8>, date: NaiveDate) {
    if date.year() <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn write_timestamp(out: &mut Vec<u8>, time: NaiveDateTime) {
    write_date(out, time.date());
    out.push(b' ');
    let seconds = i64::from(time.num_seconds_from_midnight());
    write_clock(out, seconds * 1_000_000 + i64::from(time.nanosecond() / 1_000 % 1_000_000));
}

/// Microseconds of a day as `05:07:09.25`.
fn write_clock(out: &mut Vec<u8>, micros: i64) {
    let seconds = micros / 1_000_000;
    display(out, format_args!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60));
    let fraction = micros % 1_000_000;
    if fraction != 0 {
        display(out, format_args!(".{fraction:06}"));
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// `1 year 2 mons -3 days 04:05:06`.
fn write_interval(out: &mut Vec<u8>, months: i32, days: i32, micros: i64) {
    let begin = out.len();
    for (count, one, many) in
        [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")]
    {
        if count != 0 {
            let blank = if out.len() > begin { " " } else { "" };
            display(out, format_args!("{blank}{count} {}", if count == 1 { one } else { many }));
        }
    }
    if micros != 0 || out.len() == begin {
        if out.len() > begin {
            out.push(b' ');
        }
        if micros < 0 {
            out.push(b'-');
        }
        write_clock(out, micros.saturating_abs());
    }
}

/// `{a,"b c",NULL}`.
fn write_list(out: &mut Vec<u8>, elements: &ArrayRef) -> Result<(), SqlError> {
    let nested = matches!(
        elements.data_type(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _)
    );
    out.push(b'{');
    let mut text = Vec::new();
    for index in 0..elements.len() {
        if index > 0 {
            out.push(b',');
        }
        if elements.is_null(index) || elements.data_type() == &DataType::Null {
            out.extend_from_slice(b"NULL");
            continue;
        }
        text.clear();
        write_text(elements, index, &mut text)?;
        let special = |byte: &u8| {
            matches!(byte, b'{' | b'}' | b'"' | b'\\' | b',' | 0x0b) || byte.is_ascii_whitespace()
        };
        if nested || !(text.is_empty() || text.eq_ignore_ascii_case(b"null") || text.iter().any(special)) {
            out.extend_from_slice(&text);
            continue;
        }
        out.push(b'"');
        for byte in &text {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b'"');
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BooleanArray, Decimal128Array, Float64Array, ListArray, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow::datatypes::Int32Type;

    use super::*;

    fn text(array: impl Array + 'static) -> String {
        let mut out = Vec::new();
        write_text(&(Arc::new(array) as ArrayRef), 0, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_written_as_postgres_writes_them() {
        assert_eq!(text(BooleanArray::from(vec![true])), "t");
        for (value, expected) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (-1234.5, "-1234.5"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(Float64Array::from(vec![value])), expected);
        }
        let decimal = Decimal128Array::from(vec![-5]).with_precision_and_scale(10, 2).unwrap();
        assert_eq!(text(decimal), "-0.05");
        assert_eq!(text(BinaryArray::from(vec![&b"\x00\xff"[..]])), "\\x00ff");
        let time = TimestampMicrosecondArray::from(vec![1_357_016_400_250_000]);
        assert_eq!(text(time.clone()), "2013-01-01 05:00:00.25");
        assert_eq!(text(time.with_timezone("UTC")), "2013-01-01 05:00:00.25+00");
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
        assert_eq!(text(list), "{1,NULL}");
        let mut words = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
        words.append_value(["a", "b c", "", "null", "q\"\\"].map(Some));
        assert_eq!(text(words.finish()), r#"{a,"b c","","null","q\"\\"}"#);
        assert_eq!(text(StringArray::from(vec![None::<&str>])), "");
    }
}
