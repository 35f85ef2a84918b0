//! Repairing a database: mending what can be mended without guessing, and
//! saving what can be read of the rest.

use std::path::Path;
use std::sync::Arc;

use microprolly_storage::{EntryKind, RealVfs, Repaired, Store, Vfs};

use crate::check::Finding;
use crate::collection::CollectionOptions;
use crate::database::{Database, DatabaseOptions, Shared};
use crate::error::Result;
use crate::session::Session;

/// What a repair did, and what it could not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Whether MANIFEST was missing or damaged, and was made anew.
    pub manifest_rebuilt: bool,
    /// Files of segments that were damaged. What is sound of them was copied;
    /// they are kept aside, and are no part of the database any more.
    pub segments_replaced: Vec<String>,
    /// Files of segments that are not there.
    pub segments_missing: Vec<String>,
    /// Objects that were copied out of damaged segments.
    pub objects_saved: u64,
    /// Bytes of damaged segments that could not be read.
    pub bytes_lost: u64,
    /// Whether transactions that had been acknowledged may be lost, since the
    /// segment that was written to was damaged.
    pub log_damaged: bool,
    /// Objects that nothing led to, and that were removed.
    pub orphaned_objects_removed: u64,
    /// What is still missing or damaged.
    pub errors: Vec<Finding>,
}

impl Database {
    /// Mends the database in a directory, which nobody has open.
    ///
    /// Damaged segments are replaced by what is sound of them, in one step at
    /// the end; nothing that can be read is lost, and a repair that is
    /// interrupted changes nothing. What is missing after that is in the report:
    /// see [`Database::salvage`].
    ///
    /// # Errors
    /// When there is no store, another process has it open, a later version
    /// wrote it, or so much is lost that it is not known what it was.
    pub fn repair(directory: impl AsRef<Path>) -> Result<RepairReport> {
        Self::repair_with(Arc::new(RealVfs), directory.as_ref(), &DatabaseOptions::default())
    }

    /// As [`Database::repair`], on any file system.
    ///
    /// # Errors
    /// As there.
    pub fn repair_with(
        vfs: Arc<dyn Vfs>,
        directory: &Path,
        options: &DatabaseOptions,
    ) -> Result<RepairReport> {
        let repaired = Store::repair(&vfs, directory, &options.store)?;
        let database = Self::open_with(vfs, directory, options)?;
        database.shared.finish_repair(repaired)
    }

    /// Whether a directory holds anything of a database, sound or not.
    ///
    /// # Errors
    /// When the system refuses to tell.
    pub fn exists(directory: impl AsRef<Path>) -> Result<bool> {
        let segments = directory.as_ref().join("segments");
        Ok(RealVfs.entry(&segments)? == Some(EntryKind::Directory))
    }
}

impl Session {
    /// Mends what can be mended while the database is open: damaged segments
    /// that are no longer written to are replaced by what is sound of them, and
    /// garbage is removed.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn repair(&self) -> Result<RepairReport> {
        let shared = &self.database.shared;
        let _turn = shared.collection.turn();
        shared.finish_repair(shared.store.mend()?)
    }
}

impl Shared {
    /// Checks what a repair left, and removes the garbage if nothing was lost: only
    /// then is it known what is garbage. A root that was lost may have led to what
    /// nothing leads to now.
    fn finish_repair(&self, repaired: Repaired) -> Result<RepairReport> {
        let is_complete =
            repaired.bytes_lost == 0 && !repaired.log_damaged && repaired.segments_missing.is_empty();
        let mut report = RepairReport {
            manifest_rebuilt: repaired.manifest_rebuilt,
            segments_replaced: repaired.segments_replaced,
            segments_missing: repaired.segments_missing,
            objects_saved: repaired.chunks_saved,
            bytes_lost: repaired.bytes_lost,
            log_damaged: repaired.log_damaged,
            ..RepairReport::default()
        };
        let found = self.check()?;
        if found.has_damage() {
            report.errors = found.findings.into_iter().filter(|finding| finding.kind.is_damage()).collect();
        } else if found.objects_orphaned > 0 && is_complete {
            report.orphaned_objects_removed =
                self.collect_garbage(&CollectionOptions::default())?.objects_removed;
        }
        Ok(report)
    }
}
