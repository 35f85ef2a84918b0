//! Sealing the active segment and starting the next.
//!
//! The steps, and what a crash after each leaves (N is the active segment, M the
//! next number):
//!
//! | step | a crash after it leaves | opening then |
//! |------|-------------------------|--------------|
//! | 1. what is pending is written to N | a longer log, perhaps torn | as always |
//! | 2. index and footer are appended to N | N with all or part of them, MANIFEST says N is active | cuts them off: an index record, or a torn tail, ends the log |
//! | 3. N is synced | the same, whole | the same |
//! | 4. M is created with the root, synced, its name too | a file that MANIFEST does not know, with a header and perhaps a root | removes it |
//! | 5. MANIFEST is replaced: N sealed, M active | the new state, or until the rename is durable the old one | as always, in either state |
//!
//! Before step 5 is durable the log still ends in N, whose root and mutations
//! give the same catalog as the root that M begins with; nobody was told
//! otherwise. A failure in any step poisons the store, and the state in memory
//! stays the old one, which can be read from in each case: records of N are
//! where they were.

use std::sync::Arc;

use parking_lot::MutexGuard;

use super::Lsn;
use super::Store;
use super::append::Writer;
use super::create::{create_segment, replace_manifest};
use super::layout::segment_path;
use super::log::Log;
use super::manifest::ListedSegment;
use super::segment::sealed::{self, SealedSegment};
use crate::error::Result;
use crate::hash::RootHash;

impl Store {
    /// Whether the active segment is longer than `segment_bytes_max`: a good
    /// time to fold all mutations into a root and call [`seal`](Self::seal).
    pub fn wants_seal(&self) -> bool {
        self.log.read().len() > self.segment_bytes_max
    }

    /// Seals the active segment and starts a new one that begins with `root`,
    /// into which the caller has folded all mutations: none of the sealed
    /// segment will be handed out by [`open`](Self::open) any more. Durable on
    /// return. Appends wait meanwhile; reads do not.
    ///
    /// # Errors
    /// `Io`, `Poisoned`, and `TooLarge` (a segment of over 97 million chunks).
    pub fn seal(&self, root: RootHash) -> Result<()> {
        // As the leader, so that nobody syncs the file that is being replaced.
        let leader = self.group_commit.lead();
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let durable = self.poison.guard(self.seal_with(root, &mut writer))?;
        leader.reached(durable);
        Ok(())
    }

    fn seal_with(&self, root: RootHash, writer: &mut MutexGuard<'_, Writer>) -> Result<Lsn> {
        self.write_pending(writer)?;
        let (file, number, base, len, mut chunks, mut segments) = {
            let log = self.log.read();
            let chunks: Vec<_> = log.chunks.iter().map(|(hash, location)| (*hash, *location)).collect();
            (log.file.clone(), log.number, log.base, log.len(), chunks, log.sealed.to_vec())
        };
        chunks.sort_unstable_by_key(|(hash, _)| *hash);
        let seal = sealed::seal_bytes(number, len, &chunks)?;
        file.append(&seal)?;
        self.sync_segment(&*file)?;
        let sealed_len = len + seal.len() as u64;
        // Reading it back before MANIFEST relies on it.
        let segment = SealedSegment::open(&*self.vfs, &segment_path(&self.dir, number), number, sealed_len)?;

        let mut manifest = writer.manifest.clone();
        let next = manifest.next;
        let (next_file, next_len) =
            create_segment(&*self.vfs, &self.dir, next, &self.chunking, Some(root), &[])?;
        manifest.sealed.push(ListedSegment { number, len: sealed_len });
        manifest.active = ListedSegment { number: next, len: next_len };
        manifest.next = next + 1;
        manifest.root = Some(root);
        replace_manifest(&*self.vfs, &self.dir, &manifest)?;

        writer.manifest = manifest;
        segments.push(Arc::new(segment));
        let mut log = self.log.write();
        let candidates = log.candidates.clone();
        *log = Log::new(next, next_file, base + sealed_len, next_len, segments);
        log.candidates = candidates;
        Ok(log.position())
    }
}
