//! A cell of a table or of CSV.

use std::io;

use arrow::array::Array;
use arrow::datatypes::DataType;
use microprolly_sql::text::write_text;

/// The value in this row as PostgreSQL writes it, kept in `buffer`; none for NULL.
pub(super) fn text<'a>(
    array: &dyn Array,
    row: usize,
    buffer: &'a mut Vec<u8>,
) -> io::Result<Option<&'a str>> {
    if is_null(array, row) {
        return Ok(None);
    }
    buffer.clear();
    write_text(array, row, buffer).map_err(io::Error::other)?;
    std::str::from_utf8(buffer).map(Some).map_err(io::Error::other)
}

/// Whether the value in this row is NULL.
pub(super) fn is_null(array: &dyn Array, row: usize) -> bool {
    array.is_null(row) || array.data_type() == &DataType::Null
}
