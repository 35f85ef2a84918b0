//! Dates, times and spans of time, in microseconds: Postgres keeps no more.

use arrow::array::timezone::Tz;
use arrow::datatypes::TimeUnit;
use bytes::BufMut;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};

use super::number::display;
use crate::error::{SqlError, SqlState};

/// Microseconds in so many of a unit; what is less than one is cut off.
pub(super) fn micros(unit: TimeUnit, count: i64) -> Result<i64, SqlError> {
    match unit {
        TimeUnit::Second => count.checked_mul(1_000_000).ok_or_else(out_of_range),
        TimeUnit::Millisecond => count.checked_mul(1_000).ok_or_else(out_of_range),
        TimeUnit::Microsecond => Ok(count),
        TimeUnit::Nanosecond => Ok(count / 1_000),
    }
}

/// Whole days in milliseconds since 1970.
pub(super) fn days(millis: i64) -> Result<i32, SqlError> {
    i32::try_from(millis.div_euclid(86_400_000)).map_err(|_| out_of_range())
}

/// A date, from days since 1970.
pub(super) fn write_date(out: &mut impl BufMut, days: i32) -> Result<(), SqlError> {
    let date = NaiveDate::from_epoch_days(days).ok_or_else(out_of_range)?;
    write_day(out, date);
    write_era(out, date);
    Ok(())
}

/// A time of day, from microseconds since midnight.
pub(super) fn write_time(out: &mut impl BufMut, micros: i64) {
    write_clock(out, micros.unsigned_abs());
}

/// A timestamp without time zone, from microseconds since 1970.
pub(super) fn write_timestamp(out: &mut impl BufMut, micros: i64) -> Result<(), SqlError> {
    let time = utc(micros)?;
    write_day_and_clock(out, time);
    write_era(out, time.date());
    Ok(())
}

/// A timestamp with time zone, from microseconds since 1970 in UTC, as it is
/// in `zone`.
pub(super) fn write_moment(out: &mut impl BufMut, micros: i64, zone: Option<Tz>) -> Result<(), SqlError> {
    let utc = utc(micros)?;
    let offset_seconds = zone.map_or(0, |zone| zone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
    let offset = TimeDelta::seconds(offset_seconds.into());
    let local = utc.checked_add_signed(offset).ok_or_else(out_of_range)?;
    write_day_and_clock(out, local);
    write_offset(out, offset_seconds);
    write_era(out, local.date());
    Ok(())
}

/// `1 year 2 mons -3 days +04:05:06`.
pub(super) fn write_interval(out: &mut impl BufMut, months: i32, days: i32, micros: i64) {
    let mut parts = 0;
    let mut after_negative = false;
    for (count, one, many) in
        [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")]
    {
        if count != 0 {
            let blank = if parts > 0 { " " } else { "" };
            // A part after a negative one shows its sign, as otherwise the minus might seem to go on.
            let sign = if after_negative && count > 0 { "+" } else { "" };
            display(out, format_args!("{blank}{sign}{count} {}", if count == 1 { one } else { many }));
            after_negative = count < 0;
            parts += 1;
        }
    }
    if micros != 0 || parts == 0 {
        if parts > 0 {
            out.put_u8(b' ');
        }
        if micros < 0 {
            out.put_u8(b'-');
        } else if after_negative {
            out.put_u8(b'+');
        }
        write_clock(out, micros.unsigned_abs());
    }
}

fn utc(micros: i64) -> Result<NaiveDateTime, SqlError> {
    Ok(DateTime::from_timestamp_micros(micros).ok_or_else(out_of_range)?.naive_utc())
}

/// `2026-01-31`; a year before the first counts backwards, and [`write_era`]
/// says so behind all else.
fn write_day(out: &mut impl BufMut, date: NaiveDate) {
    let year = if date.year() > 0 { date.year() } else { 1 - date.year() };
    display(out, format_args!("{year:04}-{:02}-{:02}", date.month(), date.day()));
}

fn write_era(out: &mut impl BufMut, date: NaiveDate) {
    if date.year() <= 0 {
        out.put_slice(b" BC");
    }
}

fn write_day_and_clock(out: &mut impl BufMut, time: NaiveDateTime) {
    write_day(out, time.date());
    out.put_u8(b' ');
    let seconds = u64::from(time.num_seconds_from_midnight());
    write_clock(out, seconds * 1_000_000 + u64::from(time.nanosecond() / 1_000));
}

/// `05:07:09.25`, with as many digits of the fraction as there are.
fn write_clock(out: &mut impl BufMut, micros: u64) {
    let seconds = micros / 1_000_000;
    display(out, format_args!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60));
    let fraction = micros % 1_000_000;
    if fraction != 0 {
        let digits = format!(".{fraction:06}");
        out.put_slice(digits.trim_end_matches('0').as_bytes());
    }
}

/// `+00`, `+05:30`, `-00:01:15`.
fn write_offset(out: &mut impl BufMut, offset_seconds: i32) {
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let seconds = offset_seconds.abs();
    display(out, format_args!("{sign}{:02}", seconds / 3_600));
    if seconds % 3_600 != 0 {
        display(out, format_args!(":{:02}", seconds / 60 % 60));
    }
    if seconds % 60 != 0 {
        display(out, format_args!(":{:02}", seconds % 60));
    }
}

fn out_of_range() -> SqlError {
    SqlError::new(SqlState::DATETIME_FIELD_OVERFLOW, "date or time out of range")
}
