//! Reads our own statements from tokens, one word at a time.

use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token as SqlToken};

use super::parser::{end_of_input, is_symbol, near, parse_with, whole_expression};
use super::statement::{Argument, ArgumentValue, Expression, Name, TableName};
use super::token::{Token, string_value};
use crate::SqlError;

/// A place in the tokens of one statement.
pub(crate) struct Cursor<'a> {
    script: &'a str,
    tokens: &'a [Token],
    next: usize,
    /// The `$n` that stand for names and texts.
    text_parameters: Vec<usize>,
}

impl<'a> Cursor<'a> {
    /// At the first of `tokens`, which are those of one statement of `script`.
    pub(crate) fn new(script: &'a str, tokens: &'a [Token]) -> Self {
        Cursor { script, tokens, next: 0, text_parameters: Vec::new() }
    }

    /// The `$n` that were read as names and texts.
    pub(crate) fn into_text_parameters(self) -> Vec<usize> {
        self.text_parameters
    }

    /// The next token.
    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.peek_at(0)
    }

    /// The token `ahead` of the next.
    pub(crate) fn peek_at(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.next + ahead)
    }

    /// All that is left.
    pub(crate) fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.next..).unwrap_or_default()
    }

    /// Goes `count` tokens on.
    pub(crate) fn skip(&mut self, count: usize) {
        self.next = (self.next + count).min(self.tokens.len());
    }

    /// The position of the next token, in characters from 1; of the end, if there is none.
    pub(crate) fn position(&self) -> usize {
        match self.peek() {
            Some(token) => token.position,
            None => self.end_position(),
        }
    }

    fn end_position(&self) -> usize {
        self.tokens.last().map_or(1, |token| token.position + token.characters)
    }

    /// The position of a span of the tree, in characters from 1.
    pub(crate) fn position_of(&self, span: Span) -> Option<usize> {
        let index = self.tokens.binary_search_by_key(&span.start, |token| token.span.start).ok()?;
        self.tokens.get(index).map(|token| token.position)
    }

    /// The script that the tokens were read from.
    pub(crate) fn script(&self) -> &'a str {
        self.script
    }

    /// The error for the next token, which does not fit.
    pub(crate) fn unexpected(&self, expected: impl std::fmt::Display) -> SqlError {
        let error = match self.peek() {
            Some(token) => near(token, self.script),
            None => end_of_input(self.tokens),
        };
        error.with_detail(format!("expected {expected}"))
    }

    /// Whether all of these words come next.
    pub(crate) fn at_words(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek_at(ahead).is_some_and(|token| token.is_word(word)))
    }

    /// Takes the word if it is next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        self.take_words(&[word])
    }

    /// Takes the words if all of them are next.
    pub(crate) fn take_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            self.skip(words.len());
        }
        found
    }

    /// Takes the one of these words that is next.
    pub(crate) fn take_one_of(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.take_word(word))
    }

    /// Takes the word, which must be next.
    pub(crate) fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected(word)) }
    }

    /// Takes the words, which must be next.
    pub(crate) fn expect_words(&mut self, words: &[&str]) -> Result<(), SqlError> {
        words.iter().try_for_each(|word| self.expect_word(word))
    }

    /// Whether the symbol is next.
    pub(crate) fn at(&self, symbol: &SqlToken) -> bool {
        is_symbol(self.peek(), symbol)
    }

    /// Takes the symbol if it is next.
    pub(crate) fn take_symbol(&mut self, symbol: &SqlToken) -> bool {
        let found = self.at(symbol);
        if found {
            self.skip(1);
        }
        found
    }

    /// Takes the symbol, which must be next.
    pub(crate) fn expect_symbol(&mut self, symbol: &SqlToken) -> Result<(), SqlError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected(format_args!("\"{symbol}\""))) }
    }

    /// The end of the statement must be next.
    pub(crate) fn expect_end(&self) -> Result<(), SqlError> {
        match self.peek() {
            Some(token) => Err(near(token, self.script)),
            None => Ok(()),
        }
    }

    /// Takes `IF NOT EXISTS`.
    pub(crate) fn take_if_not_exists(&mut self) -> bool {
        self.take_words(&["IF", "NOT", "EXISTS"])
    }

    /// Takes `IF EXISTS`.
    pub(crate) fn take_if_exists(&mut self) -> bool {
        self.take_words(&["IF", "EXISTS"])
    }

    /// Takes an identifier: lower-cased, unless it is quoted.
    pub(crate) fn name(&mut self, what: &str) -> Result<Name, SqlError> {
        let position = self.position();
        let value = match self.peek().and_then(Token::as_identifier) {
            Some(word) if word.quote_style.is_some() => word.value.clone(),
            Some(word) => word.value.to_ascii_lowercase(),
            None => return Err(self.unexpected(what)),
        };
        if value.is_empty() {
            return Err(SqlError::syntax("zero-length delimited identifier").with_position(position));
        }
        self.skip(1);
        Ok(Name { value, position })
    }

    /// Takes `name` or `schema.name`.
    pub(crate) fn table_name(&mut self) -> Result<TableName, SqlError> {
        if let Some(word) = self.peek().and_then(Token::as_identifier)
            && is_reserved(word.quote_style, &word.value)
        {
            let hint = format!("as a name it needs double quotes: \"{}\"", word.value.to_ascii_lowercase());
            return Err(self.unexpected("the name of a table").with_hint(hint));
        }
        let first = self.name("the name of a table")?;
        let mut parts = vec![first];
        while self.take_symbol(&SqlToken::Period) {
            parts.push(self.name("the name of a table")?);
        }
        table_name(parts)
    }

    /// Takes `(a, b, …)`.
    pub(crate) fn names_in_parentheses(&mut self, what: &str) -> Result<Vec<Name>, SqlError> {
        self.expect_symbol(&SqlToken::LParen)?;
        let names = self.comma_separated(|cursor| cursor.name(what))?;
        self.expect_symbol(&SqlToken::RParen)?;
        Ok(names)
    }

    /// Takes one or more, with commas between them.
    pub(crate) fn comma_separated<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        let mut items = vec![read(self)?];
        while self.take_symbol(&SqlToken::Comma) {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// Takes a string literal.
    pub(crate) fn string(&mut self, what: &str) -> Result<String, SqlError> {
        match self.peek().and_then(|token| string_value(&token.token)) {
            Some(text) => {
                self.skip(1);
                Ok(text.to_owned())
            }
            None => Err(self.unexpected(what)),
        }
    }

    /// Takes an unsigned whole number.
    pub(crate) fn whole_number(&mut self, what: &str) -> Result<u64, SqlError> {
        let number = match self.peek().map(|token| &token.token) {
            Some(SqlToken::Number(digits, false)) => digits.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => {
                self.skip(1);
                Ok(number)
            }
            None => Err(self.unexpected(what)),
        }
    }

    /// Takes a string literal or `$n`, if one is next.
    pub(crate) fn take_text(&mut self) -> Result<Option<Argument>, SqlError> {
        let Some(token) = self.peek() else { return Ok(None) };
        let argument = text_argument(token)?;
        if let Some(argument) = &argument {
            self.skip(1);
            if let ArgumentValue::Parameter(number) = argument.value {
                self.text_parameters.push(number);
            }
        }
        Ok(argument)
    }

    /// Takes a string literal or `$n`.
    ///
    /// # Errors
    /// 42601; with a hint, if there is an identifier instead.
    pub(crate) fn text(&mut self, what: &str) -> Result<Argument, SqlError> {
        if let Some(argument) = self.take_text()? {
            return Ok(argument);
        }
        let error = self.unexpected(what);
        match self.peek().and_then(Token::as_identifier) {
            Some(word) => Err(error.with_hint(format!("put it in single quotes: '{}'", word.value))),
            None => Err(error),
        }
    }

    /// Takes a string literal, `$n`, or an identifier.
    ///
    /// # Errors
    /// 42601; with a hint, if it is a name such as `feature-x` that needs quotes.
    pub(crate) fn text_or_name(&mut self, what: &str) -> Result<Argument, SqlError> {
        if let Some(argument) = self.take_text()? {
            return Ok(argument);
        }
        let first = self.peek();
        if let Some(SqlToken::Number(..)) = first.map(|token| &token.token) {
            return Err(self.unexpected(what).with_hint("put it in single quotes"));
        }
        let name = self.name(what)?;
        if let (Some(first), Some(end)) = (first, self.end_of_bare_name()) {
            let text = self.script.get(first.start..end).unwrap_or_default();
            let error = self.unexpected("the end of the name");
            return Err(error.with_hint(format!("a name with other characters needs quotes: '{text}'")));
        }
        Ok(Argument { value: ArgumentValue::Text(name.value), position: name.position })
    }

    /// Where a name such as `feature-x/1` ends, if it goes on behind the identifier that was just taken: tokens
    /// that touch each other.
    fn end_of_bare_name(&self) -> Option<usize> {
        let mut end = self.tokens.get(self.next.checked_sub(1)?)?.end;
        let start = end;
        for token in self.rest() {
            let fits = token.as_identifier().is_some()
                || matches!(
                    token.token,
                    SqlToken::Minus
                        | SqlToken::Div
                        | SqlToken::Period
                        | SqlToken::Number(..)
                        | SqlToken::Sharp
                        | SqlToken::Tilde
                        | SqlToken::Caret
                );
            if token.start != end || !fits {
                break;
            }
            end = token.end;
        }
        (end > start).then_some(end)
    }

    /// Reads with sqlparser from here on.
    pub(crate) fn parse<T>(
        &mut self,
        read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
    ) -> Result<T, SqlError> {
        let (value, taken) = parse_with(self.rest(), self.script, read)
            .map_err(|error| error.or_position(Some(self.end_position())))?;
        self.skip(taken);
        Ok(value)
    }

    /// Takes a query.
    pub(crate) fn query(&mut self) -> Result<Box<ast::Query>, SqlError> {
        self.parse(|parser| parser.parse_query())
    }

    /// Takes an expression.
    pub(crate) fn expression(&mut self) -> Result<Box<ast::Expr>, SqlError> {
        self.parse(|parser| parser.parse_expr()).map(Box::new)
    }

    /// Takes the tokens up to the first that `stop` accepts outside parentheses, or to the end of the
    /// parentheses around.
    pub(crate) fn take_until(&mut self, mut stop: impl FnMut(&Token) -> bool) -> &'a [Token] {
        let rest = self.rest();
        let mut depth = 0_usize;
        let mut length = rest.len();
        for (index, token) in rest.iter().enumerate() {
            match token.token {
                _ if depth == 0 && stop(token) => {
                    length = index;
                    break;
                }
                SqlToken::LParen | SqlToken::LBracket => depth += 1,
                SqlToken::RParen | SqlToken::RBracket if depth == 0 => {
                    length = index;
                    break;
                }
                SqlToken::RParen | SqlToken::RBracket => depth -= 1,
                _ => {}
            }
        }
        self.skip(length);
        rest.get(..length).unwrap_or(rest)
    }

    /// Takes an expression that is stored with its text, from exactly these tokens.
    pub(crate) fn stored_expression(&self, tokens: &[Token]) -> Result<Expression, SqlError> {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return Err(self.unexpected("an expression"));
        };
        Ok(Expression {
            expr: whole_expression(tokens, self.script)?,
            text: self.script.get(first.start..last.end).unwrap_or_default().to_owned(),
            position: first.position,
        })
    }
}

/// Whether a word in the place of a table is none, because it is one of those that build a query.
pub(crate) fn is_reserved(quote: Option<char>, word: &str) -> bool {
    const RESERVED: [&str; 52] = [
        "all",
        "and",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "cast",
        "check",
        "create",
        "cross",
        "default",
        "desc",
        "distinct",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "from",
        "full",
        "group",
        "having",
        "in",
        "inner",
        "intersect",
        "into",
        "is",
        "join",
        "left",
        "like",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "right",
        "select",
        "set",
        "table",
        "true",
        "union",
        "using",
        "values",
        "where",
        "with",
        "natural",
        "returning",
    ];
    quote.is_none() && RESERVED.contains(&word.to_ascii_lowercase().as_str())
}

/// A table's name from its parts.
///
/// # Errors
/// 0A000 for more than a schema and a name.
pub(crate) fn table_name(mut parts: Vec<Name>) -> Result<TableName, SqlError> {
    let position = parts.first().map_or(1, |part| part.position);
    let name = parts.pop().map(|part| part.value);
    let schema = parts.pop().map(|part| part.value);
    match (name, parts.is_empty()) {
        (Some(name), true) => Ok(TableName { schema, name, position }),
        _ => Err(SqlError::not_supported("references to another database are not supported")
            .with_hint("write schema.table; another branch is table ON BRANCH 'name'")
            .with_position(position)),
    }
}

/// The string literal or `$n` that a token is, if it is one.
pub(crate) fn text_argument(token: &Token) -> Result<Option<Argument>, SqlError> {
    let value = match (&token.token, string_value(&token.token)) {
        (_, Some(text)) => ArgumentValue::Text(text.to_owned()),
        (SqlToken::Placeholder(parameter), _) => ArgumentValue::Parameter(
            parameter
                .strip_prefix('$')
                .and_then(|digits| digits.parse().ok())
                .filter(|number| (1..=PARAMETERS_MAX).contains(number))
                .ok_or_else(|| {
                    SqlError::syntax(format!("\"{parameter}\" is no parameter"))
                        .with_hint("parameters are $1, $2, …")
                        .with_position(token.position)
                })?,
        ),
        _ => return Ok(None),
    };
    Ok(Some(Argument { value, position: token.position }))
}

/// The highest `n` of `$n`, as in the protocol of PostgreSQL.
pub(crate) const PARAMETERS_MAX: usize = 65_535;
