//! What `diff()` is called with.

use datafusion::logical_expr::{Cast, Expr};
use datafusion::scalar::ScalarValue;

use super::Revisions;
use crate::error::{SqlError, SqlState};

/// Between two revisions in one argument: since they parted.
const PARTING: &str = "...";

/// `('a', 'b' [, 't'])` or `('a...b' [, 't'])`. A revision is none while it is
/// a parameter without a value.
pub(super) struct Arguments {
    from: Option<String>,
    to: Option<String>,
    since_parting: bool,
    pub(super) table: Option<String>,
}

impl Arguments {
    /// Reads the arguments.
    ///
    /// # Errors
    /// 42883 for a wrong number of them, 42804 for one that is not text, 22004
    /// for null, 42P18 for a table that is not known yet.
    pub(super) fn read(arguments: &[Expr], parameters: &[Option<ScalarValue>]) -> Result<Self, SqlError> {
        let texts =
            arguments.iter().map(|argument| text(argument, parameters)).collect::<Result<Vec<_>, _>>()?;
        let mut texts = texts.into_iter();
        let first = texts.next().ok_or_else(usage)?;
        let parting = first.as_deref().and_then(|first| first.split_once(PARTING));
        let (from, to, since_parting) = match parting {
            Some((from, to)) => (Some(from.to_owned()), Some(to.to_owned()), true),
            None => {
                let to = texts.next().ok_or_else(usage)?;
                (first, to, false)
            }
        };
        let table = match texts.next() {
            None => None,
            Some(Some(table)) => Some(table),
            // The columns depend on it.
            Some(None) => {
                return Err(SqlError::new(
                    SqlState::INDETERMINATE_DATATYPE,
                    "the table that diff() compares must be known when the statement is prepared",
                )
                .with_hint("Write the name of the table as a string literal."));
            }
        };
        match texts.next() {
            Some(_) => Err(usage()),
            None => Ok(Self { from, to, since_parting, table }),
        }
    }

    pub(super) fn revisions(&self) -> Revisions<'_> {
        Revisions { from: self.from.as_deref(), to: self.to.as_deref(), since_parting: self.since_parting }
    }
}

fn usage() -> SqlError {
    SqlError::new(SqlState::UNDEFINED_FUNCTION, "diff() takes two revisions and, if wanted, a table")
        .with_hint("Write diff('a', 'b', 'table'), diff('a', 'b'), or diff('a...b', 'table') for the changes since they parted.")
}

/// The text of an argument; none for a parameter without a value.
fn text(argument: &Expr, parameters: &[Option<ScalarValue>]) -> Result<Option<String>, SqlError> {
    let value = match argument {
        Expr::Literal(value, _) => value,
        Expr::Placeholder(placeholder) => {
            let number = placeholder.id.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
            match number.and_then(|number| parameters.get(number.checked_sub(1)?)) {
                Some(Some(value)) => value,
                Some(None) => return Ok(None),
                None => {
                    return Err(SqlError::new(
                        SqlState::UNDEFINED_PARAMETER,
                        format!("there is no parameter {}", placeholder.id),
                    ));
                }
            }
        }
        Expr::Cast(Cast { expr, .. }) => return text(expr, parameters),
        _ => return Err(not_text(argument)),
    };
    match value.try_as_str() {
        Some(Some(text)) => Ok(Some(text.to_owned())),
        None if !value.is_null() => Err(not_text(argument)),
        _ => Err(SqlError::new(SqlState::NULL_VALUE_NOT_ALLOWED, "the arguments of diff() must not be null")),
    }
}

fn not_text(argument: &Expr) -> SqlError {
    SqlError::new(
        SqlState::DATATYPE_MISMATCH,
        format!("the arguments of diff() are text, and {argument} is not"),
    )
    .with_hint("Put names in single quotes.")
}
