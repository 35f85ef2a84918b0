//! The line editor: rustyline with our history, completion and prompt.

use std::path::PathBuf;

use rustyline::completion::{FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{
    Behavior, Completer, CompletionType, Config, Context, Helper, Highlighter, Hinter, Validator,
};

use super::completion::{Completion, Names, complete};
use super::history;
use super::prompt::PromptState;
use crate::console::say;
use crate::failure::Failure;
use crate::runner::{LineSource, Want};

/// What the user did at the prompt.
pub(super) enum Input {
    /// Entered a line; one pasted or recalled may hold line ends.
    Line(String),
    /// Pressed Ctrl-C.
    Interrupted,
    /// Pressed Ctrl-D.
    End,
}

/// The line editor and the history.
pub(super) struct Editor {
    rustyline: rustyline::Editor<ShellHelper, DefaultHistory>,
    prompt: Option<PromptState>,
    history: Option<PathBuf>,
    /// The lines of the statement being entered, which become one entry of the history.
    entry: Vec<String>,
    copy_explained: bool,
}

impl Editor {
    /// Opens the terminal and reads the history.
    pub(super) fn new() -> Result<Self, Failure> {
        let config = Config::builder()
            .max_history_size(history::MAX_ENTRIES)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(terminal_failure)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            // The terminal itself, so that no prompt ends up in a redirected stdout.
            .behavior(Behavior::PreferTerm)
            .build();
        let mut rustyline = rustyline::Editor::with_config(config).map_err(terminal_failure)?;
        rustyline.set_helper(Some(ShellHelper { completer: ShellCompleter::default() }));
        let mut editor =
            Self { rustyline, prompt: None, history: None, entry: Vec::new(), copy_explained: false };
        editor.load_history();
        Ok(editor)
    }

    /// Sets what the next prompt shows.
    pub(super) fn set_prompt(&mut self, state: PromptState) {
        self.prompt = Some(state);
    }

    /// Sets what is completed.
    pub(super) fn set_names(&mut self, names: Names) {
        if let Some(helper) = self.rustyline.helper_mut() {
            helper.completer.names = names;
        }
    }

    /// Sets the part of the statement that stands before the next line.
    pub(super) fn set_unfinished(&mut self, text: &str) {
        if let Some(helper) = self.rustyline.helper_mut() {
            helper.completer.unfinished = text.to_owned();
        }
    }

    /// Reads a line.
    pub(super) fn read(&mut self, want: Want) -> Result<Input, Failure> {
        let prompt = self.prompt.as_ref().map_or_else(|| "> ".to_owned(), |state| state.render(want));
        match self.rustyline.readline(prompt.as_str()) {
            Ok(line) => {
                if want != Want::CopyData {
                    self.entry.push(line.clone());
                }
                Ok(Input::Line(line))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(terminal_failure(error)),
        }
    }

    /// The number of the line read last within its statement, from 1.
    pub(super) fn statement_line(&self) -> usize {
        self.entry.len()
    }

    /// Adds the lines entered since the last call to the history as one entry: a statement, or one given up.
    pub(super) fn finish_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry).join("\n");
        if entry.trim().is_empty() {
            return;
        }
        let added = self.rustyline.add_history_entry(entry);
        if let Some(path) = &self.history
            && let Err(error) = added.and_then(|_| self.rustyline.append_history(path))
        {
            say(format_args!("WARNING: the history cannot be kept in {}: {error}", path.display()));
            self.history = None;
        }
    }

    fn load_history(&mut self) {
        let Some(path) = history::path() else { return };
        let prepared = history::make_directory(&path)
            .map_err(ReadlineError::from)
            .and_then(|()| if path.exists() { self.rustyline.load_history(&path) } else { Ok(()) });
        match prepared {
            Ok(()) => self.history = Some(path),
            Err(error) => {
                say(format_args!("WARNING: the history cannot be read from {}: {error}", path.display()));
            }
        }
    }
}

impl LineSource for Editor {
    fn name(&self) -> Option<&str> {
        None
    }

    /// Asked for the data of COPY FROM STDIN only: the shell reads statements itself.
    fn next_line(&mut self, want: Want) -> Result<Option<String>, Failure> {
        if want == Want::CopyData && !self.copy_explained {
            say("Enter the rows, then \\. on a line by itself or Ctrl-D; Ctrl-C leaves the table as it was.");
            self.copy_explained = true;
        }
        match self.read(want)? {
            Input::Line(line) => Ok(Some(line)),
            Input::End => Ok(None),
            Input::Interrupted => Err(Failure::Interrupted),
        }
    }

    fn line_number(&self) -> usize {
        self.statement_line()
    }
}

fn terminal_failure(error: ReadlineError) -> Failure {
    Failure::refused(format!("cannot read from the terminal: {error}"))
}

#[derive(Helper, Completer, Hinter, Highlighter, Validator)]
struct ShellHelper {
    #[rustyline(Completer)]
    completer: ShellCompleter,
}

#[derive(Default)]
struct ShellCompleter {
    names: Names,
    unfinished: String,
    files: FilenameCompleter,
}

impl rustyline::completion::Completer for ShellCompleter {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        match complete(&self.unfinished, &line[..pos], &self.names) {
            Completion::File => self.files.complete(line, pos, context),
            Completion::Words { start, words } => Ok((
                start,
                words.into_iter().map(|word| Pair { display: word.clone(), replacement: word }).collect(),
            )),
        }
    }
}
