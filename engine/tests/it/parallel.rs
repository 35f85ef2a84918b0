//! Many cases at once.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Complaints of which a person will want to see more than one, and not all.
const SHOWN_MAX: usize = 8;

/// Checks every case, on all processors, and fails with what is wrong with some
/// of them. A panic is as good a complaint as any.
#[track_caller]
pub(crate) fn check_all<T: Display + Sync>(cases: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let check_some = || {
        let mut complaints = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            complaints.extend(caught(|| check(case)).err().map(|what| format!("{case}: {what}")));
        }
        complaints
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let complaints: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(check_some)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let shown: Vec<&str> = complaints.iter().take(SHOWN_MAX).map(String::as_str).collect();
    assert!(
        complaints.is_empty(),
        "{} of {} cases, among them\n{}",
        complaints.len(),
        cases.len(),
        shown.join("\n")
    );
}

/// Does what may panic.
fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or("(no text)")))
    })
}
