//! ALTER TABLE.

use microprolly_engine::{FieldChange, TypeDefinition};

use super::create_table::{check_default, check_schema, column};
use crate::dialect::{AlterTable, AlterTableOperation, Name};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) fn execute(session: &mut Session, alter: &AlterTable) -> Result<Outcome, SqlError> {
    check_schema(&alter.name)?;
    let found = session.types().iter().find(|definition| definition.name == alter.name.name).cloned();
    let Some(definition) = found else {
        if alter.if_exists {
            let message = format!("relation \"{}\" does not exist, skipping", alter.name.name);
            session.notice(SqlState::SUCCESSFUL_COMPLETION, message);
            return done();
        }
        let view = session.view()?;
        return Err(crate::scope::unknown_table(&view, &alter.name.name).with_position(alter.name.position));
    };
    let mut definition = TypeDefinition::clone(&definition);
    for operation in &alter.operations {
        apply(session, &mut definition, operation)?;
    }
    done()
}

fn apply(
    session: &mut Session,
    definition: &mut TypeDefinition,
    operation: &AlterTableOperation,
) -> Result<(), SqlError> {
    let change = match operation {
        AlterTableOperation::AddColumn { if_not_exists, column: parsed, checks, unique } => {
            if let Some(check) = checks.first() {
                return Err(later("CHECK constraints", check.expression.position));
            }
            if unique.is_some() {
                return Err(later("UNIQUE constraints", parsed.name.position));
            }
            let name = &parsed.name;
            if definition.position(&name.value).is_some() {
                let message =
                    format!("column \"{}\" of relation \"{}\" already exists", name.value, definition.name);
                if *if_not_exists {
                    session.notice(SqlState::DUPLICATE_COLUMN, format!("{message}, skipping"));
                    return Ok(());
                }
                return Err(SqlError::new(SqlState::DUPLICATE_COLUMN, message).with_position(name.position));
            }
            let added = column(session, parsed)?;
            let fill = super::default_json(session, &added)?;
            definition.columns.push(added);
            match fill {
                Some(json) => FieldChange::Fill { name: name.value.clone(), json },
                None => FieldChange::None,
            }
        }
        AlterTableOperation::DropColumn { if_exists, column: name } => {
            let Some(position) = definition.position(&name.value) else {
                if *if_exists {
                    let message = format!(
                        "column \"{}\" of relation \"{}\" does not exist, skipping",
                        name.value, definition.name
                    );
                    session.notice(SqlState::SUCCESSFUL_COMPLETION, message);
                    return Ok(());
                }
                return Err(unknown_column(definition, name));
            };
            check_not_key(definition, name, "dropped")?;
            definition.columns.remove(position);
            FieldChange::Remove { name: name.value.clone() }
        }
        AlterTableOperation::RenameColumn { column: name, to } => {
            if definition.position(&to.value).is_some() {
                let message =
                    format!("column \"{}\" of relation \"{}\" already exists", to.value, definition.name);
                return Err(SqlError::new(SqlState::DUPLICATE_COLUMN, message).with_position(to.position));
            }
            check_not_key(definition, name, "renamed")?;
            find(definition, name)?.name.clone_from(&to.value);
            FieldChange::Rename { name: name.value.clone(), to: to.value.clone() }
        }
        AlterTableOperation::SetDefault { column: name, default } => {
            let column = find(definition, name)?.clone();
            check_default(session, &column, default)?;
            find(definition, name)?.default = Some(default.text.clone());
            FieldChange::None
        }
        AlterTableOperation::DropDefault { column: name } => {
            find(definition, name)?.default = None;
            FieldChange::None
        }
        AlterTableOperation::SetNotNull { column: name } => {
            find(definition, name)?.required = true;
            FieldChange::None
        }
        AlterTableOperation::DropNotNull { column: name } => {
            check_not_key(definition, name, "made optional")?;
            find(definition, name)?.required = false;
            FieldChange::None
        }
        AlterTableOperation::RenameTable { to } => return Err(later("renaming a table", to.position)),
        AlterTableOperation::SetType { column } => {
            return Err(later("changing a column's type", column.position));
        }
        AlterTableOperation::AddCheck(check) => {
            return Err(later("CHECK constraints", check.expression.position));
        }
        AlterTableOperation::AddUnique(unique) => {
            return Err(later(
                "UNIQUE constraints",
                unique.columns.first().map_or(1, |column| column.position),
            ));
        }
        AlterTableOperation::DropConstraint { if_exists, name } => {
            let message =
                format!("constraint \"{}\" of relation \"{}\" does not exist", name.value, definition.name);
            if *if_exists {
                session.notice(SqlState::SUCCESSFUL_COMPLETION, format!("{message}, skipping"));
                return Ok(());
            }
            return Err(SqlError::new(SqlState::UNDEFINED_OBJECT, message).with_position(name.position));
        }
    };
    session.writable()?.transaction.alter_type(definition.clone(), &change)?;
    Ok(())
}

fn find<'a>(
    definition: &'a mut TypeDefinition,
    name: &Name,
) -> Result<&'a mut microprolly_engine::Column, SqlError> {
    let unknown = unknown_column(definition, name);
    definition.columns.iter_mut().find(|column| column.name == name.value).ok_or(unknown)
}

fn unknown_column(definition: &TypeDefinition, name: &Name) -> SqlError {
    SqlError::new(
        SqlState::UNDEFINED_COLUMN,
        format!("column \"{}\" of relation \"{}\" does not exist", name.value, definition.name),
    )
    .with_position(name.position)
}

fn check_not_key(definition: &TypeDefinition, name: &Name, what: &str) -> Result<(), SqlError> {
    if definition.primary_key.contains(&name.value) {
        return Err(SqlError::new(
            SqlState::INVALID_TABLE_DEFINITION,
            format!("column \"{}\" is in the primary key and cannot be {what}", name.value),
        )
        .with_position(name.position));
    }
    Ok(())
}

fn later(what: &str, position: usize) -> SqlError {
    SqlError::not_supported(format!("{what}: not available in this version")).with_position(position)
}

fn done() -> Result<Outcome, SqlError> {
    Ok(Outcome::Done { tag: "ALTER TABLE".to_owned() })
}
