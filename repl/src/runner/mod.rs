//! Running statements and backslash commands on one session, wherever they come from: the shell, `-c`,
//! `-f`, stdin.

mod copy;
mod interrupt;
mod lines;
mod splitter;
mod statement;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use microprolly_sql::{
    CatalogExtension, CatalogView, Database, Principal, Session, SqlError, TransactionStatus,
};

pub(crate) use copy::{CopySource, FileChunks, NoCopyData};
pub(crate) use interrupt::Interrupts;
pub(crate) use lines::{LineSource, ScriptLines, TextLines, Want};
pub(crate) use splitter::{Pending, Piece, Splitter, Statement};

use crate::console::say;
use crate::failure::Failure;
use crate::meta;
use crate::output::{Settings, Sink};

/// The user of the embedded database, who may do everything.
const USER: &str = "superuser";

/// Where a statement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The script's name; none for the shell and `-c`, where the user sees the text anyway.
    pub(crate) name: Option<String>,
    /// The line of its first word, from 1.
    pub(crate) line: usize,
}

impl Origin {
    /// A place in text that has no name.
    pub(crate) fn unnamed(line: usize) -> Self {
        Self { name: None, line }
    }
}

/// What is to happen after a piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Flow {
    /// Go on with the next.
    Continue,
    /// Forget the unfinished statement (`\r`).
    Clear,
    /// Leave (`\q`).
    Quit,
}

/// A session, and how its results are shown.
pub(crate) struct Runner {
    /// The session.
    pub(crate) session: Session,
    /// What the session sees: tables and branches.
    pub(crate) catalog: Arc<dyn CatalogView>,
    /// The directory of the database.
    pub(crate) directory: PathBuf,
    /// How results are written.
    pub(crate) settings: Settings,
    /// Where results go.
    pub(crate) sink: Sink,
    /// Whether the time that each statement took is said.
    pub(crate) timing: bool,
    /// Lets Ctrl-C cancel a statement; without it, Ctrl-C ends the process.
    pub(crate) interrupts: Option<Interrupts>,
    /// The last failure that was reported, for `\errverbose`.
    pub(crate) last_failure: Option<Failure>,
    /// How many scripts are running within each other (`\i`).
    pub(crate) include_depth: usize,
}

impl Runner {
    /// A session on the default branch that writes tables to stdout.
    pub(crate) fn new(database: &Database, directory: &Path) -> Result<Self, Failure> {
        let capture = Arc::new(CatalogCapture::default());
        let session = database.session_with(Principal::all_powerful(USER), Some(capture.clone()))?;
        let catalog = capture.view.get().cloned().ok_or_else(|| {
            SqlError::internal("the session was made without telling its catalog extension what it sees")
        })?;
        Ok(Self {
            session,
            catalog,
            directory: directory.to_path_buf(),
            settings: Settings::default(),
            sink: Sink::stdout(),
            timing: false,
            interrupts: None,
            last_failure: None,
            include_depth: 0,
        })
    }

    /// Runs every statement and backslash command of a script, up to the first that fails. A last statement
    /// needs no semicolon.
    pub(crate) async fn run_script(&mut self, lines: &mut dyn LineSource) -> Result<Flow, Failure> {
        let mut splitter = Splitter::default();
        loop {
            while let Some(piece) = splitter.next_piece() {
                match self.run_piece(&piece, lines).await? {
                    Flow::Continue => {}
                    Flow::Clear => splitter.clear(),
                    Flow::Quit => return Ok(Flow::Quit),
                }
            }
            match lines.next_line(Want::Statement)? {
                Some(line) => splitter.push_line(&line, lines.line_number()),
                None => break,
            }
        }
        match splitter.finish() {
            Some(statement) => self.run_piece(&Piece::Statement(statement), lines).await,
            None => Ok(Flow::Continue),
        }
    }

    /// Runs one statement or backslash command. `lines` supplies the data of a COPY FROM STDIN.
    pub(crate) async fn run_piece(
        &mut self,
        piece: &Piece,
        lines: &mut dyn LineSource,
    ) -> Result<Flow, Failure> {
        match piece {
            Piece::Statement(statement) => {
                let origin = Origin { name: lines.name().map(str::to_owned), line: statement.line };
                let mut data = copy::LineChunks::new(lines);
                self.run_statement(statement, origin, &mut data, None).await.map(|()| Flow::Continue)
            }
            Piece::Command { text, line } => {
                // Boxed because `\i` runs a script, which runs commands.
                let run = Box::pin(meta::run(self, text)).await;
                run.map_err(|failure| match (failure, lines.name()) {
                    (Failure::Refused { message, hint }, Some(name)) => {
                        Failure::Refused { message: format!("{name}:{line}: {message}"), hint }
                    }
                    (failure, _) => failure,
                })
            }
        }
    }

    /// Says that a transaction left open is lost. Call it when the session is about to end.
    pub(crate) fn finish(self) {
        if self.session.transaction_status() != TransactionStatus::Idle {
            say("WARNING: the transaction was still open and is rolled back");
        }
    }

    /// Shows the warnings and notices that have come up.
    pub(crate) fn say_notices(&mut self) {
        for notice in self.session.drain_notices() {
            say(crate::report::render_notice(&notice));
        }
    }
}

/// Adds nothing to a session; keeps the view of the catalog that every extension is handed.
#[derive(Default)]
struct CatalogCapture {
    view: std::sync::OnceLock<Arc<dyn CatalogView>>,
}

impl CatalogExtension for CatalogCapture {
    fn install(&self, _context: &SessionContext, view: Arc<dyn CatalogView>) -> Result<(), SqlError> {
        // A session installs its extension once; a second view would show the same.
        self.view.get_or_init(|| view);
        Ok(())
    }
}
