//! `microprolly repair`: mends a damaged database, and saves what can be read of it.

use std::path::Path;

use microprolly_sql::{Database, SqlError};

use crate::cli::args::RepairRequest;
use crate::cli::{check, open};
use crate::console::say;
use crate::failure::Failure;
use crate::output::Format;

/// Repairs the database in `directory`. If that is asked for, saves what can be read then into a new one.
///
/// # Errors
/// What could not be mended is one, so that the process says so when it ends.
pub(super) fn repair(directory: &Path, request: &RepairRequest, format: Format) -> Result<(), Failure> {
    let failed = |error: SqlError| open::explain(error, directory);
    let repaired = Database::repair(directory).map_err(failed)?;
    check::write(&repaired, format)?;
    let (is_sound, hint) = match &request.salvage {
        None => {
            let advice = "`microprolly repair --salvage NEWDIR` saves what can be read into a new database.";
            (repaired.is_sound, advice.to_owned())
        }
        Some(to) => {
            let salvaged = Database::salvage(directory, to).map_err(failed)?;
            check::write(&salvaged, format)?;
            say(&salvaged.summary);
            let place = format!("What can be read is in {}.", to.display());
            (repaired.is_sound && salvaged.is_sound, place)
        }
    };
    if !is_sound {
        return Err(Failure::refused_with_hint(repaired.summary, hint));
    }
    say(repaired.summary);
    Ok(())
}
