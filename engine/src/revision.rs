//! Names of versions: `main`, `v1.0`, `9f2c41ab`, `HEAD`, `main~3`, a time.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::Utc;
use microprolly_storage::ChunkHash;

use crate::commit::CommitId;
use crate::database::Shared;
use crate::environment::Timestamp;
use crate::error::{EngineError, Kind, Result};
use crate::name::{BranchName, TagName};
use crate::state::State;

/// The fewest hexadecimal digits that name a commit.
pub const COMMIT_PREFIX_DIGITS_MIN: usize = 8;

/// What a revision means at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The working state of a branch, which moves on.
    Working(BranchName),
    /// A commit, which never changes.
    Commit(CommitId),
}

/// A revision as written: a base, and how many first parents to go back.
struct Revision<'a> {
    base: &'a str,
    steps: u64,
}

impl<'a> Revision<'a> {
    /// Takes `^`, `^^`, `~n` and mixtures off the end.
    fn parse(text: &'a str) -> Result<Self> {
        let invalid = |reason: &str| EngineError::InvalidName {
            kind: Kind::Revision,
            name: text.to_owned(),
            reason: reason.to_owned(),
        };
        let end = text.find(['^', '~']).unwrap_or(text.len());
        let (base, mut suffix) = text.split_at(end);
        if base.is_empty() {
            return Err(invalid("it names nothing to start from"));
        }
        let mut steps = 0_u64;
        while let Some(operator) = suffix.chars().next() {
            suffix = &suffix[operator.len_utf8()..];
            let digits = suffix.find(|c: char| !c.is_ascii_digit()).unwrap_or(suffix.len());
            let (number, rest) = suffix.split_at(digits);
            let count = match (operator, number) {
                ('^', "" | "1") | ('~', "") => 1,
                ('~', number) => number.parse().map_err(|_| invalid("the number of steps is too large"))?,
                ('^', _) => {
                    return Err(invalid("^ takes no number here; only first parents can be followed"));
                }
                _ => return Err(invalid("only ^ and ~ may follow a name")),
            };
            steps = steps.checked_add(count).ok_or_else(|| invalid("the number of steps is too large"))?;
            suffix = rest;
        }
        Ok(Self { base, steps })
    }
}

impl Shared {
    /// Finds what `text` means for a session on `branch`.
    ///
    /// # Errors
    /// Unknown, ambiguous and malformed revisions; a step past the first commit.
    pub(crate) fn resolve(&self, state: &State, branch: &BranchName, text: &str) -> Result<Version> {
        let revision = Revision::parse(text)?;
        let version = self.resolve_base(state, branch, text, revision.base)?;
        if revision.steps == 0 {
            return Ok(version);
        }
        let commit = self.commit_of(state, &version)?;
        match self.history.nth_ancestor(commit, revision.steps)? {
            Some(ancestor) => Ok(Version::Commit(ancestor)),
            None => {
                let depth = self.history.read(commit)?.depth;
                Err(EngineError::Refused {
                    reason: format!("revision \"{text}\" goes back past the first commit"),
                    hint: Some(format!("\"{}\" has {depth} commits before it.", revision.base)),
                })
            }
        }
    }

    /// The last commit of a version.
    pub(crate) fn commit_of(&self, state: &State, version: &Version) -> Result<CommitId> {
        match version {
            Version::Commit(id) => Ok(*id),
            Version::Working(name) => Ok(self.branch(state, name)?.head),
        }
    }

    fn resolve_base(&self, state: &State, branch: &BranchName, text: &str, base: &str) -> Result<Version> {
        match base {
            "WORKING" => return Ok(Version::Working(branch.clone())),
            "HEAD" => return Ok(Version::Commit(self.branch(state, branch)?.head)),
            _ => {}
        }
        let mut candidates = Vec::new();
        if let Some((name, _)) = state.branches.get_key_value(base) {
            candidates.push((format!("branch {name}"), Version::Working(name.clone())));
        }
        if let Some((name, tag)) = state.tags.get_key_value(base) {
            candidates.push((format!("tag {name}"), Version::Commit(tag.commit)));
        }
        for id in self.commits_with_prefix(base)? {
            candidates.push((format!("commit {id}"), Version::Commit(id)));
        }
        if candidates.len() > 1 {
            let candidates = candidates.into_iter().map(|(name, _)| name).collect();
            return Err(EngineError::Ambiguous { revision: text.to_owned(), candidates });
        }
        if let Some((_, version)) = candidates.pop() {
            return Ok(version);
        }
        if let Some(time) = time(base) {
            let head = self.branch(state, branch)?.head;
            return match self.history.at_time(head, time)? {
                Some(commit) => Ok(Version::Commit(commit)),
                None => Err(EngineError::Refused {
                    reason: format!("branch \"{branch}\" has no commit at or before {time}"),
                    hint: None,
                }),
            };
        }
        let names =
            state.branches.keys().map(BranchName::as_str).chain(state.tags.keys().map(TagName::as_str));
        Err(EngineError::not_found(Kind::Revision, base, names))
    }

    fn commits_with_prefix(&self, text: &str) -> Result<Vec<CommitId>> {
        /// More than one is an error anyway; this many are listed.
        const LISTED_MAX: usize = 8;
        let Some((bytes, digit)) = hash_prefix(text) else { return Ok(Vec::new()) };
        let mut commits = Vec::new();
        for hash in self.store.hashes_with_prefix(&bytes, digit, LISTED_MAX)? {
            // The store knows chunks of every kind by hash; only commits count.
            if self.is_commit(hash)? {
                commits.push(hash.into());
            }
        }
        Ok(commits)
    }

    fn is_commit(&self, hash: ChunkHash) -> Result<bool> {
        use microprolly_storage::{ChunkKind, ChunkStore};
        Ok(ChunkKind::of(&self.store.read(&hash)?) == Some(ChunkKind::Commit))
    }
}

/// The start of a hash, as whole bytes and perhaps a digit more. `None` for what
/// is no hexadecimal number, or has too few digits or too many to name anything.
pub(crate) fn hash_prefix(text: &str) -> Option<(Vec<u8>, Option<u8>)> {
    if !(COMMIT_PREFIX_DIGITS_MIN..=2 * ChunkHash::LEN).contains(&text.len()) {
        return None;
    }
    let digits = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    Some((pairs.iter().map(|[high, low]| high << 4 | low).collect(), rest.first().copied()))
}

/// A moment; a date alone is its first one, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    string_to_datetime(&Utc, text).ok().map(|time| Timestamp::from_micros(time.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_a_hash_has_eight_digits_or_more() {
        assert_eq!(hash_prefix("0123456789"), Some((vec![0x01, 0x23, 0x45, 0x67, 0x89], None)));
        assert_eq!(hash_prefix("ABCDEF012"), Some((vec![0xab, 0xcd, 0xef, 0x01], Some(2))));
        assert!(hash_prefix(&"f".repeat(64)).is_some());
        for none in ["", "0123456", "0123456g", "٠١٢٣٤٥٦٧", &"f".repeat(65)] {
            assert_eq!(hash_prefix(none), None, "{none}");
        }
    }

    #[test]
    fn suffixes_add_up() {
        let steps = |text: &str| {
            Revision::parse(text).map(|revision| (revision.base.to_owned(), revision.steps)).ok()
        };
        assert_eq!(steps("main"), Some(("main".into(), 0)));
        assert_eq!(steps("main^"), Some(("main".into(), 1)));
        assert_eq!(steps("main^^~3"), Some(("main".into(), 5)));
        assert_eq!(steps("HEAD~0"), Some(("HEAD".into(), 0)));
        for bad in ["^", "main^2", "main~99999999999999999999", "main~1x", "~3", "main^é", "main~2é"] {
            assert_eq!(steps(bad), None, "{bad}");
        }
    }
}
