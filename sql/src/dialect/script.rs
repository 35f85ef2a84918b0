//! A script: its text, and the statements in it.

use std::sync::Arc;

use sqlparser::ast::Expr;
use sqlparser::tokenizer::{Span, Token as SqlToken};

use super::cursor::{Cursor, PARAMETERS_MAX, text_argument};
use super::parser::whole_expression;
use super::rewrite::{Rewritten, rewrite};
use super::source::LineStarts;
use super::stack::{Depth, OnStack};
use super::statement::{self, ArgumentValue, Statement};
use super::token::{Token, tokenize};
use super::version::{self, VersionClause};
use super::{checks, limits};
use crate::{SqlError, SqlState};

/// One statement of a script. A clone shares what it holds.
#[derive(Debug, Clone)]
pub struct ParsedStatement {
    text: Arc<str>,
    offset: usize,
    statement: Arc<Statement>,
    versions: Arc<[VersionClause]>,
    parameter_count: usize,
    text_parameters: Arc<[usize]>,
    depth: Depth,
    lines: Arc<LineStarts>,
}

impl ParsedStatement {
    /// The statement's own text, without the semicolon, outer white space and comments.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it begins in the script, in bytes from 0.
    pub fn position(&self) -> usize {
        self.offset
    }

    /// What it says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The versions of its table references; `version_index` says which belongs to which.
    pub fn versions(&self) -> &[VersionClause] {
        &self.versions
    }

    /// The same text and versions around another statement: the one within a `PREPARE`.
    pub(crate) fn with_statement(&self, statement: Statement) -> Self {
        Self { statement: Arc::new(statement), ..self.clone() }
    }

    /// The highest `n` of its `$n`; 0 if it has none. Those in a `PREPARE` are of the statement within.
    pub fn parameter_count(&self) -> usize {
        match *self.statement {
            Statement::Prepare(_) => 0,
            _ => self.parameter_count,
        }
    }

    /// The `n` of those `$n` that stand where a name or a text must, in ascending order: their type is text.
    pub fn text_parameters(&self) -> &[usize] {
        &self.text_parameters
    }

    /// Whether it begins, ends or marks a transaction: what may run in a transaction that has failed is among
    /// these.
    pub fn is_transaction_control(&self) -> bool {
        matches!(
            *self.statement,
            Statement::Begin(_)
                | Statement::Commit { .. }
                | Statement::Rollback { .. }
                | Statement::Savepoint(_)
                | Statement::RollbackTo(_)
                | Statement::Release(_)
        )
    }

    /// Runs `work` with as much stack as it takes to copy, walk and plan this statement, which may be nested
    /// deeper than a thread of its own accord bears.
    #[cfg(test)]
    pub(crate) fn with_stack<R>(&self, work: impl FnOnce() -> R) -> R {
        self.depth.with_stack(work)
    }

    /// The same for work that waits.
    pub(crate) fn on_stack<F: Future>(&self, work: F) -> OnStack<F> {
        OnStack::new(self.depth, work)
    }

    /// Where a span of its tree begins in the script, in characters from 1; `None` for the empty span.
    pub fn position_of(&self, span: Span) -> Option<usize> {
        self.lines.start_of(span)
    }
}

/// Parses a whole script. Empty statements vanish.
///
/// # Errors
/// The first one in the text, with its position in the script: nothing is to be run of a script that does not
/// parse.
pub(crate) fn parse_script(script: &str) -> Result<Vec<ParsedStatement>, SqlError> {
    let lines = Arc::new(LineStarts::new(script));
    let tokens = tokenize(script, &lines)?;
    tokens
        .split(|token| token.token == SqlToken::SemiColon)
        .filter_map(|tokens| Some((tokens.first()?, tokens.last()?, tokens)))
        .map(|(first, last, tokens)| {
            let depth = limits::check(tokens)?;
            let parsed = depth.with_stack(|| parse_statement(script, tokens, &lines))?;
            Ok(ParsedStatement {
                text: script.get(first.start..last.end).unwrap_or_default().into(),
                offset: first.start,
                statement: Arc::new(parsed.statement),
                versions: parsed.versions.into(),
                parameter_count: parsed.parameter_count,
                text_parameters: parsed.text_parameters.into(),
                depth,
                lines: Arc::clone(&lines),
            })
        })
        .collect()
}

/// Parses an expression that was stored with a table, as `CREATE TABLE` does.
///
/// # Errors
/// As those of a statement; positions count in `text`.
pub(crate) fn parse_expression(text: &str) -> Result<Box<Expr>, SqlError> {
    let tokens = tokenize(text, &LineStarts::new(text))?;
    let depth = limits::check(&tokens)?;
    let Rewritten { tokens, clauses } = rewrite(&tokens)?;
    match clauses.first() {
        Some(taken) => Err(SqlError::syntax(format!("{} cannot stand in an expression", taken.words))
            .with_position(taken.clause.position)),
        None => depth.with_stack(|| whole_expression(&tokens, text)),
    }
}

/// What the tokens of one statement say.
struct Parsed {
    statement: Statement,
    versions: Vec<VersionClause>,
    parameter_count: usize,
    text_parameters: Vec<usize>,
}

fn parse_statement(script: &str, tokens: &[Token], lines: &LineStarts) -> Result<Parsed, SqlError> {
    let parameter_count = highest_parameter(tokens)?;
    let Rewritten { tokens, clauses } = rewrite(tokens)?;
    let mut cursor = Cursor::new(script, &tokens);
    let mut statement = statement::read(&mut cursor).map_err(|error| with_version_hint(error, &tokens))?;
    let mut text_parameters = cursor.into_text_parameters();
    checks::check(&mut statement, lines)?;
    let versions = version::attach(&mut statement, clauses)?;
    let of_versions = versions.iter().flat_map(|clause| clause.branch.iter().chain(&clause.as_of));
    text_parameters.extend(of_versions.filter_map(|argument| match argument.value {
        ArgumentValue::Parameter(number) => Some(number),
        ArgumentValue::Text(_) => None,
    }));
    text_parameters.sort_unstable();
    text_parameters.dedup();
    Ok(Parsed { statement, versions, parameter_count, text_parameters })
}

/// The highest `n` of all `$n`.
fn highest_parameter(tokens: &[Token]) -> Result<usize, SqlError> {
    let mut highest = 0;
    for token in tokens.iter().filter(|token| matches!(token.token, SqlToken::Placeholder(_))) {
        if let Some(ArgumentValue::Parameter(number)) = text_argument(token)?.map(|argument| argument.value) {
            highest = highest.max(number);
        }
    }
    if highest > PARAMETERS_MAX {
        let message = format!("a statement may have at most {PARAMETERS_MAX} parameters");
        return Err(SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message));
    }
    Ok(highest)
}

/// Adds the hint to an error at the word behind `AS OF` or `ON BRANCH`, which must be a literal.
fn with_version_hint(error: SqlError, tokens: &[Token]) -> SqlError {
    let Some(index) = tokens.iter().position(|token| Some(token.position) == error.position) else {
        return error;
    };
    let is_at = |start: Option<usize>, words: [&str; 2]| {
        start
            .and_then(|start| tokens.get(start..start + 2))
            .is_some_and(|found| found.iter().zip(words).all(|(token, word)| token.is_word(word)))
    };
    for (words, wanted) in
        [(["AS", "OF"], "AS OF"), (["ON", "BRANCH"], "ON BRANCH"), (["AT", "BRANCH"], "AT BRANCH")]
    {
        if error.hint.is_none() && (is_at(index.checked_sub(2), words) || is_at(Some(index), words)) {
            return error.with_hint(format!("{wanted} takes a string in single quotes, or $n"));
        }
    }
    error
}
