//! DIFF: a query over what differs between two versions.

mod filter;
mod summary;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use microprolly_engine::TypeDefinition;
use sqlparser::ast;

use super::{Call, Description};
use crate::dialect::{Diff, ParsedStatement, Statement, parse_script};
use crate::error::SqlError;
use crate::outcome::{Command, Outcome};
use crate::planning::{
    bind_parameters, known_types, other_tables, parameter_types, plan_statement, result_schema, run,
};
use crate::scope::Scope;
use crate::session::Session;
use crate::system::{DiffTable, Revisions};

/// What the difference is called in the query. No user's table can be called
/// so, so sub-queries of the filter never mean it.
const ROWS: &str = "\u{1}diff";

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    diff: &Diff,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let types = known_types(given, parsed);
    let (_, plan) = plan(session, parsed, diff, &types, vec![None; types.len()]).await?;
    Ok(Description {
        parameter_types: parameter_types(std::slice::from_ref(&plan), &types, parsed)?,
        schema: Some(result_schema(&plan)),
    })
}

pub(super) async fn execute(session: &mut Session, call: Call<'_>, diff: &Diff) -> Result<Outcome, SqlError> {
    let types: Vec<_> = call.parameters.iter().map(|value| Some(value.data_type())).collect();
    let values = call.parameters.iter().cloned().map(Some).collect();
    let (scope, plan) = plan(session, call.parsed, diff, &types, values).await?;
    let plan = bind_parameters(plan, call.parameters, Some(call.parsed))?;
    let stream = run(&scope.state, &plan, Some(call.parsed)).await?;
    Ok(Outcome::Rows { schema: stream.schema(), stream, command: Command::Other("DIFF") })
}

async fn plan(
    session: &Session,
    parsed: &ParsedStatement,
    diff: &Diff,
    types: &[Option<DataType>],
    parameters: Vec<Option<ScalarValue>>,
) -> Result<(Scope, LogicalPlan), SqlError> {
    let view = Arc::new(session.view()?);
    let definition = match &diff.table {
        None => None,
        Some(table) => DiffTable::find_type(&view, table.schema.as_deref(), &table.name)
            .map_err(|error| error.or_position(Some(table.position)))?,
    };
    let statement = query(diff, definition.as_deref())?;
    let state = session.context.state();
    let others = other_tables(&state, &statement).await?;
    let scope = Scope::new(view.clone(), state, Some(parsed), parameters, others);

    let (from, to) = (scope.argument(&diff.from)?, scope.argument(&diff.to)?);
    let revisions = Revisions { from: from.as_deref(), to: to.as_deref(), since_parting: diff.three_dot };
    let rows: Arc<dyn TableProvider> = Arc::new(
        DiffTable::new(&view, &revisions, definition.clone())
            .map_err(|error| located(error, diff, &revisions))?,
    );
    let scope = scope.with_stand_ins(HashMap::from([(ROWS.to_owned(), rows)]));
    let mut plan = plan_statement(&scope, Some(parsed), statement, types)?;
    if diff.summary {
        plan = summary::of(plan, definition.as_deref())?;
    }
    Ok((scope, plan))
}

/// An error with the place of the revision that it is about: the one that it
/// names.
fn located(error: SqlError, diff: &Diff, revisions: &Revisions<'_>) -> SqlError {
    let names = |revision: Option<&str>| {
        revision.is_some_and(|revision| error.message.contains(&format!("\"{revision}\"")))
    };
    let position = if !names(revisions.from) && names(revisions.to) { &diff.to } else { &diff.from }.position;
    error.or_position(Some(position))
}

/// `SELECT * FROM <the difference> AS <table> WHERE …`.
fn query(diff: &Diff, definition: Option<&TypeDefinition>) -> Result<ast::Statement, SqlError> {
    let broken = || SqlError::internal("the query of a DIFF is not one");
    let parsed = parse_script("SELECT * FROM t AS t")?;
    let Some(Statement::Query(query)) = parsed.first().map(ParsedStatement::statement) else {
        return Err(broken());
    };
    let mut query = query.clone();
    let ast::SetExpr::Select(select) = &mut *query.body else { return Err(broken()) };
    let Some(ast::TableFactor::Table { name, alias: Some(alias), .. }) =
        select.from.first_mut().map(|from| &mut from.relation)
    else {
        return Err(broken());
    };
    *name = ast::Ident::with_quote('"', ROWS).into();
    let table = diff.table.as_ref().map_or("diff", |table| table.name.as_str());
    alias.name = ast::Ident::with_quote('"', table);
    select.selection = diff.filter.as_deref().map(|filter| filter::on_either_side(filter, table, definition));
    Ok(ast::Statement::Query(query))
}
