//! Statements that are known and cannot be run yet.

use super::cursor::Cursor;
use crate::SqlError;

/// The words that such statements begin with, the longer before the shorter.
const STATEMENTS: &[&[&str]] = &[
    // Versions
    &["MERGE", "BRANCH"],
    &["RESOLVE", "CONFLICTS"],
    &["RESOLVE", "CONFLICT"],
    &["ABORT", "MERGE"],
    &["CHERRY", "PICK"],
    &["REVERT"],
    &["REBASE"],
    &["RESET", "HARD"],
    &["RESET", "SOFT"],
    &["RESET", "TO"],
    &["RESTORE"],
    &["STASH"],
    &["UNDO"],
    &["REDO"],
    &["SHOW", "CONFLICTS"],
    &["SHOW", "STASHES"],
    &["SHOW", "OPERATIONS"],
    &["SHOW", "REMOTES"],
    &["CREATE", "MERGE", "RULE"],
    &["DROP", "MERGE", "RULE"],
    // Projections
    &["CREATE", "OR", "REPLACE", "PROJECTION"],
    &["CREATE", "PROJECTION"],
    &["DROP", "PROJECTION"],
    &["REBUILD", "PROJECTION"],
    &["PAUSE", "PROJECTION"],
    &["RESUME", "PROJECTION"],
    &["CANCEL", "REBUILD"],
    &["SHOW", "PROJECTIONS"],
    &["SUBSCRIBE"],
    &["LISTEN"],
    &["NOTIFY"],
    &["CREATE", "INDEX"],
    &["CREATE", "UNIQUE", "INDEX"],
    &["DROP", "INDEX"],
    &["ALTER", "INDEX"],
    &["REINDEX"],
    &["CREATE", "MATERIALIZED", "VIEW"],
    &["REFRESH", "MATERIALIZED", "VIEW"],
    &["DROP", "MATERIALIZED", "VIEW"],
    // Permissions, hooks
    &["CREATE", "BRANCH", "PERMISSION"],
    &["DROP", "BRANCH", "PERMISSION"],
    &["CREATE", "PERMISSION"],
    &["DROP", "PERMISSION"],
    &["SHOW", "PERMISSIONS"],
    &["EXPLAIN", "PERMISSION"],
    &["CREATE", "ROLE"],
    &["ALTER", "ROLE"],
    &["DROP", "ROLE"],
    &["CREATE", "USER"],
    &["ALTER", "USER"],
    &["DROP", "USER"],
    &["GRANT"],
    &["REVOKE"],
    &["CREATE", "HOOK"],
    &["DROP", "HOOK"],
    &["SHOW", "HOOKS"],
    // Other machines
    &["CREATE", "REMOTE"],
    &["DROP", "REMOTE"],
    &["PUSH"],
    &["PULL"],
    // PostgreSQL's own
    &["CREATE", "TEMPORARY", "TABLE"],
    &["CREATE", "TEMP", "TABLE"],
    &["CREATE", "UNLOGGED", "TABLE"],
    &["CREATE", "OR", "REPLACE", "VIEW"],
    &["CREATE", "VIEW"],
    &["DROP", "VIEW"],
    &["CREATE", "SCHEMA"],
    &["DROP", "SCHEMA"],
    &["CREATE", "DATABASE"],
    &["ALTER", "DATABASE"],
    &["DROP", "DATABASE"],
    &["CREATE", "EXTENSION"],
    &["CREATE", "TYPE"],
    &["CREATE", "DOMAIN"],
    &["CREATE", "SEQUENCE"],
    &["CREATE", "FUNCTION"],
    &["CREATE", "PROCEDURE"],
    &["CREATE", "TRIGGER"],
    &["ALTER", "DEFAULT", "PRIVILEGES"],
    &["COMMENT", "ON"],
    &["MERGE", "INTO"],
    &["VACUUM"],
    &["ANALYZE"],
    &["LOCK"],
    &["CALL"],
    &["DO"],
    &["CLUSTER"],
    &["CHECKPOINT"],
    &["LOAD"],
];

/// Those of SQL's cursors. `CLOSE ALL`, by which drivers reset a connection, is none of them: without cursors it
/// is done.
const CURSORS: &[&[&str]] = &[&["DECLARE"], &["FETCH"], &["MOVE"], &["CLOSE"]];

/// Refuses the statement that is next, if it is one of these.
///
/// # Errors
/// 0A000.
pub(crate) fn refuse(cursor: &Cursor<'_>) -> Result<(), SqlError> {
    if CURSORS.iter().any(|words| cursor.at_words(words)) && !cursor.at_words(&["CLOSE", "ALL"]) {
        return Err(SqlError::not_supported("cursors are not available in this version")
            .with_hint("read the query's rows as they come; the server streams them")
            .with_position(cursor.position()));
    }
    // Of what ALTER DATABASE does elsewhere there are the settings.
    if cursor.at_words(&["ALTER", "DATABASE", "SET"]) {
        return Ok(());
    }
    match STATEMENTS.iter().find(|words| cursor.at_words(words)) {
        Some(words) => Err(not_available(&words.join(" "), cursor.position())),
        None => Ok(()),
    }
}

/// The error for such a statement.
pub(crate) fn not_available(statement: &str, position: usize) -> SqlError {
    SqlError::not_supported(format!("{statement} is not available in this version")).with_position(position)
}
