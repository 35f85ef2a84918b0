//! Random work on a database, under a recording file system.

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use microprolly_engine::storage::{Ignored, Recording, RecordingVfs};
use microprolly_engine::{CollectionOptions, CommitOptions, Database, EngineError, Session, Transaction};

use super::dice::Dice;
use super::oracle::{Expected, Sight, Timeline};
use super::{DIRECTORY, options};
use crate::fixture::{Contents, begin};

/// The lane of chance of the process that does the work.
const LANE: u32 = 0;

/// One seed in so many has a transaction larger than a branch's pending writes, and
/// any buffer, may be.
const LARGE_EVERY: u64 = 50;

/// One that has.
pub(super) const LARGE_SEED: u64 = LARGE_EVERY;

/// Large values, and bytes in each: more than 4 MiB together.
const LARGE_VALUES: usize = 9;
const LARGE_VALUE_BYTES: usize = 500_000;

const BRANCHES: [&str; 3] = ["a", "b", "c"];
const TAGS: [&str; 3] = ["v1", "v2", "v3"];
const KEYS: u64 = 40;

/// Mistakes made on purpose, which must not go unnoticed.
#[derive(Clone, Debug, Default)]
pub(super) struct Plant {
    /// Calls that are not made, each once in so many times.
    pub(super) ignored: Vec<(Ignored, NonZeroU64)>,
    /// Whether each step is acknowledged before it is done.
    pub(super) acknowledges_early: bool,
}

impl Plant {
    /// Plants them in a file system.
    pub(super) fn on(&self, vfs: RecordingVfs) -> RecordingVfs {
        self.ignored.iter().cloned().fold(vfs, |vfs, (ignored, every)| vfs.ignoring(ignored, every))
    }
}

/// Work that was done.
pub(super) struct Run {
    pub(super) seed: u64,
    pub(super) recording: Recording,
    pub(super) timeline: Timeline,
    /// Why it did not come to its end, if it did not.
    pub(super) failure: Option<String>,
}

/// Whether the work of this seed has a large transaction.
pub(super) fn is_large(seed: u64) -> bool {
    seed.is_multiple_of(LARGE_EVERY)
}

/// Does the work that a seed stands for.
pub(super) fn run(seed: u64, plant: &Plant) -> Run {
    let vfs = plant.on(RecordingVfs::new());
    let mut timeline = Timeline::new(Expected::nothing());
    let failure = work(seed, plant, &vfs, &mut timeline).err().map(|error| error.to_string());
    Run { seed, recording: vfs.recording(), timeline, failure }
}

fn work(seed: u64, plant: &Plant, vfs: &RecordingVfs, timeline: &mut Timeline) -> Result<(), EngineError> {
    let options = options(LANE);
    let mut model = Model { dice: Dice::new(seed), sight: Sight::of_new(), current: "main".to_owned() };
    let open = || -> Result<Session, EngineError> {
        let database = Database::open_with(Arc::new(vfs.clone()), Path::new(DIRECTORY), &options)?;
        Ok(begin(&database))
    };

    announce(vfs, plant, 0);
    let mut session = begin(&Database::create_with(Arc::new(vfs.clone()), Path::new(DIRECTORY), &options)?);
    timeline.push(Sight::of_new());
    vfs.acknowledge(0);

    let steps = if is_large(seed) { 8 } else { 24 + model.dice.below(24) };
    for number in 1..=steps {
        let step = if is_large(seed) && number == 3 { model.large() } else { model.choose(number) };
        announce(vfs, plant, number);
        session = step.perform(session, &open)?;
        model.apply(step);
        timeline.push(model.sight.clone());
        vfs.acknowledge(number);
    }
    Ok(())
}

fn announce(vfs: &RecordingVfs, plant: &Plant, step: u64) {
    vfs.begin(step);
    if plant.acknowledges_early {
        vfs.acknowledge(step);
    }
}

/// A key, and its value unless it is deleted.
type Write = (Vec<u8>, Option<Vec<u8>>);

/// A step, which is there as a whole after a crash or not at all.
#[derive(Clone, Debug)]
enum Step {
    /// A transaction.
    Write(Vec<Write>),
    /// A transaction, perhaps without writes, that makes a version.
    Record(Vec<Write>, String),
    /// From the current branch.
    CreateBranch(String),
    DropBranch(String),
    RenameBranch(String, String),
    Switch(String),
    /// At the current branch.
    Tag(String),
    DropTag(String),
    CollectGarbage,
    /// Closes the database and opens it again.
    Reopen,
}

impl Step {
    fn perform(
        &self,
        mut session: Session,
        open: &dyn Fn() -> Result<Session, EngineError>,
    ) -> Result<Session, EngineError> {
        match self {
            Self::Write(writes) => match writes.as_slice() {
                [(key, Some(value))] => session.put(key.clone(), value.clone())?,
                [(key, None)] => session.delete(key.clone())?,
                writes => transaction(&session, writes)?.commit()?,
            },
            Self::Record(writes, message) => {
                let options = CommitOptions { allow_empty: true, ..CommitOptions::message(message.as_str()) };
                transaction(&session, writes)?.commit_version(options)?;
            }
            Self::CreateBranch(name) => session.create_branch(name, session.branch().as_str())?,
            Self::DropBranch(name) => session.drop_branch(name, true)?,
            Self::RenameBranch(name, to) => session.rename_branch(name, to)?,
            Self::Switch(name) => session.switch_branch(name)?,
            Self::Tag(name) => {
                session.create_tag(name, session.branch().as_str(), "why")?;
            }
            Self::DropTag(name) => session.drop_tag(name)?,
            Self::CollectGarbage => {
                session.collect_garbage(&CollectionOptions::default())?;
            }
            Self::Reopen => {
                let branch = session.branch().to_string();
                drop(session);
                session = open()?;
                session.switch_branch(&branch)?;
            }
        }
        Ok(session)
    }
}

fn transaction(session: &Session, writes: &[Write]) -> Result<Transaction, EngineError> {
    let mut transaction = session.begin_transaction()?;
    for (key, value) in writes {
        match value {
            Some(value) => transaction.put(key.clone(), value.clone())?,
            None => transaction.delete(key.clone())?,
        }
    }
    Ok(transaction)
}

/// What should be true, and what may be done next.
struct Model {
    dice: Dice,
    sight: Sight,
    current: String,
}

impl Model {
    /// A step that is possible now.
    fn choose(&mut self, number: u64) -> Step {
        loop {
            if let Some(step) = self.propose(number) {
                return step;
            }
        }
    }

    fn propose(&mut self, number: u64) -> Option<Step> {
        let message = format!("step {number}");
        Some(match self.dice.below(100) {
            0..28 => Step::Write(self.writes(1)),
            28..44 => {
                let count = 2 + self.dice.below(12);
                Step::Write(self.writes(count))
            }
            44..56 => Step::Record(Vec::new(), message),
            56..63 => {
                let count = 1 + self.dice.below(8);
                Step::Record(self.writes(count), message)
            }
            63..69 => Step::CreateBranch(self.free_branch()?),
            69..73 => Step::DropBranch(self.other_branch()?),
            73..75 => {
                let name = self.other_branch()?;
                Step::RenameBranch(name, self.free_branch()?)
            }
            75..83 => {
                let names: Vec<String> = self.sight.branches.keys().cloned().collect();
                Step::Switch(self.dice.pick(&names)?)
            }
            83..87 => {
                let free: Vec<&str> =
                    TAGS.into_iter().filter(|name| !self.sight.tags.contains_key(*name)).collect();
                Step::Tag(self.dice.pick(&free)?.to_owned())
            }
            87..89 => {
                let names: Vec<String> = self.sight.tags.keys().cloned().collect();
                Step::DropTag(self.dice.pick(&names)?)
            }
            89..95 => Step::CollectGarbage,
            _ => Step::Reopen,
        })
    }

    fn large(&mut self) -> Step {
        let writes = (0..LARGE_VALUES)
            .map(|number| (format!("large:{number}").into_bytes(), Some(self.dice.bytes(LARGE_VALUE_BYTES))));
        Step::Write(writes.collect())
    }

    fn writes(&mut self, count: u64) -> Vec<Write> {
        (0..count).map(|_| self.write()).collect()
    }

    fn write(&mut self) -> Write {
        let key = format!("user:{:02}", self.dice.below(KEYS)).into_bytes();
        let len = match self.dice.below(40) {
            0..8 => return (key, None),
            8 => 5_000, // out of line
            9..12 => 1_000,
            _ => 8 + self.dice.below(60) as usize,
        };
        (key, Some(self.dice.bytes(len)))
    }

    fn free_branch(&mut self) -> Option<String> {
        let free: Vec<&str> =
            BRANCHES.into_iter().filter(|name| !self.sight.branches.contains_key(*name)).collect();
        self.dice.pick(&free).map(str::to_owned)
    }

    /// A branch that may be dropped or renamed.
    fn other_branch(&mut self) -> Option<String> {
        let names = self.sight.branches.keys().filter(|name| *name != "main" && **name != self.current);
        let names: Vec<String> = names.cloned().collect();
        self.dice.pick(&names)
    }

    /// What is true once a step is done.
    fn apply(&mut self, step: Step) {
        let Sight { branches, tags } = &mut self.sight;
        let line = branches.get_mut(&self.current).unwrap();
        match step {
            Step::Write(writes) => apply_writes(&mut line.working, writes),
            Step::Record(writes, message) => {
                apply_writes(&mut line.working, writes);
                line.log.insert(0, Arc::new((message, line.working.clone())));
            }
            Step::CreateBranch(name) => {
                let line = line.clone();
                branches.insert(name, line);
            }
            Step::DropBranch(name) => {
                branches.remove(&name);
            }
            Step::RenameBranch(name, to) => {
                let line = branches.remove(&name).unwrap();
                branches.insert(to, line);
            }
            Step::Switch(name) => self.current = name,
            Step::Tag(name) => {
                tags.insert(name, line.log.clone());
            }
            Step::DropTag(name) => {
                tags.remove(&name);
            }
            Step::CollectGarbage | Step::Reopen => {}
        }
    }
}

fn apply_writes(contents: &mut Contents, writes: Vec<Write>) {
    for (key, value) in writes {
        match value {
            Some(value) => contents.insert(key, value),
            None => contents.remove(&key),
        };
    }
}
