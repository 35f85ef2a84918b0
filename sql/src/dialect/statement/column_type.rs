//! The types that a column can have.

use sqlparser::tokenizer::Token as SqlToken;

use crate::dialect::cursor::Cursor;
use crate::{SqlError, SqlState};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// `TEXT`, `VARCHAR`, `STRING`.
    Text,
    /// `VARCHAR(n)`: text of at most `n` characters.
    Varchar(u32),
    /// `BOOLEAN`
    Boolean,
    /// `SMALLINT`
    SmallInt,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    BigInt,
    /// `REAL`
    Real,
    /// `DOUBLE PRECISION`, `NUMBER`
    Double,
    /// `NUMERIC[(precision[, scale])]`
    Numeric {
        /// Digits in all, 1 to 38; `None` if not said.
        precision: Option<u8>,
        /// Digits after the point.
        scale: u8,
    },
    /// `TIMESTAMP`
    Timestamp,
    /// `TIMESTAMPTZ`
    TimestampTz,
    /// `DATE`
    Date,
    /// `UUID`
    Uuid,
    /// `JSONB`, `JSON`
    Jsonb,
    /// `BYTEA`
    Bytea,
    /// `type[]`; never of an array.
    Array(Box<ColumnType>),
}

/// Reads a type.
///
/// # Errors
/// 42704 for a type that is not known, 0A000 for one that columns cannot have.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<ColumnType, SqlError> {
    let position = cursor.position();
    if cursor.take_word("pg_catalog") {
        cursor.expect_symbol(&SqlToken::Period)?;
    }
    let word = cursor.name("a type")?.value;
    let element = read_element(cursor, &word, position)?;
    let mut dimensions = 0;
    loop {
        if cursor.take_symbol(&SqlToken::LBracket) {
            if !cursor.at(&SqlToken::RBracket) {
                // As in PostgreSQL, the size says nothing.
                cursor.whole_number("the size of the array")?;
            }
            cursor.expect_symbol(&SqlToken::RBracket)?;
        } else if !cursor.take_word("ARRAY") {
            break;
        }
        dimensions += 1;
    }
    match (dimensions, element) {
        (0, element) => Ok(element),
        (1, ColumnType::Jsonb) => Err(SqlError::not_supported("arrays of JSONB are not supported")
            .with_hint("a JSONB value can itself be an array")
            .with_position(position)),
        (1, element) => Ok(ColumnType::Array(Box::new(element))),
        _ => Err(SqlError::not_supported("arrays of arrays are not supported")
            .with_hint("use JSONB")
            .with_position(position)),
    }
}

fn read_element(cursor: &mut Cursor<'_>, word: &str, position: usize) -> Result<ColumnType, SqlError> {
    Ok(match word {
        "text" | "string" => ColumnType::Text,
        "varchar" => read_varchar(cursor)?,
        "character" | "char" if cursor.take_word("varying") => read_varchar(cursor)?,
        "bool" | "boolean" => ColumnType::Boolean,
        "smallint" | "int2" => ColumnType::SmallInt,
        "int" | "integer" | "int4" => ColumnType::Integer,
        "bigint" | "int8" => ColumnType::BigInt,
        "real" | "float4" => ColumnType::Real,
        "float8" | "number" => ColumnType::Double,
        "double" => {
            cursor.take_word("precision");
            ColumnType::Double
        }
        "float" => match read_numbers(cursor)?.as_slice() {
            [] => ColumnType::Double,
            [bits @ 1..=53] if *bits <= 24 => ColumnType::Real,
            [1..=53] => ColumnType::Double,
            _ => return Err(bad_modifier("FLOAT takes 1 to 53 bits", position)),
        },
        "numeric" | "decimal" | "dec" => read_numeric(cursor, position)?,
        "timestamp" => read_timestamp(cursor, position)?,
        "timestamptz" => {
            check_microseconds(cursor, position)?;
            ColumnType::TimestampTz
        }
        "date" => ColumnType::Date,
        "uuid" => ColumnType::Uuid,
        "json" | "jsonb" => ColumnType::Jsonb,
        "bytea" => ColumnType::Bytea,
        _ => return Err(unknown(word, position)),
    })
}

fn unknown(word: &str, position: usize) -> SqlError {
    const OTHERS: [(&str, &str); 16] = [
        ("serial", "use UUID DEFAULT gen_random_uuid(), or no primary key: one is then generated"),
        ("bigserial", "use UUID DEFAULT gen_random_uuid(), or no primary key: one is then generated"),
        ("smallserial", "use UUID DEFAULT gen_random_uuid(), or no primary key: one is then generated"),
        ("char", "use TEXT"),
        ("character", "use TEXT"),
        ("bpchar", "use TEXT"),
        ("name", "use TEXT"),
        ("array", "write the type of the elements and []: TEXT[]"),
        ("time", "use TEXT, or TIMESTAMP"),
        ("timetz", "use TEXT, or TIMESTAMPTZ"),
        ("interval", "use a number of seconds"),
        ("money", "use NUMERIC(p, s)"),
        ("bit", "use BYTEA or TEXT"),
        ("xml", "use TEXT"),
        ("inet", "use TEXT"),
        ("citext", "use TEXT"),
    ];
    match OTHERS.into_iter().find(|(other, _)| *other == word) {
        Some((_, hint)) => {
            SqlError::not_supported(format!("columns of type {word} are not supported")).with_hint(hint)
        }
        None => SqlError::new(SqlState::UNDEFINED_OBJECT, format!("type \"{word}\" does not exist"))
            .with_hint(
                "the types are TEXT, VARCHAR, BOOLEAN, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, \
             NUMERIC(p, s), TIMESTAMP, TIMESTAMPTZ, DATE, UUID, JSONB, BYTEA, and arrays of them",
            ),
    }
    .with_position(position)
}

fn bad_modifier(message: &str, position: usize) -> SqlError {
    SqlError::new(SqlState::INVALID_PARAMETER_VALUE, message).with_position(position)
}

/// Reads `[(n, …)]`.
fn read_numbers(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, SqlError> {
    if !cursor.take_symbol(&SqlToken::LParen) {
        return Ok(Vec::new());
    }
    let numbers = cursor.comma_separated(|cursor| cursor.whole_number("a whole number"))?;
    cursor.expect_symbol(&SqlToken::RParen)?;
    Ok(numbers)
}

fn read_varchar(cursor: &mut Cursor<'_>) -> Result<ColumnType, SqlError> {
    let position = cursor.position();
    match read_numbers(cursor)?.as_slice() {
        [] => Ok(ColumnType::Text),
        [length] if *length > 0 => u32::try_from(*length)
            .map(ColumnType::Varchar)
            .map_err(|_| bad_modifier("the length is too large", position)),
        _ => Err(bad_modifier("VARCHAR takes a length of at least 1", position)),
    }
}

/// The most digits of a `NUMERIC`.
const NUMERIC_DIGITS_MAX: u8 = 38;

fn read_numeric(cursor: &mut Cursor<'_>, position: usize) -> Result<ColumnType, SqlError> {
    let digits = |number: u64| u8::try_from(number).ok().filter(|digits| *digits <= NUMERIC_DIGITS_MAX);
    let (precision, scale) = match read_numbers(cursor)?.as_slice() {
        [] => return Ok(ColumnType::Numeric { precision: None, scale: 0 }),
        [precision] => (digits(*precision), Some(0)),
        [precision, scale] => (digits(*precision), digits(*scale)),
        _ => (None, None),
    };
    match (precision, scale) {
        (Some(precision @ 1..), Some(scale)) if scale <= precision => {
            Ok(ColumnType::Numeric { precision: Some(precision), scale })
        }
        _ => Err(bad_modifier(
            "NUMERIC takes 1 to 38 digits, and no more behind the point than in all",
            position,
        )),
    }
}

fn read_timestamp(cursor: &mut Cursor<'_>, position: usize) -> Result<ColumnType, SqlError> {
    check_microseconds(cursor, position)?;
    if cursor.take_words(&["WITH", "TIME", "ZONE"]) {
        return Ok(ColumnType::TimestampTz);
    }
    cursor.take_words(&["WITHOUT", "TIME", "ZONE"]);
    Ok(ColumnType::Timestamp)
}

/// Reads `[(digits)]`: times are kept in microseconds, no more and no less.
fn check_microseconds(cursor: &mut Cursor<'_>, position: usize) -> Result<(), SqlError> {
    match read_numbers(cursor)?.as_slice() {
        [] | [6] => Ok(()),
        _ => Err(SqlError::not_supported("times always have 6 digits of a second")
            .with_hint("leave the number out")
            .with_position(position)),
    }
}
