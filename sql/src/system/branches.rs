//! `prolly.branches`: every branch by name, with its last commit.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{BranchInfo, ColumnType, Commit, KeyRange, Version};

use super::batches::moments;
use super::{SystemTable, commit, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "branches", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            ColumnType::TEXT.field("head"),
            ColumnType::Boolean.field("is_current"),
            ColumnType::Boolean.field("is_dirty"),
            ColumnType::TimestampTz.field("committed_at"),
            ColumnType::TEXT.field("author"),
            ColumnType::TEXT.field("message"),
        ]))
    });
    COLUMNS.clone()
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let branches = view.engine.branches()?;
    let heads = branches.iter().map(|branch| commit(view, branch.head)).collect::<Result<Vec<_>, _>>()?;
    let dirty = branches.iter().map(|branch| is_dirty(view, branch)).collect::<Result<Vec<_>, _>>()?;
    let current = view.engine.branch();
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(branches.iter().map(|branch| branch.name.as_str()))),
            Arc::new(StringArray::from_iter_values(branches.iter().map(|branch| branch.head.to_string()))),
            Arc::new(BooleanArray::from_iter(branches.iter().map(|branch| Some(branch.name == *current)))),
            Arc::new(BooleanArray::from(dirty)),
            moments(heads.iter().map(|head| head.timestamp)),
            texts(&heads, |head| &head.author),
            texts(&heads, |head| &head.message),
        ],
    )
}

/// Whether a branch has changes that no version records, those of the open
/// transaction included.
fn is_dirty(view: &View, branch: &BranchInfo) -> Result<bool, SqlError> {
    if !view.in_transaction || branch.name != *view.engine.branch() {
        return Ok(branch.is_dirty);
    }
    let committed = view.engine.snapshot(&Version::Commit(branch.head))?;
    let first = committed.changes(&view.current, &KeyRange::all()).next().transpose()?;
    Ok(first.is_some())
}

fn texts(heads: &[Arc<Commit>], of: fn(&Commit) -> &String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(heads.iter().map(|head| of(head))))
}
