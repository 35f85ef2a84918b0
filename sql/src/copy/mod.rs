//! COPY: rows from and to the client, as CSV or in PostgreSQL's text format.
//!
//! Coming in: bytes → records ([`records`]) → fields → values → rows in the
//! session's transaction ([`load`]). Going out: batches → lines ([`lines`]).

mod fields;
mod lines;
mod load;
mod records;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use futures::stream::BoxStream;

pub(crate) use lines::LineWriter;
pub(crate) use load::{DefaultColumn, Loader};

use crate::Session;
use crate::error::SqlError;
use crate::session::blocking;

/// COPY … FROM STDIN under way: data goes in by [`CopyIn::write`], and
/// [`CopyIn::finish`] makes it true. The rows are in the session's transaction
/// until then; when the value is dropped before, the session takes them back
/// as soon as it is used again.
pub struct CopyIn {
    pub(crate) id: u64,
    pub(crate) loader: Box<Loader>,
}

impl CopyIn {
    /// How many columns each line has.
    pub fn column_count(&self) -> usize {
        self.loader.column_count()
    }

    /// Takes the next bytes, which may end anywhere. They may be looked at
    /// later, together with more of them.
    ///
    /// # Errors
    /// What is wrong with a line, in this piece or one before it; nothing has
    /// been changed then, and an open transaction has failed.
    pub async fn write(&mut self, session: &mut Session, data: Bytes) -> Result<(), SqlError> {
        self.loader.push(&data);
        if self.loader.is_due() { self.load(session, false) } else { Ok(()) }
    }

    /// Takes in what is left, and gives the command tag: `COPY 5`.
    ///
    /// # Errors
    /// As for [`CopyIn::write`], and when a commit conflicts.
    pub async fn finish(mut self, session: &mut Session) -> Result<String, SqlError> {
        self.load(session, true)?;
        if session.end_write() {
            session.commit_transaction()?;
        }
        Ok(format!("COPY {}", self.loader.rows()))
    }

    /// Changes nothing after all: everything is as before the COPY.
    pub fn abort(self, session: &mut Session) {
        session.undo_unfinished();
    }

    fn load(&mut self, session: &mut Session, last: bool) -> Result<(), SqlError> {
        session.require_write(self.id)?;
        let loaded =
            session.writable().and_then(|open| blocking(|| self.loader.load(&mut open.transaction, last)));
        if loaded.is_err() {
            session.undo_unfinished();
            session.fail_transaction();
        }
        loaded
    }
}

/// COPY … TO STDOUT: whole lines, header included. Dropping the stream stops
/// the work behind it.
pub struct CopyOut {
    /// How many columns each line has.
    pub column_count: usize,
    /// The lines, many at a time.
    pub stream: BoxStream<'static, Result<Bytes, SqlError>>,
    pub(crate) rows: Arc<AtomicU64>,
}

impl CopyOut {
    /// Rows sent so far.
    pub fn rows(&self) -> Arc<AtomicU64> {
        self.rows.clone()
    }
}
