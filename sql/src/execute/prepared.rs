//! PREPARE, EXECUTE and DEALLOCATE.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use sqlparser::ast;

use super::{Call, Description};
use crate::dialect::{Deallocate, Execute, Prepare};
use crate::error::{SqlError, SqlState};
use crate::failure::planner_failure;
use crate::outcome::Outcome;
use crate::planning::{cast_type, plan_expression};
use crate::scope::Scope;
use crate::session::{NamedStatement, Session};

pub(super) async fn prepare(
    session: &mut Session,
    call: Call<'_>,
    prepare: &Prepare,
) -> Result<Outcome, SqlError> {
    let name = &prepare.name;
    if session.prepared.contains_key(&name.value) {
        return Err(SqlError::new(
            SqlState::DUPLICATE_PREPARED_STATEMENT,
            format!("prepared statement \"{}\" already exists", name.value),
        )
        .with_position(name.position));
    }
    let scope = bare_scope(session)?;
    let parameter_types = prepare
        .parameter_types
        .iter()
        .map(|declared| declared_type(&scope, declared))
        .collect::<Result<Vec<_>, SqlError>>()
        .map_err(|error| error.or_position(Some(name.position)))?;
    let parsed = call.parsed.with_statement((*prepare.statement).clone());
    let named = NamedStatement { parsed, parameter_types };
    // What cannot run should be refused now, not when it is called.
    describe_named(session, &named).await?;
    session.prepared.insert(name.value.clone(), named);
    Ok(Outcome::Done { tag: "PREPARE".to_owned() })
}

/// The type of a parameter as PREPARE declares it; none where it says that it
/// does not know.
fn declared_type(scope: &Scope, declared: &ast::DataType) -> Result<Option<DataType>, SqlError> {
    if declared.to_string().eq_ignore_ascii_case("unknown") {
        return Ok(None);
    }
    cast_type(scope, declared).map(Some)
}

pub(super) async fn describe(session: &mut Session, execute: &Execute) -> Result<Description, SqlError> {
    let named = find(session, execute)?;
    let description = describe_named(session, &named).await.map_err(unplaced)?;
    Ok(Description { parameter_types: Vec::new(), ..description })
}

pub(super) async fn execute(session: &mut Session, execute: &Execute) -> Result<Outcome, SqlError> {
    let named = find(session, execute)?;
    let types = describe_named(session, &named).await.map_err(unplaced)?.parameter_types;
    if types.len() != execute.arguments.len() {
        return Err(SqlError::syntax(format!(
            "wrong number of parameters for prepared statement \"{}\": expected {}, got {}",
            execute.name.value,
            types.len(),
            execute.arguments.len()
        ))
        .with_position(execute.name.position));
    }
    let scope = bare_scope(session)?;
    let mut parameters = Vec::new();
    for (argument, data_type) in execute.arguments.iter().zip(&types) {
        let schema = DFSchema::empty();
        let expression = plan_expression(&scope, argument.clone(), &schema)?;
        let value = scope
            .state
            .create_physical_expr(expression, &schema)
            .and_then(|expression| {
                expression
                    .evaluate(&arrow::array::RecordBatch::new_empty(Arc::new(schema.as_arrow().clone())))
            })
            .and_then(|value| match value {
                ColumnarValue::Scalar(value) => value.cast_to(data_type),
                ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0)?.cast_to(data_type),
            })
            .map_err(|error| planner_failure(&error, None))?;
        parameters.push(value);
    }
    let call = Call { parsed: &named.parsed, parameters: &parameters };
    named.parsed.on_stack(super::run(session, call, named.parsed.statement())).await.map_err(unplaced)
}

pub(super) fn deallocate(session: &mut Session, deallocate: &Deallocate) -> Result<Outcome, SqlError> {
    match deallocate {
        Deallocate::All => {
            session.prepared.clear();
            Ok(Outcome::Done { tag: "DEALLOCATE ALL".to_owned() })
        }
        Deallocate::Named(name) => match session.prepared.remove(&name.value) {
            Some(_) => Ok(Outcome::Done { tag: "DEALLOCATE".to_owned() }),
            None => Err(unknown(&name.value, name.position)),
        },
    }
}

async fn describe_named(session: &mut Session, named: &NamedStatement) -> Result<Description, SqlError> {
    let NamedStatement { parsed, parameter_types } = named;
    parsed.on_stack(super::describe(session, parsed, parsed.statement(), parameter_types)).await
}

/// A scope for expressions that name no tables.
fn bare_scope(session: &Session) -> Result<Scope, SqlError> {
    let view = Arc::new(session.view()?);
    Ok(Scope::new(view, session.context.state(), None, Vec::new(), HashMap::new()))
}

/// An error of a prepared statement as its EXECUTE tells it: its place is in
/// the text of the PREPARE, which is another.
fn unplaced(error: SqlError) -> SqlError {
    SqlError { position: None, ..error }
}

fn find(session: &Session, execute: &Execute) -> Result<NamedStatement, SqlError> {
    let name = &execute.name;
    session.prepared.get(&name.value).cloned().ok_or_else(|| unknown(&name.value, name.position))
}

fn unknown(name: &str, position: usize) -> SqlError {
    SqlError::new(
        SqlState::INVALID_SQL_STATEMENT_NAME,
        format!("prepared statement \"{name}\" does not exist"),
    )
    .with_position(position)
}
