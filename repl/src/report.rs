//! How an error is shown: what failed, where in the user's text, and what to do.

use std::fmt::Write;

use microprolly_sql::{Notice, SqlError};
use unicode_width::UnicodeWidthChar;

use crate::failure::{Failure, StatementError};
use crate::output::terminal::escape_line;

/// The widest excerpt of a statement's line, in terminal columns.
const EXCERPT_COLUMNS: usize = 76;
/// How much of a long line is kept before the marked place, in terminal columns.
const EXCERPT_COLUMNS_BEFORE: usize = 40;
/// Stands for text cut off at either end of an excerpt.
const ELLIPSIS: &str = "...";

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// What a person needs.
    Normal,
    /// Also the position as a number and the whole statement (`\errverbose`).
    Verbose,
}

/// The error as lines of text, without a line end at the end.
pub(crate) fn render(failure: &Failure, verbosity: Verbosity) -> String {
    match failure {
        Failure::Statement(error) => statement(error, verbosity),
        Failure::Database(error) => database(error),
        Failure::Refused { message, hint: Some(hint) } => format!("ERROR: {message}\nHINT: {hint}"),
        Failure::Interrupted => "Cancelled.".to_owned(),
        other => format!("ERROR: {other}"),
    }
}

/// A notice or warning as lines of text.
pub(crate) fn render_notice(notice: &Notice) -> String {
    let mut text = format!("{}: {}", notice.severity, notice.message);
    push_labelled(&mut text, "HINT", notice.hint.as_deref());
    text
}

fn database(error: &SqlError) -> String {
    let mut text = headline(error);
    push_labelled(&mut text, "DETAIL", error.detail.as_deref());
    push_labelled(&mut text, "HINT", error.hint.as_deref());
    text
}

fn statement(failed: &StatementError, verbosity: Verbosity) -> String {
    let StatementError { error, text: statement, origin } = failed;
    let place = error.position.and_then(|position| locate(statement, position));
    let mut text = String::new();
    if let Some(name) = &origin.name {
        let line = origin.line + place.as_ref().map_or(0, |place| place.line_number - 1);
        push(&mut text, format_args!("{name}:{line}: "));
    }
    text.push_str(&headline(error));
    if let Some(place) = place {
        text.push('\n');
        text.push_str(&excerpt(&place));
    }
    push_labelled(&mut text, "DETAIL", error.detail.as_deref());
    push_labelled(&mut text, "HINT", error.hint.as_deref());
    if verbosity == Verbosity::Verbose {
        if let Some(position) = error.position {
            push(&mut text, format_args!("\nPOSITION: character {position}"));
        }
        push(&mut text, format_args!("\nSTATEMENT: {statement}"));
    }
    text
}

fn headline(error: &SqlError) -> String {
    format!("ERROR: {} ({})", error.message, error.code)
}

fn push_labelled(text: &mut String, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        push(text, format_args!("\n{label}: {value}"));
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}

/// The marked line of a statement.
struct Place<'a> {
    /// From 1, within the statement.
    line_number: usize,
    /// The line without its end.
    line: &'a str,
    /// Byte offset of the marked character in `line`; its length if the mark is behind the last one.
    offset: usize,
}

/// Finds the line that holds the character with this number (from 1); none if the text is shorter.
fn locate(text: &str, position: usize) -> Option<Place<'_>> {
    let characters_before = position.checked_sub(1)?;
    let offset = match text.char_indices().nth(characters_before) {
        Some((offset, _)) => offset,
        None if text.chars().count() == characters_before => text.len(),
        None => return None,
    };
    let (before, after) = text.split_at(offset);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = offset + after.find('\n').unwrap_or(after.len());
    Some(Place {
        line_number: before.matches('\n').count() + 1,
        line: text[start..end].trim_end_matches('\r'),
        offset: offset - start,
    })
}

/// `LINE 2: SELECT …` and below it a caret under the marked character. A long line is cut around it.
fn excerpt(place: &Place<'_>) -> String {
    let prefix = format!("LINE {}: ", place.line_number);
    let marked = place.offset.min(place.line.len());
    let before = escape_line(&place.line[..marked]);
    let after = escape_line(&place.line[marked..]);
    let (mut shown_before, mut cut_front) = (before.as_str(), false);
    if columns(&before) + columns(&after) > EXCERPT_COLUMNS && columns(&before) > EXCERPT_COLUMNS_BEFORE {
        shown_before = last_columns(&before, EXCERPT_COLUMNS_BEFORE);
        cut_front = true;
    }
    let room = EXCERPT_COLUMNS.saturating_sub(columns(shown_before));
    let shown_after = first_columns(&after, room);
    let front = if cut_front { ELLIPSIS } else { "" };
    let back = if shown_after.len() < after.len() { ELLIPSIS } else { "" };
    let indent = prefix.len() + front.len() + columns(shown_before);
    format!("{prefix}{front}{shown_before}{shown_after}{back}\n{}^", " ".repeat(indent))
}

fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The longest beginning of `text` that fits into so many terminal columns.
fn first_columns(text: &str, limit: usize) -> &str {
    let mut used = 0;
    for (offset, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > limit {
            return &text[..offset];
        }
    }
    text
}

/// The longest end of `text` that fits into so many terminal columns.
fn last_columns(text: &str, limit: usize) -> &str {
    let mut used = 0;
    for (offset, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > limit {
            return &text[offset + character.len_utf8()..];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use microprolly_sql::SqlState;

    use super::*;
    use crate::runner::Origin;

    fn rendered(text: &str, position: usize, origin: Origin) -> String {
        let error = SqlError::new(SqlState::UNDEFINED_TABLE, "table \"usr\" does not exist")
            .with_position(position)
            .with_hint("did you mean \"user\"?");
        let failed = StatementError { error, text: text.to_owned(), origin };
        render(&Failure::Statement(Box::new(failed)), Verbosity::Normal)
    }

    #[test]
    fn the_caret_stands_under_the_offending_word_of_its_line() {
        let text = "SELECT *\nFROM usr\nWHERE id = 1;";
        insta::assert_snapshot!(rendered(text, 15, Origin::unnamed(1)), @r#"
        ERROR: table "usr" does not exist (42P01)
        LINE 2: FROM usr
                     ^
        HINT: did you mean "user"?
        "#);
    }

    #[test]
    fn an_error_in_a_script_names_its_file_and_the_line_in_the_file() {
        let origin = Origin { name: Some("setup.sql".into()), line: 40 };
        let text = rendered("SELECT *\nFROM usr", 15, origin);
        assert_eq!(text.lines().next(), Some("setup.sql:41: ERROR: table \"usr\" does not exist (42P01)"));
    }

    #[test]
    fn the_caret_counts_wide_characters_as_two_columns_and_tabs_as_shown() {
        let text = rendered("SELECT '漢字',\tusr", 14, Origin::unnamed(1));
        let lines: Vec<_> = text.lines().collect();
        let before_caret = columns(lines[2].trim_end_matches('^'));
        let before_word = columns(&lines[1][..lines[1].find("usr").unwrap()]);
        assert_eq!(before_caret, before_word, "{text}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_offending_word() {
        let text = format!("SELECT {} FROM usr WHERE {}", "a, ".repeat(60), "b AND ".repeat(60));
        let position = text.find("usr").unwrap() + 1;
        insta::assert_snapshot!(rendered(&text, position, Origin::unnamed(1)), @r#"
        ERROR: table "usr" does not exist (42P01)
        LINE 1: ... a, a, a, a, a, a, a, a, a, a, a,  FROM usr WHERE b AND b AND b AND b AND b ...
                                                           ^
        HINT: did you mean "user"?
        "#);
    }

    #[test]
    fn a_position_behind_the_text_gives_no_excerpt_and_one_at_its_end_does() {
        assert!(!rendered("SELECT", 99, Origin::unnamed(1)).contains("LINE"));
        assert!(rendered("SELECT", 7, Origin::unnamed(1)).contains("LINE 1: SELECT\n              ^"));
    }
}
