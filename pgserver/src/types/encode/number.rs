//! Numbers.

use std::fmt::Write;

use arrow::array::{ArrayRef, AsArray, Int64Array, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
};
use bytes::{BufMut, BytesMut};
use microprolly_sql::{SqlError, SqlState};

use super::{Encoder, cannot_write};

pub(super) struct Int16s(pub(super) PrimitiveArray<Int16Type>);
pub(super) struct Int32s(pub(super) PrimitiveArray<Int32Type>);
pub(super) struct Int64s(pub(super) PrimitiveArray<Int64Type>);
pub(super) struct Float32s(pub(super) PrimitiveArray<Float32Type>);
pub(super) struct Float64s(pub(super) PrimitiveArray<Float64Type>);
/// Decimals and their scale.
pub(super) struct Decimal128s(pub(super) PrimitiveArray<Decimal128Type>, pub(super) i8);
/// Decimals and their scale.
pub(super) struct Decimal256s(pub(super) PrimitiveArray<Decimal256Type>, pub(super) i8);
/// Object identifiers, which have 32 bits and no sign.
pub(super) struct Oids(Int64Array);

impl Encoder for Int16s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        display(out, self.0.value(row))
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i16(self.0.value(row));
        Ok(())
    }
}

impl Encoder for Int32s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        display(out, self.0.value(row))
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i32(self.0.value(row));
        Ok(())
    }
}

impl Encoder for Int64s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        display(out, self.0.value(row))
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.0.value(row));
        Ok(())
    }
}

impl Oids {
    pub(super) fn new(array: &ArrayRef) -> Result<Self, SqlError> {
        let array = cast(array, &DataType::Int64).map_err(cannot_write)?;
        Ok(Self(array.as_primitive().clone()))
    }

    /// A catalog keeps identifiers in 32 bits with a sign; the upper half of them shows as negative there.
    fn value(&self, row: usize) -> u32 {
        self.0.value(row) as u32
    }
}

impl Encoder for Oids {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        display(out, self.value(row))
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_u32(self.value(row));
        Ok(())
    }
}

impl Encoder for Float32s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let value = self.0.value(row);
        float(out, value.into(), &format!("{value:e}"), 6)
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_f32(self.0.value(row));
        Ok(())
    }
}

impl Encoder for Float64s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let value = self.0.value(row);
        float(out, value, &format!("{value:e}"), 15)
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_f64(self.0.value(row));
        Ok(())
    }
}

impl Encoder for Decimal128s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        decimal_text(out, &self.0.value(row).to_string(), self.1)
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        decimal_binary(out, &self.0.value(row).to_string(), self.1)
    }
}

impl Encoder for Decimal256s {
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        decimal_text(out, &self.0.value(row).to_string(), self.1)
    }
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        decimal_binary(out, &self.0.value(row).to_string(), self.1)
    }
}

fn display(out: &mut BytesMut, value: impl std::fmt::Display) -> Result<(), SqlError> {
    write!(out, "{value}").map_err(|_| SqlError::internal("a buffer did not grow"))
}

/// A float as PostgreSQL shows it since version 12: the fewest digits that read back as the same number,
/// with an exponent when it is below -4 or at least `exponent_min`. `shortest` are those digits in
/// scientific notation.
fn float(out: &mut BytesMut, value: f64, shortest: &str, exponent_min: i32) -> Result<(), SqlError> {
    if value.is_nan() {
        out.put_slice(b"NaN");
        return Ok(());
    }
    if value.is_infinite() {
        out.put_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
        return Ok(());
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| SqlError::internal("the exponent of a float"))?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.put_slice(sign.as_bytes());
    if exponent < -4 || exponent >= exponent_min {
        out.put_slice(mantissa.as_bytes());
        let sign = if exponent < 0 { '-' } else { '+' };
        return display(out, format_args!("e{sign}{:02}", exponent.abs()));
    }
    let digits: String = mantissa.chars().filter(|&digit| digit != '.').collect();
    if exponent < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', (-exponent - 1) as usize);
        out.put_slice(digits.as_bytes());
        return Ok(());
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
    Ok(())
}

/// A decimal with its point, from the digits of the unscaled number.
fn decimal_text(out: &mut BytesMut, unscaled: &str, scale: i8) -> Result<(), SqlError> {
    let (negative, whole, fraction) = decimal_parts(unscaled, scale);
    if negative {
        out.put_u8(b'-');
    }
    out.put_slice(if whole.is_empty() { b"0" } else { whole.as_bytes() });
    if !fraction.is_empty() {
        out.put_u8(b'.');
        out.put_slice(fraction.as_bytes());
    }
    Ok(())
}

/// Sign, whole digits without leading zeros, and as many fraction digits as the scale says.
fn decimal_parts(unscaled: &str, scale: i8) -> (bool, String, String) {
    let (negative, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, unscaled),
    };
    let digits = digits.trim_start_matches('0');
    let Ok(scale) = usize::try_from(scale) else {
        let zeros = if digits.is_empty() { 0 } else { usize::from(scale.unsigned_abs()) };
        return (negative, format!("{digits}{}", "0".repeat(zeros)), String::new());
    };
    match digits.len().checked_sub(scale) {
        Some(point) => {
            let (whole, fraction) = digits.split_at(point);
            (negative, whole.to_owned(), fraction.to_owned())
        }
        None => (negative, String::new(), format!("{digits:0>scale$}")),
    }
}

/// The binary form of a numeric: groups of four decimal digits, aligned to the point.
fn decimal_binary(out: &mut BytesMut, unscaled: &str, scale: i8) -> Result<(), SqlError> {
    const POSITIVE: u16 = 0x0000;
    const NEGATIVE: u16 = 0x4000;
    let (negative, whole, fraction) = decimal_parts(unscaled, scale);
    let whole_groups = whole.len().div_ceil(4);
    let fraction_groups = fraction.len().div_ceil(4);
    let digits = format!("{whole:0>0$}{fraction:0<1$}", whole_groups * 4, fraction_groups * 4);
    let groups: Vec<u16> = digits
        .as_bytes()
        .chunks(4)
        .map(|group| group.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        .collect();
    let leading = groups.iter().take_while(|&&group| group == 0).count();
    let trailing = groups.iter().rev().take_while(|&&group| group == 0).count();
    let significant = groups.get(leading..groups.len().saturating_sub(trailing)).unwrap_or_default();
    let weight = if significant.is_empty() { 0 } else { whole_groups as i64 - 1 - leading as i64 };
    let too_long =
        |_| SqlError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "a numeric is too long to be sent");
    out.put_u16(u16::try_from(significant.len()).map_err(too_long)?);
    out.put_i16(i16::try_from(weight).map_err(too_long)?);
    out.put_u16(if negative && !significant.is_empty() { NEGATIVE } else { POSITIVE });
    out.put_u16(u16::try_from(fraction.len()).map_err(too_long)?);
    significant.iter().for_each(|&group| out.put_u16(group));
    Ok(())
}
