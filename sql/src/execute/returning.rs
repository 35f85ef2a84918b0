//! RETURNING: what a change tells of the rows that it changed.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;
use microprolly_engine::Entry;
use sqlparser::ast::SelectItem;

use super::parameters::Parameters;
use super::syntax;
use super::target::Target;
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::normalize::rename_stream;
use crate::outcome::{Command, Outcome};
use crate::planning::{plan_query, run};
use crate::scope::Scope;

/// The name under which the changed rows are in the scope.
const ROWS: &str = "__rows";

/// The rows that a statement has changed: counted, and kept if it returns them.
pub(super) struct Changed {
    count: u64,
    /// None where nothing is returned.
    kept: Option<Vec<RecordBatch>>,
}

impl Changed {
    pub(super) fn new(returning: Option<&Vec<SelectItem>>) -> Self {
        Self { count: 0, kept: returning.map(|_| Vec::new()) }
    }

    /// Whether rows are to be kept.
    pub(super) fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    /// Takes these rows of a batch with all columns.
    pub(super) fn take(&mut self, batch: &RecordBatch, rows: &[u64]) -> Result<(), SqlError> {
        self.count += rows.len() as u64;
        let Some(kept) = &mut self.kept else { return Ok(()) };
        if !rows.is_empty() {
            let indices = UInt64Array::from(rows.to_vec());
            let rows =
                take_record_batch(batch, &indices).map_err(|error| SqlError::internal(error.to_string()))?;
            kept.push(rows);
        }
        Ok(())
    }

    /// Takes rows as they have been stored.
    pub(super) fn take_stored(&mut self, target: &Target, rows: &[Entry]) -> Result<(), SqlError> {
        self.count += rows.len() as u64;
        if let Some(kept) = &mut self.kept
            && !rows.is_empty()
        {
            kept.push(target.stored_rows(rows)?);
        }
        Ok(())
    }

    /// The result of the statement. Its rows are all computed when it is there.
    ///
    /// # Errors
    /// What the clause cannot compute.
    pub(super) async fn outcome(
        self,
        scope: &Scope,
        target: &Target,
        clause: &Returning<'_>,
        parameters: &Parameters,
        command: Command,
    ) -> Result<Outcome, SqlError> {
        let (Some(kept), Some(_)) = (self.kept, clause.items) else {
            return Ok(Outcome::Done { tag: command.tag(self.count) });
        };
        let Some(plan) = clause.plan(scope, target, kept, parameters)? else {
            return Err(SqlError::internal("rows without a RETURNING"));
        };
        let plan = parameters.bind(plan, clause.parsed)?;
        // In one part, so that rows come in the order of the changes.
        let mut state = scope.state.clone();
        state.config_mut().options_mut().execution.target_partitions = 1;
        let stream = rename_stream(run(&state, &plan, Some(clause.parsed)).await?, None);
        let schema = stream.schema();
        let rows: Vec<RecordBatch> =
            stream.try_collect().await.map_err(|error| planner_failure(&error, Some(clause.parsed)))?;
        let rows = futures::stream::iter(rows.into_iter().map(Ok));
        let stream = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), rows));
        Ok(Outcome::Rows { schema, stream, command })
    }
}

/// The clause, and how it calls the table.
pub(super) struct Returning<'a> {
    pub(super) parsed: &'a ParsedStatement,
    pub(super) items: Option<&'a Vec<SelectItem>>,
    /// The target's alias, or its name.
    pub(super) name: &'a str,
}

impl Returning<'_> {
    /// The query for the clause over these rows; none without a clause.
    pub(super) fn plan(
        &self,
        scope: &Scope,
        target: &Target,
        rows: Vec<RecordBatch>,
        parameters: &Parameters,
    ) -> Result<Option<LogicalPlan>, SqlError> {
        let Some(items) = self.items else { return Ok(None) };
        let rows =
            MemTable::try_new(target.schema().clone(), vec![rows]).map_err(|error| SqlError::from(&error))?;
        let rows: Arc<dyn TableProvider> = Arc::new(rows);
        let scope = scope.with_stand_ins(HashMap::from([(ROWS.to_owned(), rows)]));
        let body = syntax::select(items.clone(), vec![syntax::table(&[ROWS], self.name)], None);
        plan_query(&scope, Some(self.parsed), syntax::query(None, body), &parameters.types).map(Some)
    }
}
