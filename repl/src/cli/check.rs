//! `microprolly check`: whether everything is there, and whole.

use std::path::Path;

use microprolly_sql::{Database, Diagnosis};

use crate::cli::open;
use crate::console::say;
use crate::failure::Failure;
use crate::output::{Format, ResultWriter, Settings, Sink};

/// Checks the database in `directory`, which must be there.
///
/// # Errors
/// Damage is one, so that the process says so when it ends.
pub(super) fn check(directory: &Path, format: Format) -> Result<(), Failure> {
    let database = Database::open(directory).map_err(|error| open::explain(error, directory))?;
    let found = database.check()?;
    write(&found, format)?;
    if found.is_sound {
        say(found.summary);
        return Ok(());
    }
    Err(Failure::refused_with_hint(found.summary, open::repair_hint(directory)))
}

/// Writes the rows of a diagnosis to stdout.
pub(super) fn write(found: &Diagnosis, format: Format) -> Result<(), Failure> {
    let mut sink = Sink::stdout();
    let out = sink.writer();
    let settings = Settings { format, ..Settings::default() };
    let mut writer = ResultWriter::begin(&settings, &found.rows.schema(), out).map_err(Failure::output)?;
    writer.write(&found.rows, out).map_err(Failure::output)?;
    writer.finish(out).map_err(Failure::output)?;
    out.flush().map_err(Failure::output)
}
