//! Changes to the tokens of a statement before they are parsed. Every token keeps its place in the user's text.
//!
//! - `AS OF 'r'` and `ON BRANCH 'b'` behind a table's name are taken out and kept aside.
//! - `user` in front of a point is quoted: it is the table there, not the function that PostgreSQL calls so.
//! - `TABLE t` where a query begins becomes `SELECT * FROM t`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token as SqlToken};

use super::cursor::text_argument;
use super::statement::Argument;
use super::token::Token;
use super::version::VersionClause;
use crate::SqlError;

/// A version clause that was taken out, and the table reference that it stood behind.
#[derive(Debug, Clone)]
pub(crate) struct TakenClause {
    /// What it said.
    pub(crate) clause: VersionClause,
    /// Its own text, for errors: `AS OF` or `ON BRANCH`.
    pub(crate) words: &'static str,
    /// Where the name before it begins; `None` if there is no name before it.
    pub(crate) table: Option<Location>,
    /// The same in characters from 1.
    pub(crate) table_position: Option<usize>,
}

/// The tokens to parse, and what was taken out of them.
#[derive(Debug, Clone)]
pub(crate) struct Rewritten {
    /// The tokens that are left.
    pub(crate) tokens: Vec<Token>,
    /// The version clauses, in the order of the text.
    pub(crate) clauses: Vec<TakenClause>,
}

/// Rewrites the tokens of one statement.
///
/// # Errors
/// 42601 for a clause that is said twice.
pub(crate) fn rewrite(tokens: &[Token]) -> Result<Rewritten, SqlError> {
    let mut rewritten = Rewritten { tokens: Vec::with_capacity(tokens.len()), clauses: Vec::new() };
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        let rest = tokens.get(next..).unwrap_or_default();
        if let Some((clause, length)) = read_clause(rewritten.tokens.last(), rest)? {
            let table = name_before(&rewritten.tokens);
            rewritten.clauses.push(TakenClause {
                clause,
                words: if token.is_word("ON") || token.is_word("AT") { "ON BRANCH" } else { "AS OF" },
                table: table.map(|table| table.span.start),
                table_position: table.map(|table| table.position),
            });
            next += length;
            continue;
        }
        next += 1;
        if is_table_command(rewritten.tokens.last(), rest) {
            let words = [SqlToken::make_keyword("SELECT"), SqlToken::Mul, SqlToken::make_keyword("FROM")];
            rewritten.tokens.extend(words.map(|word| Token { token: word, ..token.clone() }));
            continue;
        }
        let mut token = token.clone();
        let qualifies = rest.get(1).is_some_and(|after| after.token == SqlToken::Period);
        if qualifies && token.is_word("user") {
            token.quote();
        }
        rewritten.tokens.push(token);
    }
    Ok(rewritten)
}

/// Which half of a version clause some words begin, how many they are, and the text that follows.
enum Half {
    Branch(Argument),
    AsOf(Argument),
}

/// Reads a whole clause, `ON BRANCH 'b' AS OF 'r'` or one half of it, and how many tokens it takes.
fn read_clause(before: Option<&Token>, tokens: &[Token]) -> Result<Option<(VersionClause, usize)>, SqlError> {
    let Some(first) = tokens.first() else { return Ok(None) };
    // `FROM version AS OF 'r'` is of a table called `version`.
    let is_name = ["VERSION", "TIMESTAMP"].iter().any(|word| first.is_word(word)) && awaits_name(before);
    if is_name {
        return Ok(None);
    }
    let position = first.position;
    let mut clause = VersionClause { branch: None, as_of: None, position };
    let mut length = 0;
    while let Some((half, taken)) = read_half(tokens.get(length..).unwrap_or_default())? {
        let (place, argument) = match half {
            Half::Branch(argument) => (&mut clause.branch, argument),
            Half::AsOf(argument) => (&mut clause.as_of, argument),
        };
        if place.is_some() {
            let position = tokens.get(length).map_or(position, |token| token.position);
            return Err(
                SqlError::syntax("a table can have only one branch and one revision").with_position(position)
            );
        }
        *place = Some(argument);
        length += taken;
    }
    Ok((length > 0).then_some((clause, length)))
}

/// Whether a name must follow this token.
fn awaits_name(before: Option<&Token>) -> bool {
    before.is_none_or(|before| match &before.token {
        SqlToken::Comma | SqlToken::LParen | SqlToken::Period => true,
        SqlToken::Word(word) => matches!(
            word.keyword,
            Keyword::FROM
                | Keyword::JOIN
                | Keyword::USING
                | Keyword::INTO
                | Keyword::UPDATE
                | Keyword::TABLE
                | Keyword::COPY
                | Keyword::TRUNCATE
        ),
        _ => false,
    })
}

/// Reads `ON BRANCH 'b'` or `AS OF 'r'` in one of their notations.
///
/// Only the literal behind the words makes them a clause: `JOIN t ON branch = 'x'` and `SELECT a AS of` are
/// what they always were.
fn read_half(tokens: &[Token]) -> Result<Option<(Half, usize)>, SqlError> {
    const BRANCH: [&[&str]; 2] = [&["ON", "BRANCH"], &["AT", "BRANCH"]];
    const AS_OF: [&[&str]; 6] = [
        &["AS", "OF"],
        &["FOR", "SYSTEM_TIME", "AS", "OF"],
        &["FOR", "VERSION", "AS", "OF"],
        &["FOR", "TIMESTAMP", "AS", "OF"],
        &["VERSION", "AS", "OF"],
        &["TIMESTAMP", "AS", "OF"],
    ];
    let begins_with = |words: &[&str]| {
        tokens.len() > words.len() && words.iter().zip(tokens).all(|(word, token)| token.is_word(word))
    };
    if let Some(words) = BRANCH.into_iter().find(|words| begins_with(words)) {
        return Ok(literal(tokens, words.len())?.map(|(branch, length)| (Half::Branch(branch), length)));
    }
    if let Some(words) = AS_OF.into_iter().find(|words| begins_with(words)) {
        // `AS OF TIMESTAMP '…'` is the standard's way to say that it is a time.
        let typed = tokens.get(words.len()).is_some_and(|token| {
            ["TIMESTAMP", "TIMESTAMPTZ", "DATE"].into_iter().any(|word| token.is_word(word))
        });
        let at = words.len() + usize::from(typed);
        return Ok(literal(tokens, at)?.map(|(as_of, length)| (Half::AsOf(as_of), length)));
    }
    Ok(None)
}

/// The literal or `$n` at this index, and the number of tokens up to and with it.
fn literal(tokens: &[Token], index: usize) -> Result<Option<(Argument, usize)>, SqlError> {
    let argument = tokens.get(index).map(text_argument).transpose()?.flatten();
    Ok(argument.map(|argument| (argument, index + 1)))
}

/// The first token of the name that ends the tokens: `a`, or `a.b.c`.
fn name_before(tokens: &[Token]) -> Option<&Token> {
    let mut first = tokens.len().checked_sub(1)?;
    tokens.get(first)?.as_identifier()?;
    while let Some(before) = first.checked_sub(2)
        && let [name, point] = tokens.get(before..first)?
        && point.token == SqlToken::Period
        && name.as_identifier().is_some()
    {
        first = before;
    }
    tokens.get(first)
}

/// Whether `rest` begins with the command `TABLE t`, in a place where a query begins.
fn is_table_command(before: Option<&Token>, rest: &[Token]) -> bool {
    let [table, name, ..] = rest else { return false };
    let begins_query = match before.map(|token| &token.token) {
        None | Some(SqlToken::LParen) => true,
        Some(SqlToken::Word(word)) => matches!(
            word.keyword,
            Keyword::UNION | Keyword::ALL | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::DISTINCT
        ),
        Some(_) => false,
    };
    begins_query && table.is_word("TABLE") && name.as_identifier().is_some()
}
