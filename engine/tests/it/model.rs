//! Random work on a database against a plain model of it.

use std::collections::BTreeMap;

use microprolly_engine::{
    CommitId, CommitOptions, Database, EngineError, KeyRange, Session, Snapshot, StatusKind, Version,
};
use proptest::prelude::*;

use crate::fixture::*;

const BRANCHES: [&str; 4] = ["main", "a", "b/c", "d"];
const TAGS: [&str; 3] = ["v1", "v2", "v3"];

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Version,
    Rollback,
}

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    /// Writes; after the first `n` a savepoint is set, and at the end it may be returned to.
    Transaction {
        writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
        savepoint: usize,
        undo: bool,
        end: End,
    },
    Commit,
    CreateBranch(usize, usize),
    DropBranch(usize),
    RenameBranch(usize, usize),
    Switch(usize),
    Tag(usize, usize),
    DropTag(usize),
    Hold,
    Reopen,
    PowerLoss,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0..60_u32).prop_map(|number| format!("user:{number}").into_bytes()),
        2 => (0..10_u8).prop_map(|byte| vec![byte * 25, 0xff, 0]),
        1 => Just(vec![b'k'; 300]),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0..100_u32).prop_map(|number| format!("{{\"n\":{number}}}").into_bytes()),
        1 => Just(Vec::new()),
        1 => (0..3_u8).prop_map(|byte| vec![byte; 6_000]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let writes = || prop::collection::vec((key(), prop::option::weighted(0.7, value())), 1..30);
    let end = prop_oneof![2 => Just(End::Commit), 1 => Just(End::Version), 1 => Just(End::Rollback)];
    prop_oneof![
        6 => (key(), value()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => key().prop_map(Step::Delete),
        5 => (writes(), 0..30_usize, any::<bool>(), end).prop_map(|(writes, savepoint, undo, end)| {
            Step::Transaction { writes, savepoint, undo, end }
        }),
        3 => Just(Step::Commit),
        2 => (0..4_usize, 0..4_usize).prop_map(|(name, from)| Step::CreateBranch(name, from)),
        1 => (0..4_usize).prop_map(Step::DropBranch),
        1 => (0..4_usize, 0..4_usize).prop_map(|(name, to)| Step::RenameBranch(name, to)),
        4 => (0..4_usize).prop_map(Step::Switch),
        1 => (0..3_usize, 0..4_usize).prop_map(|(name, at)| Step::Tag(name, at)),
        1 => (0..3_usize).prop_map(Step::DropTag),
        2 => Just(Step::Hold),
        1 => Just(Step::Reopen),
        1 => Just(Step::PowerLoss),
    ]
}

#[derive(Clone)]
struct Branch {
    commits: Vec<CommitId>,
    working: Contents,
}

/// What should be true.
struct Model {
    branches: BTreeMap<&'static str, Branch>,
    commits: BTreeMap<CommitId, Contents>,
    tags: BTreeMap<&'static str, CommitId>,
    current: &'static str,
}

impl Model {
    fn of(session: &Session) -> Self {
        let first = session.commit_of(&session.resolve("main").unwrap()).unwrap();
        let main = Branch { commits: vec![first], working: Contents::new() };
        Self {
            branches: BTreeMap::from([("main", main)]),
            commits: BTreeMap::from([(first, Contents::new())]),
            tags: BTreeMap::new(),
            current: "main",
        }
    }

    fn branch(&mut self) -> &mut Branch {
        self.branches.get_mut(self.current).unwrap()
    }

    fn head(&self, name: &str) -> CommitId {
        *self.branches[name].commits.last().unwrap()
    }

    fn is_dirty(&self, name: &str) -> bool {
        self.branches[name].working != self.commits[&self.head(name)]
    }

    fn record(&mut self, id: CommitId) {
        let branch = self.branch();
        branch.commits.push(id);
        let working = branch.working.clone();
        self.commits.insert(id, working);
    }

    /// Whether the commits of a branch are all behind another or a tag.
    fn is_kept_elsewhere(&self, name: &str) -> bool {
        let head = self.head(name);
        let others = self.branches.iter().filter(|(other, _)| **other != name);
        others.flat_map(|(_, branch)| &branch.commits).any(|commit| *commit == head)
            || self.tags.values().any(|tag| *tag == head || self.has_behind(*tag, head))
    }

    /// Branches are never merged, so what is behind a commit is a chain that
    /// some branch once had. The generations tell.
    fn has_behind(&self, tag: CommitId, commit: CommitId) -> bool {
        self.branches.values().any(|branch| {
            let position = |id| branch.commits.iter().position(|other| *other == id);
            matches!((position(tag), position(commit)), (Some(tag), Some(commit)) if commit <= tag)
        })
    }
}

fn apply(contents: &mut Contents, key: &[u8], value: Option<&Vec<u8>>) {
    match value {
        Some(value) => contents.insert(key.to_vec(), value.clone()),
        None => contents.remove(key),
    };
}

struct World {
    disk: Disk,
    database: Database,
    session: Session,
    model: Model,
    held: Vec<(Snapshot, Contents)>,
}

impl World {
    fn new() -> Self {
        let disk = Disk::new();
        let database = disk.create();
        let session = begin(&database);
        let model = Model::of(&session);
        Self { disk, database, session, model, held: Vec::new() }
    }

    fn reopen(self, power_loss: bool) -> Self {
        self.check_held();
        let Self { mut disk, database, session, model, held } = self;
        if power_loss {
            disk = disk.after_power_loss();
        }
        drop((database, session, held));
        let database = disk.open();
        let mut session = begin(&database);
        session.switch_branch(model.current).unwrap();
        let world = Self { disk, database, session, model, held: Vec::new() };
        world.check();
        world
    }

    fn take(mut self, step: Step) -> Self {
        let model = &mut self.model;
        match step {
            Step::Reopen => return self.reopen(false),
            Step::PowerLoss => return self.reopen(true),
            Step::Put(key, value) => {
                self.session.put(key.clone(), value.clone()).unwrap();
                apply(&mut model.branch().working, &key, Some(&value));
                assert_eq!(self.session.get(&key).unwrap().as_deref(), Some(&value[..]));
            }
            Step::Delete(key) => {
                self.session.delete(key.clone()).unwrap();
                apply(&mut model.branch().working, &key, None);
                assert_eq!(self.session.get(&key).unwrap(), None);
            }
            Step::Transaction { writes, savepoint, undo, end } => {
                self.transact(&writes, savepoint, undo, end)
            }
            Step::Commit => {
                let dirty = model.is_dirty(model.current);
                match self.session.commit(CommitOptions::message("step")) {
                    Ok(id) => {
                        assert!(dirty);
                        model.record(id);
                    }
                    Err(EngineError::NothingToCommit { .. }) => assert!(!dirty),
                    Err(other) => panic!("{other}"),
                }
            }
            Step::CreateBranch(name, from) => {
                let (name, from) = (BRANCHES[name], BRANCHES[from]);
                let outcome = self.session.create_branch(name, from);
                if model.branches.contains_key(name) {
                    assert!(matches!(outcome, Err(EngineError::AlreadyExists { .. })), "{outcome:?}");
                } else if let Some(source) = model.branches.get(from).cloned() {
                    outcome.unwrap();
                    model.branches.insert(name, source);
                } else {
                    assert!(matches!(outcome, Err(EngineError::NotFound { .. })), "{outcome:?}");
                }
            }
            Step::DropBranch(name) => {
                let name = BRANCHES[name];
                let droppable = model.branches.contains_key(name) && name != model.current && name != "main";
                let loses = droppable && (model.is_dirty(name) || !model.is_kept_elsewhere(name));
                let outcome = self.session.drop_branch(name, false);
                assert_eq!(outcome.is_ok(), droppable && !loses, "{outcome:?}");
                if loses {
                    self.session.drop_branch(name, true).unwrap();
                }
                if droppable {
                    model.branches.remove(name);
                }
            }
            Step::RenameBranch(name, to) => {
                let (name, to) = (BRANCHES[name], BRANCHES[to]);
                let possible =
                    model.branches.contains_key(name) && !model.branches.contains_key(to) && name != "main";
                let outcome = self.session.rename_branch(name, to);
                assert_eq!(outcome.is_ok(), possible, "{outcome:?}");
                if possible {
                    let branch = model.branches.remove(name).unwrap();
                    model.branches.insert(to, branch);
                    if model.current == name {
                        model.current = to;
                    }
                }
            }
            Step::Switch(name) => {
                let name = BRANCHES[name];
                let outcome = self.session.switch_branch(name);
                assert_eq!(outcome.is_ok(), model.branches.contains_key(name));
                if outcome.is_ok() {
                    model.current = name;
                }
            }
            Step::Tag(name, at) => {
                let (name, at) = (TAGS[name], BRANCHES[at]);
                let possible = !model.tags.contains_key(name) && model.branches.contains_key(at);
                let outcome = self.session.create_tag(name, at, "why");
                assert_eq!(outcome.is_ok(), possible, "{outcome:?}");
                if let Ok(id) = outcome {
                    assert_eq!(id, model.head(at));
                    model.tags.insert(name, id);
                }
            }
            Step::DropTag(name) => {
                let outcome = self.session.drop_tag(TAGS[name]);
                assert_eq!(outcome.is_ok(), model.tags.remove(TAGS[name]).is_some());
            }
            Step::Hold => self.held.push((self.session.working().unwrap(), model.branch().working.clone())),
        }
        self
    }

    fn transact(&mut self, writes: &[(Vec<u8>, Option<Vec<u8>>)], savepoint: usize, undo: bool, end: End) {
        let mut transaction = self.session.begin_transaction().unwrap();
        let mut seen = self.model.branch().working.clone();
        let mut mark = None;
        for (index, (key, value)) in writes.iter().enumerate() {
            if index == savepoint {
                mark = Some((transaction.savepoint(), seen.clone()));
            }
            match value {
                Some(value) => transaction.put(key.clone(), value.clone()).unwrap(),
                None => transaction.delete(key.clone()).unwrap(),
            }
            apply(&mut seen, key, value.as_ref());
        }
        if let Some((mark, then)) = mark
            && undo
        {
            transaction.rollback_to(&mark);
            seen = then;
        }
        assert_eq!(contents(&transaction.snapshot()), seen);
        assert_eq!(contents(&self.session.working().unwrap()), self.model.branch().working);
        match end {
            End::Rollback => drop(transaction),
            End::Commit => {
                transaction.commit().unwrap();
                self.model.branch().working = seen;
            }
            End::Version => {
                let changes = seen != self.model.commits[&self.model.head(self.model.current)];
                match transaction.commit_version(CommitOptions::message("transaction")) {
                    Ok(id) => {
                        assert!(changes);
                        self.model.branch().working = seen;
                        self.model.record(id);
                    }
                    Err(EngineError::NothingToCommit { .. }) => assert!(!changes),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    fn check_held(&self) {
        for (snapshot, expected) in &self.held {
            assert_eq!(contents(snapshot), *expected, "a snapshot changed");
        }
    }

    fn check(&self) {
        self.check_held();
        let (session, model) = (&self.session, &self.model);
        let names: Vec<String> = session.branch_names().iter().map(ToString::to_string).collect();
        assert_eq!(names, model.branches.keys().copied().collect::<Vec<_>>());
        for info in session.branches().unwrap() {
            assert_eq!(info.head, model.head(info.name.as_str()));
            assert_eq!(info.is_dirty, model.is_dirty(info.name.as_str()));
        }
        for (name, branch) in &model.branches {
            let version = session.resolve(name).unwrap();
            assert_eq!(contents(&session.snapshot(&version).unwrap()), branch.working);
            let log: Vec<CommitId> =
                session.log(None, &version).unwrap().map(|entry| entry.unwrap().0).collect();
            assert!(log.iter().eq(branch.commits.iter().rev()), "the log of {name}");
            for (steps, id) in branch.commits.iter().rev().enumerate().skip(1) {
                assert_eq!(session.resolve(&format!("{name}~{steps}")).unwrap(), Version::Commit(*id));
            }
        }
        for (id, expected) in &model.commits {
            // Commits of dropped branches are still in the store.
            assert_eq!(contents(&session.snapshot(&Version::Commit(*id)).unwrap()), *expected);
        }
        let tags: BTreeMap<String, CommitId> =
            session.tags().iter().map(|(name, tag)| (name.to_string(), tag.commit)).collect();
        assert!(
            tags.iter().map(|(name, id)| (name.as_str(), id)).eq(model.tags.iter().map(|(n, id)| (*n, id)))
        );
        self.check_status();
        self.check_differences();
        assert_eq!(self.database.session(session.principal().clone()).unwrap().branch().as_str(), "main");
    }

    fn check_status(&self) {
        let committed = &self.model.commits[&self.model.head(self.model.current)];
        let working = &self.model.branches[self.model.current].working;
        let status: Vec<(Vec<u8>, StatusKind)> = self
            .session
            .status()
            .unwrap()
            .map(|entry| entry.map(|entry| (entry.key.to_vec(), entry.kind)).unwrap())
            .collect();
        let expected: Vec<(Vec<u8>, StatusKind)> = differences(committed, working)
            .into_iter()
            .map(|(key, from, to)| {
                let kind = match (from, to) {
                    (None, _) => StatusKind::Added,
                    (_, None) => StatusKind::Removed,
                    _ => StatusKind::Modified,
                };
                (key, kind)
            })
            .collect();
        assert_eq!(status, expected);
    }

    fn check_differences(&self) {
        let branches: Vec<(&&str, &Branch)> = self.model.branches.iter().collect();
        for (from_name, from) in &branches {
            for (to_name, to) in &branches {
                let (a, b) =
                    (self.session.resolve(from_name).unwrap(), self.session.resolve(to_name).unwrap());
                for range in [KeyRange::all(), KeyRange::prefix(b"user:1"), KeyRange::between("k", "user:3")]
                {
                    let found: Vec<_> = self
                        .session
                        .diff(&a, &b, &range)
                        .unwrap()
                        .map(|change| {
                            let change = change.unwrap();
                            let owned = |value: Option<bytes::Bytes>| value.map(|value| value.to_vec());
                            (change.key.to_vec(), owned(change.from), owned(change.to))
                        })
                        .collect();
                    let mut expected = differences(&from.working, &to.working);
                    expected.retain(|(key, ..)| range.contains(key));
                    assert_eq!(found, expected);
                    let (a, b) = (self.session.snapshot(&a).unwrap(), self.session.snapshot(&b).unwrap());
                    let counts = a.count_changes(&b, &range).unwrap();
                    assert_eq!(counts.added + counts.removed + counts.modified, expected.len() as u64);
                }
                let shared = from.commits.iter().rev().find(|id| to.commits.contains(id)).copied();
                assert_eq!(self.session.common_ancestor(&a, &b).unwrap(), shared);
            }
        }
    }
}

type Difference = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

fn differences(from: &Contents, to: &Contents) -> Vec<Difference> {
    let mut keys: Vec<&Vec<u8>> = from.keys().chain(to.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .map(|key| (key.clone(), from.get(key).cloned(), to.get(key).cloned()))
        .filter(|(_, from, to)| from != to)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_database_is_what_was_done_to_it(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            world = world.take(step);
        }
        world.check();
        world.reopen(true);
    }
}
