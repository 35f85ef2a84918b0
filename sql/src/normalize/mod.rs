//! Where Postgres means something else by the same words than the planner
//! does: what result columns are called, how bytes are written, what
//! parameters in casts are, and sub-queries that are values.
//!
//! [`normalized`] mends the trees of a statement, once, before anything is
//! made of them.

mod bytes;
mod column_name;
mod columns;
mod parameters;
mod sub_queries;

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, SelectItem, VisitMut};

pub(crate) use columns::{rename_stream, renamed, result_names};
pub(crate) use parameters::cast_parameters;
pub(crate) use sub_queries::SubQueriesAsValues;

use crate::dialect::{ParsedStatement, Statement};
use crate::error::SqlError;

/// A statement as the planner should read it. What is normalized stays as it is.
///
/// # Errors
/// Text in a cast that is not of the cast's type.
pub(crate) fn normalized(parsed: &ParsedStatement, statement: &Statement) -> Result<Statement, SqlError> {
    let mut statement = statement.clone();
    // First, since columns are called after the expressions that the user wrote.
    let mut columns = columns::Columns::default();
    let ControlFlow::Continue(()) = statement.visit_trees(&mut columns);
    if let Some(items) = returning(&mut statement) {
        columns.name_returning(items);
    }
    match statement.visit_trees(&mut bytes::Bytes::of(Some(parsed))) {
        ControlFlow::Continue(()) => Ok(statement),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The same for an expression that was stored with a table.
///
/// # Errors
/// As those of [`normalized`].
pub(crate) fn normalize_expression(expression: &mut Expr) -> Result<(), SqlError> {
    match expression.visit(&mut bytes::Bytes::of(None)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The items of a RETURNING, which are those of no query.
fn returning(statement: &mut Statement) -> Option<&mut Vec<SelectItem>> {
    match statement {
        Statement::Insert(insert) => insert.returning.as_mut(),
        Statement::Update(update) => update.returning.as_mut(),
        Statement::Delete(delete) => delete.returning.as_mut(),
        Statement::Explain(explain) => returning(&mut explain.statement),
        Statement::Prepare(prepare) => returning(&mut prepare.statement),
        _ => None,
    }
}
