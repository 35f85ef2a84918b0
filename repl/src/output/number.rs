//! Floating-point numbers as PostgreSQL writes them: the shortest digits that read back as the same number,
//! with an exponent only where the plain form is long.

use std::fmt::{self, Write};

/// Smallest decimal exponent that is written without an exponent.
const MIN_PLAIN_EXPONENT: i32 = -4;
/// Decimal exponent from which REAL is written with one.
const FLOAT32_EXPONENT_FROM: i32 = 6;
/// Decimal exponent from which DOUBLE PRECISION is written with one.
const FLOAT64_EXPONENT_FROM: i32 = 15;

/// Appends a finite REAL.
pub(super) fn write_float32(number: f32, out: &mut impl Write) -> fmt::Result {
    write_shortest(&format!("{number:e}"), FLOAT32_EXPONENT_FROM, out)
}

/// Appends a finite DOUBLE PRECISION.
pub(super) fn write_float64(number: f64, out: &mut impl Write) -> fmt::Result {
    write_shortest(&format!("{number:e}"), FLOAT64_EXPONENT_FROM, out)
}

/// Lays out what Rust writes as `-1.25e3`.
fn write_shortest(scientific: &str, exponent_from: i32, out: &mut impl Write) -> fmt::Result {
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return out.write_str(scientific) };
    let Ok(exponent) = exponent.parse::<i32>() else { return out.write_str(scientific) };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.write_str(sign)?;
    if exponent < MIN_PLAIN_EXPONENT || exponent >= exponent_from {
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{mantissa}e{exponent_sign}{:02}", exponent.abs());
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    match usize::try_from(exponent) {
        Ok(exponent) if digits.len() <= exponent + 1 => {
            write!(out, "{digits:0<width$}", width = exponent + 1)
        }
        Ok(exponent) => write!(out, "{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
        Err(_) => {
            let zeros = exponent.unsigned_abs() as usize - 1;
            write!(out, "0.{:0<zeros$}{digits}", "")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn float64(number: f64) -> String {
        let mut text = String::new();
        write_float64(number, &mut text).unwrap();
        text
    }

    #[test]
    fn doubles_read_as_in_postgresql() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (12.5, "12.5"),
            (-1234.0, "-1234"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            assert_eq!(float64(number), text);
        }
    }

    #[test]
    fn reals_have_their_own_shortest_digits() {
        let mut text = String::new();
        write_float32(0.1, &mut text).unwrap();
        text.push(' ');
        write_float32(1_000_000.0, &mut text).unwrap();
        assert_eq!(text, "0.1 1e+06");
    }

    proptest! {
        #[test]
        fn a_written_double_reads_back_as_itself(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(float64(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}
