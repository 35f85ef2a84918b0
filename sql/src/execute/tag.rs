//! CREATE TAG and DROP TAG.

use microprolly_engine::{EngineError, Kind};

use super::{Call, settle_implicit};
use crate::dialect::{CreateTag, DropTag};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::{Session, blocking};

pub(super) fn create(session: &mut Session, call: Call<'_>, create: &CreateTag) -> Result<Outcome, SqlError> {
    session.require_read_write("CREATE TAG")?;
    settle_implicit(session, "CREATE TAG")?;
    let name = call.argument(session, &create.name)?;
    let at = match &create.at {
        Some(at) => call.argument(session, at)?,
        None => match &session.as_of {
            Some((revision, _)) => revision.clone(),
            None => "HEAD".to_owned(),
        },
    };
    let message = match &create.message {
        Some(message) => call.argument(session, message)?,
        None => String::new(),
    };
    match blocking(|| session.engine.create_tag(&name, &at, &message)) {
        Err(EngineError::AlreadyExists { kind: Kind::Tag, .. }) if create.if_not_exists => {
            session.notice(SqlState::DUPLICATE_OBJECT, format!("tag \"{name}\" already exists, skipping"));
        }
        Err(error) => {
            let position = match (&error, &create.at) {
                (EngineError::NotFound { .. } | EngineError::Ambiguous { .. }, Some(at)) => at.position,
                _ => create.name.position,
            };
            return Err(SqlError::from(error).or_position(Some(position)));
        }
        Ok(_) => {}
    }
    Ok(Outcome::Done { tag: "CREATE TAG".to_owned() })
}

pub(super) fn drop_tag(session: &mut Session, call: Call<'_>, drop: &DropTag) -> Result<Outcome, SqlError> {
    session.require_read_write("DROP TAG")?;
    settle_implicit(session, "DROP TAG")?;
    let name = call.argument(session, &drop.name)?;
    match blocking(|| session.engine.drop_tag(&name)) {
        Err(EngineError::NotFound { .. }) if drop.if_exists => {
            session
                .notice(SqlState::SUCCESSFUL_COMPLETION, format!("tag \"{name}\" does not exist, skipping"));
        }
        Err(error) => return Err(SqlError::from(error).or_position(Some(drop.name.position))),
        Ok(()) => {}
    }
    Ok(Outcome::Done { tag: "DROP TAG".to_owned() })
}
