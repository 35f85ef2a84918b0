//! How large and how deep a statement may be, checked on its tokens before anything recurses into it.
//!
//! A tree of expressions is as deep as its parentheses are nested and its operators are chained, and parser,
//! planner, optimizer and the drop of the tree all recurse to that depth. The tokens tell an upper bound of it
//! in one pass: per level of parentheses the operators in a row (a chain of `AND` over comparisons is as deep
//! as the `AND`s are many plus the deepest comparison), added up over the levels that enclose each other.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token as SqlToken;

use super::stack::Depth;
use super::token::{Token, string_value};
use crate::{SqlError, SqlState};

/// The most bytes of text that are parsed at once.
pub(crate) const SCRIPT_BYTES_MAX: usize = 16 << 20;

/// The most tokens of one statement. The tree of a statement takes up to some 400 bytes for each.
pub(crate) const STATEMENT_TOKENS_MAX: usize = 1_000_000;

/// The most parentheses, brackets and `CASE`s inside each other.
pub(crate) const NESTING_DEPTH_MAX: usize = 64;

/// The deepest tree of expressions. Programs write chains of 500 `AND`s. DataFusion grows the stack when it plans,
/// but not when it computes or drops: a build without optimization then takes nearly 2 MiB for 500 levels.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 512;

/// The most `UNION`, `INTERSECT` and `EXCEPT` in a row, nested ones added: each is a level of the plan.
pub(crate) const SET_OPERATIONS_MAX: usize = 200;

/// The most `JOIN`s of one statement: each is a level of the plan.
pub(crate) const JOINS_MAX: usize = 200;

/// The most queries of one `WITH`: each may be a level of the plan.
pub(crate) const CTES_MAX: usize = 200;

/// The most sub-queries in expressions, and calls of `coalesce`, inside each other. The planner goes into them
/// twice or copies what they hold, and nested ones double each other: 16 of them take it seconds.
pub(crate) const DOUBLING_DEPTH_MAX: usize = 12;

/// The most `JOIN`s that wait for their `ON`, as in `a JOIN b JOIN c ON … ON …`.
const JOINS_PENDING_MAX: usize = 16;

/// How often the parser may read the same text again. It reads a parenthesis in `FROM` as a query first and as
/// a join if that fails, so that `((SELECT …) a JOIN …)` is read twice, and nested ones twice as often each.
const READINGS_MAX: usize = 256;

/// The deepest recursion of the parser, where it counts that itself: so much that the other limits come first, for
/// their errors say more. Each level of parentheses takes at most four.
pub(crate) const PARSER_RECURSION_MAX: usize = 4 * NESTING_DEPTH_MAX + EXPRESSION_DEPTH_MAX + 100;

/// The expressions that the parser may begin, in all its readings, for each token.
pub(crate) const PARSER_EXPRESSIONS_PER_TOKEN_MAX: usize = 64;

/// The tokens that a short statement is taken to have more, for that bound.
pub(crate) const PARSER_EXPRESSIONS_FREE: usize = 100;

/// The error for a statement above one of these limits.
pub(crate) fn too_complex(what: impl std::fmt::Display, position: usize) -> SqlError {
    SqlError::new(SqlState::STATEMENT_TOO_COMPLEX, format!("statement too complex: {what}"))
        .with_position(position)
}

/// The error for more of something than its limit.
pub(crate) fn too_many(what: &str, max: usize) -> SqlError {
    SqlError::new(SqlState::STATEMENT_TOO_COMPLEX, format!("statement too complex: more than {max} {what}"))
}

/// What has been seen on one level of parentheses since the last comma or clause.
#[derive(Clone, Copy, Default)]
struct Chain {
    /// `OR`s.
    or: usize,
    /// `AND`s since the last `OR`.
    and: usize,
    /// The most of those.
    and_max: usize,
    /// Other operators since the last `AND` or `OR`.
    other: usize,
    /// The most of those.
    other_max: usize,
    /// The depth of the deepest parentheses.
    inner_max: usize,
}

impl Chain {
    fn depth(&self) -> usize {
        self.or + self.and_max + self.other_max + self.inner_max
    }
}

/// One level of parentheses, brackets or `CASE`.
struct Level {
    opener: SqlToken,
    chain: Chain,
    /// The deepest chain that has ended.
    ended_max: usize,
    /// Set operators on this level.
    set_operations: usize,
    /// The most of them on a path into this level's parentheses.
    set_operations_inner: usize,
    /// `JOIN`s that wait for their `ON`.
    joins_pending: usize,
    /// How often the parser may read this level.
    readings: usize,
}

impl Level {
    fn new(opener: SqlToken, readings: usize) -> Self {
        Level {
            opener,
            chain: Chain::default(),
            ended_max: 0,
            set_operations: 0,
            set_operations_inner: 0,
            joins_pending: 0,
            readings,
        }
    }

    fn end_chain(&mut self) {
        self.ended_max = self.depth();
        self.chain = Chain::default();
    }

    fn depth(&self) -> usize {
        self.ended_max.max(self.chain.depth())
    }

    fn set_operation_depth(&self) -> usize {
        self.set_operations + self.set_operations_inner
    }
}

/// Refuses a statement whose tree would be too deep, or that would take the parser too long. Gives how deep it
/// is.
///
/// # Errors
/// 54001, at the token that went over the limit; 54000 for too many tokens.
pub(crate) fn check(tokens: &[Token]) -> Result<Depth, SqlError> {
    if let Some(token) = tokens.get(STATEMENT_TOKENS_MAX) {
        let message = format!("a statement may have at most {STATEMENT_TOKENS_MAX} words and symbols");
        return Err(SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
            .with_hint("load rows with COPY, or split the statement")
            .with_position(token.position));
    }
    let mut levels = vec![Level::new(SqlToken::EOF, 1)];
    let mut joins = 0;
    let mut nesting = 0;
    let mut parentheses_in_a_row = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.token == SqlToken::LParen {
            parentheses_in_a_row += 1;
        } else {
            let run = std::mem::take(&mut parentheses_in_a_row);
            if run > 1
                && begins_query(token)
                && let Some(level) = levels.last_mut()
            {
                level.readings = level.readings.saturating_mul(run);
                if level.readings > READINGS_MAX {
                    return Err(too_complex("too many nested parentheses around queries", token.position));
                }
            }
        }
        step(&mut levels, tokens, index)?;
        nesting = nesting.max(levels.len() - 1);
        if is_keyword(token, Keyword::JOIN) {
            joins += 1;
            if joins > JOINS_MAX {
                return Err(too_many("joins", JOINS_MAX).with_position(token.position));
            }
        }
    }
    while levels.len() > 1 {
        close(&mut levels, tokens.last().map_or(1, |token| token.position))?;
    }
    let operators = levels.last().map_or(0, |level| level.depth() + level.set_operation_depth());
    Ok(Depth { nesting, operators: operators + joins })
}

/// Takes in one token.
fn step(levels: &mut Vec<Level>, tokens: &[Token], index: usize) -> Result<(), SqlError> {
    let token = &tokens[index];
    let next = tokens.get(index + 1);
    let position = token.position;
    let word = match &token.token {
        SqlToken::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    };
    match (&token.token, word) {
        (SqlToken::LParen | SqlToken::LBracket | SqlToken::LBrace, _) | (_, Keyword::CASE) => {
            if levels.len() > NESTING_DEPTH_MAX {
                return Err(too_complex(
                    format_args!("nested deeper than {NESTING_DEPTH_MAX} levels"),
                    position,
                ));
            }
            let readings = levels.last().map_or(1, |level| level.readings);
            // A subscript and a call hang on what stands before them.
            if token.token == SqlToken::LBracket {
                operator(levels, position)?;
            }
            levels.push(Level::new(token.token.clone(), readings));
        }
        (SqlToken::RParen | SqlToken::RBracket | SqlToken::RBrace, _) => {
            // A parenthesis also ends the CASEs in it, had they no END.
            while levels.len() > 1 && matches!(levels.last(), Some(Level { opener: SqlToken::Word(_), .. })) {
                close(levels, position)?;
            }
            if levels.len() > 1 {
                close(levels, position)?;
            }
        }
        (_, Keyword::END) => {
            if matches!(levels.last(), Some(Level { opener: SqlToken::Word(_), .. })) {
                close(levels, position)?;
            }
        }
        (_, Keyword::OR | Keyword::AND) => {
            if let Some(Level { chain, .. }) = levels.last_mut() {
                chain.other = 0;
                if word == Keyword::OR {
                    chain.or += 1;
                    chain.and = 0;
                } else {
                    chain.and += 1;
                    chain.and_max = chain.and_max.max(chain.and);
                }
            }
            within_depth(levels, position)?;
        }
        (_, Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS) => {
            if let Some(level) = levels.last_mut() {
                level.end_chain();
                level.set_operations += 1;
                within_set_operations(level, position)?;
            }
        }
        (_, Keyword::JOIN) => {
            let previous = index.checked_sub(1).and_then(|before| tokens.get(before));
            if let Some(level) = levels.last_mut()
                && !previous.is_some_and(|token| is_keyword(token, Keyword::CROSS))
            {
                level.end_chain();
                level.joins_pending += 1;
                if level.joins_pending > JOINS_PENDING_MAX
                    && !previous.is_some_and(|token| is_keyword(token, Keyword::NATURAL))
                {
                    return Err(too_complex(
                        format_args!("more than {JOINS_PENDING_MAX} joins without ON or USING"),
                        position,
                    ));
                }
            }
        }
        (_, Keyword::ON | Keyword::USING) => {
            if let Some(level) = levels.last_mut() {
                level.end_chain();
                level.joins_pending = level.joins_pending.saturating_sub(1);
            }
        }
        (SqlToken::Comma | SqlToken::SemiColon, _)
        | (
            _,
            Keyword::SELECT
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::RETURNING
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE,
        ) => {
            if let Some(level) = levels.last_mut() {
                level.end_chain();
            }
        }
        // The parser recurses into these unguarded. Two are a column and its alias; three are nothing.
        (_, Keyword::INTERVAL)
            if tokens
                .get(index + 1..index + 3)
                .is_some_and(|two| two.iter().all(|token| is_keyword(token, Keyword::INTERVAL))) =>
        {
            return Err(SqlError::syntax("syntax error at or near \"interval\"").with_position(position));
        }
        (_, Keyword::ARRAY) if next.is_some_and(|token| token.token == SqlToken::Lt) => {
            return Err(SqlError::syntax("ARRAY<…> is not a type")
                .with_hint("write an array type as TEXT[]")
                .with_position(position));
        }
        _ if is_operator(&token.token, word) => operator(levels, position)?,
        _ => {}
    }
    Ok(())
}

/// Takes in an operator that binds closer than `AND`.
fn operator(levels: &mut [Level], position: usize) -> Result<(), SqlError> {
    if let Some(Level { chain, .. }) = levels.last_mut() {
        chain.other += 1;
        chain.other_max = chain.other_max.max(chain.other);
    }
    within_depth(levels, position)
}

/// Leaves a level, and adds its depth to that of the one around it.
fn close(levels: &mut Vec<Level>, position: usize) -> Result<(), SqlError> {
    let Some(inner) = levels.pop() else { return Ok(()) };
    if let Some(outer) = levels.last_mut() {
        outer.chain.inner_max = outer.chain.inner_max.max(inner.depth() + 1);
        outer.set_operations_inner = outer.set_operations_inner.max(inner.set_operation_depth());
        within_set_operations(outer, position)?;
    }
    within_depth(levels, position)
}

fn within_depth(levels: &[Level], position: usize) -> Result<(), SqlError> {
    if levels.last().is_some_and(|level| level.depth() > EXPRESSION_DEPTH_MAX) {
        return Err(too_complex(
            format_args!("an expression deeper than {EXPRESSION_DEPTH_MAX} levels"),
            position,
        )
        .with_hint("write a long chain of OR as IN (…), or split the statement"));
    }
    Ok(())
}

fn within_set_operations(level: &Level, position: usize) -> Result<(), SqlError> {
    if level.set_operation_depth() > SET_OPERATIONS_MAX {
        return Err(too_complex(
            format_args!("more than {SET_OPERATIONS_MAX} UNION, INTERSECT or EXCEPT in a row"),
            position,
        )
        .with_hint("write the rows as one VALUES list, or split the statement"));
    }
    Ok(())
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(&token.token, SqlToken::Word(word) if word.keyword == keyword)
}

fn begins_query(token: &Token) -> bool {
    matches!(
        &token.token,
        SqlToken::Word(word) if matches!(
            word.keyword,
            Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::TABLE
        )
    )
}

/// Whether a token makes the tree deeper by one, as prefix, infix or postfix.
fn is_operator(token: &SqlToken, word: Keyword) -> bool {
    match token {
        SqlToken::Word(_) => matches!(
            word,
            Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::BETWEEN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::SIMILAR
                | Keyword::REGEXP
                | Keyword::RLIKE
                | Keyword::OVERLAPS
                | Keyword::OPERATOR
                | Keyword::XOR
                | Keyword::DIV
                | Keyword::MEMBER
                | Keyword::MATCH
                | Keyword::NOTNULL
                | Keyword::COLLATE
                | Keyword::AT
        ),
        SqlToken::EOF
        | SqlToken::Number(..)
        | SqlToken::Char(_)
        | SqlToken::Whitespace(_)
        | SqlToken::Placeholder(_)
        | SqlToken::Period
        | SqlToken::Comma
        | SqlToken::SemiColon
        | SqlToken::LParen
        | SqlToken::RParen
        | SqlToken::LBracket
        | SqlToken::RBracket
        | SqlToken::LBrace
        | SqlToken::RBrace => false,
        other => string_value(other).is_none() && !matches!(other, SqlToken::HexStringLiteral(_)),
    }
}
