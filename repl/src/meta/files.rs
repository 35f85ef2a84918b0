//! `\i` and `\o`: statements from a file, results to a file.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::Sink;
use crate::runner::{Flow, Runner, ScriptLines};

/// Most scripts within each other: one that includes itself would never end.
const MAX_INCLUDE_DEPTH: usize = 32;

/// `\i`: runs a file up to its first failure. A `\q` in it ends the file only.
pub(super) async fn include(runner: &mut Runner, file: &str) -> Result<Flow, Failure> {
    if runner.include_depth == MAX_INCLUDE_DEPTH {
        return Err(Failure::refused(format!(
            "{file}: more than {MAX_INCLUDE_DEPTH} files include each other"
        )));
    }
    let path = expand_home(file);
    let reader = File::open(&path).map_err(|error| Failure::file(&path, error))?;
    runner.include_depth += 1;
    let flow = runner.run_script(&mut ScriptLines::new(file, BufReader::new(reader))).await;
    runner.include_depth -= 1;
    flow.map(|_| Flow::Continue)
}

/// `\o FILE`.
pub(super) fn results_to_file(runner: &mut Runner, file: &str) -> Result<(), Failure> {
    let path = expand_home(file);
    runner.sink = Sink::file(&path).map_err(|error| Failure::file(&path, error))?;
    Ok(())
}

/// `\o`.
pub(super) fn results_to_stdout(runner: &mut Runner) {
    runner.sink = Sink::stdout();
}

/// Puts the home directory in place of a leading `~/`, which no shell has done here.
pub(super) fn expand_home(file: &str) -> PathBuf {
    match (file.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(file),
    }
}
