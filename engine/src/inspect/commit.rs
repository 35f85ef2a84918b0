//! A commit, and what it leads to.

use std::sync::Arc;

use microprolly_storage::Tree;

use crate::commit::{Commit, CommitId};
use crate::error::Result;
use crate::session::Session;

/// A commit, as [`Session::inspect_commit`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInspection {
    /// Its id.
    pub id: CommitId,
    /// What it records.
    pub commit: Arc<Commit>,
    /// Keys in its data.
    pub keys: u64,
}

impl Session {
    /// Looks at the last commit of a revision.
    ///
    /// # Errors
    /// Unknown, ambiguous and malformed revisions; when the commit or the root of
    /// its data cannot be read.
    pub fn inspect_commit(&self, revision: &str) -> Result<CommitInspection> {
        let shared = &self.database.shared;
        let id = self.commit_of(&self.resolve(revision)?)?;
        let commit = shared.history.read(id)?;
        let keys = Tree::open(&shared.nodes, commit.root).len()?;
        Ok(CommitInspection { id, commit, keys })
    }
}
