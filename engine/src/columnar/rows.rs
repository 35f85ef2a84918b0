//! Rows that lie in no scan, such as the two sides of a difference.

use arrow::array::ArrayRef;
use bytes::Bytes;

use super::decode::{ColumnBuilder, RowDecoder, Wanted};
use crate::error::Result;
use crate::schema::{ColumnType, TypeDefinition, Value};

/// Decodes some columns of rows of a type, by position in
/// [`TypeDefinition::arrow_schema`]: one array for each, in the order of
/// `projection`. A row that is none is null in every column. Positions past
/// the last column give no array.
///
/// # Errors
/// When a row does not fit the type: it was written before the type was
/// defined as it is now.
pub fn decode_rows<'a>(
    definition: &TypeDefinition,
    projection: &[usize],
    rows: impl IntoIterator<Item = Option<(&'a Bytes, &'a [u8])>>,
) -> Result<Vec<ArrayRef>> {
    let wanted = projection.iter().filter_map(|&position| Wanted::of(definition, position));
    let mut decoder = RowDecoder::new(definition, wanted);
    for row in rows {
        match row {
            Some((key, value)) => decoder.push(key, value)?,
            None => decoder.push_absent()?,
        }
    }
    Ok(decoder.finish())
}

/// Values of one column as an Arrow array of its type.
///
/// # Errors
/// When a value is not of the column's type.
pub fn column_of<'a>(
    values: impl IntoIterator<Item = Value<'a>>,
    column_type: &ColumnType,
) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::new(column_type);
    values.into_iter().try_for_each(|value| builder.append(value))?;
    Ok(builder.finish())
}
