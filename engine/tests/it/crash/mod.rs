//! Power cuts, replayed. Random work is done on a file system that records it; then
//! every image is built of what a disk may hold if the power fails after each
//! operation, and opened. It must show what was acknowledged last, or the step in
//! flight, as a whole; go on working; and stand another crash.
//!
//! [`workload`] does the work, [`oracle`] knows what may be seen, [`replay`] crashes,
//! and [`planted`] proves that a mistake would be found.
//!
//! | variable | says |
//! |----------|------|
//! | `MICROPROLLY_SEED` | which work is done first |
//! | `MICROPROLLY_CRASH_POINTS` | at how many points of it the power fails, at most |
//! | `MICROPROLLY_CRASH_IMAGES` | how many images of each point are opened, at most |
//! | `MICROPROLLY_CRASH_POINT` | the one point at which the power fails, in the first work |
//!
//! A violation prints the command that shows it again.

mod dice;
mod oracle;
mod planted;
mod replay;
mod workload;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use microprolly_engine::DatabaseOptions;
use microprolly_engine::storage::{ChunkingParameters, ImagePlan, StoreOptions};

use crate::fixture::{TestClock, TestEntropy};
use replay::{Budget, Tally, replay, replay_points};
use workload::{LARGE_SEED, Plant, is_large, run};

const SEED: &str = "MICROPROLLY_SEED";
const CRASH_POINTS: &str = "MICROPROLLY_CRASH_POINTS";
const CRASH_POINT: &str = "MICROPROLLY_CRASH_POINT";
const CRASH_IMAGES: &str = "MICROPROLLY_CRASH_IMAGES";

/// Where the database is.
const DIRECTORY: &str = "db";

/// What the long run is to reach.
const POINTS_WANTED: usize = 10_000;
const IMAGES_WANTED: usize = 1_000_000;

/// Small nodes and segments, so that little work makes deep trees and many seals.
/// Each lane has chance of its own.
fn options(lane: u32) -> DatabaseOptions {
    DatabaseOptions {
        store: StoreOptions {
            segment_bytes_max: 4 * 1024,
            chunk_cache_bytes_max: 0,
            chunking: ChunkingParameters::with_target(256),
            ..StoreOptions::default()
        },
        node_cache_bytes_max: 64 * 1024,
        clock: Arc::new(TestClock::new()),
        entropy: Arc::new(TestEntropy::of_lane(lane)),
        ..DatabaseOptions::default()
    }
}

impl Budget {
    /// For every run of the tests.
    fn ordinary() -> Self {
        Self {
            points_max: usize::MAX,
            images: ImagePlan { images_max: 12, ..ImagePlan::default() },
            write_on_every: 3,
            recover_every: 40,
            kill_every: 12,
            recovery_points_max: 6,
            recovery_images_max: 3,
            violations_max: 10,
        }
        .or_from_environment()
    }

    /// For a run that may take hours.
    fn thorough() -> Self {
        Self {
            points_max: usize::MAX,
            images: ImagePlan::default(),
            write_on_every: 1,
            recover_every: 50,
            kill_every: 5,
            recovery_points_max: 20,
            recovery_images_max: 20,
            violations_max: 10,
        }
        .or_from_environment()
    }

    fn or_from_environment(self) -> Self {
        let images_max = from_environment(CRASH_IMAGES).unwrap_or(self.images.images_max);
        let points_max = from_environment(CRASH_POINTS).unwrap_or(self.points_max);
        Self { points_max, images: ImagePlan { images_max, ..self.images }, ..self }
    }

    /// At most so many images of a crash point.
    fn with_images_max(self, max: usize) -> Self {
        let images_max = self.images.images_max.min(max);
        Self { images: ImagePlan { images_max, ..self.images }, ..self }
    }
}

fn from_environment<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
}

/// The seeds of so much work, or of one, if one crash is to be seen again.
fn seeds(first: u64, count: u64) -> Range<u64> {
    let first = from_environment(SEED).unwrap_or(first);
    first..first + if is_one_crash() { 1 } else { count }
}

fn is_one_crash() -> bool {
    from_environment::<usize>(CRASH_POINT).is_some()
}

fn replay_seed(seed: u64, budget: &Budget) -> Tally {
    let plant = Plant::default();
    let run = run(seed, &plant);
    match from_environment(CRASH_POINT) {
        Some(point) => replay_points(&run, &plant, budget, [point]),
        None => replay(&run, &plant, budget),
    }
}

/// Replays the work of each seed, on all processors.
fn replay_seeds(seeds: &Range<u64>, budget: &Budget) -> Tally {
    // Where the images are large, they are few.
    let few = budget.clone().with_images_max(50);
    let next = AtomicU64::new(seeds.start);
    let replay_some = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return tally;
            }
            tally.add(replay_seed(seed, if is_large(seed) { &few } else { budget }));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(replay_some)).collect();
        let mut total = Tally::default();
        workers.into_iter().for_each(|worker| total.add(worker.join().unwrap()));
        total
    })
}

#[test]
fn whatever_a_power_cut_leaves_shows_what_was_acknowledged_or_the_step_in_flight() {
    let tally = replay_seeds(&seeds(1, 2), &Budget::ordinary());
    println!("{tally}");
    tally.expect_no_violation();
}

#[test]
fn a_large_transaction_whose_power_is_cut_is_there_as_a_whole_or_not_at_all() {
    let budget = Budget {
        points_max: 12,
        write_on_every: usize::MAX,
        recover_every: usize::MAX,
        kill_every: usize::MAX,
        ..Budget::ordinary().with_images_max(6)
    };
    let tally = replay_seed(LARGE_SEED, &budget);
    println!("{tally}");
    tally.expect_no_violation();
}

#[test]
#[ignore = "takes seven minutes in release"]
fn ten_thousand_crashes_and_a_million_images_lose_nothing() {
    let mut work = seeds(1000, 16);
    let (first, at_once) = (work.start, work.end - work.start);
    let mut total = Tally::default();
    loop {
        total.add(replay_seeds(&work, &Budget::thorough()));
        println!("seeds {first} to {}: {total}", work.end - 1);
        let is_enough = total.points >= POINTS_WANTED && total.images >= IMAGES_WANTED;
        if is_enough || is_one_crash() || !total.violations.is_empty() {
            break;
        }
        work = work.end..work.end + at_once;
    }
    let Tally { points, images, opened, violations } = &total;
    println!("| seeds | crash points | images | opened | violations |\n|---|---:|---:|---:|---:|");
    println!("| {first} to {} | {points} | {images} | {opened} | {} |", work.end - 1, violations.len());
    total.expect_no_violation();
}
