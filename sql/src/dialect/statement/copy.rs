//! `COPY … FROM STDIN` and `COPY … TO STDOUT`.

use sqlparser::tokenizer::Token as SqlToken;

use super::copy_options;
use super::{Statement, query};
use crate::SqlError;
use crate::dialect::cursor::Cursor;
use crate::dialect::parser::parse_with;
use crate::dialect::token::Token;
use sqlparser::ast::Query;

use super::name::{Name, TableName};

/// `COPY table [(columns)] FROM STDIN …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFrom {
    /// The table written to.
    pub table: TableName,
    /// The columns in the order of the input; empty if not said: all in their order.
    pub columns: Vec<Name>,
    /// How the input is written.
    pub options: CopyOptions,
}

/// `COPY { table [(columns)] | (query) } TO STDOUT …`.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyTo {
    /// The query; for a table, `SELECT columns FROM table`.
    pub query: Box<Query>,
    /// How to write the output.
    pub options: CopyOptions,
}

/// The options of `COPY`, with the defaults of their format filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOptions {
    /// `FORMAT`.
    pub format: CopyFormat,
    /// `HEADER`.
    pub header: CopyHeader,
    /// `DELIMITER`: tab for text, comma for CSV.
    pub delimiter: u8,
    /// `NULL`: `\N` for text, empty for CSV. In CSV only an unquoted field can be null.
    pub null: String,
    /// `QUOTE`, CSV only.
    pub quote: u8,
    /// `ESCAPE`, CSV only; the quote unless said.
    pub escape: u8,
}

/// How the lines of `COPY` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    /// PostgreSQL's own: fields between delimiters, backslash escapes.
    Text,
    /// Comma-separated values.
    Csv,
}

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyHeader {
    /// It does not.
    No,
    /// It does; when reading, it is skipped.
    Yes,
    /// It does; when reading, the names must be those of the columns.
    Match,
}

/// Reads what follows `COPY`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if cursor.at(&SqlToken::LParen) {
        return read_query_to(cursor);
    }
    if cursor.at_words(&["BINARY"]) && cursor.peek_at(1).is_some_and(|token| token.as_identifier().is_some())
    {
        return Err(copy_options::binary_is_not_supported(cursor.position()));
    }
    let before = cursor.rest();
    let table = cursor.table_name()?;
    let name = before.get(..before.len() - cursor.rest().len()).unwrap_or(before);
    let mut columns = Vec::new();
    let mut column_tokens = [].as_slice();
    if cursor.at(&SqlToken::LParen) {
        let before = cursor.rest();
        columns = cursor.names_in_parentheses("the name of a column")?;
        let length = before.len() - cursor.rest().len();
        column_tokens = before.get(1..length - 1).unwrap_or_default();
    }
    if cursor.take_word("FROM") {
        read_end(cursor, "STDIN")?;
        let options = copy_options::read(cursor)?;
        if cursor.at_words(&["WHERE"]) {
            return Err(SqlError::not_supported("COPY … WHERE is not supported")
                .with_hint("copy into a table of its own, then INSERT INTO … SELECT … WHERE")
                .with_position(cursor.position()));
        }
        return Ok(Statement::CopyFrom(CopyFrom { table, columns, options }));
    }
    cursor.expect_word("TO")?;
    let query = query_of_table(cursor, name, column_tokens)?;
    read_to(cursor, query)
}

/// Reads `(query) TO STDOUT …`.
fn read_query_to(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.expect_symbol(&SqlToken::LParen)?;
    if cursor.at_words(&["SUBSCRIBE"]) {
        return Err(crate::dialect::later::not_available("SUBSCRIBE", cursor.position()));
    }
    let query = query::read_box(cursor)?;
    cursor.expect_symbol(&SqlToken::RParen)?;
    cursor.expect_word("TO")?;
    read_to(cursor, query)
}

fn read_to(cursor: &mut Cursor<'_>, query: Box<Query>) -> Result<Statement, SqlError> {
    read_end(cursor, "STDOUT")?;
    let options = copy_options::read(cursor)?;
    Ok(Statement::CopyTo(CopyTo { query, options }))
}

/// Reads the other end of the copy: the client. There is no way to the server's files and programs.
fn read_end(cursor: &mut Cursor<'_>, client: &'static str) -> Result<(), SqlError> {
    let position = cursor.position();
    if cursor.take_word(client) {
        return Ok(());
    }
    if cursor.at_words(&["PROGRAM"]) || cursor.take_text()?.is_some() {
        return Err(SqlError::not_supported("nothing in SQL reaches the server's files or programs")
            .with_hint(format!("use COPY … {client}, or \\copy in psql"))
            .with_position(position));
    }
    Err(cursor.unexpected(client))
}

/// `SELECT columns FROM table`, of the user's own tokens.
fn query_of_table(cursor: &Cursor<'_>, table: &[Token], columns: &[Token]) -> Result<Box<Query>, SqlError> {
    let Some(place) = table.first() else { return Err(cursor.unexpected("a table")) };
    let word = |token| Token { token, ..place.clone() };
    // The user's words are names and nothing else, whatever keywords they look like.
    let quoted = |token: &Token| {
        let mut token = token.clone();
        token.quote();
        token
    };
    let mut tokens = vec![word(SqlToken::make_keyword("SELECT"))];
    match columns {
        [] => tokens.push(word(SqlToken::Mul)),
        columns => tokens.extend(columns.iter().map(quoted)),
    }
    tokens.push(word(SqlToken::make_keyword("FROM")));
    tokens.extend(table.iter().map(quoted));
    parse_with(&tokens, cursor.script(), |parser| parser.parse_query()).map(|(query, _)| query)
}
