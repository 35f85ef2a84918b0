//! CREATE TABLE.

use datafusion::common::DFSchema;
use microprolly_engine::{Column, TypeDefinition};

use super::assign::assign;
use crate::dialect::{ColumnDefinition, CreateTable, Expression, TableName};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::scope::{KEY_VALUES, PUBLIC};
use crate::session::Session;
use crate::types::column_type;

pub(super) fn execute(session: &mut Session, create: &CreateTable) -> Result<Outcome, SqlError> {
    check_schema(&create.name)?;
    if let Some(check) = create.checks.first() {
        return Err(SqlError::not_supported("CHECK constraints are not available in this version")
            .with_position(check.expression.position));
    }
    if let Some(name) = create.uniques.first().and_then(|unique| unique.columns.first()) {
        return Err(SqlError::not_supported("UNIQUE constraints are not available in this version")
            .with_hint("A PRIMARY KEY is unique.")
            .with_position(name.position));
    }
    let name = &create.name.name;
    if session.types().iter().any(|definition| definition.name == *name) || name == KEY_VALUES {
        if create.if_not_exists {
            session
                .notice(SqlState::DUPLICATE_TABLE, format!("relation \"{name}\" already exists, skipping"));
            return done();
        }
        return Err(SqlError::new(SqlState::DUPLICATE_TABLE, format!("relation \"{name}\" already exists"))
            .with_position(create.name.position));
    }
    let columns =
        create.columns.iter().map(|parsed| column(session, parsed)).collect::<Result<Vec<_>, _>>()?;
    let definition = TypeDefinition::new(name, columns)
        .with_primary_key(create.primary_key.iter().map(|column| column.value.as_str()));
    session
        .writable()?
        .transaction
        .define_type(definition)
        .map_err(|error| SqlError::from(error).or_position(Some(create.name.position)))?;
    done()
}

/// A column as a statement defines it.
pub(super) fn column(session: &Session, parsed: &ColumnDefinition) -> Result<Column, SqlError> {
    let column = Column {
        name: parsed.name.value.clone(),
        column_type: column_type(&parsed.column_type)
            .map_err(|error| error.or_position(Some(parsed.name.position)))?,
        required: parsed.not_null,
        default: parsed.default.as_ref().map(|default| default.text.clone()),
    };
    if let Some(default) = &parsed.default {
        check_default(session, &column, default)?;
    }
    Ok(column)
}

/// A default must plan, see no tables and no columns, and fit its column,
/// whatever it will give.
pub(super) fn check_default(
    session: &Session,
    column: &Column,
    default: &Expression,
) -> Result<(), SqlError> {
    let view = std::sync::Arc::new(session.view()?);
    // The default's text is a piece of the statement's.
    let located = |error: SqlError| {
        let position = default.position + error.position.map_or(0, |within| within.saturating_sub(1));
        error.with_position(position)
    };
    crate::scope::default_expression(&view, &session.context.state(), &default.text)
        .and_then(|expression| assign(expression, &DFSchema::empty(), &column.name, &column.column_type))
        .map_err(located)?;
    Ok(())
}

/// Tables of users live in `public`.
pub(super) fn check_schema(name: &TableName) -> Result<(), SqlError> {
    match name.schema.as_deref() {
        None | Some(PUBLIC) => Ok(()),
        Some(schema) => Err(SqlError::new(
            SqlState::INVALID_SCHEMA_NAME,
            format!(
                "tables can be made, changed and dropped in the schema \"{PUBLIC}\" only, not in \"{schema}\""
            ),
        )
        .with_position(name.position)),
    }
}

fn done() -> Result<Outcome, SqlError> {
    Ok(Outcome::Done { tag: "CREATE TABLE".to_owned() })
}
