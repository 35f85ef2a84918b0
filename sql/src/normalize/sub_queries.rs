//! EXISTS and IN with a sub-query, where they are values: in a SELECT list, in
//! SET, in VALUES.
//!
//! The optimizer makes joins of them where they are conditions, and leaves
//! them elsewhere, where nothing could run them. There they become counts:
//! `EXISTS (q)` is `(SELECT count(*) FROM (q) LIMIT 1) > 0`.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{merge_schema, split_conjunction};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, ident, lit, not,
    scalar_subquery, when,
};
use datafusion::optimizer::AnalyzerRule;

use crate::error::SqlError;

/// What the rows of an IN are called, so that their column is not taken for
/// one of the query around it, which may be over the same table.
const ROWS: &str = "__in";

/// What the column of a count is called.
const COUNT: &str = "__count";

/// Makes counts of EXISTS and IN that are values. To run when types have been
/// made to agree, since it compares.
#[derive(Debug)]
pub(crate) struct SubQueriesAsValues;

impl AnalyzerRule for SubQueriesAsValues {
    fn name(&self) -> &str {
        "sub_queries_as_values"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut changed = false;
        plan.transform_up_with_subqueries(|node| {
            let node = with_values(node)?;
            changed |= node.transformed;
            // What is above what has changed may have to say other things of its columns.
            if changed { node.map_data(LogicalPlan::recompute_schema) } else { Ok(node) }
        })
        .data()
    }
}

fn with_values(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let holds_conditions =
        matches!(node, LogicalPlan::Filter(_) | LogicalPlan::Join(_) | LogicalPlan::TableScan(_));
    if holds_conditions || !has_sub_query(&node)? {
        return Ok(Transformed::no(node));
    }
    if matches!(node, LogicalPlan::Values(_)) {
        return Err(refused("EXISTS or IN"));
    }
    let place =
        Place { schema: merge_schema(&node.inputs()), can_join: matches!(node, LogicalPlan::Projection(_)) };
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let value = expression.transform_up(|part| place.value_of(part))?;
        Ok(value.update_data(|value| name.restore(value)))
    })
}

fn has_sub_query(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expression| {
        found |= expression.exists(|part| Ok(matches!(part, Expr::Exists(_) | Expr::InSubquery(_))))?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// Where a value stands.
struct Place {
    /// The columns that it sees.
    schema: DFSchema,
    /// Whether the optimizer can join a correlated sub-query to what is there.
    can_join: bool,
}

impl Place {
    fn value_of(&self, expression: Expr) -> Result<Transformed<Expr>> {
        match expression {
            Expr::Exists(exists) => self.exists(exists).map(Transformed::yes),
            Expr::InSubquery(membership) => self.is_in(membership).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        }
    }

    fn exists(&self, Exists { subquery, negated }: Exists) -> Result<Expr> {
        let mut rows = Arc::unwrap_or_clone(subquery.subquery);
        // What is selected does not matter.
        while let LogicalPlan::Projection(projection) = rows {
            rows = Arc::unwrap_or_clone(projection.input);
        }
        if is_correlated(&rows) && !(self.can_join && is_lookup(&rows)?) {
            return Err(refused("EXISTS"));
        }
        let found = has_rows(rows)?;
        Ok(if negated { not(found) } else { found })
    }

    fn is_in(&self, InSubquery { expr, subquery, negated }: InSubquery) -> Result<Expr> {
        let expression = *expr;
        let compared = self.as_outer(expression.clone())?;
        let joined = compared.transformed;
        if !subquery.outer_ref_columns.is_empty() || expression.contains_outer() || (joined && !self.can_join)
        {
            return Err(refused("IN"));
        }
        let rows = LogicalPlanBuilder::from(Arc::unwrap_or_clone(subquery.subquery)).alias(ROWS)?.build()?;
        let (qualifier, field) = rows.schema().qualified_field(0);
        let may_be_null = field.is_nullable() || expression.nullable(&self.schema)?;
        let column = Expr::Column(Column::from((qualifier, field)));
        let has =
            |condition: Expr| has_rows(LogicalPlanBuilder::from(rows.clone()).filter(condition)?.build()?);
        let mut found = has(column.clone().eq(compared.data))?;
        if may_be_null {
            // Not found, but what is null might have been it.
            let unknown = has(column.is_null())?.or(expression.is_null().and(has_rows(rows.clone())?));
            found = when(found, lit(true))
                .when(unknown, lit(ScalarValue::Boolean(None)))
                .otherwise(lit(false))?;
        }
        Ok(if negated { not(found) } else { found })
    }

    /// An expression as a sub-query sees it. It is transformed if it has columns.
    fn as_outer(&self, expression: Expr) -> Result<Transformed<Expr>> {
        expression.transform_up(|part| match part {
            Expr::Column(column) => {
                let field = Arc::clone(self.schema.field_from_column(&column)?);
                Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
            }
            other => Ok(Transformed::no(other)),
        })
    }
}

/// Whether there are rows, as a value.
fn has_rows(rows: LogicalPlan) -> Result<Expr> {
    // One is enough to know; but no join can be made of a correlated query with a limit.
    let limit = !is_correlated(&rows);
    let rows = LogicalPlanBuilder::from(rows);
    let rows = if limit { rows.limit(0, Some(1))? } else { rows };
    let counted = rows
        .aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64)).alias(COUNT)])?
        .project(vec![ident(COUNT)])?
        .build()?;
    Ok(scalar_subquery(Arc::new(counted)).gt(lit(0_i64)))
}

fn is_correlated(rows: &LogicalPlan) -> bool {
    !rows.all_out_ref_exprs().is_empty()
}

/// Whether a correlated query looks rows up by columns that equal something of
/// the query around it, and does nothing else to them: then the optimizer can
/// make a join of their count.
fn is_lookup(rows: &LogicalPlan) -> Result<bool> {
    let other = rows.exists(|node| {
        Ok(!match node {
            LogicalPlan::Filter(filter) => split_conjunction(&filter.predicate)
                .into_iter()
                .all(|condition| !condition.contains_outer() || equals_column(condition)),
            LogicalPlan::Join(join) => join.join_type == JoinType::Inner && !node.contains_outer_reference(),
            LogicalPlan::Projection(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::EmptyRelation(_) => !node.contains_outer_reference(),
            _ => false,
        })
    })?;
    Ok(!other)
}

/// Whether a condition is that a column equals what has no columns of the same query.
fn equals_column(condition: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return false };
    let is_column = |side: &Expr| match side {
        Expr::Column(_) => true,
        Expr::Cast(cast) => matches!(*cast.expr, Expr::Column(_)),
        _ => false,
    };
    (is_column(left) && !right.any_column_refs()) || (is_column(right) && !left.any_column_refs())
}

fn refused(what: &str) -> DataFusionError {
    SqlError::not_supported(format!("{what} with this sub-query is not supported as a value"))
        .with_hint("Put it into WHERE, or select a count from the sub-query instead.")
        .into()
}
