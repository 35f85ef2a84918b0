//! Saving what can be read of a damaged database into a new one.

use std::path::Path;
use std::sync::Arc;

use microprolly_storage::{RealVfs, Tree, TreeFault, Vfs};

use crate::check::Finding;
use crate::commit::CommitOptions;
use crate::database::{DEFAULT_BRANCH, Database, DatabaseOptions};
use crate::error::{EngineError, Result};
use crate::principal::Principal;
use crate::session::Session;

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// Every branch and tag of the damaged database.
    pub branches: Vec<SalvagedBranch>,
}

/// What was saved of a branch or a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvagedBranch {
    /// Its name.
    pub name: String,
    /// Keys that were saved.
    pub keys: u64,
    /// What could not be read, with what would have led to it.
    pub lost: Vec<Finding>,
}

impl Database {
    /// Saves what can be read of the database in `from` into a new one in `to`:
    /// of every branch its working state, of every tag its version, each as one
    /// commit, and the definitions of types. What comes before is not copied.
    ///
    /// # Errors
    /// When `from` does not open (repair it first), `to` is not empty, or the
    /// disk fails. What is damaged is in the report.
    pub fn salvage(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<SalvageReport> {
        let vfs: Arc<dyn Vfs> = Arc::new(RealVfs);
        let options = DatabaseOptions::default();
        Self::salvage_with(vfs, from.as_ref(), to.as_ref(), &options)
    }

    /// As [`Database::salvage`], on any file system.
    ///
    /// # Errors
    /// As there.
    pub fn salvage_with(
        vfs: Arc<dyn Vfs>,
        from: &Path,
        to: &Path,
        options: &DatabaseOptions,
    ) -> Result<SalvageReport> {
        let damaged = Self::open_with(vfs.clone(), from, options)?;
        let saved = Self::create_with(vfs, to, options)?;
        let state = damaged.shared.publisher.state();
        let mut session = saved.session(Principal::all_powerful("salvage"))?;
        // Every branch of the new database begins at its first, empty commit.
        let first = session.commit_of(&session.resolve("HEAD")?)?.to_string();
        let mut transaction = session.begin_transaction()?;
        for definition in state.types.values() {
            transaction.define_type((**definition).clone())?;
        }
        transaction.commit()?;
        let mut report = SalvageReport::default();
        for (name, branch) in &state.branches {
            if name.as_str() != DEFAULT_BRANCH {
                session.create_branch(name.as_str(), &first)?;
            }
            session.switch_branch(name.as_str())?;
            report.branches.push(save(&session, name.as_str(), &branch.working.folded()?)?);
        }
        for (name, tag) in &state.tags {
            let branch = format!("salvage/{name}");
            session.create_branch(&branch, &first)?;
            session.switch_branch(&branch)?;
            match damaged.shared.history.read(tag.commit) {
                Ok(commit) => {
                    let tree = Tree::open(&damaged.shared.nodes, commit.root);
                    report.branches.push(save(&session, name.as_str(), &tree)?);
                    session.create_tag(name.as_str(), "HEAD", &tag.message)?;
                }
                Err(EngineError::Storage(error)) => {
                    let lost = vec![Finding::lost_commit(tag.commit, &format!("tag {name}"), &error)];
                    report.branches.push(SalvagedBranch { name: name.to_string(), keys: 0, lost });
                }
                Err(error) => return Err(error),
            }
            session.switch_branch(DEFAULT_BRANCH)?;
            session.drop_branch(&branch, true)?;
        }
        Ok(report)
    }
}

/// Writes all entries of a tree that can be read to the session's branch, as one
/// version.
fn save(session: &Session, name: &str, tree: &Tree) -> Result<SalvagedBranch> {
    let mut saved = SalvagedBranch { name: name.to_owned(), ..SalvagedBranch::default() };
    let mut transaction = session.begin_transaction()?;
    let mut failure = None;
    let by = format!("branch or tag {name}");
    tree.salvage(
        &mut |fault: TreeFault| saved.lost.push(Finding::of_tree(&fault, &by)),
        &mut |key, value| {
            saved.keys += 1;
            // As they were: rows were checked when they were written.
            transaction.put_unchecked(key, value).map_err(|error| failure = Some(error)).is_ok()
        },
    )?;
    if let Some(error) = failure {
        return Err(error);
    }
    let message = format!("salvaged: {name}");
    let options = CommitOptions { allow_empty: true, ..CommitOptions::message(message) };
    transaction.commit_version(options)?;
    Ok(saved)
}
