//! Dates and times in JSON: ISO 8601, with every decimal that the value has.

use std::fmt;

use arrow::array::types::{
    Date32Type, Date64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::array::{Array, ArrowPrimitiveType, AsArray, timezone::Tz};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::temporal_conversions::{as_date, as_datetime, as_time};
use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike};

/// A date, a time of day, or both.
pub(super) enum Moment {
    /// DATE.
    Date(NaiveDate),
    /// TIME.
    Time(NaiveTime),
    /// TIMESTAMP, or TIMESTAMPTZ with the local time and the offset from UTC.
    Timestamp(NaiveDateTime, Option<FixedOffset>),
}

impl Moment {
    /// The value in this row, which is not null; none for other types, and outside of the calendar.
    pub(super) fn read(array: &dyn Array, row: usize) -> Option<Self> {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match array.data_type() {
            DataType::Date32 => as_date::<Date32Type>(value::<Date32Type>(array, row).into()).map(Self::Date),
            DataType::Date64 => as_datetime::<Date64Type>(value::<Date64Type>(array, row)).map(|moment| {
                if moment.time() == NaiveTime::MIN {
                    Self::Date(moment.date())
                } else {
                    Self::Timestamp(moment, None)
                }
            }),
            DataType::Time32(Second) => {
                as_time::<Time32SecondType>(value::<Time32SecondType>(array, row).into()).map(Self::Time)
            }
            DataType::Time32(_) => {
                as_time::<Time32MillisecondType>(value::<Time32MillisecondType>(array, row).into())
                    .map(Self::Time)
            }
            DataType::Time64(Nanosecond) => {
                as_time::<Time64NanosecondType>(value::<Time64NanosecondType>(array, row)).map(Self::Time)
            }
            DataType::Time64(_) => {
                as_time::<Time64MicrosecondType>(value::<Time64MicrosecondType>(array, row)).map(Self::Time)
            }
            DataType::Timestamp(unit, zone) => {
                let utc = match unit {
                    Second => as_datetime::<TimestampSecondType>(value::<TimestampSecondType>(array, row)),
                    Millisecond => {
                        as_datetime::<TimestampMillisecondType>(value::<TimestampMillisecondType>(array, row))
                    }
                    Microsecond => {
                        as_datetime::<TimestampMicrosecondType>(value::<TimestampMicrosecondType>(array, row))
                    }
                    Nanosecond => {
                        as_datetime::<TimestampNanosecondType>(value::<TimestampNanosecondType>(array, row))
                    }
                }?;
                let Some(zone) = zone else { return Some(Self::Timestamp(utc, None)) };
                let offset = offset_at(zone, &utc);
                Some(Self::Timestamp(utc.checked_add_offset(offset)?, Some(offset)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write_date(f, *date),
            Self::Time(time) => write_time(f, *time),
            Self::Timestamp(moment, offset) => {
                write_date(f, moment.date())?;
                f.write_str("T")?;
                write_time(f, moment.time())?;
                match offset {
                    None => Ok(()),
                    Some(offset) if offset.local_minus_utc() == 0 => f.write_str("Z"),
                    Some(offset) => write!(f, "{offset}"),
                }
            }
        }
    }
}

fn value<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

/// The offset of a time zone at a moment. A zone that is not known is shown in UTC, which is the same moment.
fn offset_at(zone: &str, utc: &NaiveDateTime) -> FixedOffset {
    let universal = chrono::Utc.fix();
    if zone.eq_ignore_ascii_case("utc") || zone.eq_ignore_ascii_case("z") {
        return universal;
    }
    zone.parse::<Tz>().map_or(universal, |zone| zone.offset_from_utc_datetime(utc).fix())
}

/// Four digits of the year, or a sign and at least four outside the years 0 to 9999.
fn write_date(f: &mut fmt::Formatter<'_>, date: NaiveDate) -> fmt::Result {
    match date.year() {
        year @ 0..=9999 => write!(f, "{year:04}")?,
        year => write!(f, "{year:+05}")?,
    }
    write!(f, "-{:02}-{:02}", date.month(), date.day())
}

/// Hours, minutes and seconds, and as many decimals as the value has.
fn write_time(f: &mut fmt::Formatter<'_>, time: NaiveTime) -> fmt::Result {
    write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    match time.nanosecond() % 1_000_000_000 {
        0 => Ok(()),
        nanoseconds => {
            let digits = format!("{nanoseconds:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))
        }
    }
}
