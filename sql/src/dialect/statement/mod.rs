//! The statements, one file each: what the statement says, and the reader that makes it from tokens.

mod alter_database;
mod alter_table;
mod assignment;
mod branch;
mod column_type;
mod commit_message;
mod copy;
mod copy_options;
mod create_table;
mod delete;
mod diff;
mod drop_table;
mod explain;
mod insert;
mod inspect;
mod maintenance;
mod name;
mod prepared;
mod query;
mod setting;
mod show;
mod tag;
mod target;
mod transaction;
mod trees;
mod update;

use sqlparser::ast::Query;
use sqlparser::tokenizer::Token as SqlToken;

use super::cursor::Cursor;
use super::later;
use crate::SqlError;

pub(crate) use alter_database::AlterDatabase;
pub(crate) use alter_table::{AlterTable, AlterTableOperation};
pub(crate) use assignment::{Assignment, is_default};
pub(crate) use branch::{CreateBranch, DropBranch, RenameBranch, UseBranch};
pub(crate) use column_type::ColumnType;
pub(crate) use commit_message::CommitMessage;
pub(crate) use copy::{CopyFormat, CopyFrom, CopyHeader, CopyOptions, CopyTo};
pub(crate) use create_table::{ColumnDefinition, CreateTable, Expression};
pub(crate) use delete::Delete;
pub(crate) use diff::Diff;
pub(crate) use drop_table::{DropTable, Truncate};
pub(crate) use explain::Explain;
pub(crate) use insert::{ConflictAction, Insert};
pub(crate) use inspect::Inspect;
pub(crate) use maintenance::CollectGarbage;
pub(crate) use name::{Argument, ArgumentValue, Name, TableName};
pub(crate) use prepared::{Deallocate, Execute, Prepare};
pub(crate) use setting::{Discard, Reset, Set};
pub(crate) use show::{LogRange, Show};
pub(crate) use tag::{CreateTag, DropTag};
pub(crate) use transaction::{Begin, IsolationLevel, SetTransaction, TransactionModes};
pub(crate) use trees::TreeVisitor;
pub(crate) use update::Update;

/// A statement, ready to be bound and run.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `SELECT`, `VALUES`, `TABLE`, `WITH … SELECT`.
    Query(Box<Query>),
    /// `INSERT`
    Insert(Box<Insert>),
    /// `UPDATE`
    Update(Box<Update>),
    /// `DELETE`
    Delete(Box<Delete>),
    /// `EXPLAIN`
    Explain(Explain),

    /// `BEGIN`, `START TRANSACTION`
    Begin(Begin),
    /// `COMMIT`, `END`; `chain` begins the next transaction at once.
    Commit {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// `ROLLBACK`, `ABORT`; `chain` begins the next transaction at once.
    Rollback {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// `SAVEPOINT name`
    Savepoint(Name),
    /// `ROLLBACK TO [SAVEPOINT] name`
    RollbackTo(Name),
    /// `RELEASE [SAVEPOINT] name`
    Release(Name),
    /// `SET TRANSACTION …`, `SET SESSION CHARACTERISTICS AS TRANSACTION …`
    SetTransaction(SetTransaction),

    /// `SET`
    Set(Set),
    /// `RESET`
    Reset(Reset),
    /// `SHOW`
    Show(Show),
    /// `DISCARD`
    Discard(Discard),

    /// `PREPARE`
    Prepare(Prepare),
    /// `EXECUTE`
    Execute(Execute),
    /// `DEALLOCATE`
    Deallocate(Deallocate),
    /// `CLOSE ALL`: there are no cursors, so there is nothing to do.
    CloseAll,
    /// `UNLISTEN …`: there is nothing to listen to, so there is nothing to do.
    Unlisten,

    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `ALTER TABLE`
    AlterTable(AlterTable),
    /// `DROP TABLE`
    DropTable(DropTable),
    /// `TRUNCATE`
    Truncate(Truncate),
    /// `COPY … FROM STDIN`
    CopyFrom(CopyFrom),
    /// `COPY … TO STDOUT`
    CopyTo(CopyTo),

    /// `CREATE BRANCH`
    CreateBranch(CreateBranch),
    /// `DROP BRANCH`
    DropBranch(DropBranch),
    /// `ALTER BRANCH … RENAME TO`
    RenameBranch(RenameBranch),
    /// `USE BRANCH`
    UseBranch(UseBranch),
    /// `CREATE TAG`
    CreateTag(CreateTag),
    /// `DROP TAG`
    DropTag(DropTag),
    /// `COMMIT MESSAGE`
    CommitMessage(CommitMessage),
    /// `DIFF`
    Diff(Diff),

    /// `COLLECT GARBAGE`
    CollectGarbage(CollectGarbage),
    /// `CHECK DATABASE`
    CheckDatabase,
    /// `REPAIR DATABASE`
    RepairDatabase,
    /// `INSPECT`
    Inspect(Inspect),
    /// `ALTER DATABASE SET`
    AlterDatabase(AlterDatabase),
}

/// Reads one statement, to its end.
///
/// # Errors
/// 42601 for text that is none, 0A000 for one that this version does not run.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    later::refuse(cursor)?;
    let statement = match read_plannable(cursor)? {
        Some(statement) => statement,
        None => read_command(cursor)?,
    };
    cursor.expect_end()?;
    Ok(statement)
}

/// Reads what `EXPLAIN` and `PREPARE` take: a query, `INSERT`, `UPDATE`, `DELETE` or `EXECUTE`, if one is next.
fn read_plannable(cursor: &mut Cursor<'_>) -> Result<Option<Statement>, SqlError> {
    if cursor.at(&SqlToken::LParen)
        || ["SELECT", "VALUES", "WITH"].iter().any(|word| cursor.at_words(&[word]))
    {
        return query::read(cursor).map(Some);
    }
    if ["INSERT", "UPDATE", "DELETE"].iter().any(|word| cursor.at_words(&[word])) {
        return query::read_write(cursor).map(Some);
    }
    if cursor.take_word("EXECUTE") {
        return prepared::read_execute(cursor).map(Some);
    }
    Ok(None)
}

/// Reads a statement of which the words in front tell which it is.
fn read_command(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    type Read = fn(&mut Cursor<'_>) -> Result<Statement, SqlError>;
    const COMMANDS: &[(&[&str], Read)] = &[
        (&["EXPLAIN"], explain::read),
        (&["BEGIN"], |cursor| transaction::read_begin(cursor, false)),
        (&["START"], |cursor| transaction::read_begin(cursor, true)),
        (&["COMMIT", "MESSAGE"], commit_message::read),
        (&["COMMIT"], transaction::read_commit),
        (&["END"], transaction::read_commit),
        (&["ROLLBACK"], transaction::read_rollback),
        (&["ABORT"], transaction::read_rollback),
        (&["SAVEPOINT"], |cursor| cursor.name("the name of a savepoint").map(Statement::Savepoint)),
        (&["RELEASE"], transaction::read_release),
        (&["SET"], setting::read_set),
        (&["RESET"], setting::read_reset),
        (&["SHOW"], show::read),
        (&["DISCARD"], setting::read_discard),
        (&["PREPARE"], prepared::read_prepare),
        (&["DEALLOCATE"], prepared::read_deallocate),
        (&["CLOSE", "ALL"], |_| Ok(Statement::CloseAll)),
        (&["UNLISTEN"], read_unlisten),
        (&["CREATE", "TABLE"], create_table::read),
        (&["ALTER", "TABLE"], alter_table::read),
        (&["DROP", "TABLE"], drop_table::read_drop),
        (&["TRUNCATE"], drop_table::read_truncate),
        (&["COPY"], copy::read),
        (&["CREATE", "BRANCH"], branch::read_create),
        (&["DROP", "BRANCH"], branch::read_drop),
        (&["ALTER", "BRANCH"], branch::read_alter),
        (&["USE"], branch::read_use),
        (&["CREATE", "TAG"], tag::read_create),
        (&["DROP", "TAG"], tag::read_drop),
        (&["DIFF"], diff::read),
        (&["COLLECT"], maintenance::read_collect),
        (&["CHECK"], maintenance::read_check),
        (&["REPAIR"], maintenance::read_repair),
        (&["INSPECT"], inspect::read),
        (&["ALTER", "DATABASE"], alter_database::read),
    ];
    match COMMANDS.iter().find(|(words, _)| cursor.take_words(words)) {
        Some((_, read)) => read(cursor),
        None => Err(unknown(cursor, COMMANDS.iter().filter_map(|(words, _)| words.first().copied()))),
    }
}

/// The error for text that begins like no statement.
fn unknown<'a>(cursor: &mut Cursor<'_>, commands: impl Iterator<Item = &'a str>) -> SqlError {
    const OTHERS: [&str; 7] = ["SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "EXECUTE"];
    let error = cursor.unexpected("a statement");
    // `CREATE TABEL`: it is the second word that is unknown.
    for word in ["CREATE", "ALTER", "DROP"] {
        if cursor.take_word(word) {
            let last = if word == "ALTER" { "DATABASE" } else { "TAG" };
            return cursor.unexpected(format_args!("TABLE, BRANCH or {last}"));
        }
    }
    let Some(written) = cursor.peek().and_then(|token| token.as_identifier()) else { return error };
    let written = written.value.to_ascii_uppercase();
    let nearest =
        commands.chain(OTHERS).map(|word| (strsim::damerau_levenshtein(&written, word), word)).min();
    match nearest {
        Some((distance, word)) if distance <= 2 && distance < word.len() => {
            error.with_hint(format!("did you mean {word}?"))
        }
        _ => error,
    }
}

/// Reads what follows `UNLISTEN`.
fn read_unlisten(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if !cursor.take_symbol(&SqlToken::Mul) {
        cursor.name("the name of a channel")?;
    }
    Ok(Statement::Unlisten)
}
