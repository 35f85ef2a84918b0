//! Many threads, one store.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use microprolly_storage::{ChunkStore, MemoryVfs, Store};

use crate::store_fixture::*;

#[test]
fn syncs_that_overlap_are_shared_and_none_is_missed() {
    let memory = MemoryVfs::new();
    let vfs = FaultVfs::new(&memory, None);
    let store = create(&vfs);
    let before = vfs.file_syncs();
    thread::scope(|scope| {
        for thread in 0..8u64 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..100 {
                    let payload = format!("{thread} {n}");
                    store.sync(store.append_mutations(payload.as_bytes()).unwrap()).unwrap();
                }
            });
        }
    });
    let syncs = vfs.file_syncs() - before;
    assert!(syncs <= 800, "{syncs}");
    assert_eq!(store.statistics().unwrap().syncs, syncs);
    // Not the drop, but the syncs made them durable.
    let recovered = open(&memory.after_power_loss()).unwrap();
    let payloads = payloads(&recovered);
    let found: BTreeSet<_> = payloads.iter().cloned().collect();
    assert_eq!(found.len(), 800);
    for thread in 0..8 {
        let own: Vec<_> = payloads
            .iter()
            .filter(|payload| payload.starts_with(format!("{thread} ").as_bytes()))
            .cloned()
            .collect();
        assert_eq!(own, (0..100).map(|n| format!("{thread} {n}")).collect::<Vec<_>>(), "in order");
    }
}

/// A hook that stops the first sync after it is armed until told to go on.
fn gate() -> (impl Fn() + Send + Sync, Arc<AtomicBool>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let armed = Arc::new(AtomicBool::new(false));
    let (reached, has_reached) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let (waits, ends) = (armed.clone(), Mutex::new((reached, may_go)));
    let hook = move || {
        if waits.swap(false, Ordering::SeqCst) {
            let (reached, may_go) = &*ends.lock().unwrap();
            reached.send(()).unwrap();
            may_go.recv().unwrap();
        }
    };
    (hook, armed, has_reached, go)
}

#[test]
fn all_who_appended_during_a_sync_share_the_next() {
    let (hook, armed, has_reached, go) = gate();
    let vfs = FaultVfs::with_hook(&MemoryVfs::new(), hook);
    let store = create(&vfs);
    let before = vfs.file_syncs();
    armed.store(true, Ordering::SeqCst);
    let appended = Barrier::new(8);
    thread::scope(|scope| {
        scope.spawn(|| store.sync(store.append_mutations(b"first").unwrap()).unwrap());
        has_reached.recv().unwrap();
        for _ in 0..7 {
            scope.spawn(|| {
                let position = store.append_mutations(b"later").unwrap();
                appended.wait();
                store.sync(position).unwrap();
            });
        }
        appended.wait();
        go.send(()).unwrap();
    });
    assert_eq!(vfs.file_syncs() - before, 2);
}

#[test]
fn reads_and_appends_go_on_during_a_sync() {
    let (hook, armed, has_reached, go) = gate();
    let store = create(&FaultVfs::with_hook(&MemoryVfs::new(), hook));
    store.write(&encoding(1)).unwrap();
    let position = store.append_root(root(1)).unwrap();
    armed.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| store.sync(position).unwrap());
        has_reached.recv().unwrap();
        assert_eq!(store.read(&root(1).chunk()).unwrap(), encoding(1));
        store.write(&encoding(2)).unwrap();
        assert_eq!(store.read(&root(2).chunk()).unwrap(), encoding(2));
        go.send(()).unwrap();
    });
}

#[test]
fn reads_go_on_during_a_seal() {
    let (hook, armed, has_reached, go) = gate();
    let store = create(&FaultVfs::with_hook(&MemoryVfs::new(), hook));
    store.write(&encoding(1)).unwrap();
    armed.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| store.seal(root(1)).unwrap());
        has_reached.recv().unwrap();
        assert_eq!(store.read(&root(1).chunk()).unwrap(), encoding(1));
        assert!(store.contains(&root(1).chunk()).unwrap());
        go.send(()).unwrap();
    });
}

#[test]
fn readers_find_every_chunk_while_others_write_and_seal() {
    let store: Arc<Store> = Arc::new(create(&MemoryVfs::new()));
    let written = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut read = 0;
                while !done.load(Ordering::SeqCst) || read == 0 {
                    let numbers: Vec<u64> = written.lock().unwrap().clone();
                    for n in numbers.iter().rev().take(50) {
                        assert_eq!(store.read(&root(*n).chunk()).unwrap(), encoding(*n));
                        read += 1;
                    }
                }
            });
        }
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (store, written) = (&store, &written);
                scope.spawn(move || {
                    for n in 0..1000 {
                        let n = 2 * n + writer;
                        store.write(&encoding(n)).unwrap();
                        written.lock().unwrap().push(n);
                        if n % 100 == 0 {
                            store.seal(root(n)).unwrap();
                        }
                        if n % 37 == 0 {
                            store.sync(store.append_root(root(n)).unwrap()).unwrap();
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::SeqCst);
    });
    assert!(store.statistics().unwrap().chunks >= 2000);
}
