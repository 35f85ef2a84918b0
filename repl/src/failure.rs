//! What can go wrong, in the kinds that the caller treats differently.

use std::io;
use std::path::{Path, PathBuf};

use microprolly_sql::SqlError;

use crate::runner::Origin;

/// Why a statement, a backslash command or a whole run stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database refused a statement whose text the user can see.
    #[error("{}", .0.error)]
    Statement(Box<StatementError>),
    /// The database refused something that is not a statement of the user's: opening, switching branch.
    #[error("{0}")]
    Database(#[from] Box<SqlError>),
    /// A file that the user named cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Input lines (a script, stdin, the terminal) cannot be read.
    #[error("{name}: {source}")]
    Input {
        /// What the lines come from.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Results cannot be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// The reader of stdout went away (`| head`): stop, and say nothing.
    #[error("the reader of the output went away")]
    OutputClosed,
    /// The user pressed Ctrl-C.
    #[error("cancelled")]
    Interrupted,
    /// Anything else that the user can mend, with how.
    #[error("{message}")]
    Refused {
        /// One sentence.
        message: String,
        /// What to try instead.
        hint: Option<String>,
    },
    /// The command line does not fit together (exit code 2).
    #[error("{0}")]
    Usage(String),
}

/// A refused statement with what is needed to point into its text.
#[derive(Debug)]
pub(crate) struct StatementError {
    /// What the database said; its position counts characters of `text` from 1.
    pub(crate) error: SqlError,
    /// The statement as the user wrote it.
    pub(crate) text: String,
    /// Where the statement stands.
    pub(crate) origin: Origin,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: None }
    }

    /// A failure that says what to try instead.
    pub(crate) fn refused_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: Some(hint.into()) }
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_path_buf(), source }
    }

    /// A failed write of results; a closed pipe is a kind of its own, and so is a value that has no text.
    pub(crate) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        match error.downcast::<SqlError>() {
            Ok(error) => error.into(),
            Err(error) => Self::Output(error),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Database(Box::new(error))
    }
}
