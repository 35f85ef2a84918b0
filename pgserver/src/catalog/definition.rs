//! Catalog tables in a form that is easy to write down.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::scalar::ScalarValue;
use microprolly_sql::{CatalogView, PG_TYPE_METADATA, SqlError};

use crate::types::{CHAR_KEY, OID_ALIAS_KEY};

/// The type of a column of a catalog table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Oid,
    /// Text of at most 63 bytes, in PostgreSQL.
    Name,
    Text,
    /// One character.
    Char,
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Timestamptz,
    Texts,
    Int2s,
    Oids,
}

impl Kind {
    fn data_type(self) -> DataType {
        let list = |element| DataType::List(Arc::new(Field::new_list_field(element, true)));
        match self {
            // Identifiers have no sign, so 32 bits with one are too few.
            Self::Oid | Self::Int8 => DataType::Int64,
            Self::Name | Self::Text | Self::Char => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Float4 => DataType::Float32,
            Self::Timestamptz => {
                DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()))
            }
            Self::Texts => list(DataType::Utf8),
            Self::Int2s => list(DataType::Int16),
            Self::Oids => list(DataType::Int64),
        }
    }

    pub(super) fn field(self, name: &str) -> Field {
        let marked = |key: &str, value: &str| HashMap::from([(key.to_owned(), value.to_owned())]);
        let metadata = match self {
            Self::Oid => marked(OID_ALIAS_KEY, "oid"),
            Self::Name => marked(PG_TYPE_METADATA, "name"),
            Self::Char => marked(CHAR_KEY, "true"),
            _ => HashMap::new(),
        };
        Field::new(name, self.data_type(), true).with_metadata(metadata)
    }

    /// What a column has where a row says nothing: as PostgreSQL leaves such columns.
    fn absent(self) -> ScalarValue {
        match self {
            Self::Oid => ScalarValue::Int64(Some(0)),
            Self::Char => ScalarValue::Utf8(Some(String::new())),
            Self::Bool => ScalarValue::Boolean(Some(false)),
            Self::Int2 => ScalarValue::Int16(Some(0)),
            Self::Int4 => ScalarValue::Int32(Some(0)),
            Self::Int8 => ScalarValue::Int64(Some(0)),
            Self::Float4 => ScalarValue::Float32(Some(0.0)),
            Self::Name | Self::Text => ScalarValue::Utf8(None),
            Self::Timestamptz => ScalarValue::TimestampMicrosecond(None, Some("UTC".into())),
            Self::Texts | Self::Int2s | Self::Oids => {
                ScalarValue::try_from(self.data_type()).unwrap_or(ScalarValue::Null)
            }
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(super) struct Cell(ScalarValue);

macro_rules! cell_from {
    ($($from:ty => |$value:ident| $cell:expr),* $(,)?) => {
        $(impl From<$from> for Cell {
            fn from($value: $from) -> Self {
                Self($cell)
            }
        })*
    };
}

cell_from! {
    bool => |value| ScalarValue::Boolean(Some(value)),
    i16 => |value| ScalarValue::Int16(Some(value)),
    i32 => |value| ScalarValue::Int32(Some(value)),
    i64 => |value| ScalarValue::Int64(Some(value)),
    u32 => |value| ScalarValue::Int64(Some(value.into())),
    f32 => |value| ScalarValue::Float32(Some(value)),
    &str => |value| ScalarValue::Utf8(Some(value.to_owned())),
    String => |value| ScalarValue::Utf8(Some(value)),
    Option<String> => |value| ScalarValue::Utf8(value),
    Vec<i16> => |value| list(value.into_iter().map(|item| ScalarValue::Int16(Some(item))), &DataType::Int16),
    Vec<u32> => |value| list(value.into_iter().map(|item| ScalarValue::Int64(Some(item.into()))), &DataType::Int64),
    Vec<String> => |value| list(value.into_iter().map(|item| ScalarValue::Utf8(Some(item))), &DataType::Utf8),
}

fn list(items: impl Iterator<Item = ScalarValue>, data_type: &DataType) -> ScalarValue {
    let items: Vec<ScalarValue> = items.collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&items, data_type))
}

/// A row: what it says of columns by name; the others have what their kind has where nothing is said.
pub(super) type Row = Vec<(&'static str, Cell)>;

/// Builds a [`Row`] from `column: value` pairs.
macro_rules! row {
    ($($column:ident: $value:expr),* $(,)?) => {
        vec![$((stringify!($column), $crate::catalog::definition::Cell::from($value))),*]
    };
}
pub(super) use row;

/// What makes the rows of a table.
pub(super) type Rows = fn(&dyn CatalogView) -> Result<Vec<Row>, SqlError>;

/// A table of a catalog schema.
#[derive(Clone, Copy)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    pub(super) rows: Rows,
}

impl Definition {
    /// A table that never has rows, because what it lists does not exist in MicroProlly.
    pub(super) const fn empty(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Self {
        Self { name, columns, rows: |_| Ok(Vec::new()) }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(|(name, kind)| kind.field(name)).collect();
        Arc::new(Schema::new(fields))
    }

    /// The table as it is now.
    pub(super) fn batch(&self, view: &dyn CatalogView) -> Result<RecordBatch, SqlError> {
        let rows = (self.rows)(view)?;
        let failed = |error: &dyn std::fmt::Display| SqlError::internal(format!("{}: {error}", self.name));
        let columns = self
            .columns
            .iter()
            .map(|(name, kind)| -> Result<ArrayRef, SqlError> {
                if rows.is_empty() {
                    return Ok(arrow::array::new_empty_array(&kind.data_type()));
                }
                let cells = rows.iter().map(|row| {
                    let found = row.iter().find(|(column, _)| column == name);
                    found.map_or_else(|| kind.absent(), |(_, cell)| cell.0.clone())
                });
                ScalarValue::iter_to_array(cells).map_err(|error| failed(&error))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(self.schema(), columns, &options).map_err(|error| failed(&error))
    }
}
