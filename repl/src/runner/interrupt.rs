//! Ctrl-C while a statement runs.
//!
//! Signals are awaited on a thread of their own: a statement that computes for long without a pause keeps
//! the thread that polls it, and perhaps all worker threads, from seeing anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

use crate::console::say;
use crate::failure::Failure;

/// Presses that end the process when a statement does not stop.
const PRESSES_TO_LEAVE: u32 = 3;
/// The exit code then: 128 and the number of SIGINT, as from a shell.
const EXIT_INTERRUPTED: i32 = 130;
/// Stands for the presses while no statement runs.
const IDLE: u32 = u32::MAX;

/// Watches for Ctrl-C, which no longer ends the process by itself.
pub(crate) struct Interrupts {
    pressed: watch::Receiver<()>,
    /// Presses since the running statement began, or [`IDLE`].
    presses: Arc<AtomicU32>,
}

impl Interrupts {
    /// Starts the thread that waits for signals.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let failed = |error| Failure::refused(format!("cannot wait for Ctrl-C: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (sender, pressed) = watch::channel(());
        let presses = Arc::new(AtomicU32::new(IDLE));
        let counted = presses.clone();
        std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || runtime.block_on(forward(&sender, &counted)))
            .map_err(failed)?;
        Ok(Self { pressed, presses })
    }

    /// Runs a statement until it ends or the user presses Ctrl-C. The statement is dropped then, which stops
    /// its work.
    pub(crate) async fn or_interrupted<T>(
        &mut self,
        statement: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.pressed.mark_unchanged();
        self.presses.store(0, Ordering::SeqCst);
        let result = tokio::select! {
            biased;
            // An error says that the thread has ended, which it said why; the statement goes on.
            Ok(()) = self.pressed.changed() => Err(Failure::Interrupted),
            result = statement => result,
        };
        self.presses.store(IDLE, Ordering::SeqCst);
        result
    }
}

/// Passes every Ctrl-C on. One that does not stop the statement is followed by advice, the next by the end.
async fn forward(sender: &watch::Sender<()>, presses: &AtomicU32) {
    loop {
        if let Err(error) = tokio::signal::ctrl_c().await {
            return say(format_args!("WARNING: cannot wait for Ctrl-C: {error}"));
        }
        let count = presses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
            (count != IDLE).then(|| count.saturating_add(1))
        });
        match count.map(|before| before + 1) {
            // No statement is running.
            Err(_) => {}
            Ok(PRESSES_TO_LEAVE) => std::process::exit(EXIT_INTERRUPTED),
            Ok(1) => sender.send_replace(()),
            Ok(_) => {
                say("The statement has not stopped yet. Ctrl-C once more leaves; what was committed stays.")
            }
        }
    }
}
