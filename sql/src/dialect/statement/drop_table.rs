//! `DROP TABLE` and `TRUNCATE`.

use super::Statement;
use super::name::TableName;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `DROP TABLE [IF EXISTS] name, … [CASCADE | RESTRICT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropTable {
    /// Be content with those that do not exist.
    pub if_exists: bool,
    /// At least one.
    pub names: Vec<TableName>,
}

/// `TRUNCATE [TABLE] name, …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncate {
    /// At least one.
    pub names: Vec<TableName>,
}

/// Reads what follows `DROP TABLE`.
pub(super) fn read_drop(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_exists = cursor.take_if_exists();
    let names = cursor.comma_separated(Cursor::table_name)?;
    // Nothing depends on a table.
    cursor.take_one_of(&["CASCADE", "RESTRICT"]);
    Ok(Statement::DropTable(DropTable { if_exists, names }))
}

/// Reads what follows `TRUNCATE`.
pub(super) fn read_truncate(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.take_word("TABLE");
    let names = cursor.comma_separated(Cursor::table_name)?;
    // There are no sequences, and nothing refers to a table's rows.
    if cursor.take_one_of(&["RESTART", "CONTINUE"]).is_some() {
        cursor.expect_word("IDENTITY")?;
    }
    cursor.take_one_of(&["CASCADE", "RESTRICT"]);
    Ok(Statement::Truncate(Truncate { names }))
}
