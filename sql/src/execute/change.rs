//! What INSERT, UPDATE and DELETE have in common: a query whose rows are the
//! change, and a clause that returns some of them.

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;

use super::Description;
use super::parameters::Parameters;
use super::returning::{Changed, Returning};
use super::target::Target;
use crate::dialect::{Name, ParsedStatement, TableName};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::normalize::renamed;
use crate::outcome::{Command, Outcome};
use crate::planning::result_schema;
use crate::scope::Scope;
use crate::session::Session;

/// A change before it runs.
pub(super) struct Change {
    pub(super) scope: Scope,
    pub(super) target: Target,
    /// With the parameters in place, as far as they are known.
    pub(super) plan: LogicalPlan,
    pub(super) parameters: Parameters,
}

impl Change {
    /// What is known of it. `further` is a plan that it has beside its own.
    pub(super) fn description(
        self,
        parsed: &ParsedStatement,
        further: Option<LogicalPlan>,
        clause: &Returning<'_>,
    ) -> Result<Description, SqlError> {
        let returned = clause.plan(&self.scope, &self.target, Vec::new(), &self.parameters)?;
        let schema = returned.as_ref().map(|plan| renamed(&result_schema(plan), None));
        let plans: Vec<LogicalPlan> = [self.plan].into_iter().chain(further).chain(returned).collect();
        Ok(Description { parameter_types: self.parameters.told_by(&plans, parsed)?, schema })
    }

    /// Ends it when all its rows are written. What it returns is computed
    /// first: where that fails, nothing has changed.
    pub(super) async fn end(
        &self,
        session: &mut Session,
        changed: Changed,
        clause: &Returning<'_>,
        command: Command,
    ) -> Result<Outcome, SqlError> {
        let outcome = changed.outcome(&self.scope, &self.target, clause, &self.parameters, command).await?;
        session.end_write();
        Ok(outcome)
    }
}

/// How a statement calls the table that it changes.
pub(super) fn name_of<'a>(target: &'a TableName, alias: Option<&'a Name>) -> &'a str {
    alias.map_or(&target.name, |alias| &alias.value)
}

/// The next rows of a query whose rows are a change, after a wait. To change as
/// many rows as come at once takes a while, and whoever wants to stop the
/// statement must get a turn.
pub(super) async fn next_rows(
    rows: &mut SendableRecordBatchStream,
    parsed: &ParsedStatement,
) -> Result<Option<RecordBatch>, SqlError> {
    tokio::task::yield_now().await;
    rows.next().await.transpose().map_err(|error| planner_failure(&error, Some(parsed)))
}
