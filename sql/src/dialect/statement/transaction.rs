//! Transaction control: `BEGIN`, `COMMIT`, `ROLLBACK`, savepoints and `SET TRANSACTION`.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// What the modes after `BEGIN` or `SET TRANSACTION` ask for. `None`: not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionModes {
    /// `ISOLATION LEVEL …`. Every level runs as snapshot isolation, which is at least as strong as all but
    /// `SERIALIZABLE`.
    pub isolation: Option<IsolationLevel>,
    /// `READ ONLY` (true) or `READ WRITE` (false).
    pub read_only: Option<bool>,
}

/// The isolation levels of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationLevel {
    /// `READ UNCOMMITTED`
    ReadUncommitted,
    /// `READ COMMITTED`
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
}

/// `BEGIN`, or `START TRANSACTION` (the command tags differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// Written as `START TRANSACTION`.
    pub start: bool,
    /// The modes that follow.
    pub modes: TransactionModes,
}

/// `SET TRANSACTION …` or `SET SESSION CHARACTERISTICS AS TRANSACTION …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetTransaction {
    /// For all transactions to come, rather than for this one.
    pub session: bool,
    /// The modes that follow.
    pub modes: TransactionModes,
}

/// Reads what follows `BEGIN [WORK | TRANSACTION]` or `START TRANSACTION`.
pub(super) fn read_begin(cursor: &mut Cursor<'_>, start: bool) -> Result<Statement, SqlError> {
    if start {
        cursor.expect_word("TRANSACTION")?;
    } else {
        take_noise(cursor);
    }
    let modes = read_modes(cursor, false)?;
    Ok(Statement::Begin(Begin { start, modes }))
}

/// Reads what follows `COMMIT` or `END`.
pub(super) fn read_commit(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    take_noise(cursor);
    refuse_prepared(cursor)?;
    Ok(Statement::Commit { chain: read_chain(cursor)? })
}

/// Reads what follows `ROLLBACK` or `ABORT`.
pub(super) fn read_rollback(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    take_noise(cursor);
    refuse_prepared(cursor)?;
    if cursor.take_word("TO") {
        return Ok(Statement::RollbackTo(read_savepoint(cursor)?));
    }
    Ok(Statement::Rollback { chain: read_chain(cursor)? })
}

/// Reads what follows `RELEASE`.
pub(super) fn read_release(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    Ok(Statement::Release(read_savepoint(cursor)?))
}

/// Reads `[SAVEPOINT] name`.
fn read_savepoint(cursor: &mut Cursor<'_>) -> Result<super::Name, SqlError> {
    // `SAVEPOINT` alone is the name itself.
    if cursor.at_words(&["SAVEPOINT"]) && cursor.peek_at(1).is_some() {
        cursor.skip(1);
    }
    cursor.name("the name of a savepoint")
}

/// `WORK` and `TRANSACTION` say nothing.
fn take_noise(cursor: &mut Cursor<'_>) {
    cursor.take_one_of(&["WORK", "TRANSACTION"]);
}

fn refuse_prepared(cursor: &Cursor<'_>) -> Result<(), SqlError> {
    if cursor.at_words(&["PREPARED"]) {
        return Err(
            SqlError::not_supported("two-phase commit is not supported").with_position(cursor.position())
        );
    }
    Ok(())
}

/// Reads `[AND [NO] CHAIN]`.
fn read_chain(cursor: &mut Cursor<'_>) -> Result<bool, SqlError> {
    if !cursor.take_word("AND") {
        return Ok(false);
    }
    let chain = !cursor.take_word("NO");
    cursor.expect_word("CHAIN")?;
    Ok(chain)
}

/// Reads the modes of a transaction, with commas or without; at least one if `required`.
pub(super) fn read_modes(cursor: &mut Cursor<'_>, required: bool) -> Result<TransactionModes, SqlError> {
    let mut modes = TransactionModes::default();
    let mut wanted = required;
    loop {
        if cursor.take_words(&["ISOLATION", "LEVEL"]) {
            modes.isolation = Some(read_isolation(cursor)?);
        } else if cursor.take_words(&["READ", "ONLY"]) {
            modes.read_only = Some(true);
        } else if cursor.take_words(&["READ", "WRITE"]) {
            modes.read_only = Some(false);
        } else if cursor.take_words(&["NOT", "DEFERRABLE"]) || cursor.take_word("DEFERRABLE") {
            // Nothing waits for a snapshot, nor fails for the want of one.
        } else if wanted {
            return Err(cursor.unexpected("ISOLATION LEVEL, READ ONLY or READ WRITE"));
        } else {
            return Ok(modes);
        }
        wanted = cursor.take_symbol(&SqlToken::Comma);
    }
}

fn read_isolation(cursor: &mut Cursor<'_>) -> Result<IsolationLevel, SqlError> {
    let levels: [(&[&str], IsolationLevel); 4] = [
        (&["READ", "UNCOMMITTED"], IsolationLevel::ReadUncommitted),
        (&["READ", "COMMITTED"], IsolationLevel::ReadCommitted),
        (&["REPEATABLE", "READ"], IsolationLevel::RepeatableRead),
        (&["SERIALIZABLE"], IsolationLevel::Serializable),
    ];
    levels
        .into_iter()
        .find(|(words, _)| cursor.take_words(words))
        .map(|(_, level)| level)
        .ok_or_else(|| cursor.unexpected("READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ or SERIALIZABLE"))
}
