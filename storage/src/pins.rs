//! What must not be collected although no published root leads to it.
//!
//! A collector removes the chunks that no root reaches. Two kinds of user know
//! of chunks that a root does not reach, or no longer does (I6):
//!
//! * Whoever reads holds a [`Pin`] on the chunk from which it reads on: every
//!   live [`Tree`](crate::Tree) holds one on its root.
//! * Whoever writes holds a [`WriteGuard`] from before its first chunk until
//!   what it made is pinned, or published under a root. A chunk that it found
//!   present, and so did not write again, is safe with it: a collector first
//!   waits for all writes that began before it, and hides what it may remove
//!   from those that begin later, which then write it again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::hash::ChunkHash;

/// How often one who waits for writes to end asks whether to go on.
const WAIT_STEP: Duration = Duration::from_millis(50);

/// The pins and the writes in progress of one store of chunks.
#[derive(Debug, Default)]
pub struct Pins {
    state: Mutex<State>,
    write_ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How often each chunk is pinned; at least once.
    held: HashMap<ChunkHash, usize>,
    /// The numbers of the writes in progress.
    writes: BTreeSet<u64>,
    /// The number of the next write.
    next_write: u64,
}

impl Pins {
    /// Keeps a chunk, and all that it leads to, until the pin is dropped. It
    /// must be safe already: reached from a root or another pin, or written
    /// under a guard that is still held.
    pub fn hold(self: &Arc<Self>, hash: ChunkHash) -> Pin {
        *self.state.lock().held.entry(hash).or_default() += 1;
        Pin { pins: Arc::clone(self), hash }
    }

    /// Begins a write.
    pub fn begin_write(self: &Arc<Self>) -> WriteGuard {
        let mut state = self.state.lock();
        let number = state.next_write;
        state.next_write += 1;
        state.writes.insert(number);
        WriteGuard { pins: Arc::clone(self), number }
    }

    /// Every pinned chunk, once.
    pub fn held(&self) -> Vec<ChunkHash> {
        self.state.lock().held.keys().copied().collect()
    }

    /// Waits until every write that has begun by now has ended, or `go_on`
    /// says to give up: whether they have ended.
    pub(crate) fn wait_for_writes(&self, mut go_on: impl FnMut() -> bool) -> bool {
        let mut state = self.state.lock();
        let begun = state.next_write;
        while state.writes.first().is_some_and(|first| *first < begun) {
            if !go_on() {
                return false;
            }
            self.write_ended.wait_for(&mut state, WAIT_STEP);
        }
        true
    }
}

/// Keeps a chunk from being collected until it is dropped.
#[derive(Debug)]
pub struct Pin {
    pins: Arc<Pins>,
    hash: ChunkHash,
}

impl Pin {
    /// The chunk.
    pub fn hash(&self) -> ChunkHash {
        self.hash
    }
}

impl Clone for Pin {
    fn clone(&self) -> Self {
        self.pins.hold(self.hash)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut state = self.pins.state.lock();
        if let Some(count) = state.held.get_mut(&self.hash) {
            *count -= 1;
            if *count == 0 {
                state.held.remove(&self.hash);
            }
        }
    }
}

/// A write in progress, which ends when this is dropped.
#[derive(Debug)]
#[must_use = "a write is safe from collection while its guard lives"]
pub struct WriteGuard {
    pins: Arc<Pins>,
    number: u64,
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.pins.state.lock().writes.remove(&self.number);
        self.pins.write_ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_held_until_its_last_pin_is_dropped() {
        let pins = Arc::new(Pins::default());
        let hash = ChunkHash::of(b"chunk");
        let first = pins.hold(hash);
        let second = first.clone();
        drop(first);
        assert_eq!(pins.held(), [hash]);
        assert_eq!(second.hash(), hash);
        drop(second);
        assert!(pins.held().is_empty());
    }

    #[test]
    fn waiting_is_for_writes_that_began_before_and_for_no_others() {
        let pins = Arc::new(Pins::default());
        let before = pins.begin_write();
        let mut asked = 0;
        let ended = pins.wait_for_writes(|| {
            asked += 1;
            asked < 2
        });
        assert!(!ended, "a write goes on");
        drop(before);
        assert!(pins.wait_for_writes(|| panic!("nothing to wait for")));
        let _later = pins.begin_write();
        assert!(!pins.wait_for_writes(|| false));
    }
}
