//! Where a session stands in a transaction.

use microprolly_engine::{CommitOptions, MESSAGE_BYTES_MAX, Savepoint, Transaction};

use super::Session;
use crate::error::{SqlError, SqlState};
use crate::settings::Settings;

/// Where the session stands in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// None is open: each statement is its own.
    Idle,
    /// One is open.
    Active,
    /// One is open and a statement in it failed: only ROLLBACK helps.
    Failed,
}

/// Several statements that a client sent as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Statements are on their own.
    None,
    /// They are one transaction, unless one of them begins or ends its own.
    Implicit,
}

/// An open transaction.
pub(crate) struct ActiveTransaction {
    pub(crate) transaction: Transaction,
    pub(crate) savepoints: Vec<(String, Savepoint)>,
    pub(crate) read_only: bool,
    /// What SET LOCAL has set, which goes when the transaction does.
    pub(crate) local_settings: Settings,
    /// Whether no BEGIN began it.
    pub(crate) implicit: bool,
    pub(crate) failed: bool,
    /// What made its first change, for the message of an automatic version.
    pub(crate) first_write: Option<String>,
}

impl Session {
    /// Where the session stands.
    pub fn transaction_status(&self) -> TransactionStatus {
        match &self.transaction {
            Some(open) if open.implicit => TransactionStatus::Idle,
            Some(open) if open.failed => TransactionStatus::Failed,
            Some(_) => TransactionStatus::Active,
            None => TransactionStatus::Idle,
        }
    }

    /// From here on, statements are one transaction, until
    /// [`Session::end_implicit_block`].
    pub async fn begin_implicit_block(&mut self) {
        self.undo_unfinished();
        self.block = Block::Implicit;
    }

    /// Ends what [`Session::begin_implicit_block`] began: commits it, or rolls
    /// it back when a statement failed. A transaction that BEGIN opened stays open.
    ///
    /// # Errors
    /// When the commit conflicts with another transaction.
    pub async fn end_implicit_block(&mut self, success: bool) -> Result<(), SqlError> {
        self.undo_unfinished();
        self.block = Block::None;
        if self.transaction.as_ref().is_some_and(|open| open.implicit) {
            let ended = if success { self.commit_transaction() } else { Ok(()) };
            self.transaction = None;
            self.refresh_facts();
            return ended;
        }
        Ok(())
    }

    /// Begins a transaction. An implicit one, of which nobody has said what it
    /// may do, is as the session has it.
    pub(crate) fn start_transaction(&mut self, implicit: bool, read_only: bool) -> Result<(), SqlError> {
        self.transaction = Some(ActiveTransaction {
            transaction: self.engine.begin_transaction()?,
            savepoints: Vec::new(),
            read_only: read_only || (implicit && self.reads_only_by_default()),
            local_settings: Settings::default(),
            implicit,
            failed: false,
            first_write: None,
        });
        Ok(())
    }

    /// Leaves a failed transaction in the place of one that could not be ended
    /// as its client wanted: nothing runs before the client knows.
    pub(crate) fn leave_failed_transaction(&mut self) -> Result<(), SqlError> {
        self.start_transaction(false, false)?;
        self.fail_transaction();
        Ok(())
    }

    /// The transaction that is open, or else that of a block of statements,
    /// which begins here then.
    pub(crate) fn block_transaction(&mut self) -> Result<Option<&mut ActiveTransaction>, SqlError> {
        if self.transaction.is_none() && self.block == Block::Implicit {
            self.start_transaction(true, false)?;
        }
        Ok(self.transaction.as_mut())
    }

    /// Changes what the open transaction may do, if anything is said of it.
    pub(crate) fn set_transaction_read_only(&mut self, read_only: Option<bool>) -> Result<(), SqlError> {
        match self.block_transaction()? {
            Some(open) => open.read_only = read_only.unwrap_or(open.read_only),
            None => self.notice(
                SqlState::NO_ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION can only be used in transaction blocks",
            ),
        }
        Ok(())
    }

    /// Whether transactions may not write unless they are told that they may.
    pub(crate) fn reads_only_by_default(&self) -> bool {
        self.settings.is_on("default_transaction_read_only")
    }

    /// Whether the open transaction, or else one that begins now, may not write.
    pub(crate) fn is_read_only(&self) -> bool {
        self.transaction.as_ref().map_or_else(|| self.reads_only_by_default(), |open| open.read_only)
    }

    /// Ends the transaction: makes it true, and a version if the session is
    /// set so.
    pub(crate) fn commit_transaction(&mut self) -> Result<(), SqlError> {
        let auto_version = self.is_on("microprolly.auto_version");
        let Some(open) = self.transaction.take() else { return Ok(()) };
        if auto_version && let Some(mut message) = open.first_write {
            // A statement may be longer than a message.
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            blocking(|| open.transaction.commit_changes(CommitOptions::message(message)))?;
            return Ok(());
        }
        Ok(blocking(|| open.transaction.commit())?)
    }

    /// Marks an open transaction as failed, for a caller that saw a statement
    /// fail after it had begun to send rows.
    pub fn fail_transaction(&mut self) {
        match &mut self.transaction {
            Some(open) if open.implicit => self.transaction = None,
            Some(open) => open.failed = true,
            None => {}
        }
    }

    pub(crate) fn require_no_transaction(&self, what: &str) -> Result<(), SqlError> {
        match &self.transaction {
            Some(open) if !open.implicit => Err(SqlError::new(
                SqlState::ACTIVE_SQL_TRANSACTION,
                format!("{what} cannot run inside a transaction block"),
            )
            .with_hint("End the transaction with COMMIT or ROLLBACK first.")),
            _ => Ok(()),
        }
    }

    /// Refuses a statement that changes the database outside of transactions,
    /// where nothing may be changed.
    pub(crate) fn require_read_write(&self, what: &str) -> Result<(), SqlError> {
        if self.is_read_only() {
            return Err(SqlError::new(
                SqlState::READ_ONLY_SQL_TRANSACTION,
                format!("cannot execute {what} in a read-only transaction"),
            ));
        }
        Ok(())
    }

    /// The open transaction, for a statement that writes.
    pub(crate) fn writable(&mut self) -> Result<&mut ActiveTransaction, SqlError> {
        let refuse = |message: String| SqlError::new(SqlState::READ_ONLY_SQL_TRANSACTION, message);
        if let Some((revision, _)) = &self.as_of {
            return Err(refuse(format!(
                "cannot write to a past version: the session reads as of \"{revision}\""
            ))
            .with_hint("RESET microprolly.as_of, or connect to a branch."));
        }
        match &mut self.transaction {
            Some(open) if open.read_only => Err(refuse("cannot write in a read-only transaction".to_owned())),
            Some(open) => Ok(open),
            None => Err(SqlError::internal("a statement that writes runs outside a transaction")),
        }
    }
}

/// Runs what may wait for the disk without holding up other tasks where the
/// runtime has threads to take them.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
