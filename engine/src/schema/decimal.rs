//! NUMERIC from text, that of JSON as well as that of SQL.

use std::num::IntErrorKind;

/// Why text is no decimal of a precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecimalError {
    /// It does not read as a number.
    Syntax,
    /// It does, but has more digits before the point than the precision allows.
    Range,
}

/// Reads a decimal in units of its last digit, rounded half away from zero.
pub(super) fn parse(text: &str, precision: u8, scale: i8) -> Result<i128, DecimalError> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if ["nan", "inf", "infinity"].iter().any(|name| rest.eq_ignore_ascii_case(name.as_bytes())) {
        return Err(DecimalError::Range);
    }
    let (mantissa, exponent) = match rest.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        None => (rest, 0),
        Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or_default());
    if whole.len() + fraction.len() == 0 || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(DecimalError::Syntax);
    }
    let limit = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
    // Digits that count: those of the whole part, and as many behind it as the
    // scale and the exponent say.
    let wanted = whole.len() as i64 + i64::from(exponent) + i64::from(scale);
    let mut digits = whole.iter().chain(fraction).map(|digit| i128::from(digit - b'0'));
    let mut unscaled = 0_i128;
    for _ in 0..wanted {
        let digit = match digits.next() {
            Some(digit) => digit,
            None if unscaled == 0 => break,
            None => 0,
        };
        unscaled = unscaled
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
            .filter(|value| *value < limit)
            .ok_or(DecimalError::Range)?;
    }
    if wanted >= 0 && digits.next().is_some_and(|digit| digit >= 5) {
        // It is below the limit, so there is one more.
        unscaled += 1;
    }
    if unscaled >= limit {
        return Err(DecimalError::Range);
    }
    Ok(if negative { -unscaled } else { unscaled })
}

fn exponent(digits: &[u8]) -> Result<i32, DecimalError> {
    let digits = std::str::from_utf8(digits).map_err(|_| DecimalError::Syntax)?;
    digits.parse::<i32>().map_err(|failure| match failure.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => DecimalError::Range,
        _ => DecimalError::Syntax,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_to_their_scale() {
        for (text, expected) in [
            ("1.005", 101),
            ("-1.005", -101),
            ("1.0049999", 100),
            ("1.999", 200),
            ("1.5e2", 15_000),
            (".5", 50),
            ("5.", 500),
            ("1e-9", 0),
            ("6e-3", 1),
            ("4e-3", 0),
            ("+007", 700),
            ("0e2147483647", 0),
            ("1e-2147483648", 0),
            ("9999.994", 999_999),
            ("-9999.99", -999_999),
        ] {
            assert_eq!(parse(text, 6, 2), Ok(expected), "{text}");
        }
    }

    /// A parser that counted digits and exponents in 8 and 16 bits took the
    /// first of these for 1 and let the second wrap round.
    #[test]
    fn no_number_of_digits_or_exponent_overflows() {
        let long = format!("1{}", "0".repeat(256));
        let nines = "9".repeat(38);
        let rounds_up = format!("{nines}.5");
        let max = format!("{}.5", i128::MAX);
        for text in ["1e65536", &long, &rounds_up, &max, "1e2147483647", "1e99999999999"] {
            for text in [text.to_owned(), format!("-{text}")] {
                assert_eq!(parse(&text, 38, 0), Err(DecimalError::Range), "{text}");
            }
        }
        assert_eq!(parse(&nines, 38, 0), Ok(10_i128.pow(38) - 1));
        assert_eq!(parse(&format!("{}1", "0".repeat(300)), 38, 0), Ok(1));
        assert_eq!(parse("9999.995", 6, 2), Err(DecimalError::Range));
        assert_eq!(parse("NaN", 6, 2), Err(DecimalError::Range));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "e1", "1e", "1e+", "1.2.3", "1x", "1e1.5", "--1", "+-1", "1 2"] {
            assert_eq!(parse(text, 6, 2), Err(DecimalError::Syntax), "{text}");
        }
    }
}
