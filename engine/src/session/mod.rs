//! The one door: every read and every write passes a session.

mod history;
mod key_value;
mod references;
mod versions;

use std::sync::Arc;

use microprolly_storage::{SegmentStatistics, StoreStatistics};

pub use history::{LogEntry, StatusEntry, StatusKind};
pub use references::BranchInfo;

use crate::columnar::DecodedCache;
use crate::database::{DEFAULT_BRANCH, Database, Shared};
use crate::error::{EngineError, Kind, Result};
use crate::name::BranchName;
use crate::principal::Principal;
use crate::schema::TypeDefinition;
use crate::state::{Branch, State};
use crate::transaction::Transaction;

/// A principal at work on a branch.
#[derive(Clone)]
pub struct Session {
    pub(crate) database: Database,
    principal: Principal,
    branch: BranchName,
}

impl Session {
    pub(crate) fn begin(database: Database, principal: Principal) -> Result<Self> {
        let branch = BranchName::parse(DEFAULT_BRANCH)?;
        Ok(Self { database, principal, branch })
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The branch that reads and writes go to.
    pub fn branch(&self) -> &BranchName {
        &self.branch
    }

    /// Goes over to another branch. No data moves, and what is uncommitted on
    /// the former branch stays there.
    ///
    /// # Errors
    /// When there is no such branch.
    pub fn switch_branch(&mut self, name: &str) -> Result<()> {
        let state = self.state();
        let (name, _) = state.branches.get_key_value(name).ok_or_else(|| unknown_branch(&state, name))?;
        self.branch = name.clone();
        Ok(())
    }

    /// Begins a transaction on the session's branch.
    ///
    /// # Errors
    /// When the branch has been dropped.
    pub fn begin_transaction(&self) -> Result<Transaction> {
        Transaction::begin(self.database.clone(), self.principal.clone(), &self.branch)
    }

    /// The defined types, by name.
    pub fn types(&self) -> Vec<Arc<TypeDefinition>> {
        self.state().types.values().cloned().collect()
    }

    /// Defines a type; see [`Transaction::define_type`].
    ///
    /// # Errors
    /// As there.
    pub fn define_type(&self, definition: TypeDefinition) -> Result<()> {
        let mut transaction = self.begin_transaction()?;
        transaction.define_type(definition)?;
        transaction.commit()
    }

    /// The cache of decoded columns that all sessions share.
    pub fn decoded_cache(&self) -> &Arc<DecodedCache> {
        &self.database.shared.columns
    }

    /// What is on disk, and how much was read and written since the database
    /// was opened.
    ///
    /// # Errors
    /// As for [`Database::store_statistics`].
    pub fn store_statistics(&self) -> Result<StoreStatistics> {
        self.database.store_statistics()
    }

    /// The files that the data are in, oldest first; the last one is written to.
    ///
    /// # Errors
    /// As for [`Database::store_statistics`].
    pub fn segments(&self) -> Result<Vec<SegmentStatistics>> {
        Ok(self.store_statistics()?.segments)
    }

    /// Tree nodes asked for since the database was opened, cached or not.
    pub fn nodes_read(&self) -> u64 {
        self.database.nodes_read()
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.database.shared.publisher.state()
    }
}

impl Shared {
    /// A branch of a state.
    pub(crate) fn branch<'a>(&self, state: &'a State, name: &BranchName) -> Result<&'a Branch> {
        state.branches.get(name).ok_or_else(|| unknown_branch(state, name.as_str()))
    }
}

pub(crate) fn unknown_branch(state: &State, name: &str) -> EngineError {
    EngineError::not_found(Kind::Branch, name, state.branches.keys().map(BranchName::as_str))
}
