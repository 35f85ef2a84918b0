//! System tables, one file each, and table functions.

mod batches;
mod branches;
mod columns;
mod diff;
mod log;
mod segments;
mod stats;
mod status;
mod tags;
mod types;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use microprolly_engine::{Commit, CommitId, Version};

pub(crate) use diff::{DIFF_TYPE, DiffTable, FROM, Revisions, TO};
pub(crate) use log::log_between;

use crate::error::SqlError;
use crate::table::{LazyTable, Rows};
use crate::view::View;

/// A table of the schema `prolly`: what it is called, its columns, and how its
/// rows are made.
struct SystemTable {
    name: &'static str,
    columns: fn() -> SchemaRef,
    rows: fn(&View) -> Result<Rows, SqlError>,
}

/// Every system table, by name.
const DEFINITIONS: [SystemTable; 8] = [
    branches::TABLE,
    columns::TABLE,
    log::TABLE,
    segments::TABLE,
    stats::TABLE,
    status::TABLE,
    tags::TABLE,
    types::TABLE,
];

/// Names of the system tables, in order.
pub(crate) const TABLES: &[&str] = &names();

const fn names() -> [&'static str; DEFINITIONS.len()] {
    let mut names = [""; DEFINITIONS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = DEFINITIONS[index].name;
        index += 1;
    }
    names
}

fn find(name: &str) -> Option<SystemTable> {
    DEFINITIONS.into_iter().find(|table| table.name == name)
}

/// A table of the schema `prolly`.
pub(crate) fn table(view: &Arc<View>, name: &str) -> Option<Arc<dyn TableProvider>> {
    let SystemTable { columns, rows, .. } = find(name)?;
    let view = view.clone();
    Some(Arc::new(LazyTable::new(columns(), move || rows(&view))))
}

/// The columns of a system table.
pub(crate) fn schema(name: &str) -> Option<SchemaRef> {
    find(name).map(|table| (table.columns)())
}

/// A table function: `diff('a', 'b', 't')`. None where there is no such
/// function here. `parameters` are the values of `$1`, `$2`, … as far as they
/// are known.
///
/// # Errors
/// Arguments that it does not take, unknown revisions and tables.
pub(crate) fn function(
    view: &Arc<View>,
    name: &str,
    arguments: &[Expr],
    parameters: &[Option<ScalarValue>],
) -> Result<Option<Arc<dyn TableProvider>>, SqlError> {
    match name {
        "diff" => Ok(Some(Arc::new(diff::call(view, arguments, parameters)?))),
        "history" | "blame" => {
            Err(SqlError::not_supported(format!("{name}() is not available in this version"))
                .with_hint("SHOW LOG lists the commits, and AS OF reads the table at any of them."))
        }
        _ => Ok(None),
    }
}

/// The commit that the session's branch, or the version that it is fixed to,
/// has last.
fn head(view: &View) -> Result<CommitId, SqlError> {
    match view.fixed_at {
        Some(commit) => Ok(commit),
        None => Ok(view.engine.commit_of(&Version::Working(view.engine.branch().clone()))?),
    }
}

fn commit(view: &View, id: CommitId) -> Result<Arc<Commit>, SqlError> {
    match view.engine.log(None, &Version::Commit(id))?.next() {
        Some(entry) => Ok(entry?.1),
        None => Err(SqlError::internal(format!("the log of commit {id} is empty"))),
    }
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch, SqlError> {
    RecordBatch::try_new(schema, columns).map_err(|failure| SqlError::internal(failure.to_string()))
}

/// The rows of a table that is small enough for one batch.
fn one_batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<Rows, SqlError> {
    let batch = batch(schema, columns)?;
    Ok(Box::new(std::iter::once(Ok(batch))))
}

/// Bytes as text: as they are where they are UTF-8, else `\x` and hexadecimal
/// digits.
fn text_of(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => microprolly_engine::Value::Bytes(bytes.to_vec()).to_text().into_owned().into(),
    }
}

/// The type that claims a key, if one does.
fn claimed_by<'a>(view: &View, key: &'a [u8]) -> Option<&'a str> {
    microprolly_engine::RowKey::type_of(key).filter(|name| view.find_type(name).is_some())
}
