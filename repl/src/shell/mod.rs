//! The interactive shell: read a line, run what is complete, show what went wrong, go on.

mod completion;
mod editor;
mod history;
mod keywords;
mod prompt;

use std::path::PathBuf;

use completion::Names;
use editor::{Editor, Input};
use prompt::PromptState;

use crate::console::say;
use crate::failure::Failure;
use crate::report::{self, Verbosity};
use crate::runner::{Flow, Interrupts, Pending, Piece, Runner, Splitter, Want};

/// Most tables whose columns are offered for completion; the catalog is read anew after every statement.
const MAX_TABLES_WITH_COLUMNS: usize = 200;

/// What the first lines say.
pub(crate) struct Greeting {
    /// The directory of the database.
    pub(crate) directory: PathBuf,
    /// Whether it has just been made.
    pub(crate) is_new: bool,
}

/// Runs the shell until the user leaves.
pub(crate) async fn run(mut runner: Runner, greeting: Greeting) -> Result<(), Failure> {
    let mut editor = Editor::new()?;
    runner.interrupts = Some(Interrupts::watch()?);
    greet(&greeting);
    let result = read_and_run(&mut runner, &mut editor).await;
    runner.finish();
    result
}

fn greet(greeting: &Greeting) {
    let made = if greeting.is_new { " (new)" } else { "" };
    say(format_args!(
        "MicroProlly {}, database {}{made}\nType \\? for help, \\q to leave.\n",
        env!("CARGO_PKG_VERSION"),
        greeting.directory.display()
    ));
}

async fn read_and_run(runner: &mut Runner, editor: &mut Editor) -> Result<(), Failure> {
    let mut splitter = Splitter::default();
    editor.set_names(names(runner));
    loop {
        let pending = splitter.pending();
        let want = if pending == Pending::Nothing { Want::Statement } else { Want::Continuation(pending) };
        editor.set_prompt(PromptState::of(&runner.session));
        editor.set_unfinished(splitter.unfinished());
        let line = match editor.read(want)? {
            Input::Line(line) => line,
            Input::Interrupted => {
                splitter.clear();
                editor.finish_entry();
                continue;
            }
            Input::End => return Ok(()),
        };
        if pending == Pending::Nothing
            && let Some(flow) = word_without_backslash(&line)
        {
            editor.finish_entry();
            match flow {
                Flow::Quit => return Ok(()),
                Flow::Clear | Flow::Continue => continue,
            }
        }
        splitter.push_line(&line, editor.statement_line());
        while let Some(piece) = splitter.next_piece() {
            match run_piece(runner, editor, &piece).await? {
                Flow::Continue => {}
                Flow::Clear => splitter.clear(),
                Flow::Quit => return Ok(()),
            }
        }
        if splitter.pending() == Pending::Nothing {
            editor.finish_entry();
            editor.set_names(names(runner));
        }
    }
}

/// Runs a statement or command. What goes wrong with it is shown; only a closed output ends the shell.
async fn run_piece(runner: &mut Runner, editor: &mut Editor, piece: &Piece) -> Result<Flow, Failure> {
    match runner.run_piece(piece, editor).await {
        Ok(flow) => Ok(flow),
        Err(Failure::OutputClosed) => Err(Failure::OutputClosed),
        Err(failure) => {
            say(report::render(&failure, Verbosity::Normal));
            runner.last_failure = Some(failure);
            Ok(Flow::Continue)
        }
    }
}

/// `quit`, `exit` and `help` by themselves do what people expect of them.
fn word_without_backslash(line: &str) -> Option<Flow> {
    match line.trim().trim_end_matches(';').to_ascii_lowercase().as_str() {
        "quit" | "exit" => Some(Flow::Quit),
        "help" => {
            say(
                "Type SQL and end it with a semicolon.\n\\? lists the commands, \\h the statements beyond PostgreSQL's, \\q leaves.",
            );
            Some(Flow::Continue)
        }
        _ => None,
    }
}

/// What can be completed in the session as it stands.
fn names(runner: &Runner) -> Names {
    let session = &runner.session;
    let tables = session.table_names();
    let columns = |table: &String| session.column_names(table);
    Names {
        columns: tables.iter().take(MAX_TABLES_WITH_COLUMNS).map(|t| (t.clone(), columns(t))).collect(),
        tables,
        branches: session.branch_names(),
    }
}
