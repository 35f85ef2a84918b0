//! Names of branches and tags, parsed once at the edge.

use std::fmt;
use std::sync::Arc;

use crate::error::{EngineError, Kind, Result};

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// What a revision may mean without naming a branch or a tag.
const RESERVED: [&str; 2] = ["HEAD", "WORKING"];

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// [`EngineError::InvalidName`] with the rule that it breaks.
            pub fn parse(text: &str) -> Result<Self> {
                check(text).map_err(|reason| EngineError::InvalidName {
                    kind: $kind,
                    name: text.to_owned(),
                    reason: reason.to_owned(),
                })?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type!(
    /// The name of a branch: `main`, `alice/feature-x`.
    BranchName,
    Kind::Branch
);

name_type!(
    /// The name of a tag: `v1.0`.
    TagName,
    Kind::Tag
);

/// The rules that every name keeps, so that revisions such as `main~3` and
/// paths such as `alice/feature` can be told apart from it.
fn check(text: &str) -> std::result::Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > NAME_BYTES_MAX {
        return Err("it is longer than 200 bytes");
    }
    if RESERVED.contains(&text) {
        return Err("the word has a meaning of its own");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\'\"".contains(c)) {
        return Err("it holds a space, a control character or one of ~ ^ : ? * [ \\ ' \"");
    }
    if text.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock")) {
        return Err("a part between slashes is empty, begins with a dot or ends with .lock");
    }
    if text.contains("..") || text.contains("@{") || text.starts_with('-') || text.ends_with('.') {
        return Err("it holds .. or @{, begins with - or ends with a dot");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_taken_and_revision_syntax_is_not() {
        for good in ["main", "alice/feature-x", "v1.0", "Überarbeitung", "2026-01-31"] {
            assert!(BranchName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "main~1", "x^", "HEAD", "a..b", "/a", "a//b", ".hidden", "a\0b", "-f", "it's"]
        {
            assert!(BranchName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
