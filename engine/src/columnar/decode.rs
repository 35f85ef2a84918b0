//! From JSON objects to columns.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, NullBufferBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use bytes::Bytes;
use microprolly_storage::StorageError;

use crate::error::{EngineError, Result, Violation};
use crate::schema::{Column, ColumnType, Fields, GENERATED_KEY_COLUMN, RowKey, TypeDefinition, Value};

/// A column to decode: a declared one, or the generated key.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    GeneratedKey,
    Field(&'a Column),
}

impl<'a> Wanted<'a> {
    /// What stands at a position of [`TypeDefinition::arrow_schema`]; none
    /// past the last column.
    pub(crate) fn of(definition: &'a TypeDefinition, position: usize) -> Option<Self> {
        match position.checked_sub(usize::from(definition.has_generated_key())) {
            Some(index) => definition.columns.get(index).map(Self::Field),
            None => Some(Self::GeneratedKey),
        }
    }
}

/// Decodes some columns of rows that are given one by one.
pub(crate) struct RowDecoder<'a> {
    definition: &'a TypeDefinition,
    columns: Vec<(Wanted<'a>, ColumnBuilder)>,
    rows: usize,
    /// Of the wanted fields of all rows so far, as JSON.
    bytes: usize,
}

impl<'a> RowDecoder<'a> {
    pub(crate) fn new(definition: &'a TypeDefinition, wanted: impl IntoIterator<Item = Wanted<'a>>) -> Self {
        let columns = wanted
            .into_iter()
            .map(|wanted| {
                let builder = match wanted {
                    Wanted::GeneratedKey => ColumnBuilder::new(&ColumnType::TEXT),
                    Wanted::Field(column) => ColumnBuilder::new(&column.column_type),
                };
                (wanted, builder)
            })
            .collect();
        Self { definition, columns, rows: 0, bytes: 0 }
    }

    /// How many bytes of JSON the columns so far were decoded from.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Decodes one more row.
    ///
    /// # Errors
    /// When a field is not what its column says: a row that was written before
    /// the type was defined as it is now.
    pub(crate) fn push(&mut self, key: &Bytes, value: &[u8]) -> Result<()> {
        let refuse = |column: &str, violation, reason: String| EngineError::InvalidValue {
            key: key.clone(),
            column: Some(column.to_owned()),
            reason: format!(
                "row \"{}\" does not fit table \"{}\": {reason}",
                key.escape_ascii(),
                self.definition.name
            ),
            violation,
        };
        let fields = Fields::of(value)
            .ok_or_else(|| refuse("", Violation::Malformed, "its value is not a JSON object".to_owned()))?;
        // Rows that SQL wrote have their fields in the order of the columns,
        // so the next column is nearly always the one after the last match.
        let mut expected = 0;
        for (name, json) in fields {
            let matches = |(wanted, _): &(Wanted<'_>, ColumnBuilder)| match wanted {
                Wanted::GeneratedKey => false,
                Wanted::Field(column) => column.is_named(name),
            };
            let index = match self.columns.get(expected) {
                Some(column) if matches(column) => Some(expected),
                _ => self.columns.iter().position(matches),
            };
            let Some(index) = index else { continue };
            let Some((Wanted::Field(column), builder)) = self.columns.get_mut(index) else { continue };
            if builder.len() > self.rows {
                continue;
            }
            let value = Value::parse(json, &column.column_type).map_err(|failure| {
                refuse(
                    &column.name,
                    failure.violation,
                    format!("column \"{}\": {}", column.name, failure.reason),
                )
            })?;
            builder.append(value)?;
            self.bytes += json.len();
            expected = index + 1;
        }
        for (wanted, builder) in &mut self.columns {
            if builder.len() > self.rows {
                continue;
            }
            match wanted {
                Wanted::GeneratedKey => match RowKey::id_of(&self.definition.name, key) {
                    Some(id) => {
                        builder.append(Value::Text(id.into()))?;
                        self.bytes += id.len();
                    }
                    None => {
                        return Err(refuse(
                            GENERATED_KEY_COLUMN,
                            Violation::KeyMismatch,
                            "its key is not UTF-8".to_owned(),
                        ));
                    }
                },
                Wanted::Field(_) => builder.append(Value::Null)?,
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Leaves out a row: all of its columns are null.
    pub(crate) fn push_absent(&mut self) -> Result<()> {
        self.rows += 1;
        self.columns.iter_mut().try_for_each(|(_, builder)| builder.append(Value::Null))
    }

    /// The columns, in the order in which they were wanted.
    pub(crate) fn finish(self) -> Vec<ArrayRef> {
        self.columns.into_iter().map(|(_, builder)| builder.finish()).collect()
    }
}

/// An Arrow builder for each kind of column.
pub(crate) enum ColumnBuilder {
    Boolean(BooleanBuilder),
    SmallInt(Int16Builder),
    Integer(Int32Builder),
    BigInt(Int64Builder),
    Real(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Bytes(BinaryBuilder),
    List(Box<ListColumnBuilder>),
}

impl ColumnBuilder {
    pub(crate) fn new(column_type: &ColumnType) -> Self {
        match column_type {
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::SmallInt => Self::SmallInt(Int16Builder::new()),
            ColumnType::Integer => Self::Integer(Int32Builder::new()),
            ColumnType::BigInt => Self::BigInt(Int64Builder::new()),
            ColumnType::Real => Self::Real(Float32Builder::new()),
            ColumnType::DoublePrecision => Self::Double(Float64Builder::new()),
            ColumnType::Numeric { .. } => {
                Self::Decimal(Decimal128Builder::new().with_data_type(column_type.arrow()))
            }
            ColumnType::Text { .. } | ColumnType::Uuid | ColumnType::Jsonb => {
                Self::Text(StringBuilder::new())
            }
            ColumnType::Timestamp | ColumnType::TimestampTz => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(column_type.arrow()))
            }
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Bytea => Self::Bytes(BinaryBuilder::new()),
            ColumnType::Array(element) => {
                Self::List(Box::new(ListColumnBuilder::new(&element.column_type())))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Boolean(builder) => builder.len(),
            Self::SmallInt(builder) => builder.len(),
            Self::Integer(builder) => builder.len(),
            Self::BigInt(builder) => builder.len(),
            Self::Real(builder) => builder.len(),
            Self::Double(builder) => builder.len(),
            Self::Decimal(builder) => builder.len(),
            Self::Text(builder) => builder.len(),
            Self::Timestamp(builder) => builder.len(),
            Self::Date(builder) => builder.len(),
            Self::Bytes(builder) => builder.len(),
            Self::List(builder) => builder.lengths.len(),
        }
    }

    pub(crate) fn append(&mut self, value: Value<'_>) -> Result<()> {
        match (self, value) {
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(value),
            (Self::Boolean(builder), Value::Null) => builder.append_null(),
            (Self::SmallInt(builder), Value::Integer(value)) => match i16::try_from(value) {
                Ok(value) => builder.append_value(value),
                Err(_) => return Err(mismatch()),
            },
            (Self::SmallInt(builder), Value::Null) => builder.append_null(),
            (Self::Integer(builder), Value::Integer(value)) => match i32::try_from(value) {
                Ok(value) => builder.append_value(value),
                Err(_) => return Err(mismatch()),
            },
            (Self::Integer(builder), Value::Null) => builder.append_null(),
            (Self::BigInt(builder), Value::Integer(value)) => builder.append_value(value),
            (Self::BigInt(builder), Value::Null) => builder.append_null(),
            (Self::Real(builder), Value::Real(value)) => builder.append_value(value),
            (Self::Real(builder), Value::Null) => builder.append_null(),
            (Self::Double(builder), Value::Double(value)) => builder.append_value(value),
            (Self::Double(builder), Value::Null) => builder.append_null(),
            (Self::Decimal(builder), Value::Decimal { unscaled, .. }) => builder.append_value(unscaled),
            (Self::Decimal(builder), Value::Null) => builder.append_null(),
            (Self::Text(builder), Value::Text(text) | Value::Json(text)) => {
                check_room(builder.values_slice().len(), text.len())?;
                builder.append_value(text);
            }
            (Self::Text(builder), Value::Null) => builder.append_null(),
            (Self::Timestamp(builder), Value::Timestamp(micros) | Value::TimestampTz(micros)) => {
                builder.append_value(micros);
            }
            (Self::Timestamp(builder), Value::Null) => builder.append_null(),
            (Self::Date(builder), Value::Date(days)) => builder.append_value(days),
            (Self::Date(builder), Value::Null) => builder.append_null(),
            (Self::Bytes(builder), Value::Bytes(bytes)) => {
                check_room(builder.values_slice().len(), bytes.len())?;
                builder.append_value(bytes);
            }
            (Self::Bytes(builder), Value::Null) => builder.append_null(),
            (Self::List(builder), Value::Array(values)) => builder.append(values)?,
            (Self::List(builder), Value::Null) => builder.append_null(),
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::SmallInt(mut builder) => Arc::new(builder.finish()),
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::BigInt(mut builder) => Arc::new(builder.finish()),
            Self::Real(mut builder) => Arc::new(builder.finish()),
            Self::Double(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Timestamp(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
            Self::List(builder) => builder.finish(),
        }
    }
}

/// Arrays of primitives: the elements of all rows in one builder, and how many
/// each row has.
pub(crate) struct ListColumnBuilder {
    element: ColumnType,
    elements: ColumnBuilder,
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl ListColumnBuilder {
    fn new(element: &ColumnType) -> Self {
        Self {
            element: element.clone(),
            elements: ColumnBuilder::new(element),
            lengths: Vec::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }

    fn append(&mut self, values: Vec<Value<'_>>) -> Result<()> {
        self.lengths.push(values.len());
        self.nulls.append_non_null();
        values.into_iter().try_for_each(|value| self.elements.append(value))
    }

    fn append_null(&mut self) {
        self.lengths.push(0);
        self.nulls.append_null();
    }

    fn finish(mut self) -> ArrayRef {
        let field = Arc::new(Field::new_list_field(self.element.arrow(), true));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Arc::new(ListArray::new(field, offsets, self.elements.finish(), self.nulls.finish()))
    }
}

/// Bytes that a column of text or bytes can hold: Arrow counts them in 32 bits,
/// and its builders panic beyond.
const COLUMN_BYTES_MAX: usize = i32::MAX as usize;

fn check_room(held: usize, more: usize) -> Result<()> {
    let len = held.saturating_add(more);
    if len > COLUMN_BYTES_MAX {
        return Err(StorageError::TooLarge { what: "column of a batch", len, max: COLUMN_BYTES_MAX }.into());
    }
    Ok(())
}

/// A parsed value always fits the builder of the type it was parsed for.
fn mismatch() -> EngineError {
    StorageError::corrupt("a decoded column", "a value does not fit its own type").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_would_be_too_long_is_an_error() {
        assert!(check_room(COLUMN_BYTES_MAX - 1, 1).is_ok());
        let failure = check_room(COLUMN_BYTES_MAX, 1).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "column of a batch of 2147483648 bytes is over the limit of 2147483647 bytes"
        );
    }
}
