//! From parsed statements to plans: the one place that calls DataFusion's planner.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::common::{DFSchema, ParamValues};
use datafusion::datasource::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::scalar::ScalarValue;
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use sqlparser::ast;

use crate::casts;
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::scope::{PUBLIC, SYSTEM, Scope};

/// Plans a query, or an EXPLAIN of one. Parameter types that are not given are
/// inferred from where the parameters stand.
pub(crate) fn plan_statement(
    scope: &Scope,
    parsed: Option<&ParsedStatement>,
    mut statement: ast::Statement,
    parameter_types: &[Option<DataType>],
) -> Result<LogicalPlan, SqlError> {
    casts::read_texts(&mut statement);
    let planner = SqlToRel::new_with_options(scope, options(scope));
    let mut context = PlannerContext::new().with_prepare_param_data_types(parameter_fields(parameter_types));
    planner
        .sql_statement_to_plan_with_context(statement, &mut context)
        .map_err(|error| planner_failure(&error, parsed))
}

/// Plans a query.
pub(crate) fn plan_query(
    scope: &Scope,
    parsed: Option<&ParsedStatement>,
    query: ast::Query,
    parameter_types: &[Option<DataType>],
) -> Result<LogicalPlan, SqlError> {
    plan_statement(scope, parsed, ast::Statement::Query(Box::new(query)), parameter_types)
}

/// Plans an expression over the columns of a schema.
pub(crate) fn plan_expression(
    scope: &Scope,
    mut expression: ast::Expr,
    schema: &DFSchema,
) -> Result<Expr, SqlError> {
    casts::read_texts(&mut expression);
    SqlToRel::new_with_options(scope, options(scope))
        .sql_to_expr(expression, schema, &mut PlannerContext::new())
        .map_err(|error| planner_failure(&error, None))
}

/// Plans the cells of VALUES, which see no columns. There are no sub-queries
/// in them.
pub(crate) fn plan_values(
    scope: &Scope,
    parsed: Option<&ParsedStatement>,
    rows: Vec<Vec<ast::Expr>>,
    parameter_types: &[Option<DataType>],
) -> Result<Vec<Vec<Expr>>, SqlError> {
    let planner = SqlToRel::new_with_options(scope, options(scope));
    let mut context = PlannerContext::new().with_prepare_param_data_types(parameter_fields(parameter_types));
    let schema = DFSchema::empty();
    rows.into_iter()
        .map(|mut row| {
            casts::read_texts(&mut row);
            row.into_iter()
                .map(|cell| planner.sql_to_expr(cell, &schema, &mut context))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| planner_failure(&error, parsed))
        })
        .collect()
}

fn options(scope: &Scope) -> ParserOptions {
    let options = &scope.state.config_options().sql_parser;
    ParserOptions {
        collect_spans: true,
        map_string_types_to_utf8view: false,
        enable_ident_normalization: true,
        support_varchar_with_length: true,
        default_null_ordering: datafusion::sql::planner::NullOrdering::NullsMax,
        ..ParserOptions::from(options)
    }
}

fn parameter_fields(types: &[Option<DataType>]) -> Vec<Option<FieldRef>> {
    types
        .iter()
        .map(|data_type| {
            data_type.as_ref().map(|data_type| Arc::new(Field::new("", data_type.clone(), true)))
        })
        .collect()
}

/// The type of the values that a cast to a type gives.
pub(crate) fn cast_type(scope: &Scope, sql_type: &ast::DataType) -> Result<DataType, SqlError> {
    let null = ast::Expr::Cast {
        kind: ast::CastKind::Cast,
        expr: Box::new(ast::Expr::value(ast::Value::Null)),
        data_type: sql_type.clone(),
        array: false,
        format: None,
    };
    let schema = DFSchema::empty();
    plan_expression(scope, null, &schema)?.get_type(&schema).map_err(|error| planner_failure(&error, None))
}

/// The types of `$1`, `$2`, … as far as they are known without a plan: as the
/// client gave them, and text where the statement takes a name, a revision or a
/// message.
pub(crate) fn known_types(given: &[Option<DataType>], parsed: &ParsedStatement) -> Vec<Option<DataType>> {
    let mut types = given.to_vec();
    types.resize(parsed.parameter_count().max(given.len()), None);
    for number in parsed.text_parameters() {
        if let Some(unknown @ None) = number.checked_sub(1).and_then(|index| types.get_mut(index)) {
            *unknown = Some(DataType::Utf8);
        }
    }
    types
}

/// The types of all parameters: what is known of them, and else what the plans
/// of a statement tell. One that nothing tells is text, as in Postgres.
pub(crate) fn parameter_types(
    plans: &[LogicalPlan],
    given: &[Option<DataType>],
    parsed: &ParsedStatement,
) -> Result<Vec<DataType>, SqlError> {
    let mut types = known_types(given, parsed);
    for plan in plans {
        let told = plan.get_parameter_types().map_err(|error| planner_failure(&error, Some(parsed)))?;
        for (name, data_type) in told {
            let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
            let Some(index) = number.and_then(|number| number.checked_sub(1)) else { continue };
            if index >= types.len() {
                types.resize(index + 1, None);
            }
            if let Some(slot) = types.get_mut(index)
                && slot.is_none()
            {
                *slot = data_type;
            }
        }
    }
    Ok(types.into_iter().map(|data_type| data_type.unwrap_or(DataType::Utf8)).collect())
}

/// Puts values in the places of `$1`, `$2`, …
pub(crate) fn bind_parameters(
    plan: LogicalPlan,
    parameters: &[ScalarValue],
    parsed: Option<&ParsedStatement>,
) -> Result<LogicalPlan, SqlError> {
    if parameters.is_empty() {
        return Ok(plan);
    }
    plan.with_param_values(ParamValues::from(parameters.to_vec()))
        .map_err(|error| planner_failure(&error, parsed))
}

/// Optimizes a plan and makes it executable.
pub(crate) async fn physical_plan(
    state: &SessionState,
    plan: &LogicalPlan,
    parsed: Option<&ParsedStatement>,
) -> Result<Arc<dyn ExecutionPlan>, SqlError> {
    state.create_physical_plan(plan).await.map_err(|error| planner_failure(&error, parsed))
}

/// Runs a plan; rows come as they are asked for.
pub(crate) async fn run(
    state: &SessionState,
    plan: &LogicalPlan,
    parsed: Option<&ParsedStatement>,
) -> Result<SendableRecordBatchStream, SqlError> {
    let physical = physical_plan(state, plan, parsed).await?;
    execute_stream(physical, state.task_ctx()).map_err(|error| planner_failure(&error, parsed))
}

/// The result columns of a plan.
pub(crate) fn result_schema(plan: &LogicalPlan) -> SchemaRef {
    plan.schema().inner().clone()
}

/// The tables of other schemas that a statement names. They are looked up
/// before planning, since looking them up may wait and planning may not.
pub(crate) async fn other_tables(
    state: &SessionState,
    statement: &ast::Statement,
) -> Result<HashMap<(String, String), Arc<dyn TableProvider>>, SqlError> {
    let mut tables = HashMap::new();
    let statement = datafusion::sql::parser::Statement::Statement(Box::new(statement.clone()));
    let references =
        state.resolve_table_references(&statement).map_err(|error| planner_failure(&error, None))?;
    for reference in references {
        let schemas = match reference.schema() {
            Some(PUBLIC | SYSTEM) => continue,
            Some(schema) => vec![schema.to_owned()],
            None => vec!["pg_catalog".to_owned()],
        };
        for schema in schemas {
            let catalog = &state.config_options().catalog.default_catalog;
            let provider = state.catalog_list().catalog(catalog).and_then(|catalog| catalog.schema(&schema));
            let Some(provider) = provider else { continue };
            if let Some(table) =
                provider.table(reference.table()).await.map_err(|error| planner_failure(&error, None))?
            {
                tables.insert((schema, reference.table().to_owned()), table);
            }
        }
    }
    Ok(tables)
}
