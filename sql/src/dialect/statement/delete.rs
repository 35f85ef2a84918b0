//! `DELETE`.

use sqlparser::ast::{self, Expr, SelectItem, TableWithJoins, With};

use super::Statement;
use super::name::{Name, TableName};
use super::target;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `[WITH …] DELETE FROM table [AS alias] [USING …] [WHERE …] [RETURNING …]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The CTEs in front of `DELETE`.
    pub with: Option<With>,
    /// The table written to.
    pub target: TableName,
    /// How the other clauses call it; its own name is then not visible.
    pub alias: Option<Name>,
    /// `USING …`.
    pub using: Vec<TableWithJoins>,
    /// `WHERE …`.
    pub filter: Option<Box<Expr>>,
    /// `RETURNING …`.
    pub returning: Option<Vec<SelectItem>>,
}

/// Makes it of sqlparser's tree; `with` is what stood in front.
pub(super) fn from_ast(
    delete: ast::Delete,
    with: Option<With>,
    cursor: &Cursor<'_>,
) -> Result<Statement, SqlError> {
    let start = cursor.position_of(delete.delete_token.0.span);
    let one_table = || {
        SqlError::syntax("DELETE takes one table").with_hint("name the others in USING").or_position(start)
    };
    if !delete.tables.is_empty() {
        return Err(one_table());
    }
    if delete.output.is_some() || !delete.order_by.is_empty() || delete.limit.is_some() {
        return Err(SqlError::syntax("DELETE takes no OUTPUT, ORDER BY or LIMIT").or_position(start));
    }
    let (ast::FromTable::WithFromKeyword(mut from) | ast::FromTable::WithoutKeyword(mut from)) = delete.from;
    let (Some(table), true) = (from.pop(), from.is_empty()) else { return Err(one_table()) };
    let (target, alias) = target::table(table, "DELETE", cursor, start)?;
    Ok(Statement::Delete(Box::new(Delete {
        with,
        target,
        alias,
        using: delete.using.unwrap_or_default(),
        filter: delete.selection.map(Box::new),
        returning: delete.returning,
    })))
}
