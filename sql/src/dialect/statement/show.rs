//! `SHOW …`: a setting, or one of the lists that are also system tables.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use super::name::Argument;
use super::setting::read_spelled_name;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// What `SHOW` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// `SHOW name`: one row, one column.
    Setting {
        /// The setting, as in [`super::Set`].
        name: String,
        /// Where the name stands, in characters from 1.
        position: usize,
    },
    /// `SHOW ALL` or `SHOW SETTINGS`: name, setting, description.
    Settings,
    /// `SHOW BRANCHES`: `prolly.branches`.
    Branches,
    /// `SHOW TAGS`: `prolly.tags`.
    Tags,
    /// `SHOW LOG …`: `prolly.log`.
    Log(LogRange),
    /// `SHOW STATUS`: `prolly.status`.
    Status,
    /// `SHOW TABLES`: the names of the tables.
    Tables,
    /// `SHOW TYPES`: `prolly.types`.
    Types,
    /// `SHOW SEGMENTS`: `prolly.segments`.
    Segments,
}

/// Which commits `SHOW LOG` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRange {
    /// Those behind the session's branch.
    Current,
    /// `'rev'`: those behind the revision.
    From(Argument),
    /// `'a'..'b'`: those behind `b` that are not behind `a`.
    Between {
        /// `a`
        exclude: Argument,
        /// `b`
        include: Argument,
    },
}

/// Reads what follows `SHOW`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let position = cursor.position();
    // `SHOW log.level` would be a setting.
    let is_list = cursor.peek_at(1).is_none_or(|token| token.token != SqlToken::Period);
    let list = if is_list {
        cursor.take_one_of(&[
            "ALL", "SETTINGS", "BRANCHES", "TAGS", "LOG", "STATUS", "TABLES", "TYPES", "SEGMENTS",
        ])
    } else {
        None
    };
    let show = match list {
        Some("BRANCHES") => Show::Branches,
        Some("TAGS") => Show::Tags,
        Some("LOG") => Show::Log(read_log_range(cursor)?),
        Some("STATUS") => Show::Status,
        Some("TABLES") => Show::Tables,
        Some("TYPES") => Show::Types,
        Some("SEGMENTS") => Show::Segments,
        Some(_) => Show::Settings,
        None => Show::Setting { name: read_spelled_name(cursor)?, position },
    };
    Ok(Statement::Show(show))
}

/// Reads `['rev' | 'a'..'b']`.
fn read_log_range(cursor: &mut Cursor<'_>) -> Result<LogRange, SqlError> {
    if cursor.peek().is_none() {
        return Ok(LogRange::Current);
    }
    let first = cursor.text_or_name("a revision")?;
    if !cursor.at(&SqlToken::Period) {
        return Ok(LogRange::From(first));
    }
    cursor.expect_symbol(&SqlToken::Period)?;
    cursor.expect_symbol(&SqlToken::Period)?;
    if cursor.at(&SqlToken::Period) {
        return Err(cursor
            .unexpected("a revision")
            .with_hint("a range is written with two points: 'a'..'b'"));
    }
    let include = cursor.text_or_name("a revision")?;
    Ok(LogRange::Between { exclude: first, include })
}
