//! `prolly.columns`: the columns of every type, in order.

use std::sync::{Arc, LazyLock};

use arrow::array::{BooleanArray, Int32Array, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{Column, ColumnType, TypeDefinition};

use super::{SystemTable, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "columns", columns, rows };

/// `position` counts from 1, and so does `key_position`, the place in the
/// primary key.
fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("table_name"),
            ColumnType::TEXT.field("name"),
            ColumnType::Integer.field("position"),
            ColumnType::TEXT.field("type"),
            ColumnType::Boolean.field("required"),
            ColumnType::TEXT.field("default_value"),
            ColumnType::Integer.field("key_position"),
        ]))
    });
    COLUMNS.clone()
}

struct Row<'a> {
    definition: &'a TypeDefinition,
    column: &'a Column,
    index: usize,
}

impl Row<'_> {
    fn key_index(&self) -> Option<usize> {
        self.definition.primary_key.iter().position(|name| *name == self.column.name)
    }
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let of_type = |definition: &'_ Arc<TypeDefinition>| definition.columns.len();
    let mut rows = Vec::with_capacity(view.types.iter().map(of_type).sum());
    for definition in view.types.iter() {
        let columns = definition.columns.iter().enumerate();
        rows.extend(columns.map(|(index, column)| Row { definition, column, index }));
    }
    // A type has far fewer columns than an integer can count.
    let ordinal = |index: usize| i32::try_from(index + 1).ok();
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.definition.name))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.column.name))),
            Arc::new(rows.iter().map(|row| ordinal(row.index)).collect::<Int32Array>()),
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|row| row.column.column_type.to_string()),
            )),
            Arc::new(rows.iter().map(|row| Some(row.column.required)).collect::<BooleanArray>()),
            Arc::new(rows.iter().map(|row| row.column.default.as_deref()).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.key_index().and_then(ordinal)).collect::<Int32Array>()),
        ],
    )
}
