//! A disk that fails, and power that goes: nothing acknowledged is lost, nothing
//! panics, and the store opens again.

use std::sync::Arc;

use microprolly_storage::{ChunkStore, MemoryVfs, Result, StorageError, Store};
use proptest::prelude::*;

use crate::store_fixture::*;

/// Creates a store and does a bit of everything with it. Goes on after
/// errors, as a careless caller would.
pub(crate) fn work(vfs: &FaultVfs, history: &mut History) -> Result<()> {
    work_with(vfs, history, &[7; 100])
}

/// The same, with this chunk among what is written.
fn work_with(vfs: &FaultVfs, history: &mut History, chunk: &[u8]) -> Result<()> {
    let store = Store::create(Arc::new(vfs.clone()), dir(), &uncompressed())?;
    let steps = [
        history.mutate(&store, 1),
        history.commit(&store, 2),
        history.mutate(&store, 3),
        store.write(chunk).map(|_| ()),
        history.commit(&store, 4),
        history.seal(&store, 5),
        history.mutate(&store, 6),
        history.commit(&store, 7),
        history.mutate(&store, 8),
        history.seal(&store, 9),
        history.commit(&store, 10),
        history.mutate(&store, 11),
    ];
    // Once a write failed there is no other answer.
    let first_failure = steps.iter().position(Result::is_err).unwrap_or(steps.len());
    for step in steps.iter().skip(first_failure + 1) {
        assert!(
            matches!(step, Err(StorageError::Poisoned { .. })),
            "{step:?} after {:?}",
            steps[first_failure]
        );
    }
    if first_failure > 1 {
        match store.read(&root(2).chunk()) {
            Ok(read) => assert_eq!(read, encoding(2)),
            Err(StorageError::Io { .. }) => {} // the disk fails for reads as well
            Err(other) => panic!("{other}"),
        }
    }
    Ok(())
}

/// Opens what is left, or creates it if nobody was told that it exists; then
/// writes on, and opens once more.
pub(crate) fn survive(left: &MemoryVfs, mut history: History, created: bool) {
    match open(left) {
        Ok(recovered) => history.recover(&recovered),
        Err(StorageError::NotAStore { .. }) if !created => drop(create(left)),
        Err(other) => panic!("{other}"),
    }
    let store = open(left).unwrap().store;
    history.mutate(&store, 100).unwrap();
    history.commit(&store, 101).unwrap();
    history.seal(&store, 102).unwrap();
    history.commit(&store, 103).unwrap();
    let acknowledged = open(&left.after_power_loss()).unwrap();
    assert_eq!(history.objection(&acknowledged), None);
    drop(store);
    let recovered = open(left).unwrap();
    assert_eq!(recovered.truncated_bytes, 0);
    history.recover(&recovered);
}

fn calls_without_fault() -> u64 {
    let vfs = FaultVfs::new(&MemoryVfs::new(), None);
    work(&vfs, &mut History::new()).unwrap();
    vfs.calls()
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    let calls = calls_without_fault();
    assert!(calls > 50);
    for first in 0..calls {
        for effect in [Effect::Nothing, Effect::Half, Effect::Whole] {
            for last in [first, u64::MAX] {
                let memory = MemoryVfs::new();
                let vfs = FaultVfs::new(&memory, Some(Fault { first, last, effect }));
                let mut history = History::new();
                let created = work(&vfs, &mut history).is_ok();
                survive(&memory.after_power_loss(), history.clone(), created);
                survive(&memory, history, created);
            }
        }
    }
}

/// A chunk larger than the buffer makes the append itself write to the file.
#[test]
fn whichever_call_fails_when_appends_write_to_the_file_nothing_acknowledged_is_lost() {
    let large = vec![7; 1_200_000];
    let vfs = FaultVfs::new(&MemoryVfs::new(), None);
    work_with(&vfs, &mut History::new(), &large).unwrap();
    assert!(vfs.calls() > calls_without_fault(), "the append writes");
    for first in 0..vfs.calls() {
        let memory = MemoryVfs::new();
        let fault = Fault { first, last: first, effect: Effect::Half };
        let mut history = History::new();
        let created = work_with(&FaultVfs::new(&memory, Some(fault)), &mut history, &large).is_ok();
        survive(&memory.after_power_loss(), history.clone(), created);
        survive(&memory, history, created);
    }
}

#[test]
fn whichever_call_fails_during_recovery_the_next_recovery_succeeds() {
    // Each a crash that leaves recovery something to do: a torn tail, a seal
    // cut short at every step.
    for first in 0..calls_without_fault() {
        let memory = MemoryVfs::new();
        let mut history = History::new();
        let vfs = FaultVfs::new(&memory, Some(Fault { first, last: u64::MAX, effect: Effect::Half }));
        if work(&vfs, &mut history).is_err() {
            continue;
        }
        for call in 0.. {
            let left = restore(&capture(&memory));
            let recovering =
                FaultVfs::new(&left, Some(Fault { first: call, last: u64::MAX, effect: Effect::Nothing }));
            let recovered = open(&recovering);
            let done = recovered.is_ok() && recovering.calls() <= call;
            drop(recovered);
            survive(&left.after_power_loss(), history.clone(), true);
            if done {
                break;
            }
        }
    }
}

/// The tests above would notice if a sync were missing: each one that the store
/// asks for, when it is not done, loses something at some crash.
#[test]
fn no_sync_is_asked_for_in_vain() {
    let vfs = FaultVfs::new(&MemoryVfs::new(), None);
    work(&vfs, &mut History::new()).unwrap();
    let calls = vfs.calls();
    let lost = |skipped: u64, crash: u64| {
        let memory = MemoryVfs::new();
        let mut history = History::new();
        let created = work(&FaultVfs::skipping(&memory, skipped, crash), &mut history).is_ok();
        match open(&memory.after_power_loss()) {
            Ok(recovered) => history.objection(&recovered).is_some(),
            Err(_) => created,
        }
    };
    let in_vain: Vec<u64> = vfs
        .syncs()
        .into_iter()
        .filter(|skipped| !(skipped + 1..=calls).any(|crash| lost(*skipped, crash)))
        .collect();
    // That of the name of the directory of segments is: this disk never has the
    // name of MANIFEST without it. One that reorders names does (`RecordingVfs`).
    assert_eq!(in_vain.len(), 1, "{in_vain:?} of {:?}", vfs.syncs());
}

#[test]
fn a_failed_sync_is_never_followed_by_a_successful_one() {
    let memory = MemoryVfs::new();
    drop(create(&memory));
    let calls_of_open = {
        let vfs = FaultVfs::new(&memory, None);
        drop(open(&vfs).unwrap());
        vfs.calls()
    };
    // After opening: one append, then the sync that fails, once.
    let fault = Fault { first: calls_of_open + 1, last: calls_of_open + 1, effect: Effect::Nothing };
    let vfs = FaultVfs::new(&memory, Some(fault));
    let store = open(&vfs).unwrap().store;
    let position = store.append_mutations(&mutations(1)).unwrap();
    assert!(matches!(store.sync(position), Err(StorageError::Io { .. })));
    let refused = store.sync(position).unwrap_err();
    assert!(matches!(&refused, StorageError::Poisoned { cause } if cause.contains("injected")), "{refused}");
    assert!(matches!(store.append_mutations(b""), Err(StorageError::Poisoned { .. })));
    assert!(matches!(store.append_root(root(1)), Err(StorageError::Poisoned { .. })));
    assert!(matches!(store.write(b"chunk"), Err(StorageError::Poisoned { .. })));
    assert!(matches!(store.seal(root(1)), Err(StorageError::Poisoned { .. })));
}

#[test]
fn chunks_can_be_read_after_a_failure_whether_they_were_written_or_not() {
    let memory = MemoryVfs::new();
    drop(create(&memory));
    let calls_of_open = {
        let vfs = FaultVfs::new(&memory, None);
        drop(open(&vfs).unwrap());
        vfs.calls()
    };
    for effect in [Effect::Nothing, Effect::Half] {
        let vfs = FaultVfs::new(&memory, Some(Fault { first: calls_of_open, last: calls_of_open, effect }));
        let store = open(&vfs).unwrap().store;
        store.write(&encoding(1)).unwrap();
        let position = store.append_root(root(1)).unwrap();
        assert!(store.sync(position).is_err());
        assert_eq!(store.read(&root(1).chunk()).unwrap(), encoding(1));
        drop(store);
        assert_eq!(open(&memory).unwrap().root, None);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Mutate,
    Commit,
    Seal,
    Reopen,
    Kill,
    LosePower,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Mutate),
        3 => Just(Step::Commit),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        2 => Just(Step::LosePower),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_work_and_crashes_keeps_what_was_acknowledged(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut memory = MemoryVfs::new();
        let mut history = History::new();
        let mut store = create(&memory);
        for (n, step) in steps.into_iter().enumerate() {
            let n = n as u64;
            match step {
                Step::Mutate => history.mutate(&store, n).unwrap(),
                Step::Commit => history.commit(&store, n).unwrap(),
                Step::Seal => history.seal(&store, n).unwrap(),
                Step::Reopen | Step::Kill | Step::LosePower => {
                    if !matches!(step, Step::Reopen) {
                        // What was in the process's memory goes with it.
                        let left = match step {
                            Step::Kill => restore(&capture(&memory)),
                            _ => memory.after_power_loss(),
                        };
                        memory = left;
                    }
                    drop(store);
                    let recovered = open(&memory).unwrap();
                    history.recover(&recovered);
                    store = recovered.store;
                }
            }
        }
    }
}
