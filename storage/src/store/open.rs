//! Opening a store: recovery after whatever happened to it.
//!
//! Nothing is changed before everything was found sound. Then, each step being
//! one that may be repeated after another crash:
//!
//! 1. What a crash tore off the end of the log is cut away.
//! 2. The active segment is synced. A process that was killed leaves records
//!    which are in the file but not on disk, and what is told to somebody from
//!    now on must not be lost again.
//! 3. The directory is synced, for the same reason: MANIFEST may have got its
//!    name by a rename that is not on disk yet.
//! 4. Segments that MANIFEST does not know are removed: what a sealing or a
//!    compaction had begun, or had not yet removed.
//! 5. MANIFEST is written anew if an earlier version wrote it, so that programs of
//!    that version refuse what this one appends; or if the options change it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::create::{lock, replace_manifest};
use super::layout::{MANIFEST, SEGMENTS, segment_number, segment_path, segments_dir};
use super::log::Log;
use super::manifest::{MANIFEST_BYTES_MAX, Manifest};
use super::segment::scan::scan;
use super::segment::sealed::SealedSegment;
use super::segment::{HEADER_LEN, ROOT_RECORD_LEN, SETTINGS_RECORD_LEN};
use super::survey::{Survey, survey};
use super::{Mutations, Recovered, Store, StoreOptions};
use crate::error::{Result, StorageError};
use crate::vfs::{EntryKind, OpenMode, Vfs};

impl Store {
    /// Opens the store in `dir`. Reads the active segment and, of sealed ones,
    /// their tables alone. `options.chunking` is not used: MANIFEST has it.
    ///
    /// # Errors
    /// `NotAStore`; `Locked` if another has it open; `NewerFormat`; `Corrupt`
    /// if something is damaged or missing that had been synced; `Io`.
    pub fn open(vfs: Arc<dyn Vfs>, dir: &Path, options: &StoreOptions) -> Result<Recovered> {
        let not_a_store = |detail: String| StorageError::NotAStore { path: dir.to_path_buf(), detail };
        match survey(&*vfs, dir)? {
            Survey::Store => {}
            Survey::Free(detail) => return Err(not_a_store(detail.into())),
            Survey::Taken(detail) => return Err(not_a_store(detail)),
        }
        let lock = lock(&*vfs, dir)?;
        let mut manifest = read_manifest(&*vfs, dir)?;
        if vfs.entry(&segments_dir(dir))? != Some(EntryKind::Directory) {
            let what = dir.display().to_string();
            return Err(StorageError::corrupt(
                what,
                format!("it has a MANIFEST and no {SEGMENTS:?} directory"),
            ));
        }
        let leftovers = leftovers(&*vfs, dir, &manifest)?;
        let mut sealed = Vec::with_capacity(manifest.sealed.len());
        for listed in &manifest.sealed {
            let path = segment_path(dir, listed.number);
            sealed.push(Arc::new(SealedSegment::open(&*vfs, &path, listed.number, listed.len)?));
        }

        let active = manifest.active;
        let path = segment_path(dir, active.number);
        let what = path.display().to_string();
        if vfs.entry(&path)?.is_none() {
            let detail = "MANIFEST lists it, but it is missing; is this half a copy?";
            return Err(StorageError::corrupt(what, detail));
        }
        let file = vfs.open(&path, OpenMode::Append)?;
        let scan = scan(&*file, active.number, active.len, &what)?;
        if file.len()? > scan.end {
            file.truncate(scan.end)?;
        }
        file.sync()?;
        vfs.sync_dir(dir)?;
        for leftover in leftovers {
            vfs.remove(&leftover)?;
        }

        let compression = options.compression.unwrap_or(manifest.compression);
        if manifest.is_outdated() || compression != manifest.compression {
            manifest.compression = compression;
            replace_manifest(&*vfs, dir, &manifest)?;
        }

        let mut log = Log::new(active.number, file, 0, scan.end, sealed);
        log.chunks = scan.chunks;
        if scan.unmarked {
            log.mark(scan.end);
        }
        Ok(Recovered {
            store: Self::assemble(vfs, dir, options, lock, manifest, log),
            root: scan.root,
            mutations: Mutations::new(what, scan.mutations),
            truncated_bytes: scan.torn_bytes,
        })
    }
}

pub(super) fn read_manifest(vfs: &dyn Vfs, dir: &Path) -> Result<Manifest> {
    let path = dir.join(MANIFEST);
    let what = path.display().to_string();
    let file = vfs.open(&path, OpenMode::Read)?;
    let len = file.len()?;
    if len > MANIFEST_BYTES_MAX {
        let detail = format!("its {len} bytes are more than the {MANIFEST_BYTES_MAX} that it may have");
        return Err(StorageError::corrupt(what, detail));
    }
    let mut bytes = vec![0; len as usize];
    file.read_at(0, &mut bytes)?;
    Manifest::parse(&bytes, &what)
}

/// The longest segment, in bytes, to which nothing was appended since a sealing
/// created it.
const FRESH_SEGMENT_LEN_MAX: u64 = HEADER_LEN + SETTINGS_RECORD_LEN + ROOT_RECORD_LEN;

/// The segments that MANIFEST does not know. Those with numbers that it has given
/// out are what a compaction wrote or replaced. Those with later numbers are
/// what a sealing began, with no more than a header and a root. One that has
/// more belongs to a later MANIFEST than this one is.
fn leftovers(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest) -> Result<Vec<PathBuf>> {
    let mut leftovers = Vec::new();
    for name in vfs.list(&segments_dir(dir))? {
        let Some(number) = segment_number(&name).filter(|number| !manifest.lists(*number)) else {
            continue;
        };
        let path = segment_path(dir, number);
        if number >= manifest.next && vfs.open(&path, OpenMode::Read)?.len()? > FRESH_SEGMENT_LEN_MAX {
            let detail = "MANIFEST is older than this segment, which holds data; is this a copy made while the \
                          store was in use? Copy it again, or run repair";
            return Err(StorageError::corrupt(path.display().to_string(), detail));
        }
        leftovers.push(path);
    }
    Ok(leftovers)
}
