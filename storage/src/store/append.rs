//! Appending to the log, and making it durable.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::group_commit::Turn;
use super::manifest::Manifest;
use super::segment::MUTATIONS_BYTES_MAX;
use super::segment::codec::{self, Stored};
use super::segment::record::RecordKind;
use super::{Lsn, Store};
use crate::error::{Result, StorageError};
use crate::hash::{ChunkHash, RootHash};

/// Records are collected in memory up to this many bytes, then written to the
/// file in one piece.
const PENDING_BYTES_MAX: usize = 1 << 20;

/// A buffer that grew beyond this many bytes is given back after use.
const SPARE_BYTES_MAX: usize = 4 * PENDING_BYTES_MAX;

/// What only the one who appends may touch. Whoever holds it decides the order
/// of records; readers never wait for it.
#[derive(Debug)]
pub(super) struct Writer {
    /// What is on disk as MANIFEST.
    pub(super) manifest: Manifest,
    /// An empty buffer for the next records.
    spare: Vec<u8>,
}

impl Writer {
    pub(super) fn new(manifest: Manifest) -> Self {
        Self { manifest, spare: Vec::new() }
    }
}

impl Store {
    /// Appends a write-ahead record: what a transaction did, in bytes that mean
    /// nothing here. It is durable once [`sync`](Self::sync) returned for the
    /// result or a later position; before that it may or may not survive a
    /// crash, as a whole.
    ///
    /// # Errors
    /// `TooLarge` above 256 MiB; `Io` and `Poisoned`, after which nothing more
    /// is accepted.
    pub fn append_mutations(&self, payload: &[u8]) -> Result<Lsn> {
        if payload.len() > MUTATIONS_BYTES_MAX {
            return Err(StorageError::TooLarge {
                what: "mutation record",
                len: payload.len(),
                max: MUTATIONS_BYTES_MAX,
            });
        }
        self.append(RecordKind::Mutations, None, &codec::pack(payload, self.compression()))
    }

    /// Appends the root that is true from here on. Every chunk that it needs was
    /// written before (I2 rests on this order: what survives a crash is a front
    /// part of the log). Durable like [`append_mutations`](Self::append_mutations).
    ///
    /// # Errors
    /// `Io` and `Poisoned`, after which nothing more is accepted.
    pub fn append_root(&self, root: RootHash) -> Result<Lsn> {
        self.append(RecordKind::Root, None, &Stored::raw(root.chunk().as_bytes()))
    }

    /// Returns once everything up to `through` is on disk. Callers that overlap
    /// share one sync of the file; for a position that is durable already, the
    /// answer is immediate.
    ///
    /// # Errors
    /// `Io` and `Poisoned`: whether `through` is on disk is then unknown, and
    /// nothing more is accepted until the store is opened again.
    pub fn sync(&self, through: Lsn) -> Result<()> {
        match self.group_commit.turn(through, &self.poison)? {
            Turn::Durable => Ok(()),
            Turn::Lead(leader) => {
                let durable = self.poison.guard(self.write_and_sync())?;
                leader.reached(durable);
                Ok(())
            }
        }
    }

    /// Appends a record, and a chunk to the index; `chunk` is as for
    /// [`record::append`](super::segment::record::append). A chunk that another
    /// thread appended meanwhile is appended once.
    pub(super) fn append(
        &self,
        kind: RecordKind,
        chunk: Option<(&ChunkHash, bool)>,
        payload: &Stored<'_>,
    ) -> Result<Lsn> {
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let (position, pending_len) = {
            let mut log = self.log.write();
            if chunk.is_some_and(|(hash, _)| log.chunks.contains_key(hash)) {
                return Ok(log.position());
            }
            (log.append(kind, chunk, payload), log.pending_len())
        };
        if pending_len >= PENDING_BYTES_MAX {
            self.poison.guard(self.write_pending(&mut writer))?;
        }
        Ok(position)
    }

    /// Writes to the file what is pending. Holding the writer keeps appends out
    /// meanwhile; reads are served from the buffer. The caller sets the poison.
    pub(super) fn write_pending(&self, writer: &mut MutexGuard<'_, Writer>) -> Result<()> {
        let (file, batch) = {
            let mut log = self.log.write();
            if log.pending_len() == 0 {
                return Ok(());
            }
            (log.file.clone(), log.start_writing(mem::take(&mut writer.spare)))
        };
        file.append(&batch)?;
        self.log.write().finish_writing();
        if let Ok(mut buffer) = Arc::try_unwrap(batch)
            && buffer.capacity() <= SPARE_BYTES_MAX
        {
            buffer.clear();
            writer.spare = buffer;
        }
        Ok(())
    }

    /// The leader's work: writes out all that is appended, syncs the file with
    /// no lock held, and leaves a sync mark for recovery. Returns the position
    /// up to which everything is durable. The caller sets the poison.
    fn write_and_sync(&self) -> Result<Lsn> {
        let (file, position, len, unmarked) = {
            let mut writer = self.writer.lock();
            self.poison.check()?;
            self.write_pending(&mut writer)?;
            let mut log = self.log.write();
            (log.file.clone(), log.position(), log.len(), log.take_unmarked())
        };
        self.sync_segment(&*file)?;
        if unmarked {
            // Only a leader changes the active segment, so it is still this one.
            let _writer = self.writer.lock();
            self.log.write().mark(len);
        }
        Ok(position)
    }

    /// Syncs a segment's file, and counts that.
    pub(super) fn sync_segment(&self, file: &dyn crate::vfs::VfsFile) -> Result<()> {
        file.sync()?;
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Store {
    /// Writes out what is in memory, among it the mark that vouches for the last
    /// sync. Nobody was promised that any of it survives, so a failure, which
    /// nobody could be told of here, loses nothing that was acknowledged.
    fn drop(&mut self) {
        let mut writer = self.writer.lock();
        if self.poison.check().is_ok() {
            drop(self.poison.guard(self.write_pending(&mut writer)));
        }
    }
}
