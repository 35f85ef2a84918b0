//! EXPLAIN: shows how a statement would run. Without ANALYZE it runs nothing,
//! whatever the statement is.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};

use super::{Call, Description, delete, insert, query, update};
use crate::dialect::{Explain, ParsedStatement, Statement};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::outcome::{Command, Outcome};
use crate::planning::physical_plan;
use crate::session::Session;

/// One column of lines, as Postgres names it.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8, false)]))
}

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    explain: &Explain,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let inner = Box::pin(super::describe(session, parsed, &explain.statement, given)).await?;
    Ok(Description { schema: Some(schema()), ..inner })
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    explain: &Explain,
) -> Result<Outcome, SqlError> {
    if let Some(format) = &explain.format
        && format != "text"
    {
        return Err(SqlError::not_supported(format!("EXPLAIN does not have the format {format}"))
            .with_hint("EXPLAIN gives text."));
    }
    let state = session.context.state();
    let (heading, plan) = match &*explain.statement {
        Statement::Query(query) => (None, query::plan(session, call, query).await?.1),
        Statement::Insert(insert) => {
            let plan = insert::plan(session, call.parsed, insert, call.parameters).await?;
            (Some(format!("Insert on {}", insert.target.name)), plan)
        }
        Statement::Update(update) => {
            let plan = update::plan(session, call.parsed, update, call.parameters).await?;
            (Some(format!("Update on {}", update.target.name)), plan)
        }
        Statement::Delete(delete) => {
            let plan = delete::plan(session, call.parsed, delete, call.parameters).await?;
            (Some(format!("Delete on {}", delete.target.name)), plan)
        }
        _ => return Err(SqlError::not_supported("only queries, INSERT, UPDATE and DELETE can be explained")),
    };
    let mut lines: Vec<String> = heading.into_iter().collect();
    if explain.verbose {
        lines.extend(logical_lines(
            &state.optimize(&plan).map_err(|error| planner_failure(&error, Some(call.parsed)))?,
        ));
    }
    let physical = physical_plan(&state, &plan, Some(call.parsed)).await?;
    if explain.analyze {
        lines.extend(analyzed(&state, call, physical).await?);
        // What was explained is done as well, as in Postgres.
        if !matches!(&*explain.statement, Statement::Query(_)) {
            Box::pin(super::run(session, call, &explain.statement)).await?;
        }
    } else {
        lines.extend(physical_lines(&DisplayableExecutionPlan::new(&*physical)));
    }
    let batch = RecordBatch::try_new(schema(), vec![Arc::new(StringArray::from(lines)) as ArrayRef])
        .map_err(|error| SqlError::internal(error.to_string()))?;
    Ok(Outcome::of_batch(batch, Command::Explain))
}

async fn analyzed(
    state: &datafusion::execution::session_state::SessionState,
    call: Call<'_>,
    physical: Arc<dyn ExecutionPlan>,
) -> Result<Vec<String>, SqlError> {
    let batches = collect(physical.clone(), state.task_ctx())
        .await
        .map_err(|error| planner_failure(&error, Some(call.parsed)))?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut lines = physical_lines(&DisplayableExecutionPlan::with_metrics(&*physical));
    lines.push(format!("Rows: {rows}"));
    Ok(lines)
}

fn logical_lines(plan: &LogicalPlan) -> Vec<String> {
    plan.display_indent().to_string().lines().map(str::to_owned).collect()
}

fn physical_lines(plan: &DisplayableExecutionPlan<'_>) -> Vec<String> {
    plan.indent(false).to_string().lines().map(str::to_owned).collect()
}
