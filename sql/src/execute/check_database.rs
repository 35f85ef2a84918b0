//! CHECK DATABASE: reads everything, and says what is not as it should be.

use super::background::in_background;
use super::settle_implicit;
use crate::diagnosis::Diagnosis;
use crate::error::{SqlError, SqlState};
use crate::outcome::{Command, Outcome};
use crate::session::Session;

const TAG: &str = "CHECK DATABASE";

pub(super) async fn execute(session: &mut Session) -> Result<Outcome, SqlError> {
    // What an open transaction has written is led to by nothing yet.
    settle_implicit(session, TAG)?;
    let engine = session.engine.clone();
    let report = in_background(move || engine.check()).await??;
    Ok(told(session, Diagnosis::of_check(&report)?, TAG))
}

/// The rows of a diagnosis, and what it comes to as a notice or a warning.
pub(super) fn told(session: &mut Session, diagnosis: Diagnosis, tag: &'static str) -> Outcome {
    let code = if diagnosis.is_sound { SqlState::SUCCESSFUL_COMPLETION } else { SqlState::WARNING };
    session.notice(code, diagnosis.summary);
    Outcome::of_batch(diagnosis.rows, Command::Other(tag))
}
