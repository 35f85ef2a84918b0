//! `CREATE`, `DROP`, `ALTER … RENAME` and `USE BRANCH`.

use super::Statement;
use super::name::Argument;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `CREATE BRANCH [IF NOT EXISTS] name [FROM 'rev']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateBranch {
    /// Be content if it exists.
    pub if_not_exists: bool,
    /// The new branch.
    pub name: Argument,
    /// Where it starts; the session's branch if not said.
    pub from: Option<Argument>,
}

/// `DROP BRANCH [IF EXISTS] name [FORCE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropBranch {
    /// Be content if it does not exist.
    pub if_exists: bool,
    /// The branch.
    pub name: Argument,
    /// Even if that loses commits or changes.
    pub force: bool,
}

/// `ALTER BRANCH name RENAME TO new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameBranch {
    /// The branch.
    pub name: Argument,
    /// Its new name.
    pub to: Argument,
}

/// `USE BRANCH name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseBranch {
    /// The branch that the session is to work on.
    pub name: Argument,
}

const BRANCH: &str = "the name of a branch";

/// Reads what follows `CREATE BRANCH`.
pub(super) fn read_create(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_not_exists = cursor.take_if_not_exists();
    let name = cursor.text_or_name(BRANCH)?;
    let from = match cursor.take_word("FROM") {
        true => Some(cursor.text_or_name("a revision")?),
        false => None,
    };
    Ok(Statement::CreateBranch(CreateBranch { if_not_exists, name, from }))
}

/// Reads what follows `DROP BRANCH`.
pub(super) fn read_drop(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_exists = cursor.take_if_exists();
    let name = cursor.text_or_name(BRANCH)?;
    let force = cursor.take_word("FORCE");
    Ok(Statement::DropBranch(DropBranch { if_exists, name, force }))
}

/// Reads what follows `ALTER BRANCH`.
pub(super) fn read_alter(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let name = cursor.text_or_name(BRANCH)?;
    cursor.expect_words(&["RENAME", "TO"])?;
    let to = cursor.text_or_name(BRANCH)?;
    Ok(Statement::RenameBranch(RenameBranch { name, to }))
}

/// Reads what follows `USE`.
pub(super) fn read_use(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if !cursor.take_word("BRANCH") {
        return Err(cursor.unexpected("BRANCH").with_hint("write USE BRANCH 'name'"));
    }
    let name = cursor.text_or_name(BRANCH)?;
    Ok(Statement::UseBranch(UseBranch { name }))
}
