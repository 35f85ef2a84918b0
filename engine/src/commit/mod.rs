//! Commits: immutable versions of a whole database.

mod ancestry;
mod encoding;

use std::fmt;
use std::str::FromStr;

use microprolly_storage::{ChunkHash, RootHash, StorageError};

pub(crate) use ancestry::History;
pub use ancestry::Log;

use crate::environment::Timestamp;

/// The longest commit message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The identity of a commit: the hash of its encoding. Shown shortened to
/// twelve digits where a person reads it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(ChunkHash);

impl CommitId {
    /// The chunk that holds the commit.
    pub const fn chunk(&self) -> ChunkHash {
        self.0
    }
}

impl From<ChunkHash> for CommitId {
    fn from(hash: ChunkHash) -> Self {
        Self(hash)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for CommitId {
    type Err = StorageError;

    fn from_str(text: &str) -> Result<Self, StorageError> {
        text.parse().map(Self)
    }
}

/// What a commit records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The root of the data tree.
    pub root: RootHash,
    /// The commits it follows, the branch's own first; empty only for the
    /// first commit of a database.
    pub parents: Vec<CommitId>,
    /// Who made the change.
    pub author: String,
    /// Who recorded it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// A JSON object of the user's own, or empty.
    pub metadata: String,
    /// When it was recorded; never before its first parent.
    pub timestamp: Timestamp,
    /// One more than the greatest generation among its parents.
    pub generation: u64,
    /// How many first parents lie between it and the first commit.
    pub depth: u64,
    /// An ancestor along first parents, chosen so that any other is reached
    /// in O(log n) steps; none for the first commit.
    pub jump: Option<Jump>,
    /// Random, so that an id does not confirm a guess about the contents.
    pub salt: [u8; 16],
}

impl Commit {
    /// The chunks that it refers to: its data, its parents and its jump pointer.
    pub(crate) fn references(&self) -> Vec<ChunkHash> {
        let jump = self.jump.map(|jump| jump.id.chunk());
        let parents = self.parents.iter().map(CommitId::chunk);
        [self.root.chunk()].into_iter().chain(parents).chain(jump).collect()
    }
}

/// A pointer far back along first parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// The ancestor.
    pub id: CommitId,
    /// Its depth.
    pub depth: u64,
}

/// What a user says of a new version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitOptions {
    /// Why the change was made.
    pub message: String,
    /// Who made it, if not the session's principal.
    pub author: Option<String>,
    /// A JSON object to keep with the commit.
    pub metadata: Option<String>,
    /// Record a version even when nothing changed.
    pub allow_empty: bool,
}

impl CommitOptions {
    /// Options with just a message.
    pub fn message(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}
