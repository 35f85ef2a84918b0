//! Mistakes of a store, made in its place.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::path::Path;

/// A call that does nothing and reports success, as if the store had forgotten to
/// make it. Tests that look for lost data prove with these that they would find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The sync of a file in whose name this occurs.
    FileSync {
        /// A part of the last component of the path.
        name_contains: String,
    },
    /// The sync of a file in whose name this occurs, if it is the first through a
    /// handle on a file that was there when it was opened.
    FirstSync {
        /// A part of the last component of the path.
        name_contains: String,
    },
    /// The sync of a file, if these bytes occur in what was last appended to it.
    SyncOf {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The sync of a directory of this name.
    DirSync {
        /// The last component of the path: nothing, for the root directory and the
        /// current one.
        name: String,
    },
    /// The truncation of a file in whose name this occurs.
    Truncate {
        /// A part of the last component of the path.
        name_contains: String,
    },
    /// The removal of a file in whose name this occurs.
    Remove {
        /// A part of the last component of the path.
        name_contains: String,
    },
}

/// A call that may be ignored.
pub(super) enum Call<'a> {
    Sync { path: &'a Path, last_appended: &'a [u8], is_first: bool },
    SyncDir { path: &'a Path },
    Truncate { path: &'a Path },
    Remove { path: &'a Path },
}

/// What is ignored, and how often.
#[derive(Debug)]
pub(super) struct Ignoring {
    ignored: Ignored,
    /// One call in so many is ignored.
    every: NonZeroU64,
    calls: u64,
}

impl Ignoring {
    pub(super) fn new(ignored: Ignored, every: NonZeroU64) -> Self {
        Self { ignored, every, calls: 0 }
    }

    /// Counts a call, and says whether it is one that is ignored.
    pub(super) fn ignores(&mut self, call: &Call<'_>) -> bool {
        if !self.ignored.covers(call) {
            return false;
        }
        self.calls += 1;
        self.calls.is_multiple_of(self.every.get())
    }
}

impl Ignored {
    fn covers(&self, call: &Call<'_>) -> bool {
        match (self, call) {
            (Self::FileSync { name_contains }, Call::Sync { path, .. })
            | (Self::FirstSync { name_contains }, Call::Sync { path, is_first: true, .. })
            | (Self::Truncate { name_contains }, Call::Truncate { path })
            | (Self::Remove { name_contains }, Call::Remove { path }) => {
                name(path).contains(name_contains.as_str())
            }
            (Self::SyncOf { bytes }, Call::Sync { last_appended, .. }) => {
                bytes.is_empty() || last_appended.windows(bytes.len()).any(|window| window == bytes)
            }
            (Self::DirSync { name: wanted }, Call::SyncDir { path }) => name(path) == wanted.as_str(),
            _ => false,
        }
    }
}

fn name(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}
