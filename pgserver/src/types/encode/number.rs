//! Numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, PrimitiveArray, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, UInt32Type};
use bytes::{BufMut, BytesMut};
use microprolly_sql::text::write_text;
use microprolly_sql::{SqlError, SqlState};

use super::{BinaryEncoder, cannot_write};

pub(super) struct Int16s(pub(super) PrimitiveArray<Int16Type>);
pub(super) struct Int32s(pub(super) PrimitiveArray<Int32Type>);
pub(super) struct Int64s(pub(super) PrimitiveArray<Int64Type>);
pub(super) struct Float32s(pub(super) PrimitiveArray<Float32Type>);
pub(super) struct Float64s(pub(super) PrimitiveArray<Float64Type>);
/// Object identifiers, which have 32 bits and no sign.
pub(super) struct Oids(pub(super) PrimitiveArray<UInt32Type>);
/// Decimals of any width.
pub(super) struct Numerics(pub(super) ArrayRef);

/// Object identifiers as they are: a catalog keeps them in 32 bits with a sign, and the upper half of them
/// shows as negative there.
pub(super) fn without_sign(array: &ArrayRef) -> Result<ArrayRef, SqlError> {
    let array = cast(array, &DataType::Int64).map_err(cannot_write)?;
    let oids: UInt32Array = array.as_primitive::<Int64Type>().unary(|oid| oid as u32);
    Ok(Arc::new(oids))
}

impl BinaryEncoder for Int16s {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i16(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Int32s {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i32(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Int64s {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Oids {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_u32(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Float32s {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_f32(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Float64s {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_f64(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Numerics {
    /// Groups of four decimal digits, aligned to the point: what the text says.
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        const POSITIVE: u16 = 0x0000;
        const NEGATIVE: u16 = 0x4000;
        let mut text = Vec::new();
        write_text(&*self.0, row, &mut text)?;
        let text =
            std::str::from_utf8(&text).map_err(|_| SqlError::internal("a numeric that is not digits"))?;
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0');
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
}
