//! From columns to JSON objects and their keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use bytes::Bytes;

use crate::error::{EngineError, Result, Violation};
use crate::schema::{
    Column, ColumnType, Fields, GENERATED_KEY_COLUMN, RowKey, TypeDefinition, Value, write_string,
};

/// A row as it is stored. Only a [`RowEncoder`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRow {
    key: Bytes,
    value: Bytes,
}

impl EncodedRow {
    /// Its key.
    pub fn key(&self) -> &Bytes {
        &self.key
    }

    /// Its JSON object. Null columns are left out.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    pub(crate) fn into_parts(self) -> (Bytes, Bytes) {
        (self.key, self.value)
    }
}

/// Encodes rows of a type. What it gives needs no further validation.
#[derive(Clone)]
pub struct RowEncoder {
    definition: Arc<TypeDefinition>,
    /// `"name":` of each column.
    names: Vec<Vec<u8>>,
    /// Positions of the key columns among the declared ones, in key order.
    key: Vec<usize>,
}

impl RowEncoder {
    /// An encoder for rows of a type.
    pub fn new(definition: Arc<TypeDefinition>) -> Self {
        let names = definition
            .columns
            .iter()
            .map(|column| {
                let mut name = Vec::with_capacity(column.name.len() + 3);
                write_string(&mut name, &column.name);
                name.push(b':');
                name
            })
            .collect();
        let key = definition.primary_key.iter().filter_map(|name| definition.position(name)).collect();
        Self { definition, names, key }
    }

    /// The type.
    pub fn definition(&self) -> &Arc<TypeDefinition> {
        &self.definition
    }

    /// Positions of the key columns in [`TypeDefinition::arrow_schema`], in
    /// key order: `_id` where the key is generated.
    pub fn key_positions(&self) -> Vec<usize> {
        if self.definition.has_generated_key() { vec![0] } else { self.key.clone() }
    }

    /// Encodes one row of a batch that has the type's
    /// [`TypeDefinition::arrow_schema`]. Fields of `former`, the row that it
    /// replaces, that are not declared are kept.
    ///
    /// # Errors
    /// When a required column is null, or a value is none of its column's.
    pub fn encode(&self, batch: &RecordBatch, row: usize, former: Option<&[u8]>) -> Result<EncodedRow> {
        let values = batch
            .columns()
            .iter()
            .zip(self.column_types())
            .map(|(array, column_type)| value_at(array, row, column_type))
            .collect();
        self.encode_values(values, former)
    }

    /// Encodes one row from its values, in the order of
    /// [`TypeDefinition::arrow_schema`]. Values that are left out at the end
    /// are null.
    ///
    /// # Errors
    /// As for [`RowEncoder::encode`].
    pub fn encode_values(&self, values: Vec<Value<'_>>, former: Option<&[u8]>) -> Result<EncodedRow> {
        let values = values
            .into_iter()
            .zip(self.column_types())
            .enumerate()
            .map(|(position, (value, column_type))| match value {
                Value::Text(_) | Value::Json(_) | Value::Array(_) => {
                    value.into_stored(column_type).map_err(|failure| {
                        self.invalid(self.column_name(position), failure.violation, failure.reason)
                    })
                }
                plain => Ok(plain),
            })
            .collect::<Result<Vec<_>>>()?;
        let key = self.key_of(self.key_positions().into_iter().map(|position| {
            let value = values.get(position).unwrap_or(&Value::Null);
            (self.column_name(position), value)
        }))?;
        let generated = usize::from(self.definition.has_generated_key());
        let mut json = Vec::with_capacity(ROW_BYTES_USUAL);
        json.push(b'{');
        for (position, (column, name)) in self.definition.columns.iter().zip(&self.names).enumerate() {
            let value = values.get(generated + position).unwrap_or(&Value::Null);
            if value.is_null() {
                if column.required {
                    return Err(self.missing(&column.name));
                }
                continue;
            }
            self.check_length(column, value)?;
            separate(&mut json);
            json.extend_from_slice(name);
            value.write_json(&mut json);
        }
        for (name, value) in former.and_then(Fields::of).into_iter().flatten() {
            if !self.definition.columns.iter().any(|column| column.is_named(name)) {
                separate(&mut json);
                json.push(b'"');
                json.extend_from_slice(name);
                json.extend_from_slice(b"\":");
                json.extend_from_slice(value);
            }
        }
        json.push(b'}');
        Ok(EncodedRow { key, value: json.into() })
    }

    /// The key of one row of a batch that has the type's
    /// [`TypeDefinition::arrow_schema`].
    ///
    /// # Errors
    /// When a key column is null.
    pub fn key(&self, batch: &RecordBatch, row: usize) -> Result<Bytes> {
        let columns: Vec<ArrayRef> = self
            .key_positions()
            .into_iter()
            .filter_map(|position| batch.columns().get(position).cloned())
            .collect();
        self.key_from(&columns, row)
    }

    /// The key of one row of which there are the key columns only, in key order.
    ///
    /// # Errors
    /// When one is null.
    pub fn key_from(&self, columns: &[ArrayRef], row: usize) -> Result<Bytes> {
        let values = self
            .key_positions()
            .into_iter()
            .zip(columns)
            .map(|(position, array)| {
                let column_type = self.column_types().nth(position).unwrap_or(&ColumnType::TEXT);
                value_at(array, row, column_type)
                    .into_stored(column_type)
                    .map(|value| (position, value))
                    .map_err(|failure| {
                        self.invalid(self.column_name(position), failure.violation, failure.reason)
                    })
            })
            .collect::<Result<Vec<_>>>()?;
        self.key_of(values.iter().map(|(position, value)| (self.column_name(*position), value)))
    }

    fn key_of<'v, 'a: 'v>(
        &self,
        values: impl ExactSizeIterator<Item = (&'v str, &'v Value<'a>)>,
    ) -> Result<Bytes> {
        let mut key = RowKey::new(&self.definition.name, values.len());
        for (column, value) in values {
            match value {
                Value::Null => return Err(self.missing(column)),
                value => key.push(&value.to_text()),
            }
        }
        Ok(key.into_bytes())
    }

    /// The types of all columns, in the order of the Arrow schema.
    fn column_types(&self) -> impl Iterator<Item = &ColumnType> {
        let generated = self.definition.has_generated_key().then_some(&ColumnType::TEXT);
        generated.into_iter().chain(self.definition.columns.iter().map(|column| &column.column_type))
    }

    /// The name of a column by its position in the Arrow schema.
    fn column_name(&self, position: usize) -> &str {
        let generated = usize::from(self.definition.has_generated_key());
        match position.checked_sub(generated).and_then(|position| self.definition.columns.get(position)) {
            Some(column) => &column.name,
            None => GENERATED_KEY_COLUMN,
        }
    }

    fn missing(&self, column: &str) -> EngineError {
        let reason = format!(
            "null value in column \"{column}\" of table \"{}\" violates its not-null constraint",
            self.definition.name
        );
        self.invalid(column, Violation::Missing, reason)
    }

    fn check_length(&self, column: &Column, value: &Value<'_>) -> Result<()> {
        if let (ColumnType::Text { chars_max: Some(max) }, Value::Text(text)) = (&column.column_type, value)
            && text.chars().count() > *max as usize
        {
            let reason =
                format!("value too long for type {} in column \"{}\"", column.column_type, column.name);
            return Err(self.invalid(&column.name, Violation::OutOfRange, reason));
        }
        Ok(())
    }

    fn invalid(&self, column: &str, violation: Violation, reason: String) -> EngineError {
        let key = RowKey::new(&self.definition.name, 1).into_bytes();
        EngineError::InvalidValue { key, column: Some(column.to_owned()), reason, violation }
    }
}

/// What most rows fit into, in bytes.
const ROW_BYTES_USUAL: usize = 256;

fn separate(json: &mut Vec<u8>) {
    if json.len() > 1 {
        json.push(b',');
    }
}

/// One cell, as its column means it. The array has the column's Arrow type.
fn value_at<'a>(array: &'a dyn Array, row: usize, column_type: &ColumnType) -> Value<'a> {
    if array.is_null(row) {
        return Value::Null;
    }
    match column_type {
        ColumnType::Text { .. } | ColumnType::Uuid => Value::Text(array.as_string::<i32>().value(row).into()),
        ColumnType::Jsonb => Value::Json(array.as_string::<i32>().value(row).into()),
        ColumnType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        ColumnType::SmallInt => Value::Integer(array.as_primitive::<Int16Type>().value(row).into()),
        ColumnType::Integer => Value::Integer(array.as_primitive::<Int32Type>().value(row).into()),
        ColumnType::BigInt => Value::Integer(array.as_primitive::<Int64Type>().value(row)),
        ColumnType::Real => Value::Real(array.as_primitive::<Float32Type>().value(row)),
        ColumnType::DoublePrecision => Value::Double(array.as_primitive::<Float64Type>().value(row)),
        ColumnType::Numeric { scale, .. } => {
            Value::Decimal { unscaled: array.as_primitive::<Decimal128Type>().value(row), scale: *scale }
        }
        ColumnType::Timestamp => {
            Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        ColumnType::TimestampTz => {
            Value::TimestampTz(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        ColumnType::Date => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        ColumnType::Bytea => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        ColumnType::Array(element) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
            let element = element.column_type();
            Value::Array((start..end).map(|index| value_at(list.values(), index, &element)).collect())
        }
    }
}

impl<'a> Value<'a> {
    /// One cell of an array that has the Arrow type of `column_type`.
    pub fn at(array: &'a dyn Array, row: usize, column_type: &ColumnType) -> Self {
        value_at(array, row, column_type)
    }
}
