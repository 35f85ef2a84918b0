//! Queries: `SELECT`, `VALUES`, `TABLE`, and `WITH` in front of anything.

use sqlparser::ast::{self, Query, SetExpr};

use super::{Statement, delete, insert, update};
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// Reads a query, or an `INSERT`, `UPDATE` or `DELETE` behind `WITH`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let mut query = cursor.query()?;
    match *query.body {
        SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
            from_ast(statement, query.with, cursor)
        }
        SetExpr::Merge(_) => Err(SqlError::not_supported("MERGE INTO is not supported")
            .with_hint("INSERT … ON CONFLICT does most of it")),
        body => {
            query.body = Box::new(body);
            Ok(Statement::Query(query))
        }
    }
}

/// Reads a query that gives rows.
pub(super) fn read_box(cursor: &mut Cursor<'_>) -> Result<Box<Query>, SqlError> {
    let position = cursor.position();
    match read(cursor)? {
        Statement::Query(query) => Ok(query),
        _ => Err(SqlError::not_supported("only a query can stand here").with_position(position)),
    }
}

/// Reads `INSERT`, `UPDATE` or `DELETE` without `WITH`.
pub(super) fn read_write(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let statement = cursor.parse(|parser| parser.parse_statement())?;
    from_ast(statement, None, cursor)
}

fn from_ast(
    statement: ast::Statement,
    with: Option<ast::With>,
    cursor: &Cursor<'_>,
) -> Result<Statement, SqlError> {
    match statement {
        ast::Statement::Insert(insert) => insert::from_ast(insert, with, cursor),
        ast::Statement::Update(update) => update::from_ast(update, with, cursor),
        ast::Statement::Delete(delete) => delete::from_ast(delete, with, cursor),
        _ => Err(SqlError::syntax("this form of statement is not SQL as PostgreSQL knows it")),
    }
}
