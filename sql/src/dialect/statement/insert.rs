//! `INSERT`.

use sqlparser::ast::{self, Expr, Query, SelectItem, With};

use super::Statement;
use super::assignment::{self, Assignment};
use super::name::{Name, TableName};
use super::target;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `[WITH …] INSERT INTO table [AS alias] [(columns)] source [ON CONFLICT …] [RETURNING …]`. The `WITH` in front
/// is that of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table written to.
    pub target: TableName,
    /// How `ON CONFLICT` and `RETURNING` may call it.
    pub alias: Option<Name>,
    /// The columns written to; empty if not said: all in their order.
    pub columns: Vec<Name>,
    /// The rows. In `VALUES`, the unquoted identifier `DEFAULT` stands for the column's default
    /// ([`super::is_default`]). `None` is `DEFAULT VALUES`: one row of defaults.
    pub source: Option<Box<Query>>,
    /// `ON CONFLICT …`.
    pub on_conflict: Option<OnConflict>,
    /// `RETURNING …`.
    pub returning: Option<Vec<SelectItem>>,
}

/// `ON CONFLICT [(columns)] …`.
#[derive(Debug, Clone, PartialEq)]
pub struct OnConflict {
    /// The columns of the key that conflicts; empty if not said.
    pub columns: Vec<Name>,
    /// What to do with a row whose key is taken.
    pub action: ConflictAction,
}

/// What to do with a row whose key is taken.
#[derive(Debug, Clone, PartialEq)]
pub enum ConflictAction {
    /// Leave the stored row as it is.
    Nothing,
    /// Change the stored row; the one that was to be inserted is called `excluded`.
    Update {
        /// `SET …`, at least one.
        assignments: Vec<Assignment>,
        /// `WHERE …`.
        filter: Option<Box<Expr>>,
    },
}

/// Makes it of sqlparser's tree; `with` is what stood in front.
pub(super) fn from_ast(
    insert: ast::Insert,
    with: Option<With>,
    cursor: &Cursor<'_>,
) -> Result<Statement, SqlError> {
    let start = cursor.position_of(insert.insert_token.0.span);
    let unusual = insert.or.is_some()
        || insert.overwrite
        || insert.partitioned.is_some()
        || !insert.after_columns.is_empty()
        || insert.has_table_keyword
        || !insert.assignments.is_empty()
        || insert.output.is_some()
        || insert.settings.is_some()
        || insert.format_clause.is_some();
    let ast::TableObject::TableName(table) = insert.table else {
        return Err(SqlError::syntax("INSERT INTO takes the name of a table").or_position(start));
    };
    if unusual || !insert.into {
        return Err(
            SqlError::syntax("this form of INSERT is not SQL as PostgreSQL knows it").or_position(start)
        );
    }
    let source = match (insert.source, with) {
        (Some(mut source), Some(with)) => {
            merge_with(&mut source, with);
            Some(source)
        }
        (None, Some(with)) => {
            return Err(SqlError::not_supported("WITH does not go with DEFAULT VALUES")
                .or_position(cursor.position_of(with.with_token.0.span)));
        }
        (source, None) => source,
    };
    Ok(Statement::Insert(Box::new(Insert {
        target: target::table_name(&table, cursor)?,
        alias: insert.table_alias.map(|alias| target::name(&alias.alias, cursor)),
        columns: insert
            .columns
            .iter()
            .map(|column| target::column(column, cursor))
            .collect::<Result<_, _>>()?,
        source,
        on_conflict: insert.on.map(|on| on_conflict(on, cursor, start)).transpose()?,
        returning: insert.returning,
    })))
}

/// Puts the CTEs in front of `INSERT` in front of those of its source.
fn merge_with(source: &mut Query, mut outer: With) {
    if let Some(inner) = source.with.take() {
        outer.recursive |= inner.recursive;
        outer.cte_tables.extend(inner.cte_tables);
    }
    source.with = Some(outer);
}

fn on_conflict(on: ast::OnInsert, cursor: &Cursor<'_>, start: Option<usize>) -> Result<OnConflict, SqlError> {
    let ast::OnInsert::OnConflict(on) = on else {
        return Err(SqlError::syntax("ON DUPLICATE KEY UPDATE is not SQL as PostgreSQL knows it")
            .with_hint("write ON CONFLICT (columns) DO UPDATE SET …")
            .or_position(start));
    };
    let columns = match on.conflict_target {
        None => Vec::new(),
        Some(ast::ConflictTarget::Columns(columns)) => {
            columns.iter().map(|column| target::name(column, cursor)).collect()
        }
        Some(ast::ConflictTarget::OnConstraint(name)) => {
            return Err(SqlError::not_supported("ON CONFLICT ON CONSTRAINT is not supported")
                .with_hint("name the columns: ON CONFLICT (id)")
                .or_position(target::position(&name, cursor)));
        }
    };
    let action = match on.action {
        ast::OnConflictAction::DoNothing => ConflictAction::Nothing,
        ast::OnConflictAction::DoUpdate(_) if columns.is_empty() => {
            return Err(SqlError::syntax("ON CONFLICT DO UPDATE needs the columns that conflict")
                .with_hint("write ON CONFLICT (id) DO UPDATE SET …")
                .or_position(start));
        }
        ast::OnConflictAction::DoUpdate(update) => ConflictAction::Update {
            assignments: assignment::from_ast(update.assignments, cursor)?,
            filter: update.selection.map(Box::new),
        },
    };
    Ok(OnConflict { columns, action })
}
