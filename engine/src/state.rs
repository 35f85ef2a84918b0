//! Everything that is true at one moment, immutable and cheap to copy.

use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use microprolly_storage::{ChunkHash, Lsn, Mutation, NodeStore, RootHash, Tree};

use crate::catalog::{self, BranchRecord, TagRecord, TypeRecord};
use crate::collection::GrowthPolicy;
use crate::commit::CommitId;
use crate::environment::Timestamp;
use crate::error::Result;
use crate::name::{BranchName, TagName};
use crate::schema::TypeDefinition;
use crate::snapshot::Snapshot;

/// The database as one value. A reader holds one and is never blocked; a
/// writer makes the next one from it.
#[derive(Clone)]
pub(crate) struct State {
    /// Up to where the log must be on disk for this state to be durable; none
    /// for the state that was found there.
    pub(crate) lsn: Option<Lsn>,
    pub(crate) catalog: Tree,
    pub(crate) branches: OrdMap<BranchName, Branch>,
    pub(crate) tags: OrdMap<TagName, Tag>,
    pub(crate) types: Types,
    /// When garbage is collected unasked; `None` if never.
    pub(crate) automatic_collection: Option<GrowthPolicy>,
}

/// The defined types by name.
pub(crate) type Types = OrdMap<String, Arc<TypeDefinition>>;

/// A branch: its last commit, and its working state.
#[derive(Clone)]
pub(crate) struct Branch {
    /// Tells it from a later branch of the same name: its first epoch.
    pub(crate) id: u64,
    pub(crate) head: CommitId,
    /// Names the working set in the log: every fold into the tree begins another.
    pub(crate) epoch: u64,
    pub(crate) working: Snapshot,
}

/// An immutable name for a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The commit.
    pub commit: CommitId,
    /// Why it was tagged; may be empty.
    pub message: String,
    /// Who tagged it.
    pub tagger: String,
    /// When.
    pub created: Timestamp,
}

impl State {
    /// Reads the state that a catalog describes.
    pub(crate) fn load(catalog: Tree, lsn: Option<Lsn>) -> Result<Self> {
        let nodes = catalog.nodes().clone();
        let mut branches = OrdMap::new();
        for (name, record) in catalog::records::<BranchRecord>(&catalog, catalog::BRANCH)? {
            branches.insert(BranchName::parse(&name)?, Branch::load(&nodes, &record)?);
        }
        let mut tags = OrdMap::new();
        for (name, record) in catalog::records::<TagRecord>(&catalog, catalog::TAG)? {
            let tag = Tag {
                commit: record.commit.parse()?,
                message: record.message,
                tagger: record.tagger,
                created: Timestamp::from_micros(record.created_micros),
            };
            tags.insert(TagName::parse(&name)?, tag);
        }
        let types = catalog::records::<TypeRecord>(&catalog, catalog::TYPE)?
            .into_iter()
            .map(|(name, record)| (name, Arc::new(record.definition)))
            .collect();
        let automatic_collection = match catalog.get(catalog::AUTOMATIC_COLLECTION.as_bytes())? {
            Some(value) => {
                GrowthPolicy::of_record(&catalog::decode(catalog::AUTOMATIC_COLLECTION.as_bytes(), &value)?)
            }
            None => Some(GrowthPolicy::default()),
        };
        Ok(Self { lsn, catalog, branches, tags, types, automatic_collection })
    }
}

impl State {
    /// The chunks that lead to everything in it: the catalog, and what its
    /// records refer to.
    pub(crate) fn roots(&self) -> Vec<ChunkHash> {
        let branches = self
            .branches
            .values()
            .flat_map(|branch| [branch.head.chunk(), branch.working.tree.root().chunk()]);
        let tags = self.tags.values().map(|tag| tag.commit.chunk());
        [self.catalog.root().chunk()].into_iter().chain(branches).chain(tags).collect()
    }
}

impl Branch {
    /// A branch that was not there before.
    pub(crate) fn new(head: CommitId, epoch: u64, tree: Tree) -> Self {
        Self { id: epoch, head, epoch, working: Snapshot::of_tree(tree) }
    }

    /// The same branch with another head or working tree, in a new epoch.
    pub(crate) fn moved_to(&self, head: CommitId, epoch: u64, tree: Tree) -> Self {
        Self { id: self.id, ..Self::new(head, epoch, tree) }
    }

    fn load(nodes: &Arc<NodeStore>, record: &BranchRecord) -> Result<Self> {
        let working: RootHash = record.working.parse()?;
        let branch = Self::new(record.head.parse()?, record.epoch, Tree::open(nodes, working));
        Ok(Self { id: record.id, ..branch })
    }

    /// Whether nothing at all happened to the working state in between.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.working.is_same(&other.working)
    }

    /// The catalog's record of it. Pending writes are not in it: they are in
    /// the log, under the branch's epoch.
    pub(crate) fn mutation(&self, name: &BranchName) -> Mutation {
        let record = BranchRecord {
            id: self.id,
            head: self.head.to_string(),
            working: self.working.tree.root().to_string(),
            epoch: self.epoch,
        };
        mutation(catalog::BRANCH, name.as_str(), Some(catalog::encode(record)))
    }
}

impl Tag {
    pub(crate) fn mutation(&self, name: &TagName) -> Mutation {
        let record = TagRecord {
            commit: self.commit.to_string(),
            message: self.message.clone(),
            tagger: self.tagger.clone(),
            created_micros: self.created.as_micros(),
        };
        mutation(catalog::TAG, name.as_str(), Some(catalog::encode(record)))
    }
}

/// A change of one catalog record.
pub(crate) fn mutation(prefix: &str, name: &str, value: Option<Bytes>) -> Mutation {
    Mutation { key: format!("{prefix}{name}").into(), value }
}
