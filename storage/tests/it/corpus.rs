//! The functions of the fuzz targets (`storage/fuzz`), fed with the corpus and with
//! changed seeds: a short substitute for fuzzing, the same in every run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use microprolly_storage::{EntryKind, OpenMode, RealVfs, Vfs};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::edits::{Edit, edited};

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own, for the fuzz targets")]
mod fuzz;

static SEEDS: LazyLock<BTreeMap<&str, Vec<Vec<u8>>>> =
    LazyLock::new(|| fuzz::TARGETS.into_iter().map(|target| (target, fuzz::seeds(target))).collect());

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// The files that are kept of a target, and what is in them.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = directory(target);
    if RealVfs.entry(&directory).unwrap() != Some(EntryKind::Directory) {
        return Vec::new();
    }
    let files = RealVfs.list(&directory).unwrap().into_iter().map(|name| directory.join(name));
    files
        .map(|path| {
            let bytes = RealVfs.open(&path, OpenMode::Read).unwrap().map().unwrap();
            (path, bytes.to_vec())
        })
        .collect()
}

#[test]
fn every_seed_is_sound() {
    for (target, seeds) in &*SEEDS {
        for (number, seed) in seeds.iter().enumerate() {
            assert!(fuzz::run(target, seed), "seed {number} of {target}");
        }
    }
}

#[test]
fn every_input_that_was_kept_is_taken_or_refused() {
    for target in fuzz::TARGETS {
        for (path, bytes) in corpus(target) {
            println!("{}", path.display()); // shown if it panics
            fuzz::run(target, &bytes);
        }
    }
}

/// `cargo fuzz` begins from these.
#[test]
#[ignore = "writes into the source tree"]
fn write_the_seeds() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    RealVfs.create_dir(&fuzz.join("corpus")).unwrap();
    for (target, seeds) in &*SEEDS {
        RealVfs.create_dir(&directory(target)).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            let path = directory(target).join(format!("seed-{number:02}"));
            if RealVfs.entry(&path).unwrap().is_some() {
                RealVfs.remove(&path).unwrap();
            }
            RealVfs.open(&path, OpenMode::CreateNew).unwrap().append(seed).unwrap();
        }
    }
}

fn some_edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(any::<Edit>(), 1..8)
}

fn run_edited(target: &str, which: Index, edits: &[Edit]) {
    fuzz::run(target, &edited(which.get::<Vec<u8>>(&SEEDS[target]), edits));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_changed_segment_is_taken_or_refused(which in any::<Index>(), edits in some_edits()) {
        run_edited("segment", which, &edits);
    }

    #[test]
    fn a_changed_manifest_is_taken_or_refused(which in any::<Index>(), edits in some_edits()) {
        run_edited("manifest", which, &edits);
    }

    #[test]
    fn a_changed_node_is_taken_or_refused(which in any::<Index>(), edits in some_edits()) {
        run_edited("node", which, &edits);
    }

    #[test]
    fn a_changed_proof_is_taken_or_refused(which in any::<Index>(), edits in some_edits()) {
        run_edited("proof", which, &edits);
    }
}
