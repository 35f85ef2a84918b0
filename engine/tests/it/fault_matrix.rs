//! A disk that fails at every call, once and for good, in every way, while all is
//! done that writes: transactions, versions, sealing, collection, compaction,
//! repair, recovery.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use microprolly_engine::storage::{ChunkingParameters, MemoryVfs, StoreOptions};
use microprolly_engine::{
    CollectionOptions, CollectionPolicy, Column, ColumnType, CommitOptions, Compression, EngineError,
    RepairReport, Session, StorageError, TypeDefinition,
};

use crate::fault_vfs::{Call, Failure, FaultVfs};
use crate::files::{Files, capture, restore};
use crate::fixture::*;
use crate::parallel::check_all;
use crate::readings::{Readings, Truth};
use crate::sight::{Sight, sight};

/// A disk on which little data makes many segments.
fn disk() -> Disk {
    Disk::with_store(StoreOptions {
        segment_bytes_max: 4 * 1024,
        chunking: ChunkingParameters::with_target(256),
        ..StoreOptions::default()
    })
}

/// Somebody at work on a disk that may fail.
struct Desk {
    disk: Disk,
    vfs: FaultVfs,
    /// None after the database could not be opened again.
    session: Option<Session>,
}

impl Desk {
    fn create(disk: &Disk, vfs: &FaultVfs) -> Result<Self, EngineError> {
        let database = disk.create_on(Arc::new(vfs.clone()))?;
        Ok(Self { disk: disk.clone(), vfs: vfs.clone(), session: Some(begin(&database)) })
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().unwrap()
    }

    fn reopen(&mut self) -> Result<(), EngineError> {
        self.session = None;
        self.session = Some(begin(&self.disk.open_on(Arc::new(self.vfs.clone()))?));
        Ok(())
    }
}

/// Something that is there as a whole or not at all.
struct Step {
    what: &'static str,
    /// Whether it changes nothing that can be seen. Such a step may fail halfway,
    /// even at a sync, and do no harm.
    is_upkeep: bool,
    run: fn(&mut Desk) -> Result<(), EngineError>,
}

fn change(what: &'static str, run: fn(&mut Desk) -> Result<(), EngineError>) -> Step {
    Step { what, is_upkeep: false, run }
}

fn upkeep(what: &'static str, run: fn(&mut Desk) -> Result<(), EngineError>) -> Step {
    Step { what, is_upkeep: true, run }
}

/// More than fits in a segment, and kept out of line.
fn large(byte: u8) -> Vec<u8> {
    let mut value = Vec::new();
    for number in 0..750_u64 {
        let mixed = (number + u64::from(byte) * 1_000).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        value.extend_from_slice(&(mixed ^ (mixed >> 29)).to_le_bytes());
    }
    value
}

fn repack() -> CollectionOptions {
    CollectionOptions {
        dry_run: false,
        policy: CollectionPolicy { repack: true, ..CollectionPolicy::default() },
    }
}

/// A bit of everything.
fn steps() -> Vec<Step> {
    vec![
        change("a key", |desk| desk.session().put("single", "1")),
        change("many keys", |desk| {
            let mut transaction = desk.session().begin_transaction()?;
            (0..20).try_for_each(|number| transaction.put(format!("many:{number:02}"), "together"))?;
            transaction.delete("single")?;
            transaction.commit()
        }),
        change("a version", |desk| desk.session().commit(CommitOptions::message("first")).map(drop)),
        change("a large value", |desk| desk.session().put("large", large(1))),
        change("a type with a row, and a seal", |desk| {
            let id = Column::new("id", ColumnType::TEXT);
            let mut transaction = desk.session().begin_transaction()?;
            transaction.define_type(TypeDefinition::new("user", vec![id]))?;
            transaction.put("user:1", r#"{"id":"1"}"#)?;
            transaction.commit()
        }),
        change("a branch", |desk| desk.session().create_branch("side", "main")),
        change("a large value on the branch", |desk| {
            let session = desk.session();
            session.switch_branch("side")?;
            session.put("on the side", large(2))?;
            session.switch_branch("main")
        }),
        change("a tag", |desk| desk.session().create_tag("v1", "main", "why").map(drop)),
        change("a transaction with a version", |desk| {
            let mut transaction = desk.session().begin_transaction()?;
            transaction.put("with a version", large(3))?;
            transaction.commit_version(CommitOptions::message("second")).map(drop)
        }),
        change("the branch's end", |desk| desk.session().drop_branch("side", true)),
        upkeep("a collection", |desk| desk.session().gc().map(drop)),
        change("a key after a collection", |desk| desk.session().put("collected", "x")),
        upkeep("a compaction", |desk| desk.session().collect_garbage(&repack()).map(drop)),
        upkeep("a repair", |desk| desk.session().repair().map(drop)),
        change("another compression", |desk| desk.session().set_compression(Compression::None)),
        change("a deletion", |desk| desk.session().delete("many:07")),
        upkeep("a recovery", Desk::reopen),
        change("a version after a recovery", |desk| {
            desk.session().commit(CommitOptions::message("third")).map(drop)
        }),
        change("the last key", |desk| desk.session().put("last", "x")),
    ]
}

/// What can be seen after each number of steps, when nothing fails.
fn expected(steps: &[Step]) -> Vec<Sight> {
    let disk = disk();
    let mut desk = Desk::create(&disk, &FaultVfs::sound(&disk.vfs)).unwrap();
    let mut expected = vec![sight(desk.session()).unwrap()];
    for step in steps {
        (step.run)(&mut desk).unwrap_or_else(|error| panic!("{}: {error}", step.what));
        expected.push(sight(desk.session()).unwrap());
    }
    let statistics = desk.session().store_statistics().unwrap();
    // MANIFEST had it when the database was opened again.
    assert!(statistics.bytes_after_collection > 0, "something was collected: {statistics:?}");
    expected
}

/// The calls of all the steps, when none fails.
fn calls(steps: &[Step]) -> Vec<Call> {
    let disk = disk();
    let vfs = FaultVfs::sound(&disk.vfs);
    let mut desk = Desk::create(&disk, &vfs).unwrap();
    for step in steps {
        (step.run)(&mut desk).unwrap();
    }
    drop(desk);
    vfs.calls()
}

/// Which calls fail, and how.
struct Case {
    first: usize,
    last: usize,
    failure: Failure,
}

impl Case {
    /// Every call, in every way that makes a difference, once and for good.
    fn all(calls: &[Call]) -> Vec<Self> {
        let mut cases = Vec::new();
        for (first, call) in calls.iter().enumerate() {
            for failure in call.failures() {
                cases.extend([first, usize::MAX].map(|last| Self { first, last, failure: *failure }));
            }
        }
        cases
    }

    fn on(&self, memory: &MemoryVfs) -> FaultVfs {
        FaultVfs::failing(memory, self.first, self.last, self.failure)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how_often = if self.first == self.last { "once" } else { "for good" };
        write!(f, "call {} fails {how_often} ({:?})", self.first, self.failure)
    }
}

/// Does the steps in order. One that fails is tried once more; when that fails too,
/// it ends. Returns how many were acknowledged, or nothing if the database was not
/// even created.
fn work(disk: &Disk, vfs: &FaultVfs, steps: &[Step], expected: &[Sight]) -> Result<Option<usize>, String> {
    let Ok(mut desk) = Desk::create(disk, vfs) else { return Ok(None) };
    for (done, step) in steps.iter().enumerate() {
        let what = step.what;
        let Err(failure) = (step.run)(&mut desk) else { continue };
        if (step.run)(&mut desk).is_ok() {
            if !step.is_upkeep && vfs.failed() == Some(Call::Sync) {
                return Err(format!("{what} was acknowledged after a sync had failed ({failure})"));
            }
            continue;
        }
        if let Some(session) = &desk.session {
            // Whoever still reads sees what was acknowledged, and nobody writes.
            if sight(session).is_ok_and(|seen| seen != expected[done]) {
                return Err(format!("after {what} failed ({failure}), readers see something else"));
            }
            if session.put("refused", "x").is_ok() {
                return Err(format!("a key was acknowledged after {what} failed twice ({failure})"));
            }
        }
        return Ok(Some(done));
    }
    Ok(Some(steps.len()))
}

/// What is left must show what was acknowledged, or one step more, and be sound.
fn survive(left: &Disk, done: Option<usize>, expected: &[Sight]) -> Result<(), String> {
    let database = match left.try_open() {
        Ok(database) => database,
        Err(EngineError::Storage(StorageError::NotAStore { .. })) if done.is_none() => left.create(),
        Err(error) => return Err(format!("it does not open after {done:?} steps: {error}")),
    };
    let session = begin(&database);
    let seen = sight(&session).map_err(|error| format!("it cannot be read: {error}"))?;
    let allowed = match done {
        None => &expected[..1],
        Some(done) => &expected[done..=(done + 1).min(expected.len() - 1)],
    };
    if !allowed.contains(&seen) {
        return Err(format!("after {done:?} steps there is {seen:?}"));
    }
    let report = session.check().map_err(|error| format!("it cannot be checked: {error}"))?;
    if report.has_damage() {
        return Err(format!("after {done:?} steps a check finds {:?}", report.findings));
    }
    session.put("works again", "x").map_err(|error| format!("it cannot be written on: {error}"))
}

#[test]
fn in_whatever_way_whichever_call_fails_each_change_is_there_as_a_whole_or_not_at_all() {
    let steps = steps();
    let (expected, calls) = (expected(&steps), calls(&steps));
    let cases = Case::all(&calls);
    println!("{} calls, {} cases", calls.len(), cases.len());
    check_all(&cases, |case| {
        let disk = disk();
        let done = work(&disk, &case.on(&disk.vfs), &steps, &expected)?;
        survive(&disk.after_power_loss(), done, &expected)
            .map_err(|what| format!("after a power cut, {what}"))?;
        survive(&disk, done, &expected)
    });
}

/// A database with sealed segments and a log, its files, and what is in it.
fn database() -> (Disk, Files, Truth) {
    let disk = disk();
    let mut session = begin(&disk.create());
    for round in 0..3 {
        for number in 0..6 {
            session.put(format!("key:{number}"), format!("value {number} of round {round}")).unwrap();
        }
        session.put(format!("large:{round}"), large(round)).unwrap();
        commit(&session, &format!("round {round}"));
    }
    session.create_branch("side", "main").unwrap();
    session.switch_branch("side").unwrap();
    for branch in ["side", "main"] {
        session.switch_branch(branch).unwrap();
        session.put("pending", branch).unwrap();
    }
    assert!(session.store_statistics().unwrap().segments.len() > 2);
    drop(session);
    let files = capture(&disk.vfs);
    let truth = Truth::of(&begin(&disk.with_vfs(restore(&files)).open()));
    (disk, files, truth)
}

/// The files of segments, oldest first. The last one is written to.
fn segments(files: &mut Files) -> Vec<&mut Vec<u8>> {
    files.iter_mut().filter(|(path, _)| path.extension().is_some()).map(|(_, bytes)| bytes).collect()
}

type Damage = (&'static str, fn(&mut Files));

/// Damage with which the database opens.
const LARGE_VALUE: &str = "a large value";

/// Damage of each kind that a repair treats in another way.
const DAMAGE: [Damage; 4] = [
    ("MANIFEST", |files| {
        let manifest = files.iter_mut().find(|(path, _)| path.ends_with("MANIFEST"));
        *manifest.unwrap().1.last_mut().unwrap() ^= 1;
    }),
    ("the footer of a segment", |files| {
        *segments(files).swap_remove(0).last_mut().unwrap() ^= 1;
    }),
    (LARGE_VALUE, |files| {
        let segment = segments(files).swap_remove(1);
        let len = segment.len();
        let index = u64::from_le_bytes(segment[len - 24..len - 16].try_into().unwrap()) as usize;
        // After its mutation record and before the nodes that lead to it.
        segment[index * 5 / 8] ^= 1;
    }),
    ("the log", |files| {
        // Its first record after the settings: the root.
        segments(files).pop().unwrap()[60] ^= 1;
    }),
];

/// What can be read, or nothing if it does not open.
fn read(disk: &Disk, truth: &Truth) -> Option<Readings> {
    let database = disk.try_open().ok()?;
    Some(truth.read(&begin(&database)))
}

#[test]
fn whichever_call_fails_during_a_repair_nothing_is_worse_and_the_next_repair_ends_as_the_first_would() {
    let (machine, files, truth) = database();
    for (what, damage) in DAMAGE {
        let mut damaged = files.clone();
        damage(&mut damaged);
        let before = read(&machine.with_vfs(restore(&damaged)), &truth);
        assert_eq!(before.is_some(), what == LARGE_VALUE, "{what}: whether it opens");
        assert!(!before.as_ref().is_some_and(Readings::is_whole), "{what}: whether all can be read");
        let (calls, repaired) = {
            let disk = machine.with_vfs(restore(&damaged));
            let vfs = FaultVfs::sound(&disk.vfs);
            let report = disk.repair_on(Arc::new(vfs.clone())).unwrap();
            assert_ne!(report, RepairReport::default(), "{what}: the repair found nothing");
            (vfs.calls(), read(&disk, &truth).unwrap())
        };
        let cases = Case::all(&calls);
        let finished = AtomicUsize::new(0);
        check_all(&cases, |case| {
            let disk = machine.with_vfs(restore(&damaged));
            let done = disk.repair_on(Arc::new(case.on(&disk.vfs))).is_ok();
            finished.fetch_add(usize::from(done), Ordering::Relaxed);
            for left in [disk.after_power_loss(), disk] {
                let now = read(&left, &truth);
                let loss = match (&before, &now) {
                    (Some(before), Some(now)) => now.loss(before),
                    (Some(_), None) => Some("it opened, and does not open any more".to_owned()),
                    (None, _) => None,
                };
                if let Some(loss) = loss {
                    return Err(format!("after a repair for {what} that was cut short, {loss}"));
                }
                left.repair_on(Arc::new(left.vfs.clone()))
                    .map_err(|error| format!("the next repair for {what} fails: {error}"))?;
                if !read(&left, &truth).is_some_and(|now| now.is_same(&repaired)) {
                    return Err(format!("the next repair for {what} does not end as the first would"));
                }
            }
            Ok(())
        });
        let finished = finished.into_inner();
        println!("{what}: {} cases, in {finished} of which the repair came to its end", cases.len());
    }
}
