//! Arrays and records.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ListArray, StructArray};
use arrow::datatypes::{Field, Fields};
use bytes::{BufMut, BytesMut};
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;

use super::super::{Format, pg_type};
use super::{BinaryEncoder, ColumnEncoder};

/// Arrays: lists, or lists of lists, which are arrays of more dimensions.
pub(super) struct Lists {
    lists: ListArray,
    elements: Elements,
}

enum Elements {
    /// What a list of the last dimension holds.
    Values(ColumnEncoder, Type),
    /// Further dimensions.
    Lists(Box<Lists>),
}

impl Lists {
    pub(super) fn new(lists: &ListArray, element: &Field, timezone: Tz) -> Result<Self, SqlError> {
        let values = super::plain(lists.values())?;
        let elements = match values.as_any().downcast_ref::<ListArray>() {
            Some(inner) => {
                let arrow::datatypes::DataType::List(element) = inner.data_type() else {
                    return Err(SqlError::internal("a list that is none"));
                };
                Elements::Lists(Box::new(Self::new(inner, element, timezone)?))
            }
            None => Elements::Values(ColumnEncoder::new(&values, element, timezone)?, pg_type(element)),
        };
        Ok(Self { lists: lists.clone(), elements })
    }

    /// The positions of a row's elements among the values.
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let offsets = self.lists.value_offsets();
        let at = |index: usize| offsets.get(index).map_or(0, |&offset| offset as usize);
        at(row)..at(row + 1)
    }

    /// The lengths of all dimensions of a row's array; all parts of a dimension are of one length in
    /// PostgreSQL. An array without elements has no dimensions.
    fn dimensions(&self, row: usize) -> Result<Vec<usize>, SqlError> {
        let range = self.range(row);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut dimensions = vec![range.len()];
        if let Elements::Lists(inner) = &self.elements {
            let uneven = || {
                SqlError::new(
                    SqlState::DATA_EXCEPTION,
                    "multidimensional arrays must have sub-arrays with matching dimensions",
                )
            };
            let mut expected: Option<Vec<usize>> = None;
            for index in range {
                if inner.lists.is_null(index) {
                    return Err(uneven());
                }
                let found = inner.dimensions(index)?;
                if expected.as_ref().is_some_and(|expected| *expected != found) {
                    return Err(uneven());
                }
                expected = Some(found);
            }
            match expected {
                Some(inner) if inner.is_empty() => return Ok(Vec::new()),
                Some(inner) => dimensions.extend(inner),
                None => {}
            }
        }
        Ok(dimensions)
    }

    fn element_type(&self) -> &Type {
        match &self.elements {
            Elements::Values(_, element) => element,
            Elements::Lists(inner) => inner.element_type(),
        }
    }

    fn binary_elements(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        for index in self.range(row) {
            match &self.elements {
                Elements::Values(values, _) => values.value(index, Format::Binary, out)?,
                Elements::Lists(inner) => inner.binary_elements(index, out)?,
            }
        }
        Ok(())
    }
}

impl BinaryEncoder for Lists {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let dimensions = self.dimensions(row)?;
        out.put_i32(dimensions.len() as i32);
        // Whether there are nulls; the reader does not depend on it.
        out.put_i32(1);
        out.put_u32(self.element_type().oid());
        for length in &dimensions {
            out.put_i32(i32::try_from(*length).map_err(|_| {
                SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "an array is too long for the protocol")
            })?);
            // Arrays are counted from 1.
            out.put_i32(1);
        }
        if dimensions.is_empty() { Ok(()) } else { self.binary_elements(row, out) }
    }
}

/// Rows within a column.
pub(super) struct Records(Vec<(ColumnEncoder, Type)>);

impl Records {
    pub(super) fn new(records: &StructArray, fields: &Fields, timezone: Tz) -> Result<Self, SqlError> {
        let columns = records.columns().iter().zip(fields);
        let encoders = columns
            .map(|(array, field)| Ok((ColumnEncoder::new(array, field, timezone)?, pg_type(field))))
            .collect::<Result<_, SqlError>>()?;
        Ok(Self(encoders))
    }
}

impl BinaryEncoder for Records {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i32(self.0.len() as i32);
        for (column, pg_type) in &self.0 {
            out.put_u32(pg_type.oid());
            column.value(row, Format::Binary, out)?;
        }
        Ok(())
    }
}
