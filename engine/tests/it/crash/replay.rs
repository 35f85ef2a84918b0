//! Crashes, replayed: every image of a disk that some work may leave is opened,
//! looked at, written on, and crashed again.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use microprolly_engine::storage::{ImagePlan, RecordingVfs, StorageError};
use microprolly_engine::{CommitOptions, Database, EngineError, Session};

use super::dice::Dice;
use super::oracle::{Expected, Sight, Timeline};
use super::workload::{Plant, Run};
use super::{CRASH_POINT, DIRECTORY, SEED, options};
use crate::fixture::begin;

/// Lanes of chance: of the process that recovers after a crash, and of the one that
/// recovers after a crash in that.
const LANE_RECOVERY: u32 = 1;
const LANE_SECOND_RECOVERY: u32 = 2;

/// After a crash, a value of so many bytes is written: more than fit in a segment,
/// so that the next change seals it.
const VALUE_BYTES: usize = 6_000;

/// How much is replayed.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// The most crash points of one run, evenly chosen.
    pub(super) points_max: usize,
    /// The images of a crash point; the seed is the run's.
    pub(super) images: ImagePlan,
    /// Every so many-th image is written on.
    pub(super) write_on_every: usize,
    /// At every so many-th image there is another crash, in recovery.
    pub(super) recover_every: usize,
    /// At every so many-th crash point the process is killed, too, and the power
    /// fails under the next one.
    pub(super) kill_every: usize,
    /// The most crash points of a recovery, evenly chosen…
    pub(super) recovery_points_max: usize,
    /// …and the most images of each.
    pub(super) recovery_images_max: usize,
    /// After so many violations there is no need for more.
    pub(super) violations_max: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) points: usize,
    pub(super) images: usize,
    /// Images that held a database, which opened.
    pub(super) opened: usize,
    pub(super) violations: Vec<Violation>,
}

/// A crash after which something was not as it must be.
#[derive(Debug)]
pub(super) struct Violation {
    seed: u64,
    point: usize,
    /// Where, and what of the unsynced survived.
    image: String,
    pub(super) what: String,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.points += other.points;
        self.images += other.images;
        self.opened += other.opened;
        self.violations.extend(other.violations);
    }

    /// Fails the test with what was violated, and how to see it again.
    pub(super) fn expect_no_violation(&self) {
        let thread = thread::current();
        let test = thread.name().unwrap_or("crash");
        let violations: Vec<String> = self.violations.iter().map(|one| one.report(test)).collect();
        assert!(violations.is_empty(), "{self}\n{}", violations.join("\n"));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, images, opened, violations } = self;
        write!(f, "{points} crash points, {images} images, {opened} opened, {} violations", violations.len())
    }
}

impl Violation {
    /// `test` is the name of the test that found it.
    fn report(&self, test: &str) -> String {
        let Self { seed, point, image, what } = self;
        format!(
            "seed {seed}, crash point {point}: {what}\n  {image}\n  {SEED}={seed} {CRASH_POINT}={point} \
             cargo test -p microprolly-engine --test it {test} -- --exact --include-ignored --nocapture"
        )
    }
}

/// Replays crashes at the points of a run, as far as the budget goes.
pub(super) fn replay(run: &Run, plant: &Plant, budget: &Budget) -> Tally {
    let points = spread(run.recording.crash_points(), budget.points_max);
    replay_points(run, plant, budget, points)
}

/// Replays crashes at these points.
pub(super) fn replay_points(
    run: &Run,
    plant: &Plant,
    budget: &Budget,
    points: impl IntoIterator<Item = usize>,
) -> Tally {
    let mut replay = Replay { run, plant, budget, tally: Tally::default() };
    if let Some(failure) = &run.failure {
        let end = *run.recording.crash_points().end();
        replay.violation(end, "without a crash".to_owned(), format!("the work fails: {failure}"));
    }
    for point in points {
        if replay.is_done() {
            break;
        }
        replay.point(point);
    }
    replay.tally
}

/// At most about `max` of the points, evenly spread.
fn spread(points: RangeInclusive<usize>, max: usize) -> impl Iterator<Item = usize> {
    let count = points.end() + 1 - points.start();
    points.step_by(count.div_ceil(max.max(1)).max(1))
}

struct Replay<'a> {
    run: &'a Run,
    plant: &'a Plant,
    budget: &'a Budget,
    tally: Tally,
}

impl Replay<'_> {
    fn point(&mut self, point: usize) {
        let recording = &self.run.recording;
        let expected = self.run.timeline.expected(recording, point);
        let plan = ImagePlan { seed: self.run.seed, ..self.budget.images.clone() };
        self.tally.points += 1;
        for (number, image) in recording.images(point, &plan).enumerate() {
            if self.is_done() {
                return;
            }
            let vfs = self.plant.on(RecordingVfs::on(&image));
            let check = Check {
                vfs: &vfs,
                expected: &expected,
                lane: LANE_RECOVERY,
                writes_on: number.is_multiple_of(self.budget.write_on_every),
            };
            let place = image.to_string();
            let Some(timeline) = self.check(point, &place, &check) else { continue };
            // Each point begins elsewhere, so that not only the same kinds of images
            // are crashed again.
            if (number + point).is_multiple_of(self.budget.recover_every) {
                self.crash_again(point, &place, &vfs, &timeline);
            }
        }
        if point.is_multiple_of(self.budget.kill_every) {
            self.kill(point, &expected);
        }
    }

    /// The process is killed, and what the system has not written yet is lost under
    /// the next process.
    fn kill(&mut self, point: usize, expected: &Expected) {
        let vfs = self.plant.on(self.run.recording.killed_after(point));
        let place = format!("killed {}", self.run.recording.describe(point));
        let check = Check { vfs: &vfs, expected, lane: LANE_RECOVERY, writes_on: true };
        if let Some(timeline) = self.check(point, &place, &check) {
            self.crash_again(point, &place, &vfs, &timeline);
        }
    }

    /// The power fails while the database is opened, or shortly after.
    fn crash_again(&mut self, point: usize, place: &str, vfs: &RecordingVfs, timeline: &Timeline) {
        let recording = vfs.recording();
        let images_max = self.budget.recovery_images_max;
        let plan = ImagePlan { seed: self.run.seed, images_max, ..self.budget.images.clone() };
        for later in spread(recording.crash_points(), self.budget.recovery_points_max) {
            let expected = timeline.expected(&recording, later);
            self.tally.points += 1;
            for image in recording.images(later, &plan) {
                if self.is_done() {
                    return;
                }
                let vfs = self.plant.on(RecordingVfs::on(&image));
                let lane = LANE_SECOND_RECOVERY;
                let check = Check { vfs: &vfs, expected: &expected, lane, writes_on: false };
                self.check(point, &format!("{place}; and then {image}"), &check);
            }
        }
    }

    /// What is true from the opening on; none if something was violated.
    fn check(&mut self, point: usize, place: &str, check: &Check<'_>) -> Option<Timeline> {
        self.tally.images += 1;
        match caught(|| check.verify()) {
            Ok(verified) => {
                self.tally.opened += usize::from(!verified.was_absent);
                Some(verified.timeline)
            }
            Err(what) => {
                self.violation(point, place.to_owned(), what);
                None
            }
        }
    }

    fn violation(&mut self, point: usize, image: String, what: String) {
        self.tally.violations.push(Violation { seed: self.run.seed, point, image, what });
    }

    fn is_done(&self) -> bool {
        self.tally.violations.len() >= self.budget.violations_max
    }
}

/// A panic is as good a complaint as any.
fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or("(no text)")))
    })
}

/// What a crash left, and what it must hold.
struct Check<'a> {
    vfs: &'a RecordingVfs,
    expected: &'a Expected,
    /// The chance of the process that opens it.
    lane: u32,
    writes_on: bool,
}

/// What was found to be right.
struct Verified {
    /// From the opening on, as the file system recorded it: what was seen then must
    /// not be lost any more.
    timeline: Timeline,
    was_absent: bool,
}

impl Check<'_> {
    /// Opens it, checks that what it shows is expected and sound, writes on if so
    /// asked, opens it again, and says what is wrong.
    fn verify(&self) -> Result<Verified, String> {
        let options = options(self.lane);
        let (vfs, directory) = (|| Arc::new(self.vfs.clone()), Path::new(DIRECTORY));
        self.vfs.begin(0);
        let (session, was_absent) = match Database::open_with(vfs(), directory, &options) {
            Ok(database) => (begin(&database), false),
            Err(EngineError::Storage(StorageError::NotAStore { .. })) if self.expected.may_be_absent => {
                let created = Database::create_with(vfs(), directory, &options);
                (begin(&created.map_err(|error| format!("cannot be created anew: {error}"))?), true)
            }
            Err(error) => return Err(format!("does not open: {error}")),
        };
        let seen = look(&session)?;
        let created = Expected::exactly(Sight::of_new());
        let expected = if was_absent { &created } else { self.expected };
        if let Some(objection) = expected.objection(&seen) {
            return Err(objection);
        }
        let mut timeline = Timeline::new(self.expected.clone());
        timeline.push(seen);
        self.vfs.acknowledge(0);
        if self.writes_on {
            self.write_on(&session, &mut timeline)
                .map_err(|error| format!("cannot be written on: {error}"))?;
            drop(session);
            let database = Database::open_with(vfs(), directory, &options)
                .map_err(|error| format!("does not open after it was written on: {error}"))?;
            let last = Expected::exactly(timeline.last().clone());
            if let Some(objection) = last.objection(&look(&begin(&database))?) {
                return Err(format!("after it was written on, {objection}"));
            }
        }
        Ok(Verified { timeline, was_absent })
    }

    /// A change, a version, and another change, with a segment sealed in between.
    fn write_on(&self, session: &Session, timeline: &mut Timeline) -> Result<(), EngineError> {
        let (key, value) = (b"after the crash".to_vec(), Dice::new(0).bytes(VALUE_BYTES));
        self.step(timeline, |sight| {
            session.put(key.clone(), value.clone())?;
            sight.branches.get_mut("main").unwrap().working.insert(key.clone(), value);
            Ok(())
        })?;
        self.step(timeline, |sight| {
            let message = "after the crash";
            session.commit(CommitOptions { allow_empty: true, ..CommitOptions::message(message) })?;
            let main = sight.branches.get_mut("main").unwrap();
            main.log.insert(0, Arc::new((message.to_owned(), main.working.clone())));
            Ok(())
        })?;
        self.step(timeline, |sight| {
            session.delete(key.clone())?;
            sight.branches.get_mut("main").unwrap().working.remove(&key);
            Ok(())
        })
    }

    fn step(
        &self,
        timeline: &mut Timeline,
        perform: impl FnOnce(&mut Sight) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let (number, mut sight) = (timeline.next_step(), timeline.last().clone());
        self.vfs.begin(number);
        perform(&mut sight)?;
        timeline.push(sight);
        self.vfs.acknowledge(number);
        Ok(())
    }
}

/// All that there is to be seen, if all of it is sound.
fn look(session: &Session) -> Result<Sight, String> {
    let sight = Sight::of(session).map_err(|error| format!("cannot be read: {error}"))?;
    match findings(session) {
        Ok(findings) if findings.is_empty() => Ok(sight),
        Ok(findings) => Err(format!("a check finds: {}", findings.join("; "))),
        Err(error) => Err(format!("cannot be checked: {error}")),
    }
}

/// What the database's own check objects to. That a crash leaves garbage is no
/// objection.
fn findings(session: &Session) -> Result<Vec<String>, EngineError> {
    let damage = session.check()?.findings.into_iter().filter(|finding| finding.kind.is_damage());
    Ok(damage.map(|finding| format!("{finding:?}")).collect())
}
