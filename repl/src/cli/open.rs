//! Opening the store, with the messages that a person needs when that fails.

use std::path::Path;

use microprolly_sql::{Database, SqlError, SqlState};

use crate::failure::Failure;
use crate::runner::Runner;

/// Opens the database in `directory`, which is made if it is not there.
///
/// # Errors
/// When the store is held by another process the error says how to work with it all the same.
pub(super) fn database(directory: &Path) -> Result<Database, Failure> {
    Database::open_or_create(directory).map_err(|error| explain(error, directory).into())
}

/// Opens the database and a session on `branch`, or on the default branch.
pub(super) async fn runner(directory: &Path, branch: Option<&str>) -> Result<Runner, Failure> {
    let database = database(directory)?;
    let mut runner = Runner::new(&database, directory)?;
    if let Some(branch) = branch {
        runner.session.use_branch(branch).await?;
    }
    Ok(runner)
}

/// What helps a database that is damaged.
pub(super) fn repair_hint(directory: &Path) -> String {
    format!(
        "`microprolly repair --data {}` mends what can be mended, and loses nothing that can be read.",
        directory.display()
    )
}

/// Adds to an error what can be done about it.
pub(super) fn explain(mut error: SqlError, directory: &Path) -> SqlError {
    if error.code == SqlState::DATA_CORRUPTED && error.hint.is_none() {
        error.hint = Some(repair_hint(directory));
    }
    if error.code == SqlState::OBJECT_IN_USE && error.hint.is_none() {
        error.hint = Some(format!(
            "One process at a time opens {}. If it is `microprolly serve`, connect to it: \
             psql -h 127.0.0.1 -p 5433",
            directory.display()
        ));
    }
    error
}
