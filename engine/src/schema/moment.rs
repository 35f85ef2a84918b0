//! Dates and times between text and numbers.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};

/// Days from the first of January of the year 1 to that of 1970.
const EPOCH_DAY_FROM_CE: i32 = 719_163;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// Why text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MomentError {
    /// It does not read as one.
    Syntax,
    /// It does, but there is no such day, hour or zone.
    Range,
}

/// A date with a time, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    days: i32,
    micros_of_day: i64,
    /// Seconds east of Greenwich.
    offset: Option<i64>,
}

impl Moment {
    /// Days since 1970.
    pub(super) fn days(self) -> i32 {
        self.days
    }

    /// Microseconds since 1970 by the clock on the wall; a zone is ignored.
    pub(super) fn wall_micros(self) -> Result<i64, MomentError> {
        i64::from(self.days)
            .checked_mul(MICROS_PER_DAY)
            .and_then(|micros| micros.checked_add(self.micros_of_day))
            .ok_or(MomentError::Range)
    }

    /// Microseconds since 1970 UTC; without a zone the wall is there.
    pub(super) fn utc_micros(self) -> Result<i64, MomentError> {
        let offset = self.offset.unwrap_or(0) * MICROS_PER_SECOND;
        self.wall_micros()?.checked_sub(offset).ok_or(MomentError::Range)
    }
}

/// Reads `2013-01-31`, `2013-01-31 05:07:09.25+02`, `1/31/2013 5:07` and the
/// like, and whatever is written here: a year of other than four digits has a
/// sign.
pub(super) fn parse(text: &str) -> Result<Moment, MomentError> {
    let mut reader = Reader { rest: text.trim_ascii().as_bytes() };
    let days = reader.date()?;
    let mut moment = Moment { days, micros_of_day: 0, offset: None };
    if reader.rest.is_empty() {
        return Ok(moment);
    }
    if reader.take(b'T') || reader.take(b't') || reader.blanks() {
        moment.micros_of_day = reader.time()?;
        reader.blanks();
    }
    moment.offset = reader.zone()?;
    if reader.rest.is_empty() { Ok(moment) } else { Err(MomentError::Syntax) }
}

/// What has not been read yet.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Skips blanks; whether there were some.
    fn blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_ascii_start();
        self.rest.len() < before
    }

    /// A number of at most `digits_max` digits, and how many it has.
    fn number(&mut self, digits_max: usize) -> Result<(i64, usize), MomentError> {
        let digits = self.rest.iter().take(digits_max).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(MomentError::Syntax);
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Ok((number.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), digits))
    }

    /// Days since 1970.
    fn date(&mut self) -> Result<i32, MomentError> {
        let negative = self.take(b'-');
        let signed = negative || self.take(b'+');
        let (first, digits) = self.number(6)?;
        let slash = self.take(b'/');
        if !slash && !self.take(b'-') {
            return Err(MomentError::Syntax);
        }
        let (second, _) = self.number(2)?;
        if !self.take(if slash { b'/' } else { b'-' }) {
            return Err(MomentError::Syntax);
        }
        let (third, third_digits) = self.number(6)?;
        let (year, month, day) = match (digits >= 3, slash && third_digits >= 3) {
            (true, _) => (if negative { -first } else { first }, second, third),
            // Month first, as the session's DateStyle says.
            (false, true) if !signed => (third, first, second),
            (false, _) => return Err(MomentError::Syntax),
        };
        let small = |number: i64| u32::try_from(number).map_err(|_| MomentError::Range);
        let year = i32::try_from(year).map_err(|_| MomentError::Range)?;
        let date = NaiveDate::from_ymd_opt(year, small(month)?, small(day)?).ok_or(MomentError::Range)?;
        Ok(date.num_days_from_ce() - EPOCH_DAY_FROM_CE)
    }

    /// Microseconds of the day.
    fn time(&mut self) -> Result<i64, MomentError> {
        let (hour, _) = self.number(2)?;
        if !self.take(b':') {
            return Err(MomentError::Syntax);
        }
        let (minute, _) = self.number(2)?;
        let (mut second, mut micros) = (0, 0);
        if self.take(b':') {
            second = self.number(2)?.0;
            if self.take(b'.') || self.take(b',') {
                micros = self.fraction()?;
            }
        }
        if hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute, second, micros) != (0, 0, 0)) {
            return Err(MomentError::Range);
        }
        Ok(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micros)
    }

    /// Microseconds of the second, rounded.
    fn fraction(&mut self) -> Result<i64, MomentError> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(MomentError::Syntax);
        }
        let (fraction, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let digit = |index: usize| fraction.get(index).map_or(0, |digit| i64::from(digit - b'0'));
        let micros = (0..6).fold(0, |value, index| value * 10 + digit(index));
        Ok(micros + i64::from(digit(6) >= 5))
    }

    /// Seconds east of Greenwich; none where no zone is given.
    fn zone(&mut self) -> Result<Option<i64>, MomentError> {
        let rest = self.rest;
        if rest.is_empty() {
            return Ok(None);
        }
        if ["z", "utc", "gmt"].iter().any(|name| rest.eq_ignore_ascii_case(name.as_bytes())) {
            self.rest = &[];
            return Ok(Some(0));
        }
        let sign = if self.take(b'+') {
            1
        } else if self.take(b'-') {
            -1
        } else {
            return Err(MomentError::Syntax);
        };
        let (hours, _) = self.number(2)?;
        let mut seconds = hours * 3_600;
        if self.take(b':') || !self.rest.is_empty() {
            let (minutes, _) = self.number(2)?;
            seconds += minutes * 60;
            if self.take(b':') {
                seconds += self.number(2)?.0;
            }
        }
        if seconds > 16 * 3_600 { Err(MomentError::Range) } else { Ok(Some(sign * seconds)) }
    }
}

/// Appends `2013-01-31T05:07:09.25`, in fraction digits by threes, and `Z` for
/// a moment that is in UTC.
pub(super) fn write_moment(out: &mut String, micros: i64, utc: bool) {
    let days = micros.div_euclid(MICROS_PER_DAY);
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let Some((year, month, day)) = common_date(days) else {
        match DateTime::<Utc>::from_timestamp_micros(micros) {
            Some(time) => out.push_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, utc)),
            None => out.push_str(&micros.to_string()),
        }
        if !utc {
            out.truncate(out.trim_end_matches("+00:00").len());
        }
        return;
    };
    write_date_parts(out, year, month, day);
    let seconds = of_day / MICROS_PER_SECOND;
    out.push('T');
    push_digits(out, seconds / 3_600, 2);
    out.push(':');
    push_digits(out, seconds / 60 % 60, 2);
    out.push(':');
    push_digits(out, seconds % 60, 2);
    let fraction = of_day % MICROS_PER_SECOND;
    if fraction != 0 {
        out.push('.');
        if fraction % 1_000 == 0 {
            push_digits(out, fraction / 1_000, 3);
        } else {
            push_digits(out, fraction, 6);
        }
    }
    if utc {
        out.push('Z');
    }
}

/// Appends `2013-01-31`, for days since 1970.
pub(super) fn write_date(out: &mut String, days: i32) {
    if let Some((year, month, day)) = common_date(days.into()) {
        return write_date_parts(out, year, month, day);
    }
    match NaiveDate::from_num_days_from_ce_opt(days.saturating_add(EPOCH_DAY_FROM_CE)) {
        Some(date) => out.push_str(&date.to_string()),
        None => out.push_str(&days.to_string()),
    }
}

fn write_date_parts(out: &mut String, year: i64, month: i64, day: i64) {
    push_digits(out, year, 4);
    out.push('-');
    push_digits(out, month, 2);
    out.push('-');
    push_digits(out, day, 2);
}

/// Year, month and day of a day since 1970, for years of four digits.
///
/// Days are counted from the first of March of the year 0, so that the leap
/// day is the last of its year (Howard Hinnant, `chrono`-compatible date
/// algorithms).
fn common_date(days: i64) -> Option<(i64, i64, i64)> {
    const MARCH_OF_YEAR_0: i64 = -719_468;
    const LAST: i64 = 2_932_896;
    let from_march = days - MARCH_OF_YEAR_0;
    if from_march < 0 || days > LAST {
        return None;
    }
    let era = from_march / 146_097;
    let of_era = from_march % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Some((year_of_era + era * 400 + i64::from(month <= 2), month, day))
}

/// Appends the last `width` digits of a number.
fn push_digits(out: &mut String, number: i64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_digit_years_is_written_as_chrono_writes_it() {
        for days in (-719_468..=2_932_896).step_by(7).chain([2_932_896, 2_932_897, -719_469]) {
            let mut text = String::new();
            write_date(&mut text, days);
            let date = NaiveDate::from_num_days_from_ce_opt(days + EPOCH_DAY_FROM_CE).unwrap();
            assert_eq!(text, date.to_string());
        }
    }

    #[test]
    fn moments_are_written_as_chrono_writes_them() {
        for micros in [
            0,
            -1,
            1,
            1_500_000,
            1_356_998_400_123_000,
            -62_135_596_800_000_000,
            253_402_300_799_999_999,
            i64::from(u32::MAX) * 10_000_000,
        ] {
            let mut text = String::new();
            write_moment(&mut text, micros, true);
            let time = DateTime::<Utc>::from_timestamp_micros(micros).unwrap();
            assert_eq!(text, time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
    }

    #[test]
    fn zones_and_fractions_are_read() {
        let utc = |text: &str| parse(text).unwrap().utc_micros().unwrap();
        assert_eq!(utc("1970-01-01 00:00:01"), 1_000_000);
        assert_eq!(utc("1970-01-01T02:00:00+02:00"), 0);
        assert_eq!(utc("1970-01-01 00:00:00 -0130"), 5_400_000_000);
        assert_eq!(utc("1970-01-01 0:00 UTC"), 0);
        assert_eq!(utc("1/2/1970"), 86_400_000_000);
        assert_eq!(utc("1969-12-31 24:00"), 0);
        assert_eq!(utc("1970-01-01 00:00:00.0000015"), 2);
        assert_eq!(parse("1970-01-01 00:00:00 CET"), Err(MomentError::Syntax));
        assert_eq!(parse("1970-02-30"), Err(MomentError::Range));
        assert_eq!(parse("1970-01-01x"), Err(MomentError::Syntax));
        assert_eq!(parse("-1/2/1970"), Err(MomentError::Syntax));
    }
}
