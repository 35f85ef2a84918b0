//! SELECT, VALUES, WITH.

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use sqlparser::ast;

use super::{Call, Description, scope};
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
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
    let plan = plan_statement(&scope, Some(parsed), statement, given)?;
    Ok(Description {
        parameter_types: parameter_types(&plan, given, parsed)?,
        schema: Some(result_schema(&plan)),
    })
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    query: &ast::Query,
) -> Result<Outcome, SqlError> {
    let (scope, plan) = plan(session, call, query).await?;
    let stream = run(&scope.state, &plan, Some(call.parsed)).await?;
    Ok(Outcome::Rows { schema: stream.schema(), stream, command: Command::Select })
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
