//! Tables and columns that are written to, from sqlparser's tree.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};

use super::name::{Name, TableName};
use crate::SqlError;
use crate::dialect::cursor::{self, Cursor};
use crate::dialect::tables::identifier;

/// The name that an identifier is.
pub(super) fn name(ident: &Ident, cursor: &Cursor<'_>) -> Name {
    Name { value: identifier(ident), position: cursor.position_of(ident.span).unwrap_or(1) }
}

/// Where a name with points begins.
pub(super) fn position(name: &ObjectName, cursor: &Cursor<'_>) -> Option<usize> {
    let first = name.0.first().and_then(ObjectNamePart::as_ident)?;
    cursor.position_of(first.span)
}

fn parts(name: &ObjectName, cursor: &Cursor<'_>) -> Result<Vec<Name>, SqlError> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => Ok(self::name(ident, cursor)),
        ObjectNamePart::Function(_) => {
            Err(SqlError::syntax("a function cannot be a name").or_position(position(name, cursor)))
        }
    };
    name.0.iter().map(part).collect()
}

/// The table that a name means.
pub(super) fn table_name(name: &ObjectName, cursor: &Cursor<'_>) -> Result<TableName, SqlError> {
    let parts = parts(name, cursor)?;
    if let Some(ident) = name.0.first().and_then(ObjectNamePart::as_ident)
        && cursor::is_reserved(ident.quote_style, &ident.value)
    {
        return Err(SqlError::syntax(format!("syntax error at or near \"{}\"", ident.value))
            .with_detail("expected the name of a table")
            .or_position(position(name, cursor)));
    }
    cursor::table_name(parts)
}

/// The column that a name means: the table stands outside, so it is not repeated in front.
pub(super) fn column(name: &ObjectName, cursor: &Cursor<'_>) -> Result<Name, SqlError> {
    let mut parts = parts(name, cursor)?;
    match (parts.pop(), parts.is_empty()) {
        (Some(column), true) => Ok(column),
        _ => Err(SqlError::syntax(format!("\"{name}\" is not the name of a column"))
            .with_hint("name the column alone, without its table")
            .or_position(position(name, cursor))),
    }
}

/// The one table, with its alias, that `UPDATE` and `DELETE` write to.
pub(super) fn table(
    table: TableWithJoins,
    command: &str,
    cursor: &Cursor<'_>,
    start: Option<usize>,
) -> Result<(TableName, Option<Name>), SqlError> {
    let TableFactor::Table {
        name: table_name,
        alias,
        args: None,
        with_hints,
        partitions,
        json_path: None,
        sample: None,
        ..
    } = table.relation
    else {
        return Err(SqlError::syntax(format!("{command} takes the name of a table")).or_position(start));
    };
    let place = position(&table_name, cursor).or(start);
    if !table.joins.is_empty() || !with_hints.is_empty() || !partitions.is_empty() {
        return Err(SqlError::syntax(format!("{command} takes one table"))
            .with_hint("name the others in FROM (UPDATE) or USING (DELETE)")
            .or_position(place));
    }
    let alias = match alias {
        Some(alias) if !alias.columns.is_empty() || alias.at.is_some() => {
            return Err(SqlError::syntax("the alias of a target takes no columns").or_position(place));
        }
        alias => alias.map(|alias| name(&alias.name, cursor)),
    };
    Ok((self::table_name(&table_name, cursor)?, alias))
}
