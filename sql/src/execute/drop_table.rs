//! DROP TABLE and TRUNCATE.

use super::create_table::check_schema;
use crate::dialect::{DropTable, TableName, Truncate};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::scope::KEY_VALUES;
use crate::session::Session;

pub(super) fn drop_table(session: &mut Session, drop: &DropTable) -> Result<Outcome, SqlError> {
    for name in &drop.names {
        check(name)?;
        if drop.if_exists && !session.types().iter().any(|definition| definition.name == name.name) {
            session.notice(
                SqlState::SUCCESSFUL_COMPLETION,
                format!("table \"{}\" does not exist, skipping", name.name),
            );
            continue;
        }
        let transaction = &mut session.writable()?.transaction;
        transaction
            .drop_type(&name.name)
            .map_err(|error| SqlError::from(error).or_position(Some(name.position)))?;
    }
    Ok(Outcome::Done { tag: "DROP TABLE".to_owned() })
}

pub(super) fn truncate(session: &mut Session, truncate: &Truncate) -> Result<Outcome, SqlError> {
    for name in &truncate.names {
        check(name)?;
        let transaction = &mut session.writable()?.transaction;
        transaction
            .delete_rows(&name.name)
            .map_err(|error| SqlError::from(error).or_position(Some(name.position)))?;
    }
    Ok(Outcome::Done { tag: "TRUNCATE TABLE".to_owned() })
}

fn check(name: &TableName) -> Result<(), SqlError> {
    check_schema(name)?;
    if name.name == KEY_VALUES {
        return Err(SqlError::new(
            SqlState::WRONG_OBJECT_TYPE,
            format!("\"{KEY_VALUES}\" holds every key and cannot be dropped or truncated"),
        )
        .with_hint("DELETE FROM kv WHERE … deletes keys.")
        .with_position(name.position));
    }
    Ok(())
}
