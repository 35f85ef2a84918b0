//! `ALTER DATABASE SET`: what holds for the whole database, where `SET` changes what holds for a session.

use super::Statement;
use super::setting::{expect_assignment, read_setting_name, read_value};
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `ALTER DATABASE SET name { = | TO } value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterDatabase {
    /// The setting, in lower case.
    pub name: String,
    /// Where the name stands, in characters from 1.
    pub position: usize,
    /// The value as text.
    pub value: String,
    /// Where the value stands, in characters from 1.
    pub value_position: usize,
}

/// Reads what follows `ALTER DATABASE`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.expect_word("SET")?;
    let position = cursor.position();
    let name = read_setting_name(cursor)?;
    expect_assignment(cursor)?;
    let value_position = cursor.position();
    let value = read_value(cursor)?.ok_or_else(|| {
        SqlError::not_supported("the settings of a database have no DEFAULT").with_position(value_position)
    })?;
    Ok(Statement::AlterDatabase(AlterDatabase { name, position, value, value_position }))
}
