//! How anything becomes true: one writer at a time makes the next state, and
//! whoever waits for it is told once it is on disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use bytes::Bytes;
use microprolly_storage::{ChunkStore, Mutation, Store};
use parking_lot::Mutex;

use crate::catalog::{self, NextTypeId};
use crate::environment::Entropy;
use crate::error::Result;
use crate::log_record::LogRecord;
use crate::name::{BranchName, TagName};
use crate::overlay::Overlay;
use crate::schema::TypeId;
use crate::state::{self, Branch, State, Tag};

/// Where states are published. `latest` is what writers build on; `durable`
/// is what readers see, so that nobody acts on what a power cut could undo.
pub(crate) struct Publisher {
    store: Arc<Store>,
    entropy: Arc<dyn Entropy>,
    latest: Mutex<Arc<State>>,
    durable: ArcSwap<State>,
    /// Every state that was published and that somebody may still look at.
    published: Mutex<Vec<Weak<State>>>,
    /// Told after a segment was sealed.
    on_seal: Box<dyn Fn() + Send + Sync>,
}

impl Publisher {
    /// Begins with a state that is durable already.
    pub(crate) fn new(
        store: Arc<Store>,
        entropy: Arc<dyn Entropy>,
        state: State,
        on_seal: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let state = Arc::new(state);
        let published = Mutex::new(vec![Arc::downgrade(&state)]);
        Self {
            store,
            entropy,
            latest: Mutex::new(state.clone()),
            durable: ArcSwap::new(state),
            published,
            on_seal,
        }
    }

    /// The states that somebody looks at or builds on, the latest among them.
    pub(crate) fn live_states(&self) -> Vec<Arc<State>> {
        // A writer holds this lock until what it made is in the list.
        let _no_writer = self.latest.lock();
        self.published.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn note_published(&self, state: &Arc<State>) {
        let mut published = self.published.lock();
        if published.len() == published.capacity() {
            published.retain(|state| state.strong_count() > 0);
        }
        published.push(Arc::downgrade(state));
    }

    /// The state that readers see.
    pub(crate) fn state(&self) -> Arc<State> {
        self.durable.load_full()
    }

    /// Makes the next state and returns when it is durable. When `change`
    /// fails nothing is written and nothing changes.
    pub(crate) fn publish<T>(&self, change: impl FnOnce(&mut Publication<'_>) -> Result<T>) -> Result<T> {
        // What is written here is safe from collection until the state holds it.
        let _guard = self.store.pins().begin_write();
        let (outcome, state, seals) = {
            let mut latest = self.latest.lock();
            let mut publication = Publication {
                publisher: self,
                state: State::clone(&latest),
                catalog: BTreeMap::new(),
                log: None,
                seals: false,
            };
            let outcome = change(&mut publication)?;
            let (state, seals) = publication.finish()?;
            let state = Arc::new(state);
            self.note_published(&state);
            *latest = state.clone();
            (outcome, state, seals)
        };
        if let Some(lsn) = state.lsn {
            self.store.sync(lsn)?;
        }
        // Another writer's later state may be here already; it contains ours.
        self.durable.rcu(|durable| if durable.lsn < state.lsn { state.clone() } else { durable.clone() });
        if seals {
            (self.on_seal)();
        }
        Ok(outcome)
    }
}

/// A fresh, unpredictable epoch.
pub(crate) fn epoch(entropy: &dyn Entropy) -> u64 {
    let bytes = entropy.bytes();
    u64::from_le_bytes(*bytes.first_chunk().expect("sixteen bytes hold eight"))
}

/// The next state in the making.
pub(crate) struct Publication<'a> {
    publisher: &'a Publisher,
    /// What it will be. Branches, tags and types are set through the methods,
    /// which keep the catalog in step.
    pub(crate) state: State,
    catalog: BTreeMap<Bytes, Option<Bytes>>,
    log: Option<(BranchName, Overlay)>,
    seals: bool,
}

impl Publication<'_> {
    /// Sets or drops a branch. Its pending writes must be in the log already,
    /// under its epoch.
    pub(crate) fn set_branch(&mut self, name: &BranchName, branch: Option<Branch>) {
        if self.log.as_ref().is_some_and(|(logged, _)| logged == name) {
            self.log = None;
        }
        match branch {
            Some(branch) => {
                self.record(branch.mutation(name));
                self.state.branches.insert(name.clone(), branch);
            }
            None => {
                self.record(state::mutation(catalog::BRANCH, name.as_str(), None));
                self.state.branches.remove(name);
            }
        }
    }

    /// Sets or drops a tag.
    pub(crate) fn set_tag(&mut self, name: &TagName, tag: Option<Tag>) {
        match tag {
            Some(tag) => {
                self.record(tag.mutation(name));
                self.state.tags.insert(name.clone(), tag);
            }
            None => {
                self.record(state::mutation(catalog::TAG, name.as_str(), None));
                self.state.tags.remove(name);
            }
        }
    }

    /// Changes any catalog record.
    pub(crate) fn record(&mut self, mutation: Mutation) {
        self.catalog.insert(mutation.key, mutation.value);
    }

    /// Adds writes to a branch's working state.
    pub(crate) fn write(&mut self, name: &BranchName, mut branch: Branch, writes: &Overlay) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        for (key, value) in writes.iter() {
            branch.working.overlay.insert(key.clone(), value.clone());
        }
        if branch.working.overlay.is_large() {
            return self.fold(name, &branch);
        }
        self.state.branches.insert(name.clone(), branch);
        self.log = Some((name.clone(), writes.clone()));
        Ok(())
    }

    /// Has the segment sealed that is being written to.
    pub(crate) fn seal(&mut self) {
        self.seals = true;
    }

    /// Puts a branch's pending writes into its tree.
    fn fold(&mut self, name: &BranchName, branch: &Branch) -> Result<()> {
        let folded = branch.moved_to(branch.head, self.new_epoch(), branch.working.folded()?);
        self.set_branch(name, Some(folded));
        Ok(())
    }

    /// A number for a new working set.
    pub(crate) fn new_epoch(&self) -> u64 {
        epoch(&*self.publisher.entropy)
    }

    /// Writes the next state, and says whether a segment was sealed.
    fn finish(mut self) -> Result<(State, bool)> {
        let store = &self.publisher.store;
        // Sealing needs all pending writes in trees: a sealed segment is never
        // read for its log.
        let seals = self.seals || store.wants_seal();
        if seals {
            for (name, branch) in self.state.branches.clone() {
                if !branch.working.overlay.is_empty() {
                    self.fold(&name, &branch)?;
                }
            }
        } else if let Some((name, _)) = &self.log
            && !self.catalog.is_empty()
        {
            // Two records could be torn apart by a crash; one root cannot.
            let name = name.clone();
            if let Some(branch) = self.state.branches.get(&name).cloned() {
                self.fold(&name, &branch)?;
            }
        }
        if seals || !self.catalog.is_empty() {
            let mutations = std::mem::take(&mut self.catalog);
            self.state.catalog = self
                .state
                .catalog
                .apply(mutations.into_iter().map(|(key, value)| Mutation { key, value }))?;
            let root = self.state.catalog.root();
            self.state.lsn = Some(store.append_root(root)?);
            if seals {
                store.seal(root)?;
            }
        } else if let Some((name, writes)) = &self.log
            && let Some(branch) = self.state.branches.get(name)
        {
            let payload = LogRecord::encode(name.as_str(), branch.epoch, writes);
            self.state.lsn = Some(store.append_mutations(&payload)?);
        }
        Ok((self.state, seals))
    }
}

/// Type ids begin where Postgres begins with those of user objects, so that
/// they can serve as OIDs.
const FIRST_TYPE_ID: TypeId = 16_384;

impl Publication<'_> {
    /// A type id that was never given before.
    pub(crate) fn new_type_id(&mut self) -> Result<TypeId> {
        let key = Bytes::from_static(catalog::NEXT_TYPE_ID.as_bytes());
        let stored = match self.catalog.get(&key) {
            Some(pending) => pending.clone(),
            None => self.state.catalog.get(&key)?,
        };
        let id = match stored {
            Some(value) => catalog::decode::<NextTypeId>(&key, &value)?.next_type_id,
            None => FIRST_TYPE_ID,
        };
        let next = catalog::encode(NextTypeId { next_type_id: id + 1 });
        self.record(Mutation { key, value: Some(next) });
        Ok(id)
    }
}
