//! A file system that remembers all that was asked of it, so that every state
//! in which a power cut could have left a disk can be built and looked at.
//!
//! A [`RecordingVfs`] is files in memory and a log of what was done to them. A
//! [`Recording`] is that log at one moment. Cut off after any of its operations
//! it gives [`Image`]s: what a disk may hold if the power fails right there.
//!
//! # What a disk may hold
//!
//! What was synced is certain: the bytes of a file up to its last sync, the names
//! in a directory up to the last sync of that directory. Of everything later each
//! operation may have arrived or not, whatever became of those before it:
//!
//! * An append is lost and a later one to the same file is not. Between them the
//!   file has a hole, which reads as zeros or as whatever the disk held there.
//! * An append arrives in part: the file is shorter, or its length is there and
//!   the rest of its bytes is not.
//! * A file is renamed, and its bytes, not synced before, are not there.
//! * A name does not arrive, and all that lies under it is gone.
//!
//! A disk that keeps the order of operations has fewer states than these; one that
//! changes bytes which were synced has more. [`ImagePlan`] says which are built.
//!
//! To read on: [`operation`] for the log, [`disk`] for what it leaves, [`choice`]
//! for which operations survive, [`image`] for the result.

mod chance;
mod choice;
mod disk;
mod fate;
mod ignored;
mod image;
mod log;
mod operation;
#[cfg(test)]
mod tests;
mod vfs;

pub use choice::ImagePlan;
pub use ignored::Ignored;
pub use image::Image;
pub use log::Recording;
pub use vfs::RecordingVfs;
