//! Tokens with their place in the script.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token as SqlToken, TokenWithSpan, Tokenizer, Word};

use super::limits;
use super::postgres::PostgresDialect;
use super::source::LineStarts;
use crate::{SqlError, SqlState};

/// A token that is not white space.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// What the tokenizer read.
    pub(crate) token: SqlToken,
    /// Its lines and columns in the script.
    pub(crate) span: Span,
    /// Where it begins, in characters from 1.
    pub(crate) position: usize,
    /// Its length in characters.
    pub(crate) characters: usize,
    /// Its first byte in the script.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
}

impl Token {
    /// Whether it is this word, unquoted, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, SqlToken::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
    }

    /// The word or quoted identifier that it is.
    pub(crate) fn as_identifier(&self) -> Option<&Word> {
        match &self.token {
            SqlToken::Word(word) if matches!(word.quote_style, None | Some('"')) => Some(word),
            _ => None,
        }
    }

    /// As the parser wants it.
    pub(crate) fn to_parser(&self) -> TokenWithSpan {
        TokenWithSpan::new(self.token.clone(), self.span)
    }

    /// Turns a word into the quoted identifier of the same meaning, so that no keyword is seen in it.
    pub(crate) fn quote(&mut self) {
        if let SqlToken::Word(word) = &mut self.token
            && word.quote_style.is_none()
        {
            word.value = word.value.to_ascii_lowercase();
            word.quote_style = Some('"');
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// Reads all tokens of a script, leaving out white space and comments.
///
/// # Errors
/// 42601 for text that ends inside a literal, a quoted name or a comment, 22021 for a NUL byte, 54000 for
/// text above [`limits::SCRIPT_BYTES_MAX`].
pub(crate) fn tokenize(script: &str, lines: &LineStarts) -> Result<Vec<Token>, SqlError> {
    if script.len() > limits::SCRIPT_BYTES_MAX {
        let message = format!("a script may have at most {} bytes", limits::SCRIPT_BYTES_MAX);
        return Err(SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
            .with_hint("send fewer statements at a time, or load rows with COPY"));
    }
    if let Some(byte) = script.find('\0') {
        return Err(nul_character(script.get(..byte).map_or(1, |before| before.chars().count() + 1)));
    }
    let dialect = PostgresDialect::for_tokens();
    let read = Tokenizer::new(&dialect, script)
        .tokenize_with_location()
        .map_err(|error| tokenizer_error(&error.message, error.location, lines))?;

    let mut places = Places::new(script);
    let mut tokens = Vec::with_capacity(read.len() / 2);
    for TokenWithSpan { token, span } in read {
        if matches!(token, SqlToken::Whitespace(_)) {
            continue;
        }
        let (start, position) = places.advance(span.start);
        let (end, after) = places.advance(span.end);
        if string_value(&token).is_some_and(|text| text.contains('\0')) {
            return Err(nul_character(position));
        }
        tokens.push(Token { token, span, position, characters: after - position, start, end });
    }
    Ok(tokens)
}

fn nul_character(position: usize) -> SqlError {
    SqlError::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, "NUL characters are not allowed in SQL text")
        .with_position(position)
}

/// Walks through the script once, from location to location, to find the bytes and characters of each.
struct Places<'a> {
    rest: std::str::Chars<'a>,
    length: usize,
    location: Location,
    character: usize,
}

impl<'a> Places<'a> {
    fn new(script: &'a str) -> Self {
        Places { rest: script.chars(), length: script.len(), location: Location::new(1, 1), character: 1 }
    }

    /// Goes on to `target`, which lies behind the last one, and gives its byte from 0 and character from 1.
    fn advance(&mut self, target: Location) -> (usize, usize) {
        while self.location < target {
            match self.rest.next() {
                Some('\n') => self.location = Location::new(self.location.line + 1, 1),
                Some(_) => self.location.column += 1,
                None => break,
            }
            self.character += 1;
        }
        (self.length - self.rest.as_str().len(), self.character)
    }
}

/// Words the tokenizer's error as PostgreSQL does.
fn tokenizer_error(message: &str, location: Location, lines: &LineStarts) -> SqlError {
    let known = [
        ("Unterminated string literal", "unterminated quoted string"),
        ("Unterminated encoded string literal", "unterminated quoted string"),
        ("Unterminated dollar-quoted", "unterminated dollar-quoted string"),
        ("Unexpected EOF while in a multi-line comment", "unterminated /* comment"),
        ("Expected close delimiter", "unterminated quoted identifier"),
    ];
    let message = known
        .iter()
        .find(|(theirs, _)| message.starts_with(theirs))
        .map_or_else(|| format!("syntax error: {message}"), |(_, ours)| (*ours).to_owned());
    SqlError::syntax(message).or_position(lines.position(location))
}

/// The text of a string literal in any of its notations.
pub(crate) fn string_value(token: &SqlToken) -> Option<&str> {
    match token {
        SqlToken::SingleQuotedString(text)
        | SqlToken::EscapedStringLiteral(text)
        | SqlToken::UnicodeStringLiteral(text)
        | SqlToken::NationalStringLiteral(text) => Some(text),
        SqlToken::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}
