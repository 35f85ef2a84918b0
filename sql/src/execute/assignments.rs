//! SET: the query whose rows are the changed rows, and how they are stored.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use bytes::Bytes;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use microprolly_engine::Transaction;
use sqlparser::ast::SelectItem;

use super::assign::assign;
use super::insert_rows::default_value;
use super::parameters::Parameters;
use super::returning::Changed;
use super::syntax;
use super::target::{NewRow, Target};
use crate::dialect::{Assignment, ParsedStatement};
use crate::error::{SqlError, SqlState};
use crate::failure::planner_failure;
use crate::scope::Scope;

/// The columns of `kv` that are two views of one value: to assign one is to
/// take back the other.
const KEY_VALUE_TWINS: [(&str, &str); 2] = [("value", "bytes"), ("bytes", "value")];

/// Values for some columns of a table.
pub(super) struct Assignments<'a> {
    /// Position of the column, and its value; none for its default.
    columns: Vec<(usize, Option<&'a sqlparser::ast::Expr>)>,
}

impl<'a> Assignments<'a> {
    /// Finds the columns.
    ///
    /// # Errors
    /// For unknown columns, and those that are assigned twice.
    pub(super) fn new(
        target: &Target,
        assignments: &'a [Assignment],
        parameters: &mut Parameters,
    ) -> Result<Self, SqlError> {
        let mut columns: Vec<(usize, Option<&sqlparser::ast::Expr>)> = Vec::with_capacity(assignments.len());
        for Assignment { column, value } in assignments {
            let position = target.position_of(column)?;
            if columns.iter().any(|(other, _)| *other == position) {
                return Err(SqlError::new(
                    SqlState::SYNTAX_ERROR,
                    format!("multiple assignments to same column \"{}\"", column.value),
                )
                .with_position(column.position));
            }
            if let Some(value) = value {
                parameters.note(value, &target.column_type(position).arrow());
            }
            columns.push((position, value.as_deref()));
        }
        Ok(Self { columns })
    }

    /// What the query selects: the row as it is, by the name under which the
    /// statement knows the table, and behind it the new values.
    pub(super) fn select_items(&self, target: &Target, name: &str) -> Vec<SelectItem> {
        let stored = target
            .schema()
            .fields()
            .iter()
            .map(|field| SelectItem::UnnamedExpr(syntax::column(name, field.name())));
        let new = self.columns.iter().filter_map(|(position, value)| {
            let value = (*value)?;
            Some(SelectItem::ExprWithAlias {
                expr: value.clone(),
                alias: syntax::quoted(&format!("__new_{}", target.column(*position))),
            })
        });
        stored.chain(new).collect()
    }

    /// On top of that query, its key columns as they are, and then all columns
    /// as they will be.
    pub(super) fn plan(
        &self,
        scope: &Scope,
        parsed: &ParsedStatement,
        target: &Target,
        source: LogicalPlan,
    ) -> Result<LogicalPlan, SqlError> {
        let defaults = target.defaults(scope)?;
        let width = target.schema().fields().len();
        let column = |index: usize| Expr::Column(Column::from(source.schema().qualified_field(index)));
        let mut selected = width;
        let mut new = Vec::with_capacity(self.columns.len());
        for (position, value) in &self.columns {
            let (name, column_type) = (target.column(*position), target.column_type(*position));
            let value = match value {
                Some(_) => {
                    selected += 1;
                    assign(column(selected - 1), source.schema(), name, column_type)?
                }
                None => default_value(defaults.get(name), name, target, *position)?,
            };
            new.push((*position, value));
        }
        let is_assigned = |name: &str| new.iter().any(|(position, _)| target.column(*position) == name);
        let keys = target
            .key_positions()
            .iter()
            .map(|position| column(*position).alias(format!("__key_{}", target.column(*position))));
        let columns = (0..width).map(|position| {
            let name = target.column(position);
            let value = match new.iter().find(|(assigned, _)| *assigned == position) {
                Some((_, value)) => value.clone(),
                None if target.definition().is_none()
                    && KEY_VALUE_TWINS.iter().any(|(other, twin)| *twin == name && is_assigned(other)) =>
                {
                    default_value(None, name, target, position)?
                }
                None => column(position),
            };
            Ok(value.alias(name))
        });
        let columns = keys.map(Ok).chain(columns).collect::<Result<Vec<_>, SqlError>>()?;
        LogicalPlanBuilder::from(source.clone())
            .project(columns)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|error| planner_failure(&error, Some(parsed)))
    }
}

/// Stores changed rows.
pub(super) struct Updater<'a> {
    target: &'a Target,
    /// Keys that have been seen, where a row may come more than once: only the
    /// first time counts.
    seen: Option<HashSet<Bytes>>,
    /// Rows with a new key. They go when all have been read, so that a key that
    /// one row leaves is free for another.
    moved: Vec<(Bytes, NewRow, SqlError)>,
}

impl<'a> Updater<'a> {
    /// `repeats` says whether a row may come more than once.
    pub(super) fn new(target: &'a Target, repeats: bool) -> Self {
        Self { target, seen: repeats.then(HashSet::new), moved: Vec::new() }
    }

    /// Takes a batch of what [`Assignments::plan`] gives.
    pub(super) fn apply(
        &mut self,
        transaction: &mut Transaction,
        batch: &RecordBatch,
        changed: &mut Changed,
    ) -> Result<(), SqlError> {
        let (keys, columns) = batch.columns().split_at(self.target.key_positions().len());
        let batch = self.target.batch(columns.to_vec())?;
        let mut updated = Vec::with_capacity(batch.num_rows());
        // A value of `kv` may be given as text and is shown as bytes too.
        let shown_otherwise = self.target.definition().is_none();
        let mut stored_rows = Vec::new();
        for row in 0..batch.num_rows() {
            let key = self.target.stored_key(keys, row, transaction)?;
            if let Some(seen) = &mut self.seen
                && !seen.insert(key.clone())
            {
                continue;
            }
            let former = transaction.get(&key)?;
            let new = self.target.new_row(&batch, row, former.as_deref())?;
            if shown_otherwise {
                stored_rows.push((new.key().clone(), new.value().clone()));
            } else {
                updated.push(row as u64);
            }
            if *new.key() == key {
                new.put(transaction)?;
            } else {
                self.moved.push((key, new, self.target.duplicate(&batch, row)));
            }
        }
        changed.take(&batch, &updated)?;
        changed.take_stored(self.target, &stored_rows)
    }

    /// Stores the rows that have a new key.
    pub(super) fn finish(self, transaction: &mut Transaction) -> Result<(), SqlError> {
        for (key, _, _) in &self.moved {
            transaction.delete(key.clone())?;
        }
        for (_, new, duplicate) in self.moved {
            if transaction.get(new.key())?.is_some() {
                return Err(duplicate);
            }
            new.put(transaction)?;
        }
        Ok(())
    }
}
