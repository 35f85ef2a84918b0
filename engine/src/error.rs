//! What can go wrong in the engine, by what the caller can do about it.

use bytes::Bytes;
use microprolly_storage::StorageError;

/// The result of every fallible operation of this crate.
pub type Result<T> = std::result::Result<T, EngineError>;

/// A failed operation. Nothing was changed by it, unless the layer below
/// failed while a change was being made durable: then the change is there as a
/// whole or not at all, and which of the two shows when the database is opened
/// again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The layer below failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There is no such thing.
    #[error("{} \"{name}\" does not exist", kind.noun())]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// The name as given.
        name: String,
        /// Existing names that resemble it, best first.
        near: Vec<String>,
    },
    /// The name is taken.
    #[error("{} \"{name}\" already exists", kind.noun())]
    AlreadyExists {
        /// What holds the name.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// A revision that fits more than one thing.
    #[error("revision \"{revision}\" is ambiguous")]
    Ambiguous {
        /// The revision as given.
        revision: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// A name or revision that cannot be one.
    #[error("\"{name}\" is not a valid {}: {reason}", kind.noun())]
    InvalidName {
        /// What it was to name.
        kind: Kind,
        /// The name as given.
        name: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// A value that its type does not admit.
    #[error("{reason}")]
    InvalidValue {
        /// The key it was to be stored under.
        key: Bytes,
        /// The field at fault, if one is.
        column: Option<String>,
        /// Why, in one sentence.
        reason: String,
        /// Which rule is broken.
        violation: Violation,
    },
    /// A type that cannot be defined or changed so.
    #[error("{reason}")]
    InvalidDefinition {
        /// Why, in one sentence.
        reason: String,
    },
    /// Another transaction changed the same thing first. Trying the whole
    /// transaction again may succeed.
    #[error("could not serialize access: {what} was changed by another transaction")]
    Conflict {
        /// The key or definition.
        what: String,
    },
    /// There is nothing for a commit to record.
    #[error("nothing to commit: branch \"{branch}\" has no changes")]
    NothingToCommit {
        /// The branch.
        branch: String,
    },
    /// The operation is refused in the present state of things.
    #[error("{reason}")]
    Refused {
        /// Why, in one sentence.
        reason: String,
        /// What would help.
        hint: Option<String>,
    },
}

/// The kinds of things that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// Anything that names a version: branch, tag, commit, time.
    Revision,
    /// A type, which SQL shows as a table.
    Type,
    /// A column of a type.
    Column,
    /// A node of a tree, a commit or a large value, by its hash.
    Object,
}

impl Kind {
    /// The word for it in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Revision => "revision",
            Self::Type => "table",
            Self::Column => "column",
            Self::Object => "object",
        }
    }
}

/// The rule that a refused value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The text is no JSON object.
    Malformed,
    /// A field has a JSON type or a form that its column does not take.
    WrongType,
    /// A number, text or time is outside what the column can hold.
    OutOfRange,
    /// A required field is absent or null.
    Missing,
    /// The key does not say what the value's key fields say.
    KeyMismatch,
}

impl EngineError {
    /// An unknown name, with those of `names` that resemble it.
    pub fn not_found<'a>(kind: Kind, name: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut near: Vec<(f64, &str)> = names
            .into_iter()
            .map(|candidate| {
                (strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase()), candidate)
            })
            .filter(|(likeness, _)| *likeness > 0.75)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let near = near.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect();
        Self::NotFound { kind, name: name.to_owned(), near }
    }

    /// What would help, as one sentence for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { near, .. } if !near.is_empty() => {
                Some(format!("Did you mean {}?", alternatives(near)))
            }
            Self::Ambiguous { candidates, .. } => Some(format!("It could be {}.", alternatives(candidates))),
            Self::Conflict { .. } => Some("Run the transaction again.".to_owned()),
            Self::NothingToCommit { .. } => {
                Some("Add ALLOW EMPTY to record a version all the same.".to_owned())
            }
            Self::Refused { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}

fn alternatives(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(" or ")
}
