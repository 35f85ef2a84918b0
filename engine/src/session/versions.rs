//! Versions: naming them, reading them, making them.

use std::collections::BTreeMap;

use microprolly_storage::Tree;

use super::Session;
use crate::commit::{Commit, CommitId, CommitOptions, MESSAGE_BYTES_MAX};
use crate::database::Database;
use crate::error::{EngineError, Result};
use crate::name::BranchName;
use crate::principal::Principal;
use crate::publication::Publication;
use crate::revision::Version;
use crate::snapshot::Snapshot;

impl Session {
    /// Finds what a revision means now, for a session on this branch.
    ///
    /// # Errors
    /// Unknown, ambiguous and malformed revisions.
    pub fn resolve(&self, revision: &str) -> Result<Version> {
        self.database.shared.resolve(&self.state(), &self.branch, revision)
    }

    /// Finds what a revision means for a session on another branch: `HEAD`,
    /// `WORKING` and times are that branch's.
    ///
    /// # Errors
    /// As for [`Session::resolve`], and when there is no such branch.
    pub fn resolve_on(&self, branch: &str, revision: &str) -> Result<Version> {
        let state = self.state();
        let (branch, _) =
            state.branches.get_key_value(branch).ok_or_else(|| super::unknown_branch(&state, branch))?;
        self.database.shared.resolve(&state, branch, revision)
    }

    /// All keys as they are in a version.
    ///
    /// # Errors
    /// When the branch has been dropped, or the commit cannot be read.
    pub fn snapshot(&self, version: &Version) -> Result<Snapshot> {
        let shared = &self.database.shared;
        match version {
            Version::Working(name) => Ok(shared.branch(&self.state(), name)?.working.clone()),
            Version::Commit(id) => {
                let root = shared.history.read(*id)?.root;
                Ok(Snapshot::of_tree(Tree::open(&shared.nodes, root)))
            }
        }
    }

    /// All keys as they are in the branch's working state.
    ///
    /// # Errors
    /// When the branch has been dropped.
    pub fn working(&self) -> Result<Snapshot> {
        Ok(self.database.shared.branch(&self.state(), &self.branch)?.working.clone())
    }

    /// The last commit of a version: a commit itself, or a branch's head.
    ///
    /// # Errors
    /// When the branch has been dropped.
    pub fn commit_of(&self, version: &Version) -> Result<CommitId> {
        self.database.shared.commit_of(&self.state(), version)
    }

    /// Records the branch's working state as a new version.
    ///
    /// # Errors
    /// When nothing changed since the last one and `allow_empty` is not set,
    /// or the message or metadata are not acceptable.
    pub fn commit(&self, options: CommitOptions) -> Result<CommitId> {
        self.begin_transaction()?.commit_version(options)
    }
}

impl Database {
    /// Records a branch's state, as it is in the publication, as a new version.
    pub(crate) fn record_version(
        &self,
        publication: &mut Publication<'_>,
        name: &BranchName,
        principal: &Principal,
        options: &CommitOptions,
    ) -> Result<CommitId> {
        check_options(options)?;
        let shared = &self.shared;
        let branch = shared.branch(&publication.state, name)?.clone();
        let parent = shared.history.read(branch.head)?;
        let tree = branch.working.folded()?;
        if tree.root() == parent.root && !options.allow_empty {
            return Err(EngineError::NothingToCommit { branch: name.to_string() });
        }
        let id = shared.history.write(Commit {
            root: tree.root(),
            parents: vec![branch.head],
            author: options.author.clone().unwrap_or_else(|| principal.name().to_owned()),
            committer: principal.name().to_owned(),
            message: options.message.clone(),
            metadata: options.metadata.clone().unwrap_or_default(),
            // A clock that was set back must not make time run backwards
            // along a branch: `AS OF` a time relies on it.
            timestamp: shared.clock.now().max(parent.timestamp),
            generation: parent.generation + 1,
            depth: parent.depth + 1,
            jump: Some(shared.history.jump_from(branch.head)?),
            salt: shared.entropy.bytes(),
        })?;
        let epoch = publication.new_epoch();
        publication.set_branch(name, Some(branch.moved_to(id, epoch, tree)));
        Ok(id)
    }
}

fn check_options(options: &CommitOptions) -> Result<()> {
    let refuse = |reason: String| Err(EngineError::Refused { reason, hint: None });
    if options.message.len() > MESSAGE_BYTES_MAX {
        return refuse(format!("a commit message has at most {MESSAGE_BYTES_MAX} bytes"));
    }
    if let Some(metadata) = &options.metadata {
        if metadata.len() > MESSAGE_BYTES_MAX {
            return refuse(format!("commit metadata have at most {MESSAGE_BYTES_MAX} bytes"));
        }
        if serde_json::from_str::<BTreeMap<String, serde::de::IgnoredAny>>(metadata).is_err() {
            return refuse("commit metadata must be a JSON object".to_owned());
        }
    }
    if options.author.as_ref().is_some_and(|author| author.len() > 1_000 || author.contains(['\n', '\0'])) {
        return refuse("an author is one line of at most 1000 bytes".to_owned());
    }
    Ok(())
}
