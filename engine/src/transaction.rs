//! Transactions: snapshot isolation, first committer wins.

use std::sync::Arc;

use bytes::Bytes;
use imbl::ordmap::DiffItem;
use microprolly_storage::{
    Change, Entry, KEY_BYTES_MAX, KeyRange, Mutation, StorageError, Tree, VALUE_BYTES_MAX,
};

use crate::catalog::{self, TypeRecord};
use crate::columnar::EncodedRow;
use crate::commit::{CommitId, CommitOptions};
use crate::database::Database;
use crate::error::{EngineError, Kind, Result};
use crate::name::BranchName;
use crate::overlay::Overlay;
use crate::principal::Principal;
use crate::publication::Publication;
use crate::schema::{FieldChange, RowKey, TypeDefinition};
use crate::snapshot::Snapshot;
use crate::state::{self, Branch, Types};

/// Bytes of memory that a transaction's own writes take before they are put into
/// chunks. The more of them are put there at once, the fewer nodes are written
/// twice.
const WRITES_BYTES_MAX: usize = 64 * 1024 * 1024;

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
    writes: Writes,
}

/// Where a transaction's own writes are.
#[derive(Clone)]
enum Writes {
    /// They are all that is pending in the view: nothing was when it began.
    Pending,
    /// Apart from those that were pending when it began.
    Apart(Overlay),
    /// In the view's tree: there were too many for memory.
    Folded,
}

/// A point in a transaction to which it can return.
#[derive(Clone)]
pub struct Savepoint {
    view: Snapshot,
    types: Types,
    writes: Writes,
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
        let has_pending = !base.working.overlay.is_empty();
        let writes = if has_pending { Writes::Apart(Overlay::default()) } else { Writes::Pending };
        Ok(Self {
            database,
            principal,
            branch: branch.clone(),
            view: base.working.clone(),
            types: state.types.clone(),
            base_types: state.types.clone(),
            base,
            writes,
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
        if let Writes::Apart(writes) = &mut self.writes {
            writes.insert(key.clone(), value.clone());
        }
        self.view.overlay.insert(key, value);
        if self.view.overlay.memory_bytes() > WRITES_BYTES_MAX {
            self.fold()?;
        }
        Ok(())
    }

    /// Puts its writes into chunks that nothing refers to until the commit:
    /// memory stays bounded, and a rollback leaves only garbage.
    fn fold(&mut self) -> Result<()> {
        self.view = Snapshot::of_tree(self.view.folded()?);
        self.writes = Writes::Folded;
        let shared = &self.database.shared;
        if shared.store.wants_seal() {
            // However large the transaction, a segment is not.
            shared.publisher.publish(|_| Ok(()))?;
        }
        Ok(())
    }

    /// Does before the commit, while others may commit, what would otherwise be
    /// done while they wait.
    fn prepare(&mut self) -> Result<()> {
        if self.view.overlay.is_large() && !self.is_unchanged() {
            self.fold()?;
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
        self.set_type(TypeDefinition { id: 0, ..definition })
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
        let altered = self
            .alter_rows(&current, change)
            .and_then(|()| self.set_type(TypeDefinition { id: current.id, ..definition }));
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
        Savepoint { view: self.view.clone(), types: self.types.clone(), writes: self.writes.clone() }
    }

    /// Undoes everything since the savepoint, which can be returned to again.
    pub fn rollback_to(&mut self, savepoint: &Savepoint) {
        let Savepoint { view, types, writes } = savepoint.clone();
        self.view = view;
        self.types = types;
        self.writes = writes;
    }

    /// Makes the writes true and durable in the branch's working state.
    ///
    /// # Errors
    /// [`EngineError::Conflict`] when another transaction changed one of the
    /// keys or definitions since this one began, a row of a type whose
    /// definition this one changed, or the definition of a type whose rows this
    /// one changed, or when the branch is gone; nothing is written then.
    pub fn commit(mut self) -> Result<()> {
        if self.is_unchanged() {
            return Ok(());
        }
        self.prepare()?;
        self.publish(|publication| self.apply(publication))
    }

    /// Commits, and records the branch's working state as a new version, both
    /// or neither.
    ///
    /// # Errors
    /// As for [`Transaction::commit`], and when there is nothing to record.
    pub fn commit_version(mut self, options: CommitOptions) -> Result<CommitId> {
        self.prepare()?;
        self.publish(|publication| {
            self.apply(publication)?;
            self.database.record_version(publication, &self.branch, &self.principal, &options)
        })
    }

    /// Commits, and records a new version if there is anything to record.
    ///
    /// # Errors
    /// As for [`Transaction::commit`].
    pub fn commit_changes(mut self, options: CommitOptions) -> Result<Option<CommitId>> {
        self.prepare()?;
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
        let latest = publication
            .state
            .branches
            .get(&self.branch)
            // One of the same name may have taken its place.
            .filter(|latest| latest.id == self.base.id)
            .cloned()
            .ok_or_else(|| EngineError::Conflict { what: format!("branch \"{}\"", self.branch) })?;
        if self.is_unchanged() {
            return Ok(());
        }
        self.check_types(&latest, &publication.state.types)?;
        let writes = match &self.writes {
            Writes::Pending => Some(&self.view.overlay),
            Writes::Apart(writes) => Some(writes),
            Writes::Folded => None,
        };
        match writes {
            Some(writes) if latest.is_same(&self.base) => {
                publication.write(&self.branch, latest, writes)?;
            }
            Some(writes) => {
                let effective = self.effective(writes, &latest)?;
                publication.write(&self.branch, latest, &effective)?;
            }
            None => {
                let tree = self.joined(&latest)?;
                let branch = latest.moved_to(latest.head, publication.new_epoch(), tree);
                publication.set_branch(&self.branch, Some(branch));
            }
        }
        self.publish_types(publication)
    }

    /// Those of its writes that change what it saw. The first committer wins:
    /// what it saw under such a key must still be there.
    fn effective(&self, writes: &Overlay, latest: &Branch) -> Result<Overlay> {
        let mut effective = Overlay::default();
        for (key, value) in writes.iter() {
            let seen = self.base.working.get(key)?;
            // Writing what is there already is no write: it neither
            // conflicts nor undoes what another has written since.
            if seen == *value {
                continue;
            }
            if latest.working.get(key)? != seen {
                return Err(key_conflict(key));
            }
            effective.insert(key.clone(), value.clone());
        }
        Ok(effective)
    }

    /// Its tree, when its writes lie in one, with what others have changed since
    /// it began. Their changes go into its tree and not its own into theirs,
    /// since it has many: that costs what they changed.
    fn joined(&self, latest: &Branch) -> Result<Tree> {
        let mut failure = None;
        let theirs = self
            .base
            .working
            .changes(&latest.working, &KeyRange::all())
            .map_while(|change| self.untouched(change).map_err(|error| failure = Some(error)).ok());
        let tree = self.view.folded()?.apply(theirs)?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(tree),
        }
    }

    /// Another's change, which must be of a key that this transaction left as
    /// it was.
    fn untouched(&self, change: Result<Change>) -> Result<Mutation> {
        let Change { key, from, to } = change?;
        if self.view.get(&key)? != from {
            return Err(key_conflict(&key));
        }
        Ok(Mutation { key, value: to })
    }

    /// What a type says holds for all of its rows. So a change of it conflicts
    /// with another change of it, and with a row that the other side changed
    /// without knowing of it.
    fn check_types(&self, latest: &Branch, latest_types: &Types) -> Result<()> {
        let conflict = |name: &str| Err(EngineError::Conflict { what: format!("table \"{name}\"") });
        for (name, _) in type_changes(&self.base_types, &self.types) {
            if latest_types.get(name) != self.base_types.get(name)
                || latest.working.differs(&self.base.working, &RowKey::range_of(name))?
            {
                return conflict(name);
            }
        }
        for (name, _) in type_changes(&self.base_types, latest_types) {
            if self.view.differs(&self.base.working, &RowKey::range_of(name))? {
                return conflict(name);
            }
        }
        Ok(())
    }

    fn publish_types(&self, publication: &mut Publication<'_>) -> Result<()> {
        for (name, definition) in type_changes(&self.base_types, &self.types) {
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

/// Types that are defined differently in two states, and what they are in the
/// later one.
fn type_changes<'a>(
    from: &'a Types,
    to: &'a Types,
) -> impl Iterator<Item = (&'a String, Option<&'a Arc<TypeDefinition>>)> {
    from.diff(to).map(|difference| match difference {
        DiffItem::Add(name, now) | DiffItem::Update { new: (name, now), .. } => (name, Some(now)),
        DiffItem::Remove(name, _) => (name, None),
    })
}

fn key_conflict(key: &Bytes) -> EngineError {
    EngineError::Conflict { what: format!("key \"{}\"", key.escape_ascii()) }
}

fn too_large(what: &'static str, len: usize, max: usize) -> EngineError {
    StorageError::TooLarge { what, len, max }.into()
}
