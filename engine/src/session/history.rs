//! What happened: the log, the status, differences.

use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::KeyRange;

use super::Session;
use crate::change::Changes;
use crate::commit::{Commit, CommitId, Log};
use crate::error::Result;
use crate::revision::Version;
use crate::schema::RowKey;

/// A commit and its id, as [`Session::log`] gives them.
pub type LogEntry = (CommitId, Arc<Commit>);

/// A key that differs between the last commit and the working state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// The key.
    pub key: Bytes,
    /// The type that claims it, if one does.
    pub type_name: Option<String>,
    /// How it differs.
    pub kind: StatusKind,
}

/// How a key differs from the last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its value is another.
    Modified,
}

impl StatusKind {
    /// The word that results show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
        }
    }

    /// The kind of a change from one value to another.
    pub fn of(from: Option<&Bytes>, to: Option<&Bytes>) -> Self {
        match (from, to) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ => Self::Modified,
        }
    }
}

impl Session {
    /// The commits that `to` has and `from` has not, newest first; with no
    /// `from`, all that `to` has. One is read at a time, so `take(n)` costs n.
    ///
    /// # Errors
    /// When a branch has been dropped.
    pub fn log(&self, from: Option<&Version>, to: &Version) -> Result<Log> {
        let exclude = from.map(|from| self.commit_of(from)).transpose()?;
        Ok(self.database.shared.history.log([self.commit_of(to)?], exclude))
    }

    /// The nearest commit that both versions have behind them.
    ///
    /// # Errors
    /// When a branch has been dropped, or a commit cannot be read.
    pub fn common_ancestor(&self, a: &Version, b: &Version) -> Result<Option<CommitId>> {
        self.database.shared.history.common_ancestor(self.commit_of(a)?, self.commit_of(b)?)
    }

    /// Whether one commit is behind another, or the same.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn is_ancestor(&self, ancestor: CommitId, of: CommitId) -> Result<bool> {
        self.database.shared.history.is_ancestor(ancestor, of)
    }

    /// What the branch's working state has that its last commit has not, in
    /// key order.
    ///
    /// # Errors
    /// When the branch has been dropped, or data cannot be read.
    pub fn status(&self) -> Result<impl Iterator<Item = Result<StatusEntry>> + use<>> {
        let state = self.state();
        let branch = self.database.shared.branch(&state, &self.branch)?;
        let committed = self.snapshot(&Version::Commit(branch.head))?;
        let changes = committed.changes(&branch.working, &KeyRange::all());
        Ok(changes.map(move |change| {
            let change = change?;
            let claimed = RowKey::type_of(&change.key).filter(|name| state.types.contains_key(*name));
            Ok(StatusEntry {
                type_name: claimed.map(str::to_owned),
                kind: StatusKind::of(change.from.as_ref(), change.to.as_ref()),
                key: change.key,
            })
        }))
    }

    /// The keys within a range whose values differ between two versions, in
    /// key order.
    ///
    /// # Errors
    /// When a version cannot be read.
    pub fn diff(&self, from: &Version, to: &Version, range: &KeyRange) -> Result<Changes> {
        Ok(self.snapshot(from)?.changes(&self.snapshot(to)?, range))
    }
}
