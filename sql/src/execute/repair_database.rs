//! REPAIR DATABASE: mends what can be mended while the database is in use.

use super::background::in_background;
use super::check_database::told;
use super::settle_implicit;
use crate::diagnosis::Diagnosis;
use crate::error::SqlError;
use crate::outcome::Outcome;
use crate::session::Session;

const TAG: &str = "REPAIR DATABASE";

pub(super) async fn execute(session: &mut Session) -> Result<Outcome, SqlError> {
    session.require_read_write(TAG)?;
    settle_implicit(session, TAG)?;
    let engine = session.engine.clone();
    let report = in_background(move || engine.repair()).await??;
    Ok(told(session, Diagnosis::of_repair(&report)?, TAG))
}
