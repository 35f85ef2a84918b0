//! `prolly.types`: every type by name. Its columns one by one are in
//! `prolly.columns`.

use std::sync::{Arc, LazyLock};

use arrow::array::{Int64Array, ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{ArrayElement, Column, ColumnType};
use serde_json::json;

use super::{SystemTable, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "types", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            ColumnType::BigInt.field("oid"),
            ColumnType::Array(ArrayElement::Text).field("primary_key"),
            ColumnType::Jsonb.field("columns"),
            ColumnType::BigInt.field("rows"),
        ]))
    });
    COLUMNS.clone()
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let mut primary_keys = ListBuilder::new(StringBuilder::new());
    let mut counts = Vec::with_capacity(view.types.len());
    for definition in view.types.iter() {
        definition.primary_key.iter().for_each(|name| primary_keys.values().append_value(name));
        primary_keys.append(true);
        counts.push(i64::try_from(view.current.count(&definition.key_range())?).ok());
    }
    let described = view.types.iter().map(|definition| {
        let columns: Vec<serde_json::Value> = definition.columns.iter().map(describe).collect();
        serde_json::Value::from(columns).to_string()
    });
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(view.types.iter().map(|definition| &definition.name))),
            Arc::new(Int64Array::from_iter_values(view.types.iter().map(|definition| definition.id.into()))),
            Arc::new(primary_keys.finish()),
            Arc::new(StringArray::from_iter_values(described)),
            Arc::new(Int64Array::from(counts)),
        ],
    )
}

fn describe(column: &Column) -> serde_json::Value {
    let mut described = json!({
        "name": column.name,
        "type": column.column_type.to_string(),
        "required": column.required,
    });
    if let Some(default) = &column.default {
        described["default"] = json!(default);
    }
    described
}
