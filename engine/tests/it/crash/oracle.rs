//! What can be seen of a database, and what may be seen of it after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use microprolly_engine::storage::Recording;
use microprolly_engine::{CommitId, EngineError, KeyRange, Session, Snapshot, Version};

use crate::fixture::Contents;

/// Everything that can be seen, as one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) branches: BTreeMap<String, Line>,
    /// The versions behind each tag, newest first.
    pub(super) tags: BTreeMap<String, Vec<Recorded>>,
}

/// A branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) working: Contents,
    /// Newest first.
    pub(super) log: Vec<Recorded>,
}

/// A version: the message of its commit, and all its keys.
pub(super) type Recorded = Arc<(String, Contents)>;

impl Sight {
    /// Of a new database.
    pub(super) fn of_new() -> Self {
        let first = Arc::new(("Create the database".to_owned(), Contents::new()));
        let main = Line { working: Contents::new(), log: vec![first] };
        Self { branches: BTreeMap::from([("main".to_owned(), main)]), tags: BTreeMap::new() }
    }

    /// Of an open one: reads all there is to be read, and so every chunk that
    /// anything leads to, each of which is checked against its address.
    pub(super) fn of(session: &Session) -> Result<Self, EngineError> {
        let mut reader = Reader { session, versions: BTreeMap::new() };
        let mut sight = Self::default();
        for name in session.branch_names() {
            let version = Version::Working(name.clone());
            let working = entries(&session.snapshot(&version)?)?;
            sight.branches.insert(name.to_string(), Line { working, log: reader.log(&version)? });
        }
        for (name, tag) in session.tags() {
            sight.tags.insert(name.to_string(), reader.log(&Version::Commit(tag.commit))?);
        }
        Ok(sight)
    }

    /// The first thing that is not as expected, for a person to read.
    fn difference(&self, expected: &Self) -> String {
        let names = |sight: &Self| sight.branches.keys().cloned().collect::<Vec<_>>();
        if names(self) != names(expected) {
            return format!("there are the branches {:?} instead of {:?}", names(self), names(expected));
        }
        for (name, line) in &self.branches {
            let expected = &expected.branches[name];
            if line.working != expected.working {
                return format!("on branch {name} {}", key_difference(&line.working, &expected.working));
            }
            if line.log != expected.log {
                return format!("the log of branch {name} {}", log_difference(&line.log, &expected.log));
            }
        }
        let tags = |sight: &Self| sight.tags.keys().cloned().collect::<Vec<_>>();
        if tags(self) != tags(expected) {
            return format!("there are the tags {:?} instead of {:?}", tags(self), tags(expected));
        }
        "a tag is of another version".to_owned()
    }
}

fn key_difference(seen: &Contents, expected: &Contents) -> String {
    let differs = |key: &&Vec<u8>| seen.get(*key) != expected.get(*key);
    let Some(key) = seen.keys().chain(expected.keys()).find(differs) else {
        return "all is as expected".to_owned();
    };
    let value = |contents: &Contents| match contents.get(key) {
        None => "nothing".to_owned(),
        Some(value) if value.len() > 60 => format!("{} bytes", value.len()),
        Some(value) => value.escape_ascii().to_string(),
    };
    format!("key {} has {} instead of {}", key.escape_ascii(), value(seen), value(expected))
}

fn log_difference(seen: &[Recorded], expected: &[Recorded]) -> String {
    let messages = |log: &[Recorded]| log.iter().map(|version| version.0.clone()).collect::<Vec<_>>();
    if messages(seen) != messages(expected) {
        return format!("is {:?} instead of {:?}", messages(seen), messages(expected));
    }
    let differing = seen.iter().zip(expected).find(|(seen, expected)| seen != expected);
    differing.map_or_else(String::new, |(seen, expected)| {
        format!("has a version {:?} in which {}", seen.0, key_difference(&seen.1, &expected.1))
    })
}

/// Reads each version once.
struct Reader<'a> {
    session: &'a Session,
    versions: BTreeMap<CommitId, Recorded>,
}

impl Reader<'_> {
    fn log(&mut self, version: &Version) -> Result<Vec<Recorded>, EngineError> {
        let mut log = Vec::new();
        for entry in self.session.log(None, version)? {
            let (id, commit) = entry?;
            let recorded = match self.versions.get(&id) {
                Some(recorded) => recorded.clone(),
                None => {
                    let contents = entries(&self.session.snapshot(&Version::Commit(id))?)?;
                    let recorded = Arc::new((commit.message.clone(), contents));
                    self.versions.insert(id, recorded.clone());
                    recorded
                }
            };
            log.push(recorded);
        }
        Ok(log)
    }
}

fn entries(snapshot: &Snapshot) -> Result<Contents, EngineError> {
    let entries = snapshot.range(&KeyRange::all());
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
}

/// What may be seen after a crash.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Whether there may be no database.
    pub(super) may_be_absent: bool,
    /// One of these.
    pub(super) sights: Vec<Arc<Sight>>,
}

impl Expected {
    /// Before anybody was told that there is a database.
    pub(super) fn nothing() -> Self {
        Self { may_be_absent: true, sights: Vec::new() }
    }

    pub(super) fn exactly(sight: Sight) -> Self {
        Self { may_be_absent: false, sights: vec![Arc::new(sight)] }
    }

    /// Why what is seen must not be.
    pub(super) fn objection(&self, seen: &Sight) -> Option<String> {
        if self.sights.iter().any(|allowed| **allowed == *seen) {
            return None;
        }
        // The first is the one that was acknowledged.
        Some(match self.sights.first() {
            Some(acknowledged) => seen.difference(acknowledged),
            None => "there is a database before its creation began".to_owned(),
        })
    }
}

/// What was true after each step of some work, by the number of the step.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// What may be seen before the first step is acknowledged, if it is not that
    /// step's outcome.
    before: Expected,
    steps: Vec<Arc<Sight>>,
}

impl Timeline {
    pub(super) fn new(before: Expected) -> Self {
        Self { before, steps: Vec::new() }
    }

    /// The outcome of the next step.
    pub(super) fn push(&mut self, sight: Sight) {
        self.steps.push(Arc::new(sight));
    }

    /// The number of the next step.
    pub(super) fn next_step(&self) -> u64 {
        self.steps.len() as u64
    }

    pub(super) fn last(&self) -> &Sight {
        self.steps.last().unwrap()
    }

    /// What may be seen if the power fails at a crash point of the work's
    /// recording: what was acknowledged last, or the step in flight.
    pub(super) fn expected(&self, recording: &Recording, point: usize) -> Expected {
        let outcome = |step: u64| self.steps.get(step as usize).cloned();
        let acknowledged = recording.acknowledged_before(point);
        let begun = recording.begun_before(point);
        let mut expected = match acknowledged {
            None => self.before.clone(),
            Some(step) => Expected { may_be_absent: false, sights: outcome(step).into_iter().collect() },
        };
        if begun > acknowledged {
            expected.sights.extend(begun.and_then(outcome));
        }
        expected
    }
}
