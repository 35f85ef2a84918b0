//! PREPARE, EXECUTE and DEALLOCATE.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;

use super::{Call, Description};
use crate::dialect::{Deallocate, Execute, ParsedStatement, Prepare};
use crate::error::{SqlError, SqlState};
use crate::failure::planner_failure;
use crate::outcome::Outcome;
use crate::planning::plan_expression;
use crate::scope::Scope;
use crate::session::Session;

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
    let inner = call.parsed.with_statement((*prepare.statement).clone());
    // What cannot run should be refused now, not when it is called.
    Box::pin(super::describe(session, &inner, inner.statement(), &[])).await?;
    session.prepared.insert(name.value.clone(), inner);
    Ok(Outcome::Done { tag: "PREPARE".to_owned() })
}

pub(super) async fn describe(session: &mut Session, execute: &Execute) -> Result<Description, SqlError> {
    let inner = find(session, execute)?;
    let description = Box::pin(super::describe(session, &inner, inner.statement(), &[])).await?;
    Ok(Description { parameter_types: Vec::new(), ..description })
}

pub(super) async fn execute(session: &mut Session, execute: &Execute) -> Result<Outcome, SqlError> {
    let inner = find(session, execute)?;
    let types = Box::pin(super::describe(session, &inner, inner.statement(), &[])).await?.parameter_types;
    if types.len() != execute.arguments.len() {
        return Err(SqlError::syntax(format!(
            "wrong number of parameters for prepared statement \"{}\": expected {}, got {}",
            execute.name.value,
            types.len(),
            execute.arguments.len()
        ))
        .with_position(execute.name.position));
    }
    let state = session.context.state();
    let scope = Scope::new(Arc::new(session.view()?), state.clone(), None, Vec::new(), HashMap::new());
    let mut parameters = Vec::new();
    for (argument, data_type) in execute.arguments.iter().zip(&types) {
        let schema = DFSchema::empty();
        let expression = plan_expression(&scope, argument.clone(), &schema)?;
        let value = state
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
    let call = Call { parsed: &inner, parameters: &parameters };
    Box::pin(super::run(session, call, inner.statement())).await
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

fn find(session: &Session, execute: &Execute) -> Result<ParsedStatement, SqlError> {
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
