//! SQL cursors: `DECLARE`, `FETCH`, `MOVE`, `CLOSE`.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use crate::SqlError;
use crate::dialect::cursor::Cursor;
use sqlparser::ast::Query;

use super::name::Name;

/// `DECLARE name [BINARY] [[NO] SCROLL] CURSOR [WITH | WITHOUT HOLD] FOR query`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclareCursor {
    /// The cursor.
    pub name: Name,
    /// `BINARY`.
    pub binary: bool,
    /// `SCROLL` (true), `NO SCROLL` (false), or not said.
    pub scroll: Option<bool>,
    /// `WITH HOLD`: it outlives the transaction.
    pub hold: bool,
    /// What it runs over.
    pub query: Box<Query>,
}

/// `FETCH [direction] [FROM | IN] name`, or `MOVE` of the same form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// `MOVE`: step without giving the rows.
    pub only_move: bool,
    /// Which rows.
    pub direction: FetchDirection,
    /// The cursor.
    pub name: Name,
}

/// Which rows of a cursor. The plain words are `NEXT` = `Forward(1)`, `PRIOR` = `Backward(1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchDirection {
    /// The next `n`; 0 is the current row again.
    Forward(u64),
    /// All that are left.
    ForwardAll,
    /// The `n` before.
    Backward(u64),
    /// All before.
    BackwardAll,
    /// The first row is 1, the last is -1; 0 is before the first.
    Absolute(i64),
    /// Counted from the current row.
    Relative(i64),
}

/// `CLOSE name | ALL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseCursor {
    /// Every cursor.
    All,
    /// One cursor.
    Named(Name),
}

const CURSOR: &str = "the name of a cursor";

/// Reads what follows `DECLARE`.
pub(super) fn read_declare(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let name = cursor.name(CURSOR)?;
    let (mut binary, mut scroll) = (false, None);
    loop {
        if cursor.take_word("BINARY") {
            binary = true;
        } else if cursor.take_words(&["NO", "SCROLL"]) {
            scroll = Some(false);
        } else if cursor.take_word("SCROLL") {
            scroll = Some(true);
        } else if cursor.take_one_of(&["INSENSITIVE", "ASENSITIVE"]).is_none() {
            break;
        }
    }
    cursor.expect_word("CURSOR")?;
    let hold = cursor.take_words(&["WITH", "HOLD"]);
    if !hold {
        cursor.take_words(&["WITHOUT", "HOLD"]);
    }
    cursor.expect_word("FOR")?;
    let query = super::query::read_box(cursor)?;
    Ok(Statement::DeclareCursor(DeclareCursor { name, binary, scroll, hold, query }))
}

/// Reads what follows `FETCH` or `MOVE`.
pub(super) fn read_fetch(cursor: &mut Cursor<'_>, only_move: bool) -> Result<Statement, SqlError> {
    let direction = read_direction(cursor)?;
    cursor.take_one_of(&["FROM", "IN"]);
    let name = cursor.name(CURSOR)?;
    Ok(Statement::Fetch(Fetch { only_move, direction, name }))
}

fn read_direction(cursor: &mut Cursor<'_>) -> Result<FetchDirection, SqlError> {
    // `FETCH next` alone would be of a cursor called `next`.
    if cursor.peek_at(1).is_none() {
        return Ok(FetchDirection::Forward(1));
    }
    let word = cursor.take_one_of(&[
        "NEXT", "PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE", "ALL", "FORWARD", "BACKWARD",
    ]);
    Ok(match word {
        Some("NEXT") => FetchDirection::Forward(1),
        Some("PRIOR") => FetchDirection::Backward(1),
        Some("FIRST") => FetchDirection::Absolute(1),
        Some("LAST") => FetchDirection::Absolute(-1),
        Some("ABSOLUTE") => FetchDirection::Absolute(required_count(cursor)?),
        Some("RELATIVE") => FetchDirection::Relative(required_count(cursor)?),
        Some("ALL") => FetchDirection::ForwardAll,
        Some(word) => {
            let forward = word == "FORWARD";
            match (cursor.take_word("ALL"), forward) {
                (true, true) => FetchDirection::ForwardAll,
                (true, false) => FetchDirection::BackwardAll,
                (false, _) => by(forward, count(cursor)?.unwrap_or(1)),
            }
        }
        None => by(true, count(cursor)?.unwrap_or(1)),
    })
}

/// So many rows; a negative count turns the direction round.
fn by(forward: bool, count: i64) -> FetchDirection {
    match forward == (count >= 0) {
        true => FetchDirection::Forward(count.unsigned_abs()),
        false => FetchDirection::Backward(count.unsigned_abs()),
    }
}

fn required_count(cursor: &mut Cursor<'_>) -> Result<i64, SqlError> {
    match count(cursor)? {
        Some(count) => Ok(count),
        None => Err(cursor.unexpected("a whole number")),
    }
}

/// Reads a whole number with an optional sign.
fn count(cursor: &mut Cursor<'_>) -> Result<Option<i64>, SqlError> {
    let position = cursor.position();
    let negative = cursor.take_symbol(&SqlToken::Minus);
    if !negative {
        cursor.take_symbol(&SqlToken::Plus);
    }
    if !negative && !matches!(cursor.peek().map(|token| &token.token), Some(SqlToken::Number(..))) {
        return Ok(None);
    }
    let number = cursor.whole_number("a whole number")?;
    match i64::try_from(number) {
        Ok(number) => Ok(Some(if negative { -number } else { number })),
        Err(_) => Err(SqlError::syntax("the count is too large").with_position(position)),
    }
}

/// Reads what follows `CLOSE`.
pub(super) fn read_close(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    Ok(Statement::CloseCursor(match cursor.take_word("ALL") {
        true => CloseCursor::All,
        false => CloseCursor::Named(cursor.name(CURSOR)?),
    }))
}
