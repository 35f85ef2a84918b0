//! ON CONFLICT DO UPDATE: the stored row beside the one that was to be inserted.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use microprolly_engine::Transaction;
use sqlparser::ast::{BinaryOperator, Expr};

use super::assignments::{Assignments, Updater};
use super::change::{name_of, next_rows};
use super::parameters::Parameters;
use super::returning::Changed;
use super::syntax;
use super::target::Target;
use crate::dialect::{ConflictAction, Insert, ParsedStatement};
use crate::error::SqlError;
use crate::planning::{plan_query, run};
use crate::scope::Scope;
use crate::session::blocking;

/// The names under which the two sides are in the scope.
const STORED: &str = "__stored";
const PROPOSED: &str = "__excluded";
/// How the clause calls the row that was to be inserted.
const EXCLUDED: &str = "excluded";
/// The column by which the two rows of a conflict find each other.
const ROW: &str = "__row";

/// `DO UPDATE SET … WHERE …`.
pub(super) struct OnConflictUpdate<'a> {
    assignments: Assignments<'a>,
    filter: Option<&'a Expr>,
    /// How the clause calls the stored row.
    name: &'a str,
}

/// Stored rows, a batch, and which of its rows conflict with them, in order.
pub(super) type ConflictingRows<'a> = (RecordBatch, &'a RecordBatch, &'a [u64]);

impl<'a> OnConflictUpdate<'a> {
    /// The clause of a statement; none if it has none.
    pub(super) fn of(
        statement: &'a Insert,
        target: &Target,
        parameters: &mut Parameters,
    ) -> Result<Option<Self>, SqlError> {
        let Some(on_conflict) = &statement.on_conflict else { return Ok(None) };
        let ConflictAction::Update { assignments, filter } = &on_conflict.action else { return Ok(None) };
        Ok(Some(Self {
            assignments: Assignments::new(target, assignments, parameters)?,
            filter: filter.as_deref(),
            name: name_of(&statement.target, statement.alias.as_ref()),
        }))
    }

    /// The query for the changed rows, of these conflicts or, to be described, of none.
    pub(super) fn plan(
        &self,
        scope: &Scope,
        parsed: &ParsedStatement,
        target: &Target,
        rows: Option<ConflictingRows<'_>>,
        parameters: &Parameters,
    ) -> Result<LogicalPlan, SqlError> {
        let (stored, proposed) = match rows {
            Some((stored, batch, rows)) => {
                let proposed = take_record_batch(batch, &UInt64Array::from(rows.to_vec()))
                    .map_err(|error| SqlError::internal(error.to_string()))?;
                (numbered(target, &stored)?, numbered(target, &proposed)?)
            }
            None => (nothing(target)?, nothing(target)?),
        };
        let scope = scope
            .with_stand_ins(HashMap::from([(STORED.to_owned(), stored), (PROPOSED.to_owned(), proposed)]));
        let pairs = Expr::BinaryOp {
            left: Box::new(syntax::column(self.name, ROW)),
            op: BinaryOperator::Eq,
            right: Box::new(syntax::column(EXCLUDED, ROW)),
        };
        let filter = match self.filter {
            Some(filter) => Expr::BinaryOp {
                left: Box::new(pairs),
                op: BinaryOperator::And,
                right: Box::new(Expr::Nested(Box::new(filter.clone()))),
            },
            None => pairs,
        };
        let from = vec![syntax::table(&[STORED], self.name), syntax::table(&[PROPOSED], EXCLUDED)];
        let body = syntax::select(self.assignments.select_items(target, self.name), from, Some(filter));
        let source = plan_query(&scope, Some(parsed), syntax::query(None, body), &parameters.types)?;
        self.assignments.plan(&scope, parsed, target, source)
    }

    /// Stores what the plan gives.
    pub(super) async fn apply(
        &self,
        state: &SessionState,
        parsed: &ParsedStatement,
        target: &Target,
        plan: &LogicalPlan,
        transaction: &mut Transaction,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        let mut updater = Updater::new(target, false);
        let mut stream = run(state, plan, Some(parsed)).await?;
        while let Some(batch) = next_rows(&mut stream, parsed).await? {
            blocking(|| updater.apply(transaction, &batch, changed))?;
        }
        updater.finish(transaction)
    }
}

fn numbered_schema(target: &Target) -> SchemaRef {
    let row = Arc::new(Field::new(ROW, DataType::UInt64, false));
    Arc::new(Schema::new(target.schema().fields().iter().cloned().chain([row]).collect::<Vec<_>>()))
}

/// Rows with their numbers behind them.
fn numbered(target: &Target, batch: &RecordBatch) -> Result<Arc<dyn TableProvider>, SqlError> {
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..batch.num_rows() as u64));
    let columns = batch.columns().iter().cloned().chain([numbers]).collect();
    let schema = numbered_schema(target);
    let batch = RecordBatch::try_new(schema.clone(), columns)
        .map_err(|error| SqlError::internal(error.to_string()))?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]]).map_err(|error| SqlError::from(&error))?))
}

fn nothing(target: &Target) -> Result<Arc<dyn TableProvider>, SqlError> {
    let table = MemTable::try_new(numbered_schema(target), vec![Vec::new()]);
    Ok(Arc::new(table.map_err(|error| SqlError::from(&error))?))
}
