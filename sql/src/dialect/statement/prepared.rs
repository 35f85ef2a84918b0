//! SQL's own prepared statements: `PREPARE`, `EXECUTE`, `DEALLOCATE`.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token as SqlToken;

use crate::SqlError;
use crate::dialect::cursor::Cursor;
use sqlparser::ast::{DataType, Expr};

use super::Statement;
use super::name::Name;

/// `PREPARE name [(types)] AS statement`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepare {
    /// What it is to be called.
    pub name: Name,
    /// The types of `$1`, `$2`, …, as far as they are said.
    pub parameter_types: Vec<DataType>,
    /// A query, `INSERT`, `UPDATE` or `DELETE`.
    pub statement: Box<Statement>,
}

/// `EXECUTE name [(values)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Execute {
    /// Which.
    pub name: Name,
    /// The values of `$1`, `$2`, …
    pub arguments: Vec<Expr>,
}

/// `DEALLOCATE [PREPARE] name | ALL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deallocate {
    /// Every prepared statement.
    All,
    /// One of them.
    Named(Name),
}

const PREPARED: &str = "the name of a prepared statement";

/// Reads what follows `PREPARE`.
pub(super) fn read_prepare(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if cursor.at_words(&["TRANSACTION"]) {
        return Err(
            SqlError::not_supported("two-phase commit is not supported").with_position(cursor.position())
        );
    }
    let name = cursor.name(PREPARED)?;
    let mut parameter_types = Vec::new();
    if cursor.take_symbol(&SqlToken::LParen) {
        parameter_types = cursor.parse(|parser| parser.parse_comma_separated(Parser::parse_data_type))?;
        cursor.expect_symbol(&SqlToken::RParen)?;
    }
    cursor.expect_word("AS")?;
    let position = cursor.position();
    match super::read_plannable(cursor)? {
        None | Some(Statement::Execute(_)) => {
            Err(SqlError::syntax("PREPARE takes a query, INSERT, UPDATE or DELETE").with_position(position))
        }
        Some(statement) => {
            Ok(Statement::Prepare(Prepare { name, parameter_types, statement: Box::new(statement) }))
        }
    }
}

/// Reads what follows `EXECUTE`.
pub(super) fn read_execute(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let name = cursor.name(PREPARED)?;
    let mut arguments = Vec::new();
    if cursor.take_symbol(&SqlToken::LParen) && !cursor.take_symbol(&SqlToken::RParen) {
        arguments = cursor.parse(|parser| parser.parse_comma_separated(Parser::parse_expr))?;
        cursor.expect_symbol(&SqlToken::RParen)?;
    }
    Ok(Statement::Execute(Execute { name, arguments }))
}

/// Reads what follows `DEALLOCATE`.
pub(super) fn read_deallocate(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if cursor.at_words(&["PREPARE"]) && cursor.peek_at(1).is_some() {
        cursor.skip(1);
    }
    Ok(Statement::Deallocate(match cursor.take_word("ALL") {
        true => Deallocate::All,
        false => Deallocate::Named(cursor.name(PREPARED)?),
    }))
}
