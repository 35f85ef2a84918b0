//! COMMIT MESSAGE: records the branch's state as a version. Inside a
//! transaction it also ends that, both or neither.

use microprolly_engine::CommitOptions;

use super::Call;
use crate::dialect::CommitMessage;
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::{Session, blocking};

pub(super) fn execute(
    session: &mut Session,
    call: Call<'_>,
    commit: &CommitMessage,
) -> Result<Outcome, SqlError> {
    if let Some((revision, _)) = &session.as_of {
        return Err(SqlError::new(
            SqlState::READ_ONLY_SQL_TRANSACTION,
            format!("cannot commit to a past version: the session reads as of \"{revision}\""),
        ));
    }
    session.require_read_write("COMMIT MESSAGE")?;
    let optional =
        |argument: &Option<_>| argument.as_ref().map(|argument| call.argument(session, argument)).transpose();
    let options = CommitOptions {
        message: call.argument(session, &commit.message)?,
        author: optional(&commit.author)?,
        metadata: optional(&commit.metadata)?,
        allow_empty: commit.allow_empty,
    };
    match session.transaction.take() {
        Some(open) => {
            if let Err(error) = blocking(|| open.transaction.commit_version(options)) {
                let error = SqlError::from(error);
                // A conflict ends the transaction, as it does at COMMIT. After any other error
                // the client takes it for open, and what follows must not be true at once.
                if !open.implicit && error.code != SqlState::SERIALIZATION_FAILURE {
                    session.leave_failed_transaction()?;
                }
                return Err(error);
            }
        }
        None => {
            blocking(|| session.engine.commit(options))?;
        }
    }
    Ok(Outcome::Done { tag: "COMMIT MESSAGE".to_owned() })
}
