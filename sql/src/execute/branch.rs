//! CREATE, DROP, ALTER and USE BRANCH.

use microprolly_engine::{EngineError, Kind};

use super::{Call, settle_implicit};
use crate::dialect::{CreateBranch, DropBranch, RenameBranch, UseBranch};
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;
use crate::session::{Session, blocking};

pub(super) fn create(
    session: &mut Session,
    call: Call<'_>,
    create: &CreateBranch,
) -> Result<Outcome, SqlError> {
    session.require_read_write("CREATE BRANCH")?;
    settle_implicit(session, "CREATE BRANCH")?;
    let name = call.argument(session, &create.name)?;
    let from = match &create.from {
        Some(from) => call.argument(session, from)?,
        None => match &session.as_of {
            Some((revision, _)) => revision.clone(),
            None => session.branch(),
        },
    };
    match blocking(|| session.engine.create_branch(&name, &from)) {
        Err(EngineError::AlreadyExists { kind: Kind::Branch, .. }) if create.if_not_exists => {
            session
                .notice(SqlState::DUPLICATE_DATABASE, format!("branch \"{name}\" already exists, skipping"));
        }
        Err(error) => {
            // Which of the two names is at fault decides where to point.
            let position = match (&error, &create.from) {
                (EngineError::NotFound { .. } | EngineError::Ambiguous { .. }, Some(from)) => from.position,
                _ => create.name.position,
            };
            return Err(SqlError::from(error).or_position(Some(position)));
        }
        Ok(()) => {}
    }
    done("CREATE BRANCH")
}

pub(super) fn drop_branch(
    session: &mut Session,
    call: Call<'_>,
    drop: &DropBranch,
) -> Result<Outcome, SqlError> {
    session.require_read_write("DROP BRANCH")?;
    settle_implicit(session, "DROP BRANCH")?;
    let name = call.argument(session, &drop.name)?;
    match blocking(|| session.engine.drop_branch(&name, drop.force)) {
        Err(EngineError::NotFound { .. }) if drop.if_exists => {
            session.notice(
                SqlState::SUCCESSFUL_COMPLETION,
                format!("branch \"{name}\" does not exist, skipping"),
            );
        }
        Err(error) => return Err(SqlError::from(error).or_position(Some(drop.name.position))),
        Ok(()) => {}
    }
    done("DROP BRANCH")
}

pub(super) fn rename(
    session: &mut Session,
    call: Call<'_>,
    rename: &RenameBranch,
) -> Result<Outcome, SqlError> {
    session.require_read_write("ALTER BRANCH")?;
    settle_implicit(session, "ALTER BRANCH")?;
    let name = call.argument(session, &rename.name)?;
    let to = call.argument(session, &rename.to)?;
    let engine = &mut session.engine;
    blocking(|| engine.rename_branch(&name, &to)).map_err(|error| {
        let position = match &error {
            EngineError::NotFound { .. } => rename.name.position,
            _ => rename.to.position,
        };
        SqlError::from(error).or_position(Some(position))
    })?;
    done("ALTER BRANCH")
}

pub(super) async fn switch(
    session: &mut Session,
    call: Call<'_>,
    switch: &UseBranch,
) -> Result<Outcome, SqlError> {
    settle_implicit(session, "USE BRANCH")?;
    let name = call.argument(session, &switch.name)?;
    session.use_branch(&name).await.map_err(|error| error.or_position(Some(switch.name.position)))?;
    done("USE BRANCH")
}

fn done(tag: &str) -> Result<Outcome, SqlError> {
    Ok(Outcome::Done { tag: tag.to_owned() })
}
