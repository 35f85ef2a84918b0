//! Update.
use arrow::datatypes::DataType;

use super::{Call, Description};
use crate::dialect::{Update, ParsedStatement};
use crate::error::SqlError;
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) async fn describe(
    _session: &mut Session,
    _parsed: &ParsedStatement,
    _statement: &Update,
    _given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    todo!()
}

pub(super) async fn execute(_session: &mut Session, _call: Call<'_>, _statement: &Update) -> Result<Outcome, SqlError> {
    todo!()
}

pub(super) async fn plan(
    _session: &mut Session,
    _parsed: &ParsedStatement,
    _statement: &Update,
    _given: &[Option<DataType>],
    _parameters: &[datafusion::scalar::ScalarValue],
) -> Result<datafusion::logical_expr::LogicalPlan, SqlError> {
    todo!()
}
