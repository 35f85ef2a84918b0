//! `DIFF`.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use crate::SqlError;
use crate::dialect::cursor::Cursor;
use sqlparser::ast::Expr;

use super::name::{Argument, TableName};

/// `DIFF 'a' 'b' [ON table] [WHERE …] [SUMMARY]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The version before.
    pub from: Argument,
    /// The version after.
    pub to: Argument,
    /// `'a'...'b'`: from the commit at which they parted, rather than from `a` itself.
    pub three_dot: bool,
    /// One table or projection; every key if not said.
    pub table: Option<TableName>,
    /// Holds on the row before or the row after; bare column names mean either side.
    pub filter: Option<Box<Expr>>,
    /// Counts only.
    pub summary: bool,
}

/// Reads what follows `DIFF`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let from = cursor.text("a revision in quotes")?;
    let three_dot = cursor.at(&SqlToken::Period);
    if three_dot {
        for _ in 0..3 {
            if !cursor.take_symbol(&SqlToken::Period) {
                let error = cursor.unexpected("three points");
                return Err(error
                    .with_hint("write DIFF 'a' 'b', or DIFF 'a'...'b' for the changes since they parted"));
            }
        }
    }
    let to = cursor.text("a revision in quotes")?;
    let mut diff = Diff { from, to, three_dot, table: None, filter: None, summary: false };
    if cursor.take_word("ON") {
        diff.table = Some(cursor.table_name()?);
    }
    loop {
        if diff.filter.is_none() && cursor.take_word("WHERE") {
            diff.filter = Some(cursor.expression()?);
        } else if !diff.summary && cursor.take_word("SUMMARY") {
            diff.summary = true;
        } else {
            return Ok(Statement::Diff(diff));
        }
    }
}
