//! Cancel requests: they come on a connection of their own, with the number and the secret of the connection
//! whose statement is to stop.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

/// All connections whose statements can be cancelled.
#[derive(Debug, Default)]
pub(crate) struct CancelRegistry {
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    last_pid: i32,
    by_pid: HashMap<i32, Entry>,
}

#[derive(Debug)]
struct Entry {
    secret: i32,
    requests: watch::Sender<u64>,
}

impl CancelRegistry {
    /// Enters a connection, which stays entered as long as the result lives.
    pub(crate) fn register(self: &Arc<Self>) -> CancelSlot {
        let secret = random_i32();
        let (requests, received) = watch::channel(0);
        let mut connections = self.connections.lock();
        // Numbers are handed out in turn, so that one is not soon used again; those in use are passed over.
        let mut pid = connections.last_pid;
        loop {
            pid = pid.checked_add(1).unwrap_or(1);
            if !connections.by_pid.contains_key(&pid) {
                break;
            }
        }
        connections.last_pid = pid;
        connections.by_pid.insert(pid, Entry { secret, requests });
        CancelSlot { registry: Arc::clone(self), pid, secret, requests: received }
    }

    /// Asks the connection to stop its statement; says whether there is such a connection.
    pub(crate) fn cancel(&self, pid: i32, secret: i32) -> bool {
        let connections = self.connections.lock();
        let entry = connections.by_pid.get(&pid).filter(|entry| entry.secret == secret);
        if let Some(entry) = entry {
            entry.requests.send_modify(|count| *count += 1);
        }
        entry.is_some()
    }
}

/// A connection's side of cancelling.
#[derive(Debug)]
pub(crate) struct CancelSlot {
    registry: Arc<CancelRegistry>,
    pid: i32,
    secret: i32,
    requests: watch::Receiver<u64>,
}

impl CancelSlot {
    /// The number by which clients know the connection; positive.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// What a request must show besides the number.
    pub(crate) fn secret(&self) -> i32 {
        self.secret
    }

    /// Forgets requests so far: they were for a statement that has ended.
    pub(crate) fn begin_statement(&mut self) {
        self.requests.mark_unchanged();
    }

    /// Resolves at a request since [`CancelSlot::begin_statement`].
    pub(crate) async fn requested(&mut self) {
        if self.requests.changed().await.is_err() {
            // The sender lives in the registry until this slot is dropped.
            std::future::pending().await
        }
    }
}

impl Drop for CancelSlot {
    fn drop(&mut self) {
        self.registry.connections.lock().by_pid.remove(&self.pid);
    }
}

/// An unpredictable number: the first 32 bits of a random UUID, all of which are random.
fn random_i32() -> i32 {
    (uuid::Uuid::new_v4().as_u128() >> 96) as u32 as i32
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn only_the_right_secret_cancels_and_only_the_statement_that_runs() {
        let registry = Arc::new(CancelRegistry::default());
        let mut slot = registry.register();
        assert!(!registry.cancel(slot.pid(), slot.secret().wrapping_add(1)));
        assert!(!registry.cancel(slot.pid() + 1, slot.secret()));
        assert!(slot.requested().now_or_never().is_none());

        assert!(registry.cancel(slot.pid(), slot.secret()));
        assert!(slot.requested().now_or_never().is_some());

        assert!(registry.cancel(slot.pid(), slot.secret()));
        slot.begin_statement();
        assert!(slot.requested().now_or_never().is_none());
    }

    #[test]
    fn a_connection_that_has_gone_cannot_be_cancelled() {
        let registry = Arc::new(CancelRegistry::default());
        let slot = registry.register();
        let (pid, secret) = (slot.pid(), slot.secret());
        assert_ne!(registry.register().pid(), pid);
        drop(slot);
        assert!(!registry.cancel(pid, secret));
    }
}
