//! `prolly.tags`: every tag by name.

use std::sync::{Arc, LazyLock};

use arrow::array::StringArray;
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::ColumnType;

use super::batches::moments;
use super::{SystemTable, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "tags", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            ColumnType::TEXT.field("commit_id"),
            ColumnType::TEXT.field("message"),
            ColumnType::TEXT.field("tagger"),
            ColumnType::TimestampTz.field("created_at"),
        ]))
    });
    COLUMNS.clone()
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let tags = view.engine.tags();
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(tags.iter().map(|(name, _)| name.as_str()))),
            Arc::new(StringArray::from_iter_values(tags.iter().map(|(_, tag)| tag.commit.to_string()))),
            Arc::new(StringArray::from_iter_values(tags.iter().map(|(_, tag)| tag.message.as_str()))),
            Arc::new(StringArray::from_iter_values(tags.iter().map(|(_, tag)| tag.tagger.as_str()))),
            moments(tags.iter().map(|(_, tag)| tag.created)),
        ],
    )
}
