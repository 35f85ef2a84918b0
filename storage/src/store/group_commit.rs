//! Group commit: callers who wait for the disk at the same time share one sync.
//!
//! At most one thread leads. It writes out what everybody has appended and
//! syncs; those who come meanwhile wait, and then either find that the sync
//! covered them, or one of them leads the next.

use parking_lot::{Condvar, Mutex};

use super::Lsn;
use super::poison::Poison;
use crate::error::Result;

#[derive(Debug)]
pub(super) struct GroupCommit {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Everything up to here is on disk.
    durable: Lsn,
    /// Whether a thread leads.
    led: bool,
}

/// What a caller has to do.
pub(super) enum Turn<'a> {
    /// Nothing: what it waits for is on disk.
    Durable,
    /// To sync, on behalf of everybody.
    Lead(Leader<'a>),
}

impl GroupCommit {
    pub(super) fn new(durable: Lsn) -> Self {
        Self { state: Mutex::new(State { durable, led: false }), changed: Condvar::new() }
    }

    /// Waits until everything up to `through` is on disk, or it is the caller's
    /// turn to see to that.
    ///
    /// # Errors
    /// `Poisoned` if the disk failed before it got so far.
    pub(super) fn turn(&self, through: Lsn, poison: &Poison) -> Result<Turn<'_>> {
        let mut state = self.state.lock();
        loop {
            if state.durable >= through {
                return Ok(Turn::Durable);
            }
            poison.check()?;
            if !state.led {
                state.led = true;
                return Ok(Turn::Lead(Leader { group: self }));
            }
            self.changed.wait(&mut state);
        }
    }

    /// Waits until nobody else leads.
    pub(super) fn lead(&self) -> Leader<'_> {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.led);
        state.led = true;
        Leader { group: self }
    }
}

/// The right to sync, until dropped.
pub(super) struct Leader<'a> {
    group: &'a GroupCommit,
}

impl Leader<'_> {
    /// Reports that everything up to `durable` is on disk.
    pub(super) fn reached(&self, durable: Lsn) {
        let mut state = self.group.state.lock();
        state.durable = state.durable.max(durable);
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.group.state.lock().led = false;
        self.group.changed.notify_all();
    }
}
