//! Making a store.
//!
//! The store exists from the moment that MANIFEST gets its name. A crash before
//! that leaves LOCK, an empty `segments` directory, a segment without records or
//! a MANIFEST that was being prepared: nothing that anybody put there, which is
//! why [`Store::create`] takes such a directory as if it were empty.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::layout::{LOCK, MANIFEST, segment_path, segments_dir};
use super::log::Log;
use super::manifest::{ListedSegment, Manifest};
use super::segment::codec::Stored;
use super::segment::record::{self, RecordKind};
use super::segment::{field, header};
use super::survey::{Survey, survey};
use super::{Store, StoreOptions};
use crate::error::{Result, StorageError};
use crate::hash::RootHash;
use crate::tree::ChunkingParameters;
use crate::vfs::{OpenMode, Vfs, VfsFile, VfsLock, durable};

impl Store {
    /// Creates a store in `dir`, with the directories above it that are missing.
    /// It is durable on return, and open.
    ///
    /// # Errors
    /// `AlreadyExists` if a store is there; `NotAStore` if `dir` holds anything
    /// else (what an interrupted creation left is no hindrance); `Locked` if
    /// another is creating it; `Io`.
    pub fn create(vfs: Arc<dyn Vfs>, dir: &Path, options: &StoreOptions) -> Result<Self> {
        options.chunking.check()?;
        require_free(&*vfs, dir)?;
        durable::create_dirs(&*vfs, dir)?;
        let lock = lock(&*vfs, dir)?;
        require_free(&*vfs, dir)?; // another may have been faster
        vfs.create_dir(&segments_dir(dir))?;
        // Before MANIFEST's: names may reach the disk in any order.
        vfs.sync_dir(dir)?;
        let first = segment_path(dir, 1);
        if vfs.entry(&first)?.is_some() {
            vfs.remove(&first)?;
        }
        let (file, len) = create_segment(&*vfs, dir, 1, &options.chunking, None, &[])?;
        let active = ListedSegment { number: 1, len };
        let compression = options.compression.unwrap_or_default();
        let manifest = Manifest::new(options.chunking, compression, active);
        replace_manifest(&*vfs, dir, &manifest)?;
        let log = Log::new(active.number, file, 0, len, Vec::new());
        Ok(Self::assemble(vfs, dir, options, lock, manifest, log))
    }

    /// Whether `dir` holds a store, sound or not.
    ///
    /// # Errors
    /// `Io`.
    pub fn exists(vfs: &dyn Vfs, dir: &Path) -> Result<bool> {
        Ok(vfs.entry(&dir.join(MANIFEST))?.is_some())
    }
}

fn require_free(vfs: &dyn Vfs, dir: &Path) -> Result<()> {
    match survey(vfs, dir)? {
        Survey::Free(_) => Ok(()),
        Survey::Store => Err(StorageError::AlreadyExists { path: dir.to_path_buf() }),
        Survey::Taken(detail) => Err(StorageError::NotAStore { path: dir.to_path_buf(), detail }),
    }
}

/// Takes the lock of the store in `dir`.
pub(super) fn lock(vfs: &dyn Vfs, dir: &Path) -> Result<Box<dyn VfsLock>> {
    vfs.lock(&dir.join(LOCK))?.ok_or_else(|| StorageError::Locked { path: dir.to_path_buf() })
}

/// Creates the file of segment `number`, which begins with the settings, with
/// `root` if there is one, and with `mutations`. Its bytes and its name are
/// durable on return. Returns its length too.
pub(super) fn create_segment(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u64,
    chunking: &ChunkingParameters,
    root: Option<RootHash>,
    mutations: &[Bytes],
) -> Result<(Arc<dyn VfsFile>, u64)> {
    let mut bytes = header::encode(number);
    let mut append = |kind, payload: &[u8]| {
        let offset = bytes.len() as u64;
        record::append(&mut bytes, number, offset, kind, None, &Stored::raw(payload));
    };
    append(RecordKind::Settings, &encode_chunking(chunking));
    if let Some(root) = root {
        append(RecordKind::Root, root.chunk().as_bytes());
    }
    for payload in mutations {
        append(RecordKind::Mutations, payload);
    }
    let file = vfs.open(&segment_path(dir, number), OpenMode::CreateNew)?;
    file.append(&bytes)?;
    file.sync()?;
    vfs.sync_dir(&segments_dir(dir))?;
    Ok((file, bytes.len() as u64))
}

/// The payload of a settings record.
fn encode_chunking(chunking: &ChunkingParameters) -> Vec<u8> {
    let ChunkingParameters { bytes_min, bytes_target, bytes_max } = *chunking;
    [bytes_min, bytes_target, bytes_max].iter().flat_map(|size| size.to_le_bytes()).collect()
}

/// What the payload of a settings record says; `None` if it says nothing sound.
pub(super) fn decode_chunking(payload: &[u8]) -> Option<ChunkingParameters> {
    let size = |index: usize| field(payload, index * 4).map(u32::from_le_bytes);
    let chunking = ChunkingParameters { bytes_min: size(0)?, bytes_target: size(1)?, bytes_max: size(2)? };
    (payload.len() == 12 && chunking.check().is_ok()).then_some(chunking)
}

/// Makes `manifest` the truth about the store in `dir`, in one durable step.
pub(super) fn replace_manifest(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest) -> Result<()> {
    durable::replace_file(vfs, dir, MANIFEST, manifest.encode().as_bytes())
}
