//! `prolly.status`: the keys that differ from the last commit, in key order.

use std::sync::{Arc, LazyLock};

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{Change, ColumnType, KeyRange, StatusKind, Version};

use super::batches::in_batches;
use super::{SystemTable, batch, claimed_by, head, text_of};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "status", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("key"),
            ColumnType::TEXT.field("table_name"),
            ColumnType::TEXT.field("change"),
        ]))
    });
    COLUMNS.clone()
}

/// What the statement reads, be it a branch, the open transaction's state or
/// the version that the session is fixed to, has that the commit under it has
/// not.
fn rows(view: &View) -> Result<Rows, SqlError> {
    let committed = view.engine.snapshot(&Version::Commit(head(view)?))?;
    let changes = committed.changes(&view.current, &KeyRange::all());
    let view = view.clone();
    Ok(in_batches(
        changes.map(|change| change.map_err(SqlError::from)),
        |change| change.key.len(),
        move |changes| status(&view, changes),
    ))
}

fn status(view: &View, changes: &[Change]) -> Result<RecordBatch, SqlError> {
    let kind = |change: &Change| StatusKind::of(change.from.as_ref(), change.to.as_ref()).as_str();
    batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(changes.iter().map(|change| text_of(&change.key)))),
            Arc::new(changes.iter().map(|change| claimed_by(view, &change.key)).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(changes.iter().map(kind))),
        ],
    )
}
