//! `CREATE TAG` and `DROP TAG`.

use super::Statement;
use super::name::Argument;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `CREATE TAG name [AT 'rev'] [MESSAGE '…']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTag {
    /// Be content if it exists.
    pub if_not_exists: bool,
    /// The new tag.
    pub name: Argument,
    /// The commit; the last one of the session's branch if not said.
    pub at: Option<Argument>,
    /// What it stands for.
    pub message: Option<Argument>,
}

/// `DROP TAG [IF EXISTS] name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropTag {
    /// Be content if it does not exist.
    pub if_exists: bool,
    /// The tag.
    pub name: Argument,
}

const TAG: &str = "the name of a tag";

/// Reads what follows `CREATE TAG`.
pub(super) fn read_create(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_not_exists = cursor.take_if_not_exists();
    let name = cursor.text_or_name(TAG)?;
    let (mut at, mut message) = (None, None);
    loop {
        if at.is_none() && cursor.take_word("AT") {
            at = Some(cursor.text_or_name("a revision")?);
        } else if message.is_none() && cursor.take_word("MESSAGE") {
            message = Some(cursor.text("a message")?);
        } else {
            return Ok(Statement::CreateTag(CreateTag { if_not_exists, name, at, message }));
        }
    }
}

/// Reads what follows `DROP TAG`.
pub(super) fn read_drop(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_exists = cursor.take_if_exists();
    let name = cursor.text_or_name(TAG)?;
    Ok(Statement::DropTag(DropTag { if_exists, name }))
}
