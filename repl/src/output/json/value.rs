//! A value as JSON, read from Arrow. What has no form of its own in JSON is the text that PostgreSQL writes.

use std::io::Write;

use arrow::array::{Array, AsArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use microprolly_sql::SqlError;
use microprolly_sql::text::write_text;

use super::super::cell::is_null;
use super::super::type_name::is_json;
use super::string::{write_embedded, write_string};
use super::time::Moment;

/// Longest chain of types within types that is written out: arrays of structs of arrays …
const MAX_NESTING: usize = 64;

/// Appends the value in this row of a column.
pub(super) fn write_value(
    array: &dyn Array,
    field: &Field,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    write_nested(array, field, row, 0, out)
}

fn write_nested(
    array: &dyn Array,
    field: &Field,
    row: usize,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    if is_null(array, row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    if depth > MAX_NESTING {
        return write_as_text(array, row, out);
    }
    match array.data_type() {
        DataType::Boolean => {
            out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" });
        }
        number if number.is_numeric() => write_number(array, row, out)?,
        DataType::Utf8 => write_characters(array.as_string::<i32>().value(row), field, out),
        DataType::LargeUtf8 => write_characters(array.as_string::<i64>().value(row), field, out),
        DataType::Utf8View => write_characters(array.as_string_view().value(row), field, out),
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _) => match Moment::read(array, row) {
            Some(moment) => write!(out, "\"{moment}\"").expect("writing to memory cannot fail"),
            None => write_as_text(array, row, out)?,
        },
        DataType::List(item) => write_list(&*array.as_list::<i32>().value(row), item, depth, out)?,
        DataType::LargeList(item) => write_list(&*array.as_list::<i64>().value(row), item, depth, out)?,
        DataType::FixedSizeList(item, _) => {
            write_list(&*array.as_fixed_size_list().value(row), item, depth, out)?;
        }
        DataType::Struct(fields) => write_struct(array.as_struct(), fields, row, depth, out)?,
        DataType::Map(_, _) => write_map(array, row, depth, out)?,
        DataType::Dictionary(_, values) => {
            let value = cast(&array.slice(row, 1), values)
                .map_err(|error| SqlError::internal(format!("a dictionary cannot be read: {error}")))?;
            write_nested(&*value, field, 0, depth + 1, out)?;
        }
        _ => write_as_text(array, row, out)?,
    }
    Ok(())
}

/// Appends a number with all its digits. JSON has no NaN and no infinities: they are strings.
fn write_number(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    let begin = out.len();
    write_text(array, row, out)?;
    if !out.last().is_some_and(u8::is_ascii_digit) {
        out.insert(begin, b'"');
        out.push(b'"');
    }
    Ok(())
}

fn write_characters(text: &str, field: &Field, out: &mut Vec<u8>) {
    if is_json(field) { write_embedded(text, out) } else { write_string(text, out) }
}

fn write_list(elements: &dyn Array, item: &Field, depth: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    out.push(b'[');
    for index in 0..elements.len() {
        if index > 0 {
            out.push(b',');
        }
        write_nested(elements, item, index, depth + 1, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_struct(
    records: &StructArray,
    fields: &Fields,
    row: usize,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    out.push(b'{');
    for (index, (column, field)) in records.columns().iter().zip(fields).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(field.name(), out);
        out.push(b':');
        write_nested(column, field, row, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_map(array: &dyn Array, row: usize, depth: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    let entries = array.as_map().value(row);
    let [keys, values] = entries.columns() else { return write_as_text(array, row, out) };
    let Some(value_field) = entries.fields().get(1) else { return write_as_text(array, row, out) };
    out.push(b'{');
    for index in 0..entries.len() {
        if index > 0 {
            out.push(b',');
        }
        write_as_text(keys, index, out)?;
        out.push(b':');
        write_nested(values, value_field, index, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Appends the text of a value as a string.
fn write_as_text(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), SqlError> {
    let mut text = Vec::new();
    write_text(array, row, &mut text)?;
    write_string(&String::from_utf8_lossy(&text), out);
    Ok(())
}
