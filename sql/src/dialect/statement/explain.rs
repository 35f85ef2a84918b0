//! `EXPLAIN`.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `EXPLAIN [ANALYZE] [VERBOSE] statement`, or with the options in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// Run it, and show what was measured.
    pub analyze: bool,
    /// Show more.
    pub verbose: bool,
    /// The word after `FORMAT`, in lower case: `text`, `json`, `tree`, `indent`, `graphviz`, …
    pub format: Option<String>,
    /// A query, `INSERT`, `UPDATE`, `DELETE`, or `EXECUTE`.
    pub statement: Box<Statement>,
}

/// Reads what follows `EXPLAIN`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let mut explain = Options::default();
    if cursor.at(&SqlToken::LParen)
        && cursor.peek_at(1).is_some_and(|token| OPTIONS.iter().any(|o| token.is_word(o)))
    {
        cursor.skip(1);
        cursor.comma_separated(|cursor| explain.read(cursor))?;
        cursor.expect_symbol(&SqlToken::RParen)?;
    } else {
        explain.analyze = cursor.take_one_of(&["ANALYZE", "ANALYSE"]).is_some();
        explain.verbose = cursor.take_word("VERBOSE");
    }
    let position = cursor.position();
    // Never EXPLAIN of EXPLAIN: it would recurse as often as the text says.
    let Some(statement) = super::read_plannable(cursor)? else {
        return Err(SqlError::syntax("EXPLAIN takes a query, INSERT, UPDATE, DELETE or EXECUTE")
            .with_position(position));
    };
    Ok(Statement::Explain(Explain {
        analyze: explain.analyze,
        verbose: explain.verbose,
        format: explain.format,
        statement: Box::new(statement),
    }))
}

/// The options that PostgreSQL knows. Those that shape its own costs are taken and do nothing.
const OPTIONS: [&str; 12] = [
    "ANALYZE",
    "ANALYSE",
    "VERBOSE",
    "FORMAT",
    "COSTS",
    "SETTINGS",
    "GENERIC_PLAN",
    "BUFFERS",
    "WAL",
    "TIMING",
    "SUMMARY",
    "MEMORY",
];

#[derive(Default)]
struct Options {
    analyze: bool,
    verbose: bool,
    format: Option<String>,
}

impl Options {
    /// Reads one option of the list in parentheses.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
        match cursor.take_one_of(&OPTIONS) {
            Some("ANALYZE" | "ANALYSE") => self.analyze = read_switch(cursor)?,
            Some("VERBOSE") => self.verbose = read_switch(cursor)?,
            Some("FORMAT") => self.format = Some(cursor.name("a format")?.value.to_ascii_lowercase()),
            Some(_) => {
                read_switch(cursor)?;
            }
            None => return Err(cursor.unexpected("an option of EXPLAIN")),
        }
        Ok(())
    }
}

/// Reads `[boolean]`; none is true.
fn read_switch(cursor: &mut Cursor<'_>) -> Result<bool, SqlError> {
    if cursor.take_one_of(&["TRUE", "ON"]).is_some() {
        return Ok(true);
    }
    if cursor.take_one_of(&["FALSE", "OFF"]).is_some() {
        return Ok(false);
    }
    match cursor.peek().map(|token| &token.token) {
        Some(SqlToken::Number(digits, _)) if digits == "0" || digits == "1" => {
            let on = digits == "1";
            cursor.skip(1);
            Ok(on)
        }
        Some(SqlToken::Comma | SqlToken::RParen) => Ok(true),
        _ => Err(cursor.unexpected("true or false")),
    }
}
