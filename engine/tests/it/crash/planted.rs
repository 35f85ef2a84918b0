//! Mistakes that are planted in order to be found: calls that a store would have
//! forgotten, and an acknowledgement that comes too early.

use std::num::NonZeroU64;

use microprolly_engine::storage::{Ignored, ImagePlan};

use super::replay::{Budget, Tally, replay};
use super::workload::{Plant, run};

/// The first work that is tried, and how much more if that shows nothing.
const FIRST_SEED: u64 = 201;
const SEEDS_MAX: u64 = 20;

/// Each mistake must show in one of so many images.
const IMAGES_MAX: usize = 20_000;

/// Marks records of mutations and of roots, segments, and the end of sealed ones.
const MUTATIONS: &[u8] = &[0xd7, 0x6d, 2];
const ROOT: &[u8] = &[0xd7, 0x6d, 3];
const SEGMENT: &[u8] = b"MPROLLY\n";
const SEALED: &[u8] = b"MPSEALED";

fn plants() -> Vec<(&'static str, Plant)> {
    let one_in = |every: u64, ignored: Ignored| Plant {
        ignored: vec![(ignored, NonZeroU64::new(every).unwrap())],
        acknowledges_early: false,
    };
    let file_sync = |name: &str| Ignored::FileSync { name_contains: name.to_owned() };
    let sync_of = |bytes: &[u8]| Ignored::SyncOf { bytes: bytes.to_vec() };
    let dir_sync = |name: &str| Ignored::DirSync { name: name.to_owned() };
    vec![
        ("no file is synced", one_in(1, file_sync(""))),
        ("no segment is synced", one_in(1, file_sync(".seg"))),
        ("every 3rd sync of a segment is left out", one_in(3, file_sync(".seg"))),
        ("every 7th sync of a segment is left out", one_in(7, file_sync(".seg"))),
        ("mutations are not synced", one_in(1, sync_of(MUTATIONS))),
        ("roots are not synced", one_in(1, sync_of(ROOT))),
        ("a new segment is not synced", one_in(1, sync_of(SEGMENT))),
        ("a segment is not synced when it is sealed", one_in(1, sync_of(SEALED))),
        ("MANIFEST is renamed before it is synced", one_in(1, file_sync("MANIFEST.tmp"))),
        ("the rename of MANIFEST is not synced", one_in(1, dir_sync("db"))),
        ("every 2nd rename of MANIFEST is not synced", one_in(2, dir_sync("db"))),
        ("the names of segments are not synced", one_in(1, dir_sync("segments"))),
        ("every 2nd name of a segment is not synced", one_in(2, dir_sync("segments"))),
        ("the name of the store's directory is not synced", one_in(1, dir_sync(""))),
        (
            "recovery does not sync what it found",
            one_in(1, Ignored::FirstSync { name_contains: ".seg".to_owned() }),
        ),
        (
            "recovery does not cut off a torn tail",
            one_in(1, Ignored::Truncate { name_contains: ".seg".to_owned() }),
        ),
        (
            "recovery does not remove a segment that was left over",
            one_in(1, Ignored::Remove { name_contains: ".seg".to_owned() }),
        ),
        (
            "a MANIFEST.tmp that was left over is not removed",
            one_in(1, Ignored::Remove { name_contains: "MANIFEST.tmp".to_owned() }),
        ),
        ("a step is acknowledged before it is done", Plant { ignored: Vec::new(), acknowledges_early: true }),
    ]
}

fn budget() -> Budget {
    Budget {
        points_max: usize::MAX,
        images: ImagePlan {
            random_subsets: 4,
            torn_bytes_max: 64,
            torn_places: 8,
            images_max: 12,
            ..ImagePlan::default()
        },
        write_on_every: 1,
        recover_every: 16,
        kill_every: 3,
        recovery_points_max: usize::MAX,
        recovery_images_max: 3,
        violations_max: 1,
    }
}

/// Crashes until something shows.
fn search(plant: &Plant) -> Tally {
    let mut tally = Tally::default();
    for seed in FIRST_SEED..FIRST_SEED + SEEDS_MAX {
        tally.add(replay(&run(seed, plant), plant, &budget()));
        if !tally.violations.is_empty() || tally.images > IMAGES_MAX {
            break;
        }
    }
    tally
}

#[test]
fn every_mistake_that_is_planted_is_found() {
    let mut missed = Vec::new();
    println!("| planted | crash points | images | what showed |\n|---|---:|---:|---|");
    for (name, plant) in plants() {
        let tally = search(&plant);
        let (points, images) = (tally.points, tally.images);
        match tally.violations.first() {
            Some(violation) => println!("| {name} | {points} | {images} | {} |", violation.what),
            None => {
                println!("| {name} | {points} | {images} | nothing |");
                missed.push(name);
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn without_a_mistake_nothing_is_found() {
    let run = run(FIRST_SEED, &Plant::default());
    let budget = Budget { points_max: 12, ..budget() };
    replay(&run, &Plant::default(), &budget).expect_no_violation();
}
