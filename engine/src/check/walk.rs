//! Following every reference, past what is damaged.

use std::collections::HashSet;
use std::sync::Arc;

use microprolly_storage::{ChunkHash, NodeStore, StorageError, Tree};

use super::finding::{Finding, FindingKind};
use crate::commit::{Commit, CommitId};
use crate::database::Shared;
use crate::error::{EngineError, Result};
use crate::state::State;

/// A walk over all that states lead to.
pub(super) struct Walk<'a> {
    shared: &'a Shared,
    nodes: Arc<NodeStore>,
    visited: HashSet<ChunkHash>,
    findings: Vec<Finding>,
}

impl<'a> Walk<'a> {
    /// A walk that reads trees through `nodes`.
    pub(super) fn new(shared: &'a Shared, nodes: Arc<NodeStore>) -> Self {
        Self { shared, nodes, visited: HashSet::new(), findings: Vec::new() }
    }

    /// Everything reached, and everything found.
    pub(super) fn finish(self) -> (HashSet<ChunkHash>, Vec<Finding>) {
        (self.visited, self.findings)
    }

    /// Checks a state: the catalog, and each branch and tag.
    pub(super) fn state(&mut self, state: &State) -> Result<()> {
        self.tree(state.catalog.root().chunk(), "the catalog")?;
        for (name, branch) in &state.branches {
            let by = format!("branch {name}");
            self.tree(branch.working.tree.root().chunk(), &format!("{by}, working set"))?;
            self.commits(branch.head, &by)?;
        }
        for (name, tag) in &state.tags {
            self.commits(tag.commit, &format!("tag {name}"))?;
        }
        Ok(())
    }

    /// Takes in a tree that somebody is reading.
    pub(super) fn reader(&mut self, tree: &Tree) -> Result<()> {
        self.tree(tree.root().chunk(), "a reader")
    }

    fn tree(&mut self, root: ChunkHash, by: &str) -> Result<()> {
        let Self { nodes, visited, findings, .. } = self;
        let tree = Tree::open(nodes, root.into());
        tree.check(visited, &mut |fault| findings.push(Finding::of_tree(&fault, by)))?;
        Ok(())
    }

    /// Checks a commit and all before it.
    fn commits(&mut self, head: CommitId, by: &str) -> Result<()> {
        let mut pending = vec![(head, by.to_owned())];
        while let Some((id, by)) = pending.pop() {
            if !self.visited.insert(id.chunk()) {
                continue;
            }
            let Some(commit) = self.read(id, &by, id == head)? else { continue };
            let by_commit = format!("{by}, commit {id}");
            self.tree(commit.root.chunk(), &by_commit)?;
            self.history(id, &commit, &by)?;
            let origin = by.split(',').next().unwrap_or_default();
            for parent in &commit.parents {
                pending.push((*parent, format!("{origin}, commit {id}")));
            }
        }
        Ok(())
    }

    /// Reads a commit; `None` if it is damaged, which is noted.
    fn read(&mut self, id: CommitId, by: &str, is_named: bool) -> Result<Option<Commit>> {
        let read = self.nodes.chunks().read(&id.chunk()).map_err(EngineError::from);
        let error = match read.and_then(|encoding| Commit::decode(id, encoding)) {
            Ok(commit) => return Ok(Some(commit)),
            Err(EngineError::Storage(error)) => error,
            Err(other) => return Err(other),
        };
        let kind = match &error {
            StorageError::NotFound { .. } if is_named => FindingKind::BrokenReference,
            StorageError::NotFound { .. } => FindingKind::MissingObject,
            StorageError::Corrupt { .. } | StorageError::NewerFormat { .. } => FindingKind::CorruptObject,
            _ => return Err(error.into()),
        };
        self.findings.push(Finding::reached(kind, id.chunk(), by, error.to_string()));
        Ok(None)
    }

    /// Compares a commit with its parents and with where its jump pointer leads.
    fn history(&mut self, id: CommitId, commit: &Commit, by: &str) -> Result<()> {
        let mut wrong = |detail: String| {
            self.findings.push(Finding::reached(FindingKind::WrongHistory, id.chunk(), by, detail));
        };
        let mut generation_before = None;
        for (index, parent) in commit.parents.iter().enumerate() {
            // One that cannot be read is found when it is its turn.
            let Ok(parent) = self.shared.history.read(*parent) else { return Ok(()) };
            generation_before = generation_before.max(Some(parent.generation));
            if index == 0 && commit.depth != parent.depth + 1 {
                wrong(format!(
                    "its depth {} is not one more than its parent's {}",
                    commit.depth, parent.depth
                ));
            }
            if index == 0 && commit.timestamp < parent.timestamp {
                wrong(format!("its time {} is before its parent's {}", commit.timestamp, parent.timestamp));
            }
        }
        let generation = generation_before.map_or(0, |before| before + 1);
        if commit.generation != generation {
            wrong(format!("its generation {} should be {generation}", commit.generation));
        }
        if let Some(jump) = commit.jump
            && let Ok(target) = self.shared.history.read(jump.id)
            && target.depth != jump.depth
        {
            wrong(format!("its jump pointer says depth {} of a commit at {}", jump.depth, target.depth));
        }
        Ok(())
    }
}
