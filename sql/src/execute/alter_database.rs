//! ALTER DATABASE SET: what holds for everybody, at once.

use microprolly_engine::EngineError;

use super::settle_implicit;
use crate::database_setting::{self, COMPRESSION, GARBAGE_COLLECTION};
use crate::dialect::AlterDatabase;
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::{Session, blocking};

const TAG: &str = "ALTER DATABASE";

pub(super) fn execute(session: &mut Session, alter: &AlterDatabase) -> Result<Outcome, SqlError> {
    session.require_read_write(TAG)?;
    settle_implicit(session, TAG)?;
    let (name, value) = (alter.name.as_str(), alter.value.as_str());
    let is = |setting: &str| setting == name || setting.strip_prefix("microprolly.") == Some(name);
    if is(COMPRESSION) {
        let hint = "It is \"none\", \"zstd\" or \"zstd(n)\" with a level, the higher the smaller and slower.";
        let compression =
            database_setting::compression(value).ok_or_else(|| invalid(alter).with_hint(hint))?;
        blocking(|| session.engine.set_compression(compression)).map_err(|error| refused(error, alter))?;
    } else if is(GARBAGE_COLLECTION) {
        let hint =
            "It is \"off\", \"on\", or by how much the database grows until garbage is collected: \"50%\".";
        let policy =
            database_setting::garbage_collection(value).ok_or_else(|| invalid(alter).with_hint(hint))?;
        blocking(|| session.engine.set_automatic_collection(policy))
            .map_err(|error| refused(error, alter))?;
    } else {
        return Err(SqlError::new(
            SqlState::UNDEFINED_OBJECT,
            format!("a database has no setting \"{name}\""),
        )
        .with_hint("It has compression and garbage_collection; SET changes the settings of a session.")
        .with_position(alter.position));
    }
    Ok(Outcome::Done { tag: TAG.to_owned() })
}

fn invalid(alter: &AlterDatabase) -> SqlError {
    SqlError::new(
        SqlState::INVALID_PARAMETER_VALUE,
        format!("invalid value for parameter \"{}\": \"{}\"", alter.name, alter.value),
    )
    .with_position(alter.value_position)
}

/// A value that the engine does not take is an invalid one.
fn refused(error: EngineError, alter: &AlterDatabase) -> SqlError {
    match error {
        EngineError::Refused { reason, .. } => invalid(alter).with_detail(reason),
        other => other.into(),
    }
}
