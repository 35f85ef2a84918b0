//! Where Postgres means something else by the same words than the planner
//! does: what parameters in casts are, how bytes are written, what result
//! columns are called.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::ExprSchemable;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sqlparser::ast::{
    self, Expr, Ident, ObjectNamePart, Query, SelectItem, SetExpr, Value, visit_expressions,
    visit_expressions_mut,
};

use crate::error::SqlError;
use crate::planning::plan_expression;
use crate::scope::Scope;

/// What Postgres calls a column that is neither named nor a function.
const UNNAMED: &str = "?column?";

/// Writes `'\x00ff'::BYTEA` as the planner's `X'00ff'`: its own cast would
/// take the bytes of the text.
pub(crate) fn bytes_literals(statement: &mut ast::Statement) {
    let visited: ControlFlow<()> = visit_expressions_mut(statement, |expression| {
        if let Expr::Cast { expr, data_type: ast::DataType::Bytea, .. } = expression
            && let Expr::Value(literal) = &**expr
            && let Value::SingleQuotedString(text) = &literal.value
            && let Some(digits) = text.strip_prefix("\\x")
            && digits.len().is_multiple_of(2)
            && digits.chars().all(|c| c.is_ascii_hexdigit())
        {
            *expression = Expr::value(Value::HexStringLiteral(digits.to_owned()));
        }
        ControlFlow::Continue(())
    });
    debug_assert!(visited.is_continue(), "nothing stops the walk");
}

/// The types that casts give to parameters, where nothing else has: `$1::BIGINT`.
pub(crate) fn cast_parameters(
    scope: &Scope,
    statement: &ast::Statement,
    given: &[Option<DataType>],
) -> Result<Vec<Option<DataType>>, SqlError> {
    let mut types = given.to_vec();
    let mut casts = Vec::new();
    let visited: ControlFlow<()> = visit_expressions(statement, |expression| {
        if let Expr::Cast { kind, expr, data_type, array, format } = expression
            && let Expr::Value(value) = &**expr
            && let Value::Placeholder(name) = &value.value
            && let Some(index) =
                name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1))
        {
            let null = Expr::Cast {
                kind: kind.clone(),
                expr: Box::new(Expr::value(Value::Null)),
                data_type: data_type.clone(),
                array: *array,
                format: format.clone(),
            };
            casts.push((index, null));
        }
        ControlFlow::Continue(())
    });
    debug_assert!(visited.is_continue(), "nothing stops the walk");
    for (index, null) in casts {
        if index >= types.len() {
            types.resize(index + 1, None);
        }
        if let Some(slot @ None) = types.get_mut(index) {
            let schema = DFSchema::empty();
            *slot = plan_expression(scope, null, &schema)?.get_type(&schema).ok();
        }
    }
    Ok(types)
}

/// Gives every result column that is written twice a name of its own: the
/// planner refuses two of one name. [`result_names`] takes it away again.
pub(crate) fn distinct_items(query: &mut Query) {
    let SetExpr::Select(select) = &mut *query.body else { return };
    let mut seen = HashSet::new();
    for (index, item) in select.projection.iter_mut().enumerate() {
        let (expression, alias) = match item {
            SelectItem::UnnamedExpr(expression) => (expression, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.clone())),
            _ => continue,
        };
        let name = alias.unwrap_or_else(|| expression.to_string());
        if !seen.insert(name) {
            let alias = Ident::with_quote('"', format!("__column_{index}"));
            *item = SelectItem::ExprWithAlias { expr: expression.clone(), alias };
        }
    }
}

/// What Postgres calls the result columns of a query; none where the query
/// alone does not tell, as with `*`.
pub(crate) fn result_names(query: &Query) -> Option<Vec<String>> {
    let mut body = &*query.body;
    let items = loop {
        match body {
            SetExpr::Select(select) => break &select.projection,
            SetExpr::Query(inner) => body = &inner.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    };
    items
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expression) => Some(name_of(expression)),
            SelectItem::ExprWithAlias { alias, .. } => Some(crate::dialect::identifier(alias)),
            _ => None,
        })
        .collect()
}

fn name_of(expression: &Expr) -> String {
    match expression {
        Expr::Identifier(ident) => crate::dialect::identifier(ident),
        Expr::CompoundIdentifier(parts) => {
            parts.last().map_or_else(|| UNNAMED.to_owned(), crate::dialect::identifier)
        }
        Expr::Function(function) => match function.name.0.last() {
            Some(ObjectNamePart::Identifier(ident)) => crate::dialect::identifier(ident),
            _ => UNNAMED.to_owned(),
        },
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => name_of(inner),
        Expr::Cast { expr, data_type, .. } => match name_of(expr) {
            name if name == UNNAMED => data_type.to_string().to_lowercase(),
            name => name,
        },
        Expr::Case { .. } => "case".to_owned(),
        Expr::Extract { .. } => "extract".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Value(value) if matches!(value.value, Value::Boolean(_)) => "bool".to_owned(),
        Expr::Subquery(query) => result_names(query)
            .and_then(|names| names.into_iter().next())
            .unwrap_or_else(|| UNNAMED.to_owned()),
        _ => UNNAMED.to_owned(),
    }
}

/// The schema with these names, if there are as many.
pub(crate) fn renamed(schema: &SchemaRef, names: Option<&[String]>) -> SchemaRef {
    let Some(names) = names.filter(|names| names.len() == schema.fields().len()) else {
        return schema.clone();
    };
    let fields: Vec<Field> =
        schema.fields().iter().zip(names).map(|(field, name)| Field::clone(field).with_name(name)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The stream with these names of columns.
pub(crate) fn rename_stream(
    stream: SendableRecordBatchStream,
    names: Option<&[String]>,
) -> SendableRecordBatchStream {
    let schema = renamed(&stream.schema(), names);
    let to = schema.clone();
    let renamed = stream.map(move |batch| {
        let batch = batch?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(to.clone(), batch.columns().to_vec(), &rows)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, renamed))
}
