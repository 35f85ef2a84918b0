//! `prolly.log`: the commits behind the session's branch, newest first.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{ArrayElement, ColumnType, LogEntry, Version};

use super::batches::{in_batches, moments};
use super::{SystemTable, batch, head};
use crate::error::SqlError;
use crate::table::{LazyTable, Rows};
use crate::view::View;

pub(super) const TABLE: SystemTable =
    SystemTable { name: "log", columns, rows: |view| rows(view, None, &Version::Commit(head(view)?)) };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("commit_id"),
            ColumnType::Array(ArrayElement::Text).field("parents"),
            ColumnType::TEXT.field("author"),
            ColumnType::TEXT.field("committer"),
            ColumnType::TimestampTz.field("committed_at"),
            ColumnType::TEXT.field("message"),
            ColumnType::Jsonb.field("metadata"),
            ColumnType::BigInt.field("generation"),
        ]))
    });
    COLUMNS.clone()
}

/// The same table for the commits that `include` has and `exclude` has not.
pub(crate) fn log_between(view: &Arc<View>, exclude: Option<Version>, include: Version) -> LazyTable {
    let view = view.clone();
    LazyTable::new(columns(), move || rows(&view, exclude.as_ref(), &include))
}

fn rows(view: &View, exclude: Option<&Version>, include: &Version) -> Result<Rows, SqlError> {
    let entries = view.engine.log(exclude, include)?.map(|entry| entry.map_err(SqlError::from));
    Ok(in_batches(entries, |(_, commit)| commit.message.len() + commit.metadata.len(), commits))
}

fn commits(entries: &[LogEntry]) -> Result<RecordBatch, SqlError> {
    let text = |of: fn(&LogEntry) -> String| -> ArrayRef {
        Arc::new(entries.iter().map(|entry| Some(of(entry))).collect::<StringArray>())
    };
    let mut parents = ListBuilder::new(StringBuilder::new());
    for (_, commit) in entries {
        commit.parents.iter().for_each(|parent| parents.values().append_value(parent.to_string()));
        parents.append(true);
    }
    let metadata = entries.iter().map(|(_, commit)| match commit.metadata.as_str() {
        "" => None,
        json => Some(json),
    });
    let generations = entries.iter().map(|(_, commit)| i64::try_from(commit.generation).ok());
    batch(
        columns(),
        vec![
            text(|(id, _)| id.to_string()),
            Arc::new(parents.finish()),
            text(|(_, commit)| commit.author.clone()),
            text(|(_, commit)| commit.committer.clone()),
            moments(entries.iter().map(|(_, commit)| commit.timestamp)),
            text(|(_, commit)| commit.message.clone()),
            Arc::new(metadata.collect::<StringArray>()),
            Arc::new(generations.collect::<Int64Array>()),
        ],
    )
}
