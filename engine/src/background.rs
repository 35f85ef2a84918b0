//! Work that nobody waits for, in a thread of its own: the one place of the
//! engine that starts one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

/// At most one thread of a database that works in the background.
#[derive(Debug, Default)]
pub(crate) struct Background {
    thread: Mutex<Option<JoinHandle<()>>>,
    is_closing: AtomicBool,
}

impl Background {
    /// Does `work` in the background, unless something is being done there
    /// already, the database closes, or the system has no thread to give.
    #[allow(clippy::disallowed_methods, reason = "the one place that starts threads")]
    pub(crate) fn run(&self, work: impl FnOnce() + Send + 'static) {
        let mut thread = self.thread.lock();
        let is_busy = thread.as_ref().is_some_and(|thread| !thread.is_finished());
        if !is_busy && !self.is_closing.load(Ordering::Relaxed) {
            *thread = thread::Builder::new().name("microprolly-background".into()).spawn(work).ok();
        }
    }

    /// Waits for what is being done, after which nothing is begun any more.
    pub(crate) fn join(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // A panic in it was told where it happened, and harms nobody else.
            drop(thread.join());
        }
    }
}
