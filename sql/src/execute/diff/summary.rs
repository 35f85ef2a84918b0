//! `DIFF … SUMMARY`: how many rows were added, removed and modified.

use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, col, ident, lit};
use microprolly_engine::{StatusKind, TypeDefinition};

use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::system::DIFF_TYPE;

/// Counts the rows of a difference: one row for the type, or one for each type
/// of which keys differ. Keys without a type come last, under the name null.
pub(super) fn of(rows: LogicalPlan, definition: Option<&TypeDefinition>) -> Result<LogicalPlan, SqlError> {
    counted(rows, definition).map_err(|failure| planner_failure(&failure, None))
}

fn counted(rows: LogicalPlan, definition: Option<&TypeDefinition>) -> Result<LogicalPlan, DataFusionError> {
    const TABLE: &str = "table_name";
    let counts = [StatusKind::Added, StatusKind::Removed, StatusKind::Modified]
        .map(|kind| {
            let of_kind = count(lit(1)).filter(col(DIFF_TYPE).eq(lit(kind.as_str()))).build()?;
            Ok(of_kind.alias(kind.as_str()))
        })
        .into_iter()
        .collect::<Result<Vec<Expr>, DataFusionError>>()?;
    let names = counts.iter().map(|count| ident(count.schema_name().to_string())).collect::<Vec<_>>();
    let rows = LogicalPlanBuilder::from(rows);
    match definition {
        Some(definition) => {
            let name = lit(ScalarValue::Utf8(Some(definition.name.clone()))).alias(TABLE);
            rows.aggregate(Vec::<Expr>::new(), counts)?.project([name].into_iter().chain(names))?.build()
        }
        None => rows
            .aggregate([col(TABLE)], counts)?
            .project([col(TABLE).alias(TABLE)].into_iter().chain(names))?
            .sort([col(TABLE).sort(true, false)])?
            .build(),
    }
}
