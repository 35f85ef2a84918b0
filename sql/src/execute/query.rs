//! SELECT, VALUES, WITH.

use arrow::datatypes::DataType;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use sqlparser::ast;

use super::{Call, Description, scope};
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
use crate::normalize::{cast_parameters, rename_stream, renamed, result_names};
use crate::outcome::{Command, Outcome};
use crate::planning::{bind_parameters, parameter_types, plan_statement, result_schema, run};
use crate::scope::Scope;
use crate::session::Session;

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    query: &ast::Query,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let statement = rewritten(session, query)?;
    // Revisions that are parameters are not known yet; the present has the
    // same columns.
    let unknown = vec![None; parsed.parameter_count().max(given.len())];
    let scope = scope(session, Some(parsed), &statement, unknown).await?;
    let given = cast_parameters(&scope, &statement, given)?;
    let plan = plan_statement(&scope, Some(parsed), statement, &given)?;
    Ok(Description {
        parameter_types: parameter_types(std::slice::from_ref(&plan), &given, parsed)?,
        schema: Some(renamed(&result_schema(&plan), result_names(query).as_deref())),
    })
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    query: &ast::Query,
) -> Result<Outcome, SqlError> {
    let stream = rows(session, call, query).await?;
    Ok(Outcome::Rows { schema: stream.schema(), stream, command: Command::Select })
}

/// The rows of a query, under the names that Postgres gives its columns.
pub(super) async fn rows(
    session: &mut Session,
    call: Call<'_>,
    query: &ast::Query,
) -> Result<SendableRecordBatchStream, SqlError> {
    let (scope, plan) = plan(session, call, query).await?;
    let stream = run(&scope.state, &plan, Some(call.parsed)).await?;
    Ok(rename_stream(stream, result_names(query).as_deref()))
}

/// The plan of a query, with its parameters in place.
pub(super) async fn plan(
    session: &mut Session,
    call: Call<'_>,
    query: &ast::Query,
) -> Result<(Scope, LogicalPlan), SqlError> {
    let statement = rewritten(session, query)?;
    let scope = call.scope(session, &statement).await?;
    let types: Vec<_> = call.parameters.iter().map(|value| Some(value.data_type())).collect();
    let plan = plan_statement(&scope, Some(call.parsed), statement, &types)?;
    Ok((scope, bind_parameters(plan, call.parameters, Some(call.parsed))?))
}

/// The statement as a catalog extension wants it.
fn rewritten(session: &Session, query: &ast::Query) -> Result<ast::Statement, SqlError> {
    let statement = ast::Statement::Query(Box::new(query.clone()));
    match &session.extension {
        Some(extension) => extension.rewrite(statement),
        None => Ok(statement),
    }
}
