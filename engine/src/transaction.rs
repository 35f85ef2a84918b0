//! Transactions: snapshot isolation, first committer wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use microprolly_storage::{Entry, KEY_BYTES_MAX, KeyRange, StorageError, VALUE_BYTES_MAX};

use crate::catalog::{self, TypeRecord};
use crate::columnar::EncodedRow;
use crate::commit::{CommitId, CommitOptions};
use crate::database::Database;
use crate::error::{EngineError, Kind, Result};
use crate::name::BranchName;
use crate::overlay::Overlay;
use crate::principal::Principal;
use crate::publication::{OVERLAY_BYTES_MAX, OVERLAY_ENTRIES_MAX, Publication};
use crate::schema::{FieldChange, RowKey, TypeDefinition};
use crate::snapshot::Snapshot;
use crate::state::{self, Branch, Types};

/// Reads and writes on one branch that become true together or not at all. It
/// sees the branch as it was when it began, and its own writes. Dropping it
/// changes nothing.
pub struct Transaction {
    database: Database,
    principal: Principal,
    branch: BranchName,
    /// The branch when it began.
    base: Branch,
    base_types: Types,
    /// What it sees: the base and its own writes.
    view: Snapshot,
    types: Types,
    /// Its own writes while they fit in memory; none once they lie in the
    /// view's tree.
    writes: Option<Overlay>,
    /// Types whose rows it wrote: their definitions must still hold at commit.
    used_types: BTreeSet<String>,
}

/// A point in a transaction to which it can return.
#[derive(Clone)]
pub struct Savepoint {
    view: Snapshot,
    types: Types,
    writes: Option<Overlay>,
    used_types: BTreeSet<String>,
}

impl Transaction {
    pub(crate) fn begin(database: Database, principal: Principal, branch: &BranchName) -> Result<Self> {
        let state = database.shared.publisher.state();
        let base = state.branches.get(branch).cloned().ok_or_else(|| {
            EngineError::not_found(
                Kind::Branch,
                branch.as_str(),
                state.branches.keys().map(BranchName::as_str),
            )
        })?;
        Ok(Self {
            database,
            principal,
            branch: branch.clone(),
            view: base.working.clone(),
            types: state.types.clone(),
            base_types: state.types.clone(),
            base,
            writes: Some(Overlay::default()),
            used_types: BTreeSet::new(),
        })
    }

    /// The branch it works on.
    pub fn branch(&self) -> &BranchName {
        &self.branch
    }

    /// What it sees: the branch as it was, and its own writes.
    pub fn snapshot(&self) -> Snapshot {
        self.view.clone()
    }

    /// The last commit of the branch when the transaction began.
    pub fn head(&self) -> CommitId {
        self.base.head
    }

    /// The value under a key.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Bytes>> {
        self.view.get(key.as_ref())
    }

    /// The entries of a range.
    pub fn range(&self, range: &KeyRange) -> impl DoubleEndedIterator<Item = Result<Entry>> + use<> {
        self.view.range(range)
    }

    /// Sets a key. Where a type claims the key, the value must be one of its
    /// rows.
    ///
    /// # Errors
    /// When the type refuses the value, or key or value are over their limits.
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if let Some(definition) = self.type_of(&key) {
            definition.validate(&key, &value)?;
        }
        self.put_unchecked(key, value)
    }

    /// Sets a key to a row that was encoded under the type's definition as
    /// this transaction sees it, which needs no second check.
    ///
    /// # Errors
    /// When key or value are over their limits.
    pub fn put_row(&mut self, row: EncodedRow) -> Result<()> {
        let (key, value) = row.into_parts();
        self.put_unchecked(key, value)
    }

    pub(crate) fn put_unchecked(&mut self, key: Bytes, value: Bytes) -> Result<()> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(too_large("value", value.len(), VALUE_BYTES_MAX));
        }
        self.write(key, Some(value))
    }

    /// Deletes a key; deleting what is not there changes nothing.
    pub fn delete(&mut self, key: impl Into<Bytes>) -> Result<()> {
        self.write(key.into(), None)
    }

    fn write(&mut self, key: Bytes, value: Option<Bytes>) -> Result<()> {
        if key.is_empty() {
            return Err(EngineError::Refused { reason: "a key cannot be empty".to_owned(), hint: None });
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(too_large("key", key.len(), KEY_BYTES_MAX));
        }
        if let Some(name) = RowKey::type_of(&key)
            && self.types.contains_key(name)
            && !self.used_types.contains(name)
        {
            self.used_types.insert(name.to_owned());
        }
        self.view.overlay.insert(key.clone(), value.clone());
        if let Some(writes) = &mut self.writes {
            writes.insert(key, value);
        }
        if self.view.overlay.bytes() > OVERLAY_BYTES_MAX || self.view.overlay.len() > OVERLAY_ENTRIES_MAX {
            // Into chunks that nothing refers to until the commit: memory
            // stays bounded, and a rollback leaves only garbage.
            self.view = Snapshot::of_tree(self.view.folded()?);
            self.writes = None;
        }
        Ok(())
    }

    /// The types as this transaction sees them, by name.
    pub fn types(&self) -> impl Iterator<Item = &Arc<TypeDefinition>> {
        self.types.values()
    }

    /// The type of a name.
    pub fn find_type(&self, name: &str) -> Option<&Arc<TypeDefinition>> {
        self.types.get(name)
    }

    fn type_of(&self, key: &[u8]) -> Option<Arc<TypeDefinition>> {
        self.types.get(RowKey::type_of(key)?).cloned()
    }

    /// Defines a type. Rows already under its keys on this branch must fit it.
    ///
    /// # Errors
    /// When the name is taken, the definition makes no sense, or a row does
    /// not fit.
    pub fn define_type(&mut self, definition: TypeDefinition) -> Result<Arc<TypeDefinition>> {
        if self.types.contains_key(&definition.name) {
            return Err(EngineError::AlreadyExists { kind: Kind::Type, name: definition.name });
        }
        self.set_type(TypeDefinition { id: 0, revision: 0, ..definition })
    }

    /// Replaces the definition of a type, which keeps its id, and changes the
    /// rows that this branch has of it accordingly. They must fit the new one.
    ///
    /// # Errors
    /// When there is no such type, the definition makes no sense or changes
    /// the primary key, or a row does not fit.
    pub fn alter_type(
        &mut self,
        definition: TypeDefinition,
        change: &FieldChange,
    ) -> Result<Arc<TypeDefinition>> {
        let current = self.require_type(&definition.name)?;
        if current.primary_key != definition.primary_key {
            return Err(EngineError::InvalidDefinition {
                reason: format!("the primary key of table \"{}\" cannot be changed", current.name),
            });
        }
        let before = self.savepoint();
        let altered = self.alter_rows(&current, change).and_then(|()| {
            self.set_type(TypeDefinition { id: current.id, revision: current.revision + 1, ..definition })
        });
        if altered.is_err() {
            self.rollback_to(&before);
        }
        altered
    }

    fn alter_rows(&mut self, definition: &TypeDefinition, change: &FieldChange) -> Result<()> {
        if *change == FieldChange::None {
            return Ok(());
        }
        for entry in self.view.clone().range(&definition.key_range()) {
            let (key, value) = entry?;
            if let Some(changed) = change.apply(&value) {
                self.put_unchecked(key, changed)?;
            }
        }
        Ok(())
    }

    /// Drops a type and the rows that the branch has of it. Returns how many
    /// rows there were.
    ///
    /// # Errors
    /// When there is no such type.
    pub fn drop_type(&mut self, name: &str) -> Result<u64> {
        let rows = self.delete_rows(name)?;
        self.types.remove(name);
        Ok(rows)
    }

    /// Deletes every row of a type. Returns how many there were.
    ///
    /// # Errors
    /// When there is no such type.
    pub fn delete_rows(&mut self, name: &str) -> Result<u64> {
        let range = self.require_type(name)?.key_range();
        let mut rows = 0;
        for entry in self.view.clone().range(&range) {
            self.delete(entry?.0)?;
            rows += 1;
        }
        Ok(rows)
    }

    /// The type of a name, or an error that lists near misses.
    pub fn require_type(&self, name: &str) -> Result<Arc<TypeDefinition>> {
        self.types
            .get(name)
            .cloned()
            .ok_or_else(|| EngineError::not_found(Kind::Type, name, self.types.keys().map(String::as_str)))
    }

    fn set_type(&mut self, definition: TypeDefinition) -> Result<Arc<TypeDefinition>> {
        let definition = definition.checked()?;
        for entry in self.view.range(&definition.key_range()) {
            let (key, value) = entry?;
            definition.validate(&key, &value)?;
        }
        let definition = Arc::new(definition);
        self.types.insert(definition.name.clone(), definition.clone());
        Ok(definition)
    }

    /// Marks this point.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            view: self.view.clone(),
            types: self.types.clone(),
            writes: self.writes.clone(),
            used_types: self.used_types.clone(),
        }
    }

    /// Undoes everything since the savepoint, which can be returned to again.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) {
        let Savepoint { view, types, writes, used_types } = savepoint.clone();
        self.view = view;
        self.types = types;
        self.writes = writes;
        self.used_types = used_types;
    }

    /// Makes the writes true and durable in the branch's working state.
    ///
    /// # Errors
    /// [`EngineError::Conflict`] when another transaction changed one of the
    /// keys or definitions since this one began; nothing is written then.
    pub fn commit(self) -> Result<()> {
        if self.is_unchanged() {
            return Ok(());
        }
        self.publish(|publication| self.apply(publication))
    }

    /// Commits, and records the branch's working state as a new version, both
    /// or neither.
    ///
    /// # Errors
    /// As for [`Transaction::commit`], and when there is nothing to record.
    pub fn commit_version(self, options: CommitOptions) -> Result<CommitId> {
        self.publish(|publication| {
            self.apply(publication)?;
            self.database.record_version(publication, &self.branch, &self.principal, &options)
        })
    }

    /// Commits, and records a new version if there is anything to record.
    ///
    /// # Errors
    /// As for [`Transaction::commit`].
    pub fn commit_changes(self, options: CommitOptions) -> Result<Option<CommitId>> {
        self.publish(|publication| {
            self.apply(publication)?;
            match self.database.record_version(publication, &self.branch, &self.principal, &options) {
                Err(EngineError::NothingToCommit { .. }) => Ok(None),
                recorded => recorded.map(Some),
            }
        })
    }

    fn publish<T>(&self, change: impl FnOnce(&mut Publication<'_>) -> Result<T>) -> Result<T> {
        self.database.shared.publisher.publish(change)
    }

    fn is_unchanged(&self) -> bool {
        self.view.is_same(&self.base.working) && self.types.ptr_eq(&self.base_types)
    }

    fn apply(&self, publication: &mut Publication<'_>) -> Result<()> {
        if self.is_unchanged() {
            return Ok(());
        }
        let latest = publication
            .state
            .branches
            .get(&self.branch)
            .cloned()
            .ok_or_else(|| EngineError::Conflict { what: format!("branch \"{}\"", self.branch) })?;
        self.check_types(&publication.state.types)?;
        if let Some(writes) = &self.writes {
            if latest.is_same(&self.base) {
                publication.write(&self.branch, latest, writes)?;
            } else {
                let mut effective = Overlay::default();
                for (key, value) in writes.iter() {
                    let seen = self.base.working.get(key)?;
                    // Writing what is there already is no write: it neither
                    // conflicts nor undoes what another has written since.
                    if seen != *value {
                        self.check_key(&latest, key, seen.as_ref())?;
                        effective.insert(key.clone(), value.clone());
                    }
                }
                publication.write(&self.branch, latest, &effective)?;
            }
        } else if latest.is_same(&self.base) {
            let branch = Branch::new(latest.head, publication.new_epoch(), self.view.folded()?);
            publication.set_branch(&self.branch, Some(branch));
        } else {
            let mut writes = Overlay::default();
            for change in self.base.working.changes(&self.view, &KeyRange::all()) {
                let change = change?;
                self.check_key(&latest, &change.key, change.from.as_ref())?;
                writes.insert(change.key, change.to);
            }
            publication.write(&self.branch, latest, &writes)?;
        }
        self.publish_types(publication)
    }

    /// The first committer wins: what this transaction saw under the key must
    /// still be there.
    fn check_key(&self, latest: &Branch, key: &Bytes, seen: Option<&Bytes>) -> Result<()> {
        if latest.working.get(key)?.as_ref() != seen {
            return Err(EngineError::Conflict { what: format!("key \"{}\"", key.escape_ascii()) });
        }
        Ok(())
    }

    fn check_types(&self, latest: &Types) -> Result<()> {
        if latest.ptr_eq(&self.base_types) {
            return Ok(());
        }
        let changed = self.type_changes().map(|(name, _)| name);
        for name in changed.chain(self.used_types.iter()) {
            if latest.get(name) != self.base_types.get(name) {
                return Err(EngineError::Conflict { what: format!("table \"{name}\"") });
            }
        }
        Ok(())
    }

    /// Types whose definition this transaction changed, and what they are now.
    fn type_changes(&self) -> impl Iterator<Item = (&String, Option<&Arc<TypeDefinition>>)> {
        let names: BTreeSet<&String> = self.types.keys().chain(self.base_types.keys()).collect();
        names.into_iter().filter_map(|name| {
            let now = self.types.get(name);
            (now != self.base_types.get(name)).then_some((name, now))
        })
    }

    fn publish_types(&self, publication: &mut Publication<'_>) -> Result<()> {
        for (name, definition) in self.type_changes() {
            let Some(definition) = definition else {
                publication.record(state::mutation(catalog::TYPE, name, None));
                publication.state.types.remove(name);
                continue;
            };
            let mut definition = TypeDefinition::clone(definition);
            if definition.id == 0 {
                definition.id = publication.new_type_id()?;
            }
            let record =
                TypeRecord::new(definition.clone(), self.principal.name(), self.database.shared.clock.now());
            publication.record(state::mutation(catalog::TYPE, name, Some(catalog::encode(record))));
            publication.state.types.insert(name.clone(), Arc::new(definition));
        }
        Ok(())
    }
}

fn too_large(what: &'static str, len: usize, max: usize) -> EngineError {
    StorageError::TooLarge { what, len, max }.into()
}
