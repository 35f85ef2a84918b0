//! What was recorded, up to one moment.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::RecordingVfs;
use super::chance::Chance;
use super::choice::{Choice, ImagePlan};
use super::disk::{Contents, Disk};
use super::fate::Fill;
use super::image::{Image, Images};
use super::operation::Operation;

/// All that was asked of a [`RecordingVfs`], in order. Cheap to copy.
///
/// A *crash point* is a number of operations, after which the power fails.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What was there, and durable, before the first operation.
    pub(super) before: Arc<Contents>,
    pub(super) operations: Arc<[Operation]>,
    /// How many of the operations are those of a process that was killed.
    pub(super) inherited: usize,
}

impl Recording {
    /// Every crash point. The last one is after all operations; the first before
    /// any, or after those of the process that was killed, if one was.
    pub fn crash_points(&self) -> RangeInclusive<usize> {
        self.inherited..=self.operations.len()
    }

    /// Says to a person which moment a crash point is.
    pub fn describe(&self, point: usize) -> String {
        match self.first(point) {
            [] => format!("before the first of {} operations", self.operations.len()),
            first @ [.., last] => {
                format!("after operation {} of {} ({last})", first.len(), self.operations.len())
            }
        }
    }

    /// The last step that was acknowledged before a crash point.
    pub fn acknowledged_before(&self, point: usize) -> Option<u64> {
        self.first(point).iter().rev().find_map(|operation| match operation {
            Operation::Acknowledge(step) => Some(*step),
            _ => None,
        })
    }

    /// The last step that had begun before a crash point: it is in flight there
    /// unless it is acknowledged, too.
    pub fn begun_before(&self, point: usize) -> Option<u64> {
        self.first(point).iter().rev().find_map(|operation| match operation {
            Operation::Begin(step) => Some(*step),
            _ => None,
        })
    }

    /// What a disk may hold if the power fails at a crash point. The same plan
    /// gives the same images in the same order.
    pub fn images(&self, point: usize, plan: &ImagePlan) -> impl Iterator<Item = Image> + use<> {
        let disk = Disk::after(&self.before, self.first(point));
        let garbage = Fill::Garbage(plan.seed);
        let mut chance = Chance::new(plan.seed ^ (point as u64).rotate_left(32));
        let choices = Choice::all(disk.unsynced(), plan, garbage, &mut chance);
        Images::new(disk, self.describe(point), choices, garbage, plan.images_max)
    }

    /// What the next process finds if this one is killed at a crash point: all that
    /// was done, of which nothing more is synced than was. It is recorded on from
    /// there, without the notes of the one that was killed, and its locks are free.
    pub fn killed_after(&self, point: usize) -> RecordingVfs {
        let operations = self.first(point).iter().filter(|operation| !operation.is_note());
        RecordingVfs::resumed(self.before.clone(), operations.cloned().collect())
    }

    fn first(&self, count: usize) -> &[Operation] {
        self.operations.get(..count).unwrap_or(&self.operations)
    }
}
