//! Tests of the dialect, by what users write.

mod branches;
mod copy;
mod limits;
mod maintenance;
mod postgres_clients;
mod scripts;
mod sessions;
mod tables;
mod versions;
mod writes;

use super::{ParsedStatement, Statement, parse_script};
use crate::SqlError;

/// The one statement of a text.
fn parse(sql: &str) -> ParsedStatement {
    let mut statements = parse_script(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!(statements.len(), 1, "{sql}");
    statements.remove(0)
}

fn statement(sql: &str) -> Statement {
    parse(sql).statement().clone()
}

fn error(sql: &str) -> SqlError {
    match parse_script(sql) {
        Ok(statements) => panic!("{sql} parses: {statements:?}"),
        Err(error) => error,
    }
}

/// The error has this code and begins, in the text, at the first `at`.
#[track_caller]
fn fails(sql: &str, code: &str, at: &str) -> SqlError {
    let error = error(sql);
    let position = match at {
        "" => sql.chars().count() + 1,
        at => sql[..sql.find(at).expect("the place is in the text")].chars().count() + 1,
    };
    assert_eq!((error.code.as_str(), error.position), (code, Some(position)), "{sql}: {error:?}");
    error
}

/// As [`fails`], with a hint that contains this.
#[track_caller]
fn hints(sql: &str, code: &str, at: &str, hint: &str) {
    let error = fails(sql, code, at);
    assert!(error.hint.as_deref().is_some_and(|given| given.contains(hint)), "{sql}: {error:?}");
}
