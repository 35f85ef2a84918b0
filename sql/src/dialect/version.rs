//! Versions of tables: what `AS OF` and `ON BRANCH` said, and how the tree refers to it.

use std::collections::HashMap;

use sqlparser::ast::{Expr, TableFactor, TableVersion, Value};
use sqlparser::tokenizer::Location;

use super::rewrite::TakenClause;
use super::statement::{Argument, Statement};
use super::tables::TableReference;
use crate::{SqlError, SqlState};

/// What was written after one table reference: `ON BRANCH 'b'`, `AS OF 'rev'`, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionClause {
    /// `ON BRANCH`.
    pub branch: Option<Argument>,
    /// `AS OF`.
    pub as_of: Option<Argument>,
    /// Where the clause begins, in characters from 1.
    pub position: usize,
}

/// The index into [`super::ParsedStatement::versions`] that a table reference carries, if it has a version.
///
/// The clause itself is not in the tree; this mark stands in `TableFactor::Table::version` for it. No other
/// version ever stands there, and every clause has exactly one mark.
pub(crate) fn version_index(table: &TableFactor) -> Option<usize> {
    let TableFactor::Table { version: Some(TableVersion::VersionAsOf(Expr::Value(value))), .. } = table
    else {
        return None;
    };
    match &value.value {
        Value::Number(index, false) => index.parse().ok(),
        _ => None,
    }
}

/// The mark of the clause with this index.
fn mark(index: usize) -> TableVersion {
    TableVersion::VersionAsOf(Expr::value(Value::Number(index.to_string(), false)))
}

/// Marks each table reference that a clause stood behind.
///
/// # Errors
/// For every clause that did not stand behind the name of a stored table in `FROM`: 25006 for the target of a
/// write, 0A000 for a CTE, a sub-query or a function, 42601 for anything else.
pub(crate) fn attach(
    statement: &mut Statement,
    clauses: Vec<TakenClause>,
) -> Result<Vec<VersionClause>, SqlError> {
    if clauses.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_table: HashMap<Location, usize> = HashMap::new();
    for (index, taken) in clauses.iter().enumerate() {
        let Some(table) = taken.table else { return Err(not_a_name(taken)) };
        by_table.insert(table, index);
    }
    let mut attached = vec![false; clauses.len()];
    let mut aliases = Vec::new();
    statement.visit_tables(|table, reference| {
        let TableFactor::Table { name, version, alias, .. } = table else { return Ok(()) };
        aliases.extend(alias.as_ref().map(|alias| alias.name.span.start));
        let start = name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span.start);
        let Some(&index) = start.and_then(|start| by_table.get(&start)) else { return Ok(()) };
        if reference != TableReference::Stored
            && let Some(taken) = clauses.get(index)
        {
            return Err(not_stored(taken, reference));
        }
        *version = Some(mark(index));
        if let Some(attached) = attached.get_mut(index) {
            *attached = true;
        }
        Ok(())
    })?;
    match clauses.iter().zip(&attached).find(|(_, attached)| !**attached) {
        Some((taken, _)) => Err(misplaced(taken, statement, &aliases)),
        None => Ok(clauses.into_iter().map(|taken| taken.clause).collect()),
    }
}

fn not_a_name(taken: &TakenClause) -> SqlError {
    SqlError::not_supported(format!("{} can follow only the name of a table", taken.words))
        .with_hint("inside a sub-query, put it behind each of its tables")
        .with_position(taken.clause.position)
}

fn not_stored(taken: &TakenClause, reference: TableReference) -> SqlError {
    let (what, hint) = match reference {
        TableReference::Function => {
            ("a table function", "name the version in the arguments of the function, if it takes one")
        }
        TableReference::Cte | TableReference::Stored => {
            ("a query of WITH", "put it behind the tables in that query")
        }
    };
    SqlError::not_supported(format!("{} does not go with {what}", taken.words))
        .with_hint(hint)
        .with_position(taken.clause.position)
}

/// The error for a clause that no table reference took.
fn misplaced(taken: &TakenClause, statement: &Statement, aliases: &[Location]) -> SqlError {
    let position = taken.clause.position;
    let targets = statement.write_targets();
    if let Some(target) = targets.iter().find(|target| taken.table_position == Some(target.position)) {
        let error = SqlError::new(
            SqlState::READ_ONLY_SQL_TRANSACTION,
            match taken.clause.as_of {
                Some(_) => format!("cannot write to a past version of table \"{target}\""),
                None => format!("cannot write to table \"{target}\" of another branch"),
            },
        );
        return error.with_hint("switch with USE BRANCH, then write").with_position(position);
    }
    if taken.table.is_some_and(|table| aliases.contains(&table)) {
        return SqlError::syntax(format!("{} must stand before the alias", taken.words))
            .with_hint(format!("write: name {} '…' alias", taken.words))
            .with_position(position);
    }
    SqlError::syntax(format!("{} can follow only the name of a table in FROM or JOIN", taken.words))
        .with_position(position)
}
