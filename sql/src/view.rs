//! What a statement reads.

use std::sync::Arc;

use microprolly_engine::{self as engine, CommitId, DecodedCache, Snapshot, TypeDefinition, Version};

use crate::error::SqlError;

/// The database as one statement sees it: a branch (or a fixed version), the
/// types, and the way to other versions.
#[derive(Clone)]
pub(crate) struct View {
    /// The door to everything else, on the session's branch.
    pub(crate) engine: engine::Session,
    /// What tables without a version read: the transaction's state, the
    /// session's `as_of`, or the branch's working state.
    pub(crate) current: Snapshot,
    /// The types as the transaction or the database has them.
    pub(crate) types: Arc<[Arc<TypeDefinition>]>,
    /// Where the session is fixed to a version: writes are refused.
    pub(crate) fixed_at: Option<CommitId>,
    /// Whether `current` is a transaction's, which then also is what the
    /// branch's own name means.
    pub(crate) in_transaction: bool,
}

impl View {
    pub(crate) fn find_type(&self, name: &str) -> Option<&Arc<TypeDefinition>> {
        self.types.iter().find(|definition| definition.name == name)
    }

    pub(crate) fn cache(&self) -> Arc<DecodedCache> {
        self.engine.decoded_cache().clone()
    }

    /// What a revision means, for this branch or another.
    pub(crate) fn resolve(&self, branch: Option<&str>, revision: Option<&str>) -> Result<Version, SqlError> {
        let own = self.engine.branch().as_str();
        let branch = branch.unwrap_or(own);
        Ok(match revision {
            Some(revision) => self.engine.resolve_on(branch, revision)?,
            None => self.engine.resolve_on(branch, "WORKING")?,
        })
    }

    /// All keys as they are in a version.
    pub(crate) fn snapshot(&self, version: &Version) -> Result<Snapshot, SqlError> {
        if self.in_transaction && *version == Version::Working(self.engine.branch().clone()) {
            return Ok(self.current.clone());
        }
        Ok(self.engine.snapshot(version)?)
    }
}
