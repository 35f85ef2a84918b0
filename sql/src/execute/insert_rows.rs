//! The rows of an INSERT, as a query that gives all columns of the table.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::scalar::ScalarValue;
use sqlparser::ast::{self, Query, Select, SelectItem, SetExpr};

use super::assign::assign;
use super::parameters::Parameters;
use super::syntax;
use super::target::Target;
use crate::dialect::{Insert, ParsedStatement, is_default, parse_expression};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::normalize::normalize_expression;
use crate::planning::{plan_query, plan_values};
use crate::scope::Scope;

/// Plans the source, and puts its columns, defaults and nulls where they belong.
pub(super) fn plan_rows(
    scope: &Scope,
    parsed: &ParsedStatement,
    insert: &Insert,
    target: &Target,
    parameters: &mut Parameters,
) -> Result<LogicalPlan, SqlError> {
    let named = !insert.columns.is_empty();
    let mut positions =
        if named { target.positions_of(&insert.columns)? } else { target.declared_positions() };
    let planned = |error: datafusion::error::DataFusionError| planner_failure(&error, Some(parsed));
    let source = match &insert.source {
        None => {
            positions.clear();
            LogicalPlanBuilder::empty(true).build().map_err(planned)?
        }
        Some(query) => {
            let source = Source { scope, parsed, target, positions: &positions, named };
            source.plan(query, parameters)?
        }
    };
    let width = source.schema().fields().len();
    if insert.source.is_some() {
        check_width(width, positions.len(), named)?;
    }
    positions.truncate(width);
    let given: HashMap<usize, usize> =
        positions.iter().enumerate().map(|(index, position)| (*position, index)).collect();
    let defaults = target.defaults(scope)?;
    let columns = (0..target.schema().fields().len())
        .map(|position| {
            let (name, column_type) = (target.column(position), target.column_type(position));
            let value = match given.get(&position) {
                Some(index) => {
                    let column = Expr::Column(Column::from(source.schema().qualified_field(*index)));
                    assign(column, source.schema(), name, column_type)?
                }
                None => default_value(defaults.get(name), name, target, position)?,
            };
            Ok(value.alias(name))
        })
        .collect::<Result<Vec<_>, SqlError>>()?;
    LogicalPlanBuilder::from(source).project(columns).and_then(LogicalPlanBuilder::build).map_err(planned)
}

/// What a column gets that is given no value.
pub(super) fn default_value(
    default: Option<&Expr>,
    name: &str,
    target: &Target,
    position: usize,
) -> Result<Expr, SqlError> {
    let column_type = target.column_type(position);
    match default {
        Some(default) => assign(default.clone(), &DFSchema::empty(), name, column_type),
        None => {
            let null = ScalarValue::try_from(&column_type.arrow()).map_err(|error| SqlError::from(&error))?;
            Ok(Expr::Literal(null, None))
        }
    }
}

fn check_width(width: usize, columns: usize, named: bool) -> Result<(), SqlError> {
    if width > columns {
        return Err(SqlError::syntax("INSERT has more expressions than target columns"));
    }
    if named && width < columns {
        return Err(SqlError::syntax("INSERT has more target columns than expressions"));
    }
    Ok(())
}

/// Where the rows come from, and the columns to which they go.
struct Source<'a> {
    scope: &'a Scope,
    parsed: &'a ParsedStatement,
    target: &'a Target,
    positions: &'a [usize],
    named: bool,
}

impl Source<'_> {
    fn plan(&self, query: &Query, parameters: &mut Parameters) -> Result<LogicalPlan, SqlError> {
        if let SetExpr::Values(values) = &*query.body {
            let rows = values
                .rows
                .iter()
                .map(|row| self.row(&row.content, parameters))
                .collect::<Result<Vec<_>, _>>()?;
            let width = rows.first().map_or(0, Vec::len);
            if rows.iter().any(|row| row.len() != width) {
                return Err(SqlError::syntax("VALUES lists must all be the same length"));
            }
            check_width(width, self.positions.len(), self.named)?;
            if is_only_body(query) && !has_subquery(&rows) {
                return self.plan_values(rows, parameters);
            }
            // VALUES cannot hold sub-queries once it is a plan, SELECT can.
            let selects = rows
                .into_iter()
                .map(|row| {
                    let items = row.into_iter().enumerate().map(|(index, cell)| SelectItem::ExprWithAlias {
                        expr: cell,
                        alias: syntax::quoted(&format!("column{}", index + 1)),
                    });
                    syntax::select(items.collect(), Vec::new(), None)
                })
                .collect();
            let Some(body) = syntax::union_all(selects) else {
                return Err(SqlError::syntax("VALUES without rows"));
            };
            let query = Query { body: Box::new(body), ..query.clone() };
            return plan_query(self.scope, Some(self.parsed), query, &parameters.types);
        }
        if let SetExpr::Select(select) = &*query.body {
            self.note_parameters(select, parameters);
        }
        plan_query(self.scope, Some(self.parsed), query.clone(), &parameters.types)
    }

    /// The cells of a row, with defaults spelt out.
    fn row(&self, cells: &[ast::Expr], parameters: &mut Parameters) -> Result<Vec<ast::Expr>, SqlError> {
        let mut row = Vec::with_capacity(cells.len());
        for (index, cell) in cells.iter().enumerate() {
            let Some(&position) = self.positions.get(index) else {
                row.push(cell.clone());
                continue;
            };
            if is_default(cell) {
                row.push(match self.target.default_text(position) {
                    Some(text) => {
                        let mut default = *parse_expression(text)?;
                        normalize_expression(&mut default)?;
                        default
                    }
                    None => syntax::null(),
                });
                continue;
            }
            parameters.note(cell, &self.target.column_type(position).arrow());
            row.push(cell.clone());
        }
        Ok(row)
    }

    /// Each cell goes to its column by itself: one may be text and the next a
    /// number.
    fn plan_values(
        &self,
        rows: Vec<Vec<ast::Expr>>,
        parameters: &Parameters,
    ) -> Result<LogicalPlan, SqlError> {
        let rows = plan_values(self.scope, Some(self.parsed), rows, &parameters.types)?;
        let width = rows.first().map_or(0, Vec::len);
        let empty = DFSchema::empty();
        let rows = rows
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .zip(self.positions)
                    .map(|(cell, position)| {
                        assign(
                            cell,
                            &empty,
                            self.target.column(*position),
                            self.target.column_type(*position),
                        )
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let fields: Vec<Field> = self
            .positions
            .iter()
            .take(width)
            .enumerate()
            .map(|(index, position)| {
                Field::new(format!("column{}", index + 1), self.target.column_type(*position).arrow(), true)
            })
            .collect();
        DFSchema::try_from(Schema::new(fields))
            .and_then(|schema| LogicalPlanBuilder::values_with_schema(rows, &Arc::new(schema)))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|error| planner_failure(&error, Some(self.parsed)))
    }

    /// Parameters that are columns of the query are of the table's types.
    fn note_parameters(&self, select: &Select, parameters: &mut Parameters) {
        for (item, position) in select.projection.iter().zip(self.positions) {
            match item {
                SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
                    parameters.note(expression, &self.target.column_type(*position).arrow());
                }
                // From here on, which column an item goes to is not known.
                _ => return,
            }
        }
    }
}

/// Whether nothing stands around a query's body.
fn is_only_body(query: &Query) -> bool {
    query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.pipe_operators.is_empty()
}

fn has_subquery(rows: &[Vec<ast::Expr>]) -> bool {
    rows.iter().flatten().any(|cell| {
        ast::visit_expressions(cell, |expression| match expression {
            ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. } => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })
        .is_break()
    })
}
