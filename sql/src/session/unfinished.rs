//! A statement that has begun to write and not ended: a COPY that waits for
//! its data, or one whose future was dropped halfway.

use microprolly_engine::Savepoint;

use super::{Block, Session};
use crate::error::{SqlError, SqlState};

/// What it takes to undo one.
pub(crate) struct UnfinishedWrite {
    /// Which one: a session may leave one behind and begin another.
    id: u64,
    before: Savepoint,
    /// Whether the transaction is for this statement alone.
    own: bool,
}

impl Session {
    /// Marks the point to which the session goes back if the statement does
    /// not come to its end, and gives the statement a number.
    ///
    /// # Errors
    /// When the session cannot write now.
    pub(crate) fn begin_write(&mut self) -> Result<u64, SqlError> {
        let own = self.block == Block::None;
        let open = self.writable()?;
        let (before, own) = (open.transaction.savepoint(), own && open.implicit);
        self.writes += 1;
        self.unfinished_write = Some(UnfinishedWrite { id: self.writes, before, own });
        Ok(self.writes)
    }

    /// Whether this statement is the one that is under way.
    pub(crate) fn require_write(&self, id: u64) -> Result<(), SqlError> {
        match &self.unfinished_write {
            Some(write) if write.id == id => Ok(()),
            _ => Err(SqlError::new(
                SqlState::QUERY_CANCELED,
                "COPY from stdin was given up: another statement has run since",
            )),
        }
    }

    /// The statement has come to its end. Returns whether the transaction is
    /// for it alone, and so to be committed.
    pub(crate) fn end_write(&mut self) -> bool {
        self.unfinished_write.take().is_some_and(|write| write.own)
    }

    /// Takes back what an unfinished statement has done.
    pub(crate) fn undo_unfinished(&mut self) {
        match self.unfinished_write.take() {
            Some(write) if write.own => self.transaction = None,
            Some(write) => {
                if let Some(open) = &mut self.transaction {
                    open.transaction.rollback_to(&write.before);
                }
            }
            None => {}
        }
    }
}
