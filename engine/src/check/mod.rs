//! Checking a database: everything that anything leads to is there, whole, and
//! what the one who leads to it says it is.

mod finding;
mod walk;

use std::sync::Arc;

use microprolly_storage::{NodeStore, SegmentFault, Tree};

pub use finding::{Finding, FindingKind};

use crate::database::Shared;
use crate::error::Result;
use crate::session::Session;
use walk::Walk;

/// Findings of one kind beyond this many are counted and not listed.
const FINDINGS_PER_KIND_MAX: usize = 10_000;

/// Bytes of tree nodes that a check keeps parsed.
const NODE_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Everything that is not as it should be: damage first, then by object.
    pub findings: Vec<Finding>,
    /// Findings that are not listed because there are too many of their kind.
    pub findings_unlisted: u64,
    /// Objects that are in use.
    pub objects_reached: u64,
    /// Objects that are in no use, which a collection would remove.
    pub objects_orphaned: u64,
}

impl CheckReport {
    /// Whether anything is damaged or missing. Orphans are no damage.
    pub fn has_damage(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind.is_damage())
    }

    fn add(&mut self, finding: Finding) {
        let of_kind = self.findings.iter().filter(|other| other.kind == finding.kind).count();
        if of_kind < FINDINGS_PER_KIND_MAX {
            self.findings.push(finding);
        } else {
            self.findings_unlisted += 1;
        }
    }
}

impl Session {
    /// Reads everything that is on disk, and follows every reference. Changes
    /// nothing; others go on meanwhile. What a write in progress has written so
    /// far may be listed as orphaned.
    ///
    /// # Errors
    /// When the disk refuses to be read. What is damaged is in the report.
    pub fn check(&self) -> Result<CheckReport> {
        self.database.shared.check()
    }
}

impl Shared {
    pub(crate) fn check(&self) -> Result<CheckReport> {
        let mut report = CheckReport::default();
        let mut faults: Vec<SegmentFault> = Vec::new();
        self.store.verify(|fault| faults.push(fault))?;
        let on_disk = self.store.chunk_files();

        let nodes = Arc::new(NodeStore::new(self.store.uncached(), self.store.chunking(), NODE_CACHE_BYTES));
        let mut walk = Walk::new(self, nodes);
        for state in self.publisher.live_states() {
            walk.state(&state)?;
        }
        for pinned in self.nodes.pins().held() {
            walk.reader(&Tree::open(&self.nodes, pinned.into()))?;
        }
        let (reached, found) = walk.finish();
        report.objects_reached = reached.len() as u64;
        found.into_iter().for_each(|finding| report.add(finding));
        for fault in faults {
            // A damaged copy of what is also there whole harms nobody, and what
            // is reached and damaged was found above, with what leads to it.
            let is_known = fault.chunk.is_some_and(|chunk| {
                report.findings.iter().any(|finding| finding.object == chunk.to_string())
            });
            if !is_known {
                report.add(Finding::of_segment(&fault));
            }
        }
        // Where an index is damaged its chunks cannot be told; that was found above.
        for (hash, file) in on_disk.unwrap_or_default() {
            if !reached.contains(&hash) {
                report.objects_orphaned += 1;
                report.add(Finding::orphan(hash, file));
            }
        }
        report.findings.sort_by(|a, b| (a.kind, &a.object).cmp(&(b.kind, &b.object)));
        Ok(report)
    }
}
