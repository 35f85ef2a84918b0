//! Values as PostgreSQL writes them: the cells of tables and CSV.

use std::fmt::{self, Write};

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};

use super::json;
use super::number::{write_float32, write_float64};
use super::value::{Interval, Value};

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// The value as text; NULL is empty.
pub(super) fn to_text(value: &Value<'_>) -> String {
    let mut text = String::new();
    write_text(value, &mut text).expect("writing to a String cannot fail");
    text
}

/// Appends the value as text; NULL appends nothing.
pub(super) fn write_text(value: &Value<'_>, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => Ok(()),
        Value::Boolean(value) => out.write_str(if *value { "t" } else { "f" }),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Float32(value) => {
            write_special(f64::from(*value), out).unwrap_or_else(|| write_float32(*value, out))
        }
        Value::Float64(value) => write_special(*value, out).unwrap_or_else(|| write_float64(*value, out)),
        Value::Decimal(text) | Value::Other(text) => out.write_str(text),
        Value::Text(text) | Value::Json(text) => out.write_str(text),
        Value::Bytes(bytes) => write_bytes(bytes, out),
        Value::Date(date) => {
            write_date(*date, out)?;
            write_era(*date, out)
        }
        Value::Time(time) => write_time(*time, out),
        Value::Timestamp(moment, offset) => {
            write_date(moment.date(), out)?;
            out.write_char(' ')?;
            write_time(moment.time(), out)?;
            if let Some(offset) = offset {
                write_offset(*offset, out)?;
            }
            write_era(moment.date(), out)
        }
        Value::Interval(interval) => write_interval(*interval, out),
        Value::List(elements) => write_list(elements, out),
        Value::Object(_) => json::write_json(value, out),
    }
}

/// Writes NaN and the infinities; none for every other number.
fn write_special(number: f64, out: &mut impl Write) -> Option<fmt::Result> {
    if number.is_finite() { None } else { Some(out.write_str(special_name(number))) }
}

/// `NaN`, `Infinity` or `-Infinity`.
pub(super) fn special_name(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// `\x` and two hex digits per byte.
pub(super) fn write_bytes(bytes: &[u8], out: &mut impl Write) -> fmt::Result {
    out.write_str("\\x")?;
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

/// Year, month and day; years before 1 count from 1 BC backwards and need [`write_era`] behind them.
fn write_date(date: NaiveDate, out: &mut impl Write) -> fmt::Result {
    let year = if date.year() > 0 { i64::from(date.year()) } else { 1 - i64::from(date.year()) };
    write!(out, "{year:04}-{:02}-{:02}", date.month(), date.day())
}

fn write_era(date: NaiveDate, out: &mut impl Write) -> fmt::Result {
    if date.year() > 0 { Ok(()) } else { out.write_str(" BC") }
}

/// Hours, minutes and seconds, and as many decimals as the value has.
pub(super) fn write_time(time: NaiveTime, out: &mut impl Write) -> fmt::Result {
    write!(out, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    write_fraction(time.nanosecond() % 1_000_000_000, out)
}

fn write_fraction(nanoseconds: u32, out: &mut impl Write) -> fmt::Result {
    if nanoseconds == 0 {
        return Ok(());
    }
    let digits = format!("{nanoseconds:09}");
    write!(out, ".{}", digits.trim_end_matches('0'))
}

/// `+00`, `-03:30`, as short as it goes.
fn write_offset(offset: FixedOffset, out: &mut impl Write) -> fmt::Result {
    let seconds = offset.local_minus_utc();
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    write!(out, "{sign}{:02}", seconds / 3600)?;
    if seconds % 3600 != 0 {
        write!(out, ":{:02}", seconds % 3600 / 60)?;
    }
    if seconds % 60 != 0 {
        write!(out, ":{:02}", seconds % 60)?;
    }
    Ok(())
}

/// `1 year 2 mons -3 days 04:05:06.7`.
pub(super) fn write_interval(interval: Interval, out: &mut impl Write) -> fmt::Result {
    let mut separator = "";
    let parts = [
        (interval.months / 12, "year", "years"),
        (interval.months % 12, "mon", "mons"),
        (interval.days, "day", "days"),
    ];
    for (number, one, many) in parts {
        if number != 0 {
            write!(out, "{separator}{number} {}", if number == 1 { one } else { many })?;
            separator = " ";
        }
    }
    if interval.nanoseconds != 0 || separator.is_empty() {
        let sign = if interval.nanoseconds < 0 { "-" } else { "" };
        let nanoseconds = interval.nanoseconds.unsigned_abs();
        let second = NANOSECONDS_PER_SECOND.unsigned_abs();
        let seconds = nanoseconds / second;
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
        write!(out, "{separator}{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60)?;
        // The remainder is below 10^9 and fits.
        write_fraction((nanoseconds % second) as u32, out)?;
    }
    Ok(())
}

/// `{1,NULL,"two words"}`.
fn write_list(elements: &[Value<'_>], out: &mut impl Write) -> fmt::Result {
    out.write_char('{')?;
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        match element {
            Value::Null => out.write_str("NULL")?,
            Value::List(_) => write_text(element, out)?,
            _ => write_list_element(&to_text(element), out)?,
        }
    }
    out.write_char('}')
}

fn write_list_element(text: &str, out: &mut impl Write) -> fmt::Result {
    let plain = !text.is_empty()
        && !text.eq_ignore_ascii_case("null")
        && !text.contains(|c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace());
    if plain {
        return out.write_str(text);
    }
    out.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_type_reads_as_in_postgresql() {
        let batch = samples::every_type();
        let cells =
            samples::cells(&batch, 0).into_iter().map(|(name, value)| format!("{name}: {}", to_text(&value)));
        insta::assert_snapshot!(cells.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn intervals_read_as_in_postgresql() {
        let text =
            |months, days, nanoseconds| to_text(&Value::Interval(Interval { months, days, nanoseconds }));
        assert_eq!(text(0, 0, 0), "00:00:00");
        assert_eq!(text(14, -3, 1_500_000_000), "1 year 2 mons -3 days 00:00:01.5");
        assert_eq!(text(0, 0, -3_600_000_000_000 * 30), "-30:00:00");
    }

    #[test]
    fn dates_before_the_year_one_are_marked() {
        let date = NaiveDate::from_ymd_opt(-43, 3, 15).unwrap();
        assert_eq!(to_text(&Value::Date(date)), "0044-03-15 BC");
    }
}
