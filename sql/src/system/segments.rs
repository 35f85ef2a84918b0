//! `prolly.segments`: the files of the store, oldest first.

use std::sync::{Arc, LazyLock};

use arrow::array::{BooleanArray, Int64Array, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::ColumnType;

use super::{SystemTable, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "segments", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            ColumnType::BigInt.field("bytes"),
            ColumnType::BigInt.field("chunks"),
            ColumnType::Boolean.field("is_sealed"),
        ]))
    });
    COLUMNS.clone()
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let segments = view.engine.segments()?;
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(segments.iter().map(|segment| &segment.name))),
            Arc::new(
                segments.iter().map(|segment| i64::try_from(segment.bytes).ok()).collect::<Int64Array>(),
            ),
            Arc::new(
                segments.iter().map(|segment| i64::try_from(segment.chunks).ok()).collect::<Int64Array>(),
            ),
            Arc::new(segments.iter().map(|segment| Some(segment.sealed)).collect::<BooleanArray>()),
        ],
    )
}
