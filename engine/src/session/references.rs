//! Branches and tags.

use microprolly_storage::KeyRange;

use super::{Session, unknown_branch};
use crate::commit::{CommitId, MESSAGE_BYTES_MAX};
use crate::database::DEFAULT_BRANCH;
use crate::error::{EngineError, Kind, Result};
use crate::name::{BranchName, TagName};
use crate::revision::Version;
use crate::state::{Branch, State, Tag};

/// A branch as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchInfo {
    /// Its name.
    pub name: BranchName,
    /// Its last commit.
    pub head: CommitId,
    /// Whether its working state differs from its last commit.
    pub is_dirty: bool,
}

impl Session {
    /// All branches by name.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn branches(&self) -> Result<Vec<BranchInfo>> {
        let state = self.state();
        state
            .branches
            .iter()
            .map(|(name, branch)| {
                let is_dirty = self.is_branch_dirty(branch)?;
                Ok(BranchInfo { name: name.clone(), head: branch.head, is_dirty })
            })
            .collect()
    }

    /// Names of all branches, in order.
    pub fn branch_names(&self) -> Vec<BranchName> {
        self.state().branches.keys().cloned().collect()
    }

    /// Whether the branch's working state differs from its last commit.
    ///
    /// # Errors
    /// When the branch has been dropped, or data cannot be read.
    pub fn is_dirty(&self) -> Result<bool> {
        let state = self.state();
        self.is_branch_dirty(self.database.shared.branch(&state, &self.branch)?)
    }

    fn is_branch_dirty(&self, branch: &Branch) -> Result<bool> {
        let committed = self.snapshot(&Version::Commit(branch.head))?;
        if branch.working.is_same(&committed) {
            return Ok(false);
        }
        branch.working.differs(&committed, &KeyRange::all())
    }

    /// Creates a branch at a revision. From a branch it starts with that
    /// branch's last commit and working state, uncommitted changes included;
    /// from anything else with the commit alone. No data is copied.
    ///
    /// # Errors
    /// When the name is taken or not valid, or the revision is not known.
    pub fn create_branch(&self, name: &str, from: &str) -> Result<()> {
        let name = BranchName::parse(name)?;
        let shared = &self.database.shared;
        shared.publisher.publish(|publication| {
            check_free(&publication.state, name.as_str())?;
            let branch = match shared.resolve(&publication.state, &self.branch, from)? {
                Version::Working(source) => {
                    let source = shared.branch(&publication.state, &source)?;
                    Branch::new(source.head, publication.new_epoch(), source.working.folded()?)
                }
                Version::Commit(head) => {
                    let tree = self.snapshot(&Version::Commit(head))?.tree;
                    Branch::new(head, publication.new_epoch(), tree)
                }
            };
            publication.set_branch(&name, Some(branch));
            Ok(())
        })
    }

    /// Drops a branch. Its commits stay where other branches and tags reach them.
    ///
    /// # Errors
    /// When it is the session's own or the default branch; and, unless
    /// `force` is set, when it has commits or changes that nothing else has.
    pub fn drop_branch(&self, name: &str, force: bool) -> Result<()> {
        let shared = &self.database.shared;
        shared.publisher.publish(|publication| {
            let (name, branch) = find(&publication.state, name)?;
            if name == self.branch {
                return Err(refused(
                    format!("cannot drop branch \"{name}\" while it is in use"),
                    "Switch to another branch first.",
                ));
            }
            if name.as_str() == DEFAULT_BRANCH {
                return Err(refused(
                    format!("cannot drop branch \"{name}\": sessions begin on it"),
                    "Rename another branch if it should take its place.",
                ));
            }
            if !force {
                self.check_nothing_lost(&publication.state, &name, &branch)?;
            }
            publication.set_branch(&name, None);
            Ok(())
        })
    }

    fn check_nothing_lost(&self, state: &State, name: &BranchName, branch: &Branch) -> Result<()> {
        let hint = "Drop it with FORCE to lose them.";
        if self.is_branch_dirty(branch)? {
            return Err(refused(format!("branch \"{name}\" has uncommitted changes"), hint));
        }
        let others = state.branches.iter().filter(|(other, _)| *other != name).map(|(_, other)| other.head);
        let kept: Vec<CommitId> = others.chain(state.tags.values().map(|tag| tag.commit)).collect();
        let mut lost = 0_u64;
        for commit in self.database.shared.history.log([branch.head], kept) {
            commit?;
            lost += 1;
        }
        if lost > 0 {
            return Err(refused(format!("branch \"{name}\" has {lost} commits that nothing else has"), hint));
        }
        Ok(())
    }

    /// Gives a branch another name.
    ///
    /// # Errors
    /// When there is no such branch, or the new name is taken or not valid.
    pub fn rename_branch(&mut self, name: &str, to: &str) -> Result<()> {
        let to = BranchName::parse(to)?;
        let shared = &self.database.shared;
        let renamed = shared.publisher.publish(|publication| {
            let (name, branch) = find(&publication.state, name)?;
            check_free(&publication.state, to.as_str())?;
            if name.as_str() == DEFAULT_BRANCH {
                return Err(refused(
                    format!("cannot rename branch \"{name}\": sessions begin on it"),
                    "Create another branch from it instead.",
                ));
            }
            // The log knows pending writes by the branch's name, so they are
            // put into the tree before it changes.
            let moved = branch.moved_to(branch.head, publication.new_epoch(), branch.working.folded()?);
            publication.set_branch(&name, None);
            publication.set_branch(&to, Some(moved));
            Ok(name)
        })?;
        if self.branch == renamed {
            self.branch = to;
        }
        Ok(())
    }

    /// All tags by name.
    pub fn tags(&self) -> Vec<(TagName, Tag)> {
        self.state().tags.iter().map(|(name, tag)| (name.clone(), tag.clone())).collect()
    }

    /// One tag.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        self.state().tags.get(name).cloned()
    }

    /// Creates a tag: a name for a commit that never moves.
    ///
    /// # Errors
    /// When the name is taken or not valid, the revision is not known, or the
    /// message is longer than [`MESSAGE_BYTES_MAX`].
    pub fn create_tag(&self, name: &str, at: &str, message: &str) -> Result<CommitId> {
        let name = TagName::parse(name)?;
        if message.len() > MESSAGE_BYTES_MAX {
            let reason = format!("the message of a tag has at most {MESSAGE_BYTES_MAX} bytes");
            return Err(EngineError::Refused { reason, hint: None });
        }
        let shared = &self.database.shared;
        shared.publisher.publish(|publication| {
            check_free(&publication.state, name.as_str())?;
            let version = shared.resolve(&publication.state, &self.branch, at)?;
            let commit = shared.commit_of(&publication.state, &version)?;
            let tag = Tag {
                commit,
                message: message.to_owned(),
                tagger: self.principal.name().to_owned(),
                created: shared.clock.now(),
            };
            publication.set_tag(&name, Some(tag));
            Ok(commit)
        })
    }

    /// Drops a tag.
    ///
    /// # Errors
    /// When there is no such tag.
    pub fn drop_tag(&self, name: &str) -> Result<()> {
        self.database.shared.publisher.publish(|publication| {
            let found = publication.state.tags.get_key_value(name).map(|(name, _)| name.clone());
            let name = found.ok_or_else(|| {
                EngineError::not_found(Kind::Tag, name, publication.state.tags.keys().map(TagName::as_str))
            })?;
            publication.set_tag(&name, None);
            Ok(())
        })
    }
}

fn find(state: &State, name: &str) -> Result<(BranchName, Branch)> {
    let (name, branch) = state.branches.get_key_value(name).ok_or_else(|| unknown_branch(state, name))?;
    Ok((name.clone(), branch.clone()))
}

/// A name means one thing: a branch and a tag cannot share it.
fn check_free(state: &State, name: &str) -> Result<()> {
    let kind = if state.branches.contains_key(name) {
        Kind::Branch
    } else if state.tags.contains_key(name) {
        Kind::Tag
    } else {
        return Ok(());
    };
    Err(EngineError::AlreadyExists { kind, name: name.to_owned() })
}

fn refused(reason: String, hint: &str) -> EngineError {
    EngineError::Refused { reason, hint: Some(hint.to_owned()) }
}
