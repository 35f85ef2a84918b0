//! SET, RESET and DISCARD.

use crate::dialect::{Discard, Reset, Set};
use crate::error::SqlError;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::settings::Settings;

pub(super) fn set(session: &mut Session, set: &Set) -> Result<Outcome, SqlError> {
    let (name, value) = (&set.name, set.value.as_deref());
    let changed = match set.local {
        true => session.change_local_setting(name, value),
        false => session.change_setting(name, value),
    };
    changed.map_err(|error| error.or_position(Some(set.position)))?;
    done("SET")
}

pub(super) fn reset(session: &mut Session, reset: &Reset) -> Result<Outcome, SqlError> {
    match reset {
        Reset::All => reset_all(session)?,
        Reset::Setting { name, position } => {
            session.change_setting(name, None).map_err(|error| error.or_position(Some(*position)))?;
        }
    }
    done("RESET")
}

pub(super) fn discard(session: &mut Session, discard: &Discard) -> Result<Outcome, SqlError> {
    let tag = match discard {
        Discard::All => {
            session.require_no_transaction("DISCARD ALL")?;
            session.prepared.clear();
            reset_all(session)?;
            "DISCARD ALL"
        }
        Discard::Plans => "DISCARD PLANS",
        Discard::Sequences => "DISCARD SEQUENCES",
        Discard::Temp => "DISCARD TEMP",
    };
    done(tag)
}

/// Every setting but the branch: a pooled connection stays on the branch that
/// it was opened for.
fn reset_all(session: &mut Session) -> Result<(), SqlError> {
    let application = session.settings.get("application_name").map(str::to_owned);
    session.change_setting("microprolly.as_of", None)?;
    session.settings = Settings::default();
    session.settings.set("application_name", application.as_deref())
}

fn done(tag: &str) -> Result<Outcome, SqlError> {
    Ok(Outcome::Done { tag: tag.to_owned() })
}
