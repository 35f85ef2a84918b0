//! Numbers, and bytes as numbers.

use std::fmt::Display;
use std::io::Write;

use bytes::BufMut;

/// Exponents from which numbers of the two precisions are written with one.
const F32_EXPONENT_MIN: i32 = 6;
const F64_EXPONENT_MIN: i32 = 15;

pub(super) fn display(out: &mut impl BufMut, value: impl Display) {
    write!(out.writer(), "{value}").expect("writing to memory cannot fail");
}

/// A REAL, whose shortest digits differ from those of the same number as
/// DOUBLE PRECISION.
pub(super) fn write_f32(out: &mut impl BufMut, value: f32) {
    write_float(out, value.into(), &format!("{value:e}"), F32_EXPONENT_MIN);
}

pub(super) fn write_f64(out: &mut impl BufMut, value: f64) {
    write_float(out, value, &format!("{value:e}"), F64_EXPONENT_MIN);
}

/// The fewest digits that read back as the same number, with an exponent when
/// it is below -4 or at least `exponent_min`. `shortest` are those digits in
/// scientific notation.
fn write_float(out: &mut impl BufMut, value: f64, shortest: &str, exponent_min: i32) {
    if value.is_nan() {
        return out.put_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.put_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.put_slice(sign.as_bytes());
    if exponent < -4 || exponent >= exponent_min {
        let sign = if exponent < 0 { '-' } else { '+' };
        return display(out, format_args!("{mantissa}e{sign}{:02}", exponent.abs()));
    }
    let digits = mantissa.replace('.', "");
    if exponent < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', (-exponent - 1) as usize);
        return out.put_slice(digits.as_bytes());
    }
    let whole = exponent as usize + 1;
    match digits.split_at_checked(whole) {
        Some((digits, "")) => out.put_slice(digits.as_bytes()),
        Some((digits, fraction)) => {
            out.put_slice(digits.as_bytes());
            out.put_u8(b'.');
            out.put_slice(fraction.as_bytes());
        }
        None => {
            out.put_slice(digits.as_bytes());
            out.put_bytes(b'0', whole - digits.len());
        }
    }
}

/// A decimal with its point, from the number without it. All digits of the
/// scale are written.
pub(super) fn write_decimal(out: &mut impl BufMut, unscaled: impl Display, scale: i8) {
    let unscaled = unscaled.to_string();
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled.as_str()),
    };
    out.put_slice(sign.as_bytes());
    let Ok(scale) = usize::try_from(scale) else {
        out.put_slice(digits.as_bytes());
        if digits != "0" {
            out.put_bytes(b'0', usize::from(scale.unsigned_abs()));
        }
        return;
    };
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    out.put_slice(if whole.is_empty() { b"0" } else { whole.as_bytes() });
    if scale > 0 {
        out.put_u8(b'.');
        out.put_bytes(b'0', scale - fraction.len());
        out.put_slice(fraction.as_bytes());
    }
}

/// `\x` and two hexadecimal digits for each byte.
pub(super) fn write_bytes(out: &mut impl BufMut, bytes: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    out.put_slice(b"\\x");
    for byte in bytes {
        out.put_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
