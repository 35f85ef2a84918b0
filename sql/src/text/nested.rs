//! Arrays and records.

use arrow::array::timezone::Tz;
use arrow::array::{Array, StructArray};
use arrow::datatypes::DataType;
use bytes::BufMut;

use super::write_text_in;
use crate::error::SqlError;

/// `{a,"b c",NULL}`. Lists of lists are arrays of more dimensions.
pub(super) fn write_list(
    out: &mut impl BufMut,
    elements: &dyn Array,
    zone: Option<Tz>,
) -> Result<(), SqlError> {
    let nested = is_list(elements.data_type());
    out.put_u8(b'{');
    let mut text = Vec::new();
    for index in 0..elements.len() {
        if index > 0 {
            out.put_u8(b',');
        }
        if is_null(elements, index) {
            out.put_slice(b"NULL");
            continue;
        }
        text.clear();
        write_text_in(elements, index, zone, &mut text)?;
        let special = |byte: &u8| matches!(byte, b'{' | b'}' | b'"' | b'\\' | b',') || is_space(*byte);
        let plain = !text.is_empty() && !text.eq_ignore_ascii_case(b"null") && !text.iter().any(special);
        if nested || plain {
            out.put_slice(&text);
        } else {
            write_quoted(out, &text, |_| b'\\');
        }
    }
    out.put_u8(b'}');
    Ok(())
}

/// `(1,"x y",)`; a null is nothing at all.
pub(super) fn write_record(
    out: &mut impl BufMut,
    records: &StructArray,
    row: usize,
    zone: Option<Tz>,
) -> Result<(), SqlError> {
    out.put_u8(b'(');
    let mut text = Vec::new();
    for (index, column) in records.columns().iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        if is_null(column, row) {
            continue;
        }
        text.clear();
        write_text_in(column, row, zone, &mut text)?;
        let special = |byte: &u8| matches!(byte, b'(' | b')' | b'"' | b'\\' | b',') || is_space(*byte);
        if text.is_empty() || text.iter().any(special) {
            write_quoted(out, &text, |byte| byte);
        } else {
            out.put_slice(&text);
        }
    }
    out.put_u8(b')');
    Ok(())
}

fn is_list(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(_, _)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
    )
}

fn is_null(array: &dyn Array, row: usize) -> bool {
    array.is_null(row) || array.data_type() == &DataType::Null
}

/// White space as Postgres' parser of arrays and records sees it.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Text in quotes. `escape` is what stands before a quote or backslash: arrays
/// escape with a backslash, records double.
fn write_quoted(out: &mut impl BufMut, text: &[u8], escape: fn(u8) -> u8) {
    out.put_u8(b'"');
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(escape(byte));
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}
