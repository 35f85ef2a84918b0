//! Rows that lie in no scan, such as the two sides of a difference.

use arrow::array::ArrayRef;
use bytes::Bytes;

use super::decode::{RowDecoder, Wanted};
use crate::error::Result;
use crate::schema::TypeDefinition;

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
