//! Prepared statements, and portals: statements with their parameters, perhaps under way.

use std::sync::Arc;

use datafusion::scalar::ScalarValue;
use microprolly_sql::{Outcome, Prepared};
use pgwire::api::Type;

use super::rows::RowSource;
use crate::types::{Column, Format};

/// A statement of the Parse message.
pub(crate) struct Statement {
    /// `None` for a text without a statement in it.
    pub(crate) prepared: Option<Prepared>,
    /// The types in which the client sends parameters.
    pub(crate) parameters: Vec<Type>,
    /// The columns of its result; `None` if it has no result.
    pub(crate) columns: Option<Vec<Column>>,
}

impl Statement {
    /// Whether it may run in a transaction that has failed.
    pub(crate) fn is_transaction_control(&self) -> bool {
        self.prepared.as_ref().is_none_or(|prepared| prepared.parsed().is_transaction_control())
    }
}

/// A statement with parameters, from the Bind message.
pub(crate) struct Portal {
    pub(crate) statement: Arc<Statement>,
    pub(crate) parameters: Vec<ScalarValue>,
    /// The format of each column of the result.
    pub(crate) formats: Vec<Format>,
    pub(crate) progress: Progress,
}

/// How far a portal is.
pub(crate) enum Progress {
    /// Not begun.
    Bound,
    /// Rows have been fetched, and there may be more.
    Suspended(RowSource),
    /// All rows have been fetched; this is the tag of fetching once more.
    Exhausted(String),
    /// It ran, has no rows, and cannot run again.
    Done,
}

/// Whether an outcome is what was described: a statement is not to change its columns between the two.
pub(crate) fn same_columns(described: Option<&[Column]>, outcome: &Outcome, columns: &[Column]) -> bool {
    match outcome {
        Outcome::Rows { .. } => described.is_some_and(|described| {
            described.len() == columns.len()
                && described.iter().zip(columns).all(|(old, new)| old.pg_type == new.pg_type)
        }),
        _ => described.is_none(),
    }
}
