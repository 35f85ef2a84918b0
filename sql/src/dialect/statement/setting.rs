//! `SET`, `RESET` and `DISCARD`.

use sqlparser::tokenizer::Token as SqlToken;

use super::Statement;
use super::transaction::{SetTransaction, read_modes};
use crate::SqlError;
use crate::dialect::cursor::Cursor;
use crate::dialect::token::string_value;

/// `SET [SESSION | LOCAL] name { = | TO } value`, and what means the same: `SET TIME ZONE`, `SET NAMES`,
/// `SET SCHEMA`, `SET ROLE`, `SET SESSION AUTHORIZATION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Only for the transaction that runs.
    pub local: bool,
    /// The setting: lower case, parts joined by points (`microprolly.branch`, `timezone`, `client_encoding`).
    pub name: String,
    /// The value as text, items of a list joined by `, `. `None` is `DEFAULT`.
    pub value: Option<String>,
    /// Where the name stands, in characters from 1.
    pub position: usize,
}

/// `RESET name` or `RESET ALL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// Every setting.
    All,
    /// One setting.
    Setting {
        /// Its name, as in [`Set`].
        name: String,
        /// Where the name stands, in characters from 1.
        position: usize,
    },
}

/// `DISCARD …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discard {
    /// Settings, prepared statements, cursors and plans.
    All,
    /// Cached plans.
    Plans,
    /// Sequences, of which there are none.
    Sequences,
    /// Temporary tables, of which there are none.
    Temp,
}

/// Reads what follows `SET`.
pub(super) fn read_set(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    if cursor.take_words(&["SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"]) {
        let modes = read_modes(cursor, true)?;
        return Ok(Statement::SetTransaction(SetTransaction { session: true, modes }));
    }
    if cursor.at_words(&["TRANSACTION"]) && !names_setting(cursor, 1) {
        cursor.skip(1);
        if cursor.at_words(&["SNAPSHOT"]) {
            return Err(SqlError::not_supported("SET TRANSACTION SNAPSHOT is not supported")
                .with_position(cursor.position()));
        }
        let modes = read_modes(cursor, true)?;
        return Ok(Statement::SetTransaction(SetTransaction { session: false, modes }));
    }
    let local = match cursor.peek_at(1) {
        // A setting might be called `session` or `local`.
        _ if names_setting(cursor, 1) => false,
        Some(_) if cursor.take_word("LOCAL") => true,
        Some(_) => {
            if !cursor.at_words(&["SESSION", "AUTHORIZATION"]) {
                cursor.take_word("SESSION");
            }
            false
        }
        None => false,
    };
    read_assignment(cursor, local).map(Statement::Set)
}

/// Whether the token `ahead` is what stands between a setting and its value.
fn names_setting(cursor: &Cursor<'_>, ahead: usize) -> bool {
    cursor
        .peek_at(ahead)
        .is_some_and(|token| token.is_word("TO") || matches!(token.token, SqlToken::Eq | SqlToken::Period))
}

fn read_assignment(cursor: &mut Cursor<'_>, local: bool) -> Result<Set, SqlError> {
    let position = cursor.position();
    let set = |name: &str, value| Set { local, name: name.to_owned(), value, position };
    if !names_setting(cursor, 1) {
        if cursor.take_words(&["TIME", "ZONE"]) {
            return Ok(set("timezone", read_time_zone(cursor)?));
        }
        let spelled: [(&[&str], &str); 4] = [
            (&["NAMES"], "client_encoding"),
            (&["SCHEMA"], "search_path"),
            (&["ROLE"], "role"),
            (&["SESSION", "AUTHORIZATION"], "session_authorization"),
        ];
        if let Some((_, name)) = spelled.into_iter().find(|(words, _)| cursor.take_words(words)) {
            if name == "client_encoding" && cursor.peek().is_none() {
                return Ok(set(name, None));
            }
            return Ok(set(name, read_value(cursor)?));
        }
    }
    let name = read_setting_name(cursor)?;
    expect_assignment(cursor)?;
    let value = read_values(cursor)?;
    Ok(set(&name, value))
}

/// Takes what stands between a setting and its value.
pub(super) fn expect_assignment(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    if cursor.take_word("TO") || cursor.take_symbol(&SqlToken::Eq) {
        Ok(())
    } else {
        Err(cursor.unexpected("TO or ="))
    }
}

/// Reads the name of a setting: `a` or `a.b`, in lower case.
pub(super) fn read_setting_name(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let mut name = cursor.name("the name of a setting")?.value.to_ascii_lowercase();
    while cursor.take_symbol(&SqlToken::Period) {
        name.push('.');
        name.push_str(&cursor.name("the name of a setting")?.value.to_ascii_lowercase());
    }
    Ok(name)
}

/// Reads `DEFAULT` or a list of values.
fn read_values(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    let Some(mut values) = read_value(cursor)? else { return Ok(None) };
    while cursor.take_symbol(&SqlToken::Comma) {
        let position = cursor.position();
        match read_value(cursor)? {
            Some(value) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            None => {
                return Err(SqlError::syntax("DEFAULT cannot be in a list").with_position(position));
            }
        }
    }
    Ok(Some(values))
}

/// Reads one value as text; `None` is `DEFAULT`.
pub(super) fn read_value(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take_word("DEFAULT") {
        return Ok(None);
    }
    let sign = if cursor.take_symbol(&SqlToken::Minus) {
        "-"
    } else {
        cursor.take_symbol(&SqlToken::Plus);
        ""
    };
    let Some(token) = cursor.peek() else { return Err(cursor.unexpected("a value")) };
    let value = match &token.token {
        SqlToken::Number(digits, _) => format!("{sign}{digits}"),
        _ if !sign.is_empty() => return Err(cursor.unexpected("a number")),
        other => match (string_value(other), token.as_identifier()) {
            (Some(text), _) => text.to_owned(),
            (_, Some(word)) if word.quote_style.is_some() => word.value.clone(),
            (_, Some(word)) => word.value.to_ascii_lowercase(),
            _ => return Err(cursor.unexpected("a value")),
        },
    };
    cursor.skip(1);
    Ok(Some(value))
}

/// Reads what follows `SET TIME ZONE`.
fn read_time_zone(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take_word("LOCAL") {
        return Ok(None);
    }
    if cursor.take_word("INTERVAL") {
        // `INTERVAL '+02:00' HOUR TO MINUTE`
        let offset = cursor.string("the offset from UTC")?;
        cursor.take_words(&["HOUR", "TO", "MINUTE"]);
        return Ok(Some(offset));
    }
    read_value(cursor)
}

/// Reads what follows `RESET`.
pub(super) fn read_reset(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let position = cursor.position();
    if cursor.take_word("ALL") {
        return Ok(Statement::Reset(Reset::All));
    }
    let name = read_spelled_name(cursor)?;
    Ok(Statement::Reset(Reset::Setting { name, position }))
}

/// Reads the name of a setting, or the words that stand for one after `RESET` and `SHOW`.
pub(super) fn read_spelled_name(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let spelled: [(&[&str], &str); 3] = [
        (&["TIME", "ZONE"], "timezone"),
        (&["TRANSACTION", "ISOLATION", "LEVEL"], "transaction_isolation"),
        (&["SESSION", "AUTHORIZATION"], "session_authorization"),
    ];
    match spelled.into_iter().find(|(words, _)| cursor.take_words(words)) {
        Some((_, name)) => Ok(name.to_owned()),
        None => read_setting_name(cursor),
    }
}

/// Reads what follows `DISCARD`.
pub(super) fn read_discard(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let what = match cursor.take_one_of(&["ALL", "PLANS", "SEQUENCES", "TEMPORARY", "TEMP"]) {
        Some("ALL") => Discard::All,
        Some("PLANS") => Discard::Plans,
        Some("SEQUENCES") => Discard::Sequences,
        Some(_) => Discard::Temp,
        None => return Err(cursor.unexpected("ALL, PLANS, SEQUENCES or TEMP")),
    };
    Ok(Statement::Discard(what))
}
