//! The narrowest type that keeps every value of a column exactly.

use chrono::{NaiveDate, NaiveTime};

use crate::import::number::{NumberShape, is_special_double};

/// Most digits of a NUMERIC.
const NUMERIC_DIGITS_MAX: usize = 38;
/// Decimals of a second that a TIMESTAMP keeps.
const TIMESTAMP_DECIMALS_MAX: usize = 6;
/// Largest offset of a time zone from UTC, in hours.
const OFFSET_HOURS_MAX: u32 = 15;

/// What is known of a column's values so far. A type is possible until a value does not fit it.
#[derive(Clone, Debug)]
pub(super) struct TypeFacts {
    /// Values that are not NULL.
    values: u64,
    /// The line of the first NULL.
    first_null_line: Option<u64>,
    boolean: bool,
    /// Whether `t`, `f` and a longer word for either were seen. A column of nothing but `F` is no boolean.
    seen_true: bool,
    seen_false: bool,
    seen_boolean_word: bool,
    bigint: bool,
    double: bool,
    /// Whether a number was seen: a column of nothing but `NaN` is text.
    seen_number: bool,
    numeric: bool,
    integer_digits: usize,
    fraction_digits: usize,
    date: bool,
    timestamp: bool,
    timestamptz: bool,
}

impl Default for TypeFacts {
    fn default() -> Self {
        Self {
            values: 0,
            first_null_line: None,
            boolean: true,
            seen_true: false,
            seen_false: false,
            seen_boolean_word: false,
            bigint: true,
            double: true,
            seen_number: false,
            numeric: true,
            integer_digits: 0,
            fraction_digits: 0,
            date: true,
            timestamp: true,
            timestamptz: true,
        }
    }
}

impl TypeFacts {
    /// Takes a NULL into account.
    pub(super) fn observe_null(&mut self, line: u64) {
        self.first_null_line.get_or_insert(line);
    }

    /// Takes a value into account.
    pub(super) fn observe(&mut self, text: &str) {
        self.values += 1;
        if self.boolean {
            self.observe_boolean(text);
        }
        if self.bigint || self.double || self.numeric {
            self.observe_number(text);
        }
        if self.date {
            self.date = parse_date(text.as_bytes()).is_some();
        }
        if self.timestamp || self.timestamptz {
            let zoned = parse_timestamp(text);
            self.timestamp &= zoned == Some(false);
            self.timestamptz &= zoned == Some(true);
        }
    }

    /// The line of the first NULL.
    pub(super) fn first_null_line(&self) -> Option<u64> {
        self.first_null_line
    }

    /// The type, as CREATE TABLE takes it.
    pub(super) fn sql_type(&self) -> String {
        let both_letters = self.seen_true && self.seen_false;
        let name = if self.values == 0 {
            "TEXT"
        } else if self.boolean && (both_letters || self.seen_boolean_word) {
            "BOOLEAN"
        } else if self.bigint {
            "BIGINT"
        } else if self.double && self.seen_number {
            "DOUBLE PRECISION"
        } else if self.numeric && self.integer_digits + self.fraction_digits <= NUMERIC_DIGITS_MAX {
            return format!("NUMERIC({NUMERIC_DIGITS_MAX},{})", self.fraction_digits);
        } else if self.date {
            "DATE"
        } else if self.timestamp {
            "TIMESTAMP"
        } else if self.timestamptz {
            "TIMESTAMPTZ"
        } else {
            "TEXT"
        };
        name.to_owned()
    }

    fn observe_boolean(&mut self, text: &str) {
        let (is_true, is_false, is_word) = match text.len() {
            1 => (text.eq_ignore_ascii_case("t"), text.eq_ignore_ascii_case("f"), false),
            4 => (text.eq_ignore_ascii_case("true"), false, true),
            5 => (false, text.eq_ignore_ascii_case("false"), true),
            _ => (false, false, false),
        };
        self.boolean = is_true || is_false;
        self.seen_true |= is_true;
        self.seen_false |= is_false;
        self.seen_boolean_word |= self.boolean && is_word;
    }

    fn observe_number(&mut self, text: &str) {
        let Some(shape) = NumberShape::of(text) else {
            self.bigint = false;
            self.numeric = false;
            self.double &= is_special_double(text);
            return;
        };
        self.seen_number = true;
        self.bigint &= shape.is_integer() && text.parse::<i64>().is_ok();
        self.double &= shape.fits_double(text);
        self.numeric &= !shape.has_exponent;
        self.integer_digits = self.integer_digits.max(shape.integer_digits);
        self.fraction_digits = self.fraction_digits.max(shape.fraction_digits);
    }
}

/// `YYYY-MM-DD`, a day that exists.
fn parse_date(text: &[u8]) -> Option<NaiveDate> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?);
    // PostgreSQL has no year 0.
    date.filter(|_| year > 0)
}

/// `YYYY-MM-DD hh:mm[:ss[.decimals]]`, with a space or a `T`; gives whether a time zone (`Z`, `+hh`, `+hhmm`,
/// `+hh:mm`) stands behind it.
fn parse_timestamp(text: &str) -> Option<bool> {
    let bytes = text.as_bytes();
    let (date, rest) = bytes.split_at_checked(10)?;
    parse_date(date)?;
    let (&separator, rest) = rest.split_first()?;
    if !matches!(separator, b' ' | b'T' | b't') {
        return None;
    }
    let zone_start = rest.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
    let (time, zone) = rest.split_at(zone_start.unwrap_or(rest.len()));
    parse_time(time)?;
    match zone {
        [] => Some(false),
        b"Z" | b"z" => Some(true),
        [_, h1, h2] => offset(&[*h1, *h2], b"00"),
        [_, h1, h2, m1, m2] | [_, h1, h2, b':', m1, m2] => offset(&[*h1, *h2], &[*m1, *m2]),
        _ => None,
    }
}

fn offset(hours: &[u8], minutes: &[u8]) -> Option<bool> {
    (number(hours)? <= OFFSET_HOURS_MAX && number(minutes)? < 60).then_some(true)
}

fn parse_time(text: &[u8]) -> Option<NaiveTime> {
    let (clock, decimals) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], Some(&text[point + 1..])),
        None => (text, None),
    };
    let (h1, h2, m1, m2, s1, s2) = match *clock {
        [h1, h2, b':', m1, m2, b':', s1, s2] => (h1, h2, m1, m2, s1, s2),
        [h1, h2, b':', m1, m2] if decimals.is_none() => (h1, h2, m1, m2, b'0', b'0'),
        _ => return None,
    };
    if let Some(decimals) = decimals {
        let fits = (1..=TIMESTAMP_DECIMALS_MAX).contains(&decimals.len());
        if !fits || !decimals.iter().all(u8::is_ascii_digit) {
            return None;
        }
    }
    NaiveTime::from_hms_opt(number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        Some(sum * 10 + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inferred(values: &[&str]) -> String {
        let mut facts = TypeFacts::default();
        for value in values {
            facts.observe(value);
        }
        facts.sql_type()
    }

    #[test]
    fn a_column_gets_the_narrowest_type_that_keeps_all_its_values() {
        for (values, expected) in [
            (&["1", "-20", "0"][..], "BIGINT"),
            (&["1", "2.5"], "DOUBLE PRECISION"),
            (&["1e5", "NaN", "-Infinity"], "DOUBLE PRECISION"),
            (&["true", "FALSE"], "BOOLEAN"),
            (&["t", "f", "T"], "BOOLEAN"),
            (&["2013-01-01", "2012-02-29"], "DATE"),
            (&["2013-01-01 05:00", "2013-01-01T05:00:00.123456"], "TIMESTAMP"),
            (
                &["2013-01-01T10:00:00Z", "2013-01-01 10:00:00+05:30", "2013-01-01 10:00:00-0800"],
                "TIMESTAMPTZ",
            ),
            (&["N14228", "1"], "TEXT"),
            (&[], "TEXT"),
        ] {
            assert_eq!(inferred(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_a_narrower_type_would_lose_widens_it() {
        for (values, expected) in [
            (&["007", "12"][..], "TEXT"),
            (&["9223372036854775807"], "BIGINT"),
            (&["9223372036854775808"], "NUMERIC(38,0)"),
            (&["9223372036854775808", "0.25"], "NUMERIC(38,2)"),
            (&["12345678901234567.89"], "NUMERIC(38,2)"),
            (&["123456789012345678901234567890123456789"], "TEXT"),
            (&["1e400"], "TEXT"),
            (&["2013-02-29"], "TEXT"),
            (&["2013-01-01", "2013-01-01 00:00:00"], "TEXT"),
            (&["2013-01-01 00:00:00", "2013-01-01 00:00:00Z"], "TEXT"),
            (&["2013-01-01 00:00:00.1234567"], "TEXT"),
            (&["2013-01-01 24:00:00"], "TEXT"),
        ] {
            assert_eq!(inferred(values), expected, "{values:?}");
        }
    }

    #[test]
    fn one_letter_alone_or_one_special_value_alone_is_text() {
        assert_eq!(inferred(&["F", "F"]), "TEXT");
        assert_eq!(inferred(&["NaN", "NaN"]), "TEXT");
    }

    #[test]
    fn nulls_do_not_count_against_a_type_and_the_first_is_remembered() {
        let mut facts = TypeFacts::default();
        facts.observe("1");
        facts.observe_null(3);
        facts.observe_null(4);
        assert_eq!((facts.sql_type().as_str(), facts.first_null_line()), ("BIGINT", Some(3)));
    }
}
