//! One cell of a result set, read from Arrow: the single place that knows Arrow's types.
//!
//! [`text`](super::text) writes a value as PostgreSQL does, [`json`](super::json) as JSON.

use arrow::array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType,
    IntervalMonthDayNanoType, IntervalYearMonthType, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, timezone::Tz};
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use arrow::temporal_conversions::{as_date, as_datetime, as_time};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};

use super::type_name::{PgType, declared_type};

/// Longest chain of types within types that is written out: arrays of structs of arrays …
const MAX_NESTING: usize = 64;

const NANOSECONDS_PER_MILLISECOND: i128 = 1_000_000;

/// A value of any type, borrowed from its array where that saves a copy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// NULL.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// Integers of every width.
    Integer(i128),
    /// REAL: its shortest digits differ from those of the same number as DOUBLE PRECISION.
    Float32(f32),
    /// DOUBLE PRECISION.
    Float64(f64),
    /// NUMERIC, with all digits of its scale.
    Decimal(String),
    /// TEXT, UUID.
    Text(&'a str),
    /// JSONB: the text of a JSON value.
    Json(&'a str),
    /// BYTEA.
    Bytes(&'a [u8]),
    /// DATE.
    Date(NaiveDate),
    /// TIME.
    Time(NaiveTime),
    /// TIMESTAMP, or TIMESTAMPTZ with the local time and the offset from UTC.
    Timestamp(NaiveDateTime, Option<FixedOffset>),
    /// INTERVAL.
    Interval(Interval),
    /// An array.
    List(Vec<Value<'a>>),
    /// A struct or map: names and values in order.
    Object(Vec<(String, Value<'a>)>),
    /// A type that SQL has no name for, as Arrow writes it.
    Other(String),
}

/// A span of time, its three parts independent of each other as in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Interval {
    /// Months.
    pub(crate) months: i64,
    /// Days.
    pub(crate) days: i64,
    /// The rest, in nanoseconds.
    pub(crate) nanoseconds: i128,
}

/// The value in this row of a column.
pub(crate) fn value_at<'a>(array: &'a dyn Array, field: &Field, row: usize) -> Value<'a> {
    read(array, field, row, 0)
}

fn read<'a>(array: &'a dyn Array, field: &Field, row: usize, depth: usize) -> Value<'a> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return Value::Null;
    }
    if depth > MAX_NESTING {
        return as_arrow_writes_it(array, row);
    }
    match array.data_type() {
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Int8 => integer::<Int8Type>(array, row),
        DataType::Int16 => integer::<Int16Type>(array, row),
        DataType::Int32 => integer::<Int32Type>(array, row),
        DataType::Int64 => integer::<Int64Type>(array, row),
        DataType::UInt8 => integer::<UInt8Type>(array, row),
        DataType::UInt16 => integer::<UInt16Type>(array, row),
        DataType::UInt32 => integer::<UInt32Type>(array, row),
        DataType::UInt64 => integer::<UInt64Type>(array, row),
        DataType::Float16 => Value::Float32(primitive::<Float16Type>(array, row).to_f32()),
        DataType::Float32 => Value::Float32(primitive::<Float32Type>(array, row)),
        DataType::Float64 => Value::Float64(primitive::<Float64Type>(array, row)),
        DataType::Decimal32(precision, scale) => decimal::<Decimal32Type>(array, row, *precision, *scale),
        DataType::Decimal64(precision, scale) => decimal::<Decimal64Type>(array, row, *precision, *scale),
        DataType::Decimal128(precision, scale) => decimal::<Decimal128Type>(array, row, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimal::<Decimal256Type>(array, row, *precision, *scale),
        DataType::Utf8 => text(array.as_string::<i32>().value(row), field),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row), field),
        DataType::Utf8View => text(array.as_string_view().value(row), field),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _) => temporal(array, row).unwrap_or_else(|| as_arrow_writes_it(array, row)),
        DataType::Duration(_) | DataType::Interval(_) => {
            interval(array, row).map_or_else(|| as_arrow_writes_it(array, row), Value::Interval)
        }
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let (start, length) = (list.value_offsets()[row], list.value_length(row));
            elements(list.values(), item, start as usize, length as usize, depth)
        }
        DataType::LargeList(item) => {
            let list = array.as_list::<i64>();
            let (start, length) = (list.value_offsets()[row], list.value_length(row));
            elements(list.values(), item, start as usize, length as usize, depth)
        }
        DataType::FixedSizeList(item, length) => {
            let list = array.as_fixed_size_list();
            elements(list.values(), item, list.value_offset(row) as usize, *length as usize, depth)
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().zip(fields);
            Value::Object(
                columns.map(|(column, f)| (f.name().clone(), read(column, f, row, depth + 1))).collect(),
            )
        }
        DataType::Map(_, _) => map(array, row, depth),
        DataType::Dictionary(key_type, _) => {
            let dictionary = array.as_any_dictionary();
            let key_field = Field::new("key", key_type.as_ref().clone(), false);
            match read(dictionary.keys(), &key_field, row, depth + 1) {
                Value::Integer(key) => read(dictionary.values().as_ref(), field, key as usize, depth + 1),
                _ => as_arrow_writes_it(array, row),
            }
        }
        _ => as_arrow_writes_it(array, row),
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn integer<'a, T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> Value<'a>
where
    T::Native: Into<i128>,
{
    Value::Integer(primitive::<T>(array, row).into())
}

fn decimal<'a, T: DecimalType>(array: &dyn Array, row: usize, precision: u8, scale: i8) -> Value<'a> {
    Value::Decimal(T::format_decimal(primitive::<T>(array, row), precision, scale))
}

fn text<'a>(text: &'a str, field: &Field) -> Value<'a> {
    if declared_type(field) == Some(PgType::Json) { Value::Json(text) } else { Value::Text(text) }
}

fn temporal<'a>(array: &dyn Array, row: usize) -> Option<Value<'a>> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    match array.data_type() {
        DataType::Date32 => {
            as_date::<Date32Type>(primitive::<Date32Type>(array, row).into()).map(Value::Date)
        }
        DataType::Date64 => as_datetime::<Date64Type>(primitive::<Date64Type>(array, row)).map(|moment| {
            if moment.time() == NaiveTime::MIN {
                Value::Date(moment.date())
            } else {
                Value::Timestamp(moment, None)
            }
        }),
        DataType::Time32(Second) => {
            as_time::<Time32SecondType>(primitive::<Time32SecondType>(array, row).into()).map(Value::Time)
        }
        DataType::Time32(_) => {
            as_time::<Time32MillisecondType>(primitive::<Time32MillisecondType>(array, row).into())
                .map(Value::Time)
        }
        DataType::Time64(Nanosecond) => {
            as_time::<Time64NanosecondType>(primitive::<Time64NanosecondType>(array, row)).map(Value::Time)
        }
        DataType::Time64(_) => {
            as_time::<Time64MicrosecondType>(primitive::<Time64MicrosecondType>(array, row)).map(Value::Time)
        }
        DataType::Timestamp(unit, zone) => {
            let utc = match unit {
                Second => as_datetime::<TimestampSecondType>(primitive::<TimestampSecondType>(array, row)),
                Millisecond => {
                    as_datetime::<TimestampMillisecondType>(primitive::<TimestampMillisecondType>(array, row))
                }
                Microsecond => {
                    as_datetime::<TimestampMicrosecondType>(primitive::<TimestampMicrosecondType>(array, row))
                }
                Nanosecond => {
                    as_datetime::<TimestampNanosecondType>(primitive::<TimestampNanosecondType>(array, row))
                }
            }?;
            let Some(zone) = zone else { return Some(Value::Timestamp(utc, None)) };
            let offset = offset_at(zone, &utc);
            Some(Value::Timestamp(utc.checked_add_offset(offset)?, Some(offset)))
        }
        _ => None,
    }
}

/// The offset of a time zone at a moment. A zone that is not known is shown in UTC, which is the same moment.
fn offset_at(zone: &str, utc: &NaiveDateTime) -> FixedOffset {
    let universal = chrono::Utc.fix();
    if zone.eq_ignore_ascii_case("utc") || zone.eq_ignore_ascii_case("z") {
        return universal;
    }
    zone.parse::<Tz>().map_or(universal, |zone| zone.offset_from_utc_datetime(utc).fix())
}

fn interval(array: &dyn Array, row: usize) -> Option<Interval> {
    let only = |nanoseconds: i128| Interval { nanoseconds, ..Interval::default() };
    Some(match array.data_type() {
        DataType::Duration(TimeUnit::Second) => {
            only(i128::from(primitive::<DurationSecondType>(array, row)) * 1_000_000_000)
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            only(i128::from(primitive::<DurationMillisecondType>(array, row)) * 1_000_000)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            only(i128::from(primitive::<DurationMicrosecondType>(array, row)) * 1_000)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            only(i128::from(primitive::<DurationNanosecondType>(array, row)))
        }
        DataType::Interval(IntervalUnit::YearMonth) => Interval {
            months: i64::from(primitive::<IntervalYearMonthType>(array, row)),
            ..Interval::default()
        },
        DataType::Interval(IntervalUnit::DayTime) => {
            let value = primitive::<IntervalDayTimeType>(array, row);
            Interval {
                months: 0,
                days: i64::from(value.days),
                nanoseconds: i128::from(value.milliseconds) * NANOSECONDS_PER_MILLISECOND,
            }
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let value = primitive::<IntervalMonthDayNanoType>(array, row);
            Interval {
                months: i64::from(value.months),
                days: i64::from(value.days),
                nanoseconds: i128::from(value.nanoseconds),
            }
        }
        _ => return None,
    })
}

fn elements<'a>(
    values: &'a ArrayRef,
    item: &FieldRef,
    start: usize,
    length: usize,
    depth: usize,
) -> Value<'a> {
    Value::List((start..start + length).map(|row| read(values.as_ref(), item, row, depth + 1)).collect())
}

fn map(array: &dyn Array, row: usize, depth: usize) -> Value<'_> {
    let map = array.as_map();
    let fields = map.entries().fields();
    let (Some(key_field), Some(value_field)) = (fields.first(), fields.get(1)) else {
        return as_arrow_writes_it(array, row);
    };
    let start = map.value_offsets()[row] as usize;
    let length = map.value_length(row) as usize;
    let entry = |row| {
        let key = super::text::to_text(&read(map.keys().as_ref(), key_field, row, depth + 1));
        (key, read(map.values().as_ref(), value_field, row, depth + 1))
    };
    Value::Object((start..start + length).map(entry).collect())
}

fn as_arrow_writes_it<'a>(array: &dyn Array, row: usize) -> Value<'a> {
    let options = FormatOptions::default();
    let written = ArrayFormatter::try_new(array, &options)
        .and_then(|formatter| formatter.value(row).try_to_string())
        .unwrap_or_else(|error| format!("({} that cannot be written: {error})", array.data_type()));
    Value::Other(written)
}
