//! Runs sqlparser on a run of tokens, and tells its errors as PostgreSQL would.

use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token as SqlToken};

use super::limits;
use super::postgres::PostgresDialect;
use super::token::Token;
use crate::{SqlError, SqlState};

/// Reads something from the front of `tokens` with sqlparser. Gives it with the number of tokens it took.
///
/// # Errors
/// 42601 with the position in the script (that of the last token if the text ends too early), 54001 if the
/// parser recursed too deep or worked too long.
pub(crate) fn parse_with<T>(
    tokens: &[Token],
    script: &str,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<(T, usize), SqlError> {
    let expressions = (tokens.len() + limits::PARSER_EXPRESSIONS_FREE)
        .saturating_mul(limits::PARSER_EXPRESSIONS_PER_TOKEN_MAX);
    let dialect = PostgresDialect::with_expressions(expressions);
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(limits::PARSER_RECURSION_MAX)
        .with_tokens_with_locations(tokens.iter().map(Token::to_parser).collect());
    let value = read(&mut parser).map_err(|error| {
        let reached = tokens.get(parser.index().saturating_sub(1)).or(tokens.last());
        parser_error(error, tokens, script, reached)
    })?;
    Ok((value, parser.index().min(tokens.len())))
}

/// Turns sqlparser's error into ours.
fn parser_error(error: ParserError, tokens: &[Token], script: &str, reached: Option<&Token>) -> SqlError {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            let error = limits::too_complex("nested too deep, or ambiguous too often", 1);
            return SqlError { position: reached.map(|token| token.position), ..error };
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
    };
    let (text, location) = split_location(&text);
    let found = location.and_then(|location| tokens.iter().find(|token| token.span.start == location));
    match (text.split_once(", found: "), found) {
        (Some((expected, _)), Some(token)) => near(token, script).with_detail(sentence(expected)),
        (Some((expected, "EOF")), None) => end_of_input(tokens).with_detail(sentence(expected)),
        (_, found) => SqlError::syntax(format!("syntax error: {}", lower_first(text)))
            .or_position(found.or(reached).map(|token| token.position)),
    }
}

/// The error for a token that does not fit where it stands.
pub(crate) fn near(token: &Token, script: &str) -> SqlError {
    let text = script.get(token.start..token.end).unwrap_or_default();
    SqlError::new(SqlState::SYNTAX_ERROR, format!("syntax error at or near \"{text}\""))
        .with_position(token.position)
}

/// The error for a statement that ends too early; its position is that behind the last token.
pub(crate) fn end_of_input(tokens: &[Token]) -> SqlError {
    SqlError::syntax("syntax error at end of input")
        .or_position(tokens.last().map(|token| token.position + token.characters))
}

/// `Expected: an expression` as a detail: `expected an expression`.
fn sentence(expected: &str) -> String {
    lower_first(&expected.replacen("Expected: ", "expected ", 1))
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        // Not for words that are all capitals.
        Some(first) if !characters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

/// Splits the ` at Line: 1, Column: 8` off the end of sqlparser's message.
fn split_location(text: &str) -> (&str, Option<Location>) {
    let parse = |place: &str| {
        let (line, column) = place.split_once(", Column: ")?;
        Some(Location::new(line.parse().ok()?, column.parse().ok()?))
    };
    match text.rsplit_once(" at Line: ") {
        Some((message, place)) => match parse(place) {
            Some(location) => (message, Some(location)),
            None => (text, None),
        },
        None => (text, None),
    }
}

/// Reads one expression that takes up all of `tokens`.
pub(crate) fn whole_expression(tokens: &[Token], script: &str) -> Result<Box<ast::Expr>, SqlError> {
    let (expr, taken) = parse_with(tokens, script, |parser| parser.parse_expr())?;
    match tokens.get(taken) {
        Some(token) => Err(near(token, script)),
        None => Ok(Box::new(expr)),
    }
}

/// Whether a token is this symbol.
pub(crate) fn is_symbol(token: Option<&Token>, symbol: &SqlToken) -> bool {
    token.is_some_and(|token| token.token == *symbol)
}
