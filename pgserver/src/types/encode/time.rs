//! Dates, times, intervals. PostgreSQL's binary forms count from the year 2000, Arrow's from 1970.

use std::fmt::Write;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, IntervalMonthDayNanoType, IntervalUnit,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};
use microprolly_sql::{SqlError, SqlState};

use super::{Encoder, cannot_write};

/// 2000-01-01 in days since 1970-01-01.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
/// 2000-01-01 in microseconds since 1970-01-01.
pub(crate) const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

pub(super) struct Dates(pub(super) PrimitiveArray<Date32Type>);
pub(super) struct Times(pub(super) PrimitiveArray<Time64MicrosecondType>);
/// Timestamps, shown with their offset if there is a time zone.
pub(super) struct Timestamps {
    pub(super) values: PrimitiveArray<TimestampMicrosecondType>,
    pub(super) timezone: Option<Tz>,
}
/// Spans of time of any kind.
pub(super) enum Intervals {
    Calendar(PrimitiveArray<IntervalMonthDayNanoType>),
    Elapsed(PrimitiveArray<DurationMicrosecondType>),
}

impl Encoder for Dates {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let date = NaiveDate::from_epoch_days(self.0.value(row)).ok_or_else(out_of_range)?;
        write_date(out, date)?;
        write_era(out, date)
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i32(self.0.value(row).checked_sub(EPOCH_DAYS).ok_or_else(out_of_range)?);
        Ok(())
    }
}

impl Encoder for Times {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        write_clock(out, self.0.value(row))
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.0.value(row));
        Ok(())
    }
}

impl Encoder for Timestamps {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let utc =
            DateTime::from_timestamp_micros(self.values.value(row)).ok_or_else(out_of_range)?.naive_utc();
        let Some(timezone) = self.timezone else {
            write_timestamp(out, utc)?;
            return write_era(out, utc.date());
        };
        let offset_seconds = timezone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        let local = utc
            .checked_add_signed(chrono::Duration::seconds(offset_seconds.into()))
            .ok_or_else(out_of_range)?;
        write_timestamp(out, local)?;
        write_offset(out, offset_seconds)?;
        write_era(out, local.date())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.values.value(row).checked_sub(EPOCH_MICROSECONDS).ok_or_else(out_of_range)?);
        Ok(())
    }
}

impl Intervals {
    pub(super) fn new(array: &ArrayRef) -> Result<Self, SqlError> {
        Ok(match array.data_type() {
            DataType::Duration(_) => Self::Elapsed(array.as_primitive().clone()),
            _ => {
                let array =
                    cast(array, &DataType::Interval(IntervalUnit::MonthDayNano)).map_err(cannot_write)?;
                Self::Calendar(array.as_primitive().clone())
            }
        })
    }

    /// Months, days and microseconds, which do not convert into each other.
    fn value(&self, row: usize) -> (i32, i32, i64) {
        match self {
            Self::Calendar(values) => {
                let value = values.value(row);
                (value.months, value.days, value.nanoseconds / 1000)
            }
            Self::Elapsed(values) => (0, 0, values.value(row)),
        }
    }
}

impl Encoder for Intervals {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let (months, days, microseconds) = self.value(row);
        let mut parts: Vec<String> = Vec::new();
        let mut before_negative = false;
        for (count, one, many) in
            [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")]
        {
            if count != 0 {
                // A part after a negative one shows its sign, as otherwise the minus might seem to go on.
                let sign = if before_negative && count > 0 { "+" } else { "" };
                parts.push(format!("{sign}{count} {}", if count == 1 { one } else { many }));
                before_negative = count < 0;
            }
        }
        out.put_slice(parts.join(" ").as_bytes());
        if microseconds != 0 || parts.is_empty() {
            if !parts.is_empty() {
                out.put_u8(b' ');
            }
            if microseconds < 0 {
                out.put_u8(b'-');
            } else if before_negative {
                out.put_u8(b'+');
            }
            let microseconds = microseconds.checked_abs().ok_or_else(out_of_range)?;
            write_clock(out, microseconds)?;
        }
        Ok(())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let (months, days, microseconds) = self.value(row);
        out.put_i64(microseconds);
        out.put_i32(days);
        out.put_i32(months);
        Ok(())
    }
}

/// `2026-01-31`; a year before 1 counts backwards, with the era at the end of the whole value.
fn write_date(out: &mut BytesMut, date: NaiveDate) -> Result<(), SqlError> {
    let year = if date.year() > 0 { date.year() } else { 1 - date.year() };
    put(out, format_args!("{year:04}-{:02}-{:02}", date.month(), date.day()))
}

fn write_era(out: &mut BytesMut, date: NaiveDate) -> Result<(), SqlError> {
    if date.year() > 0 { Ok(()) } else { put(out, format_args!(" BC")) }
}

fn write_timestamp(out: &mut BytesMut, timestamp: NaiveDateTime) -> Result<(), SqlError> {
    write_date(out, timestamp.date())?;
    out.put_u8(b' ');
    let seconds: i64 = timestamp.num_seconds_from_midnight().into();
    write_clock(out, seconds * 1_000_000 + i64::from(timestamp.nanosecond() / 1000))
}

/// `04:05:06.789`, with as many digits of the fraction as it has.
fn write_clock(out: &mut BytesMut, microseconds: i64) -> Result<(), SqlError> {
    let seconds = microseconds / 1_000_000;
    put(out, format_args!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))?;
    match microseconds % 1_000_000 {
        0 => Ok(()),
        fraction => {
            let digits = format!("{fraction:06}");
            put(out, format_args!(".{}", digits.trim_end_matches('0')))
        }
    }
}

/// `+00`, `+05:30`, `-00:01:15`.
fn write_offset(out: &mut BytesMut, offset_seconds: i32) -> Result<(), SqlError> {
    let seconds = offset_seconds.abs();
    put(out, format_args!("{}{:02}", if offset_seconds < 0 { '-' } else { '+' }, seconds / 3600))?;
    if seconds % 3600 != 0 {
        put(out, format_args!(":{:02}", seconds / 60 % 60))?;
    }
    if seconds % 60 != 0 {
        put(out, format_args!(":{:02}", seconds % 60))?;
    }
    Ok(())
}

fn put(out: &mut BytesMut, text: std::fmt::Arguments<'_>) -> Result<(), SqlError> {
    out.write_fmt(text).map_err(|_| SqlError::internal("a buffer did not grow"))
}

fn out_of_range() -> SqlError {
    SqlError::new(SqlState::DATETIME_FIELD_OVERFLOW, "date or time out of range")
}
