//! `COMMIT MESSAGE`: a version of the branch, where plain `COMMIT` ends a transaction.

use super::Statement;
use super::name::Argument;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `COMMIT MESSAGE 'why' [AUTHOR '…'] [METADATA '{…}'] [ALLOW EMPTY]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMessage {
    /// Why.
    pub message: Argument,
    /// Who, if not the session's user.
    pub author: Option<Argument>,
    /// A JSON object to keep with the commit.
    pub metadata: Option<Argument>,
    /// Commit even if nothing changed.
    pub allow_empty: bool,
}

/// Reads what follows `COMMIT MESSAGE`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let message = cursor.text("a message")?;
    let mut commit = CommitMessage { message, author: None, metadata: None, allow_empty: false };
    loop {
        if commit.author.is_none() && cursor.take_word("AUTHOR") {
            commit.author = Some(cursor.text("an author")?);
        } else if commit.metadata.is_none() && cursor.take_word("METADATA") {
            commit.metadata = Some(cursor.text("a JSON object")?);
        } else if !commit.allow_empty && cursor.take_words(&["ALLOW", "EMPTY"]) {
            commit.allow_empty = true;
        } else {
            return Ok(Statement::CommitMessage(commit));
        }
    }
}
