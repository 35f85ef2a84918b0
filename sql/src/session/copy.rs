//! A COPY … FROM STDIN that has begun and not ended.

use microprolly_engine::Savepoint;

use super::{Block, Session};
use crate::error::{SqlError, SqlState};

/// What it takes to undo one.
pub(crate) struct UnfinishedCopy {
    /// Which one: a session may leave one behind and begin another.
    id: u64,
    before: Savepoint,
    /// Whether the transaction is for this COPY alone.
    own: bool,
}

impl Session {
    /// Marks the point to which an unfinished COPY goes back, and gives it a number.
    pub(crate) fn begin_copy(&mut self) -> Result<u64, SqlError> {
        let own = self.block == Block::None;
        let open = self.writable()?;
        let (before, own) = (open.transaction.savepoint(), own && open.implicit);
        self.copies += 1;
        self.unfinished_copy = Some(UnfinishedCopy { id: self.copies, before, own });
        Ok(self.copies)
    }

    /// Whether this COPY is the one that is under way.
    pub(crate) fn require_copy(&self, id: u64) -> Result<(), SqlError> {
        match &self.unfinished_copy {
            Some(copy) if copy.id == id => Ok(()),
            _ => Err(SqlError::new(
                SqlState::QUERY_CANCELED,
                "COPY from stdin was given up: another statement has run since",
            )),
        }
    }

    /// Ends the COPY; if it is a transaction of its own, that is committed.
    pub(crate) fn keep_copy(&mut self) -> Result<(), SqlError> {
        match self.unfinished_copy.take() {
            Some(copy) if copy.own => self.commit_transaction(),
            _ => Ok(()),
        }
    }

    /// Takes back what an unfinished COPY has done.
    pub(crate) fn undo_copy(&mut self) {
        match self.unfinished_copy.take() {
            Some(copy) if copy.own => self.transaction = None,
            Some(copy) => {
                if let Some(open) = &mut self.transaction {
                    open.transaction.rollback_to(&copy.before);
                }
            }
            None => {}
        }
    }
}
