//! Statements from `-c`, `-f` and stdin: one session, in order, up to the first failure.

use std::fs::File;
use std::io::{self, BufReader};

use crate::cli::args::Source;
use crate::failure::Failure;
use crate::runner::{Flow, Runner, ScriptLines, TextLines};

/// Runs every source in order. The first failed statement ends the run; a transaction left open is rolled
/// back with a warning.
pub(super) async fn run(mut runner: Runner, sources: &[Source]) -> Result<(), Failure> {
    let result = run_all(&mut runner, sources).await;
    runner.finish();
    result
}

async fn run_all(runner: &mut Runner, sources: &[Source]) -> Result<(), Failure> {
    for source in sources {
        let flow = match source {
            Source::Text(text) => runner.run_script(&mut TextLines::new(text)).await?,
            Source::Stdin => {
                runner.run_script(&mut ScriptLines::new("<stdin>", BufReader::new(io::stdin()))).await?
            }
            Source::File(path) => {
                let file = File::open(path).map_err(|error| Failure::file(path, error))?;
                let name = path.display().to_string();
                runner.run_script(&mut ScriptLines::new(name, BufReader::new(file))).await?
            }
        };
        if flow == Flow::Quit {
            break;
        }
    }
    Ok(())
}
