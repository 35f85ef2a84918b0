//! `UPDATE`.

use sqlparser::ast::{self, Expr, SelectItem, TableWithJoins, With};

use super::Statement;
use super::assignment::{self, Assignment};
use super::name::{Name, TableName};
use super::target;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `[WITH …] UPDATE table [AS alias] SET … [FROM …] [WHERE …] [RETURNING …]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The CTEs in front of `UPDATE`.
    pub with: Option<With>,
    /// The table written to.
    pub target: TableName,
    /// How the other clauses call it; its own name is then not visible.
    pub alias: Option<Name>,
    /// At least one.
    pub assignments: Vec<Assignment>,
    /// `FROM …`.
    pub from: Vec<TableWithJoins>,
    /// `WHERE …`.
    pub filter: Option<Box<Expr>>,
    /// `RETURNING …`.
    pub returning: Option<Vec<SelectItem>>,
}

/// Makes it of sqlparser's tree; `with` is what stood in front.
pub(super) fn from_ast(
    update: ast::Update,
    with: Option<With>,
    cursor: &Cursor<'_>,
) -> Result<Statement, SqlError> {
    let start = cursor.position_of(update.update_token.0.span);
    let (target, alias) = target::table(update.table, "UPDATE", cursor, start)?;
    let from = match update.from {
        None => Vec::new(),
        Some(ast::UpdateTableFromKind::AfterSet(from)) => from,
        Some(ast::UpdateTableFromKind::BeforeSet(_)) => {
            return Err(SqlError::syntax("FROM must stand behind SET").or_position(start));
        }
    };
    let unusual = update.or.is_some()
        || update.output.is_some()
        || !update.order_by.is_empty()
        || update.limit.is_some();
    if unusual {
        return Err(SqlError::syntax("UPDATE takes no OR, OUTPUT, ORDER BY or LIMIT").or_position(start));
    }
    Ok(Statement::Update(Box::new(Update {
        with,
        target,
        alias,
        assignments: assignment::from_ast(update.assignments, cursor)?,
        from,
        filter: update.selection.map(Box::new),
        returning: update.returning,
    })))
}
