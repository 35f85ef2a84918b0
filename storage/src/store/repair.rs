//! Mending a store without guessing.
//!
//! What is sound stays as it is. Of a damaged segment everything that proves
//! itself, records whose checksums hold and chunks that hash to their addresses,
//! is copied into a new segment. Nothing of what is there is changed before
//! MANIFEST is replaced, which makes the repair true in one step; damaged files
//! are kept aside (`damaged` in MANIFEST) until they are discarded. So a repair
//! that is interrupted leaves the store as it was (but for files whose numbers
//! MANIFEST has given out, which opening removes), and one that is finished has
//! lost nothing that could be read.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::create::{create_segment, decode_chunking, lock, replace_manifest};
use super::layout::{MANIFEST, SEGMENTS, segment_name, segment_number, segment_path, segments_dir};
use super::manifest::{ListedSegment, Manifest};
use super::open::read_manifest;
use super::segment::codec::{Dictionary, pack};
use super::segment::footer::Footer;
use super::segment::record::{self, RecordKind};
use super::segment::scan::scan;
use super::segment::sealed::SealedSegment;
use super::segment::writer::SegmentWriter;
use super::segment::{HEADER_LEN, RECORD_HEADER_LEN};
use super::verify::{next_record, verify_sealed, whole_record};
use super::{Compression, StoreOptions};
use crate::error::{Result, StorageError};
use crate::hash::{ChunkHash, RootHash};
use crate::references::is_terminal;
use crate::store::Store;
use crate::tree::ChunkingParameters;
use crate::vfs::{EntryKind, OpenMode, Vfs};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Whether MANIFEST was missing or damaged, and was made anew.
    pub manifest_rebuilt: bool,
    /// Files of segments that were damaged, and are kept aside.
    pub segments_replaced: Vec<String>,
    /// Files that MANIFEST lists and that are not there.
    pub segments_missing: Vec<String>,
    /// Chunks that were copied out of damaged segments.
    pub chunks_saved: u64,
    /// Bytes of damaged segments that are no sound record.
    pub bytes_lost: u64,
    /// Whether transactions that had been acknowledged may be lost, since the
    /// segment that is written to was damaged.
    pub log_damaged: bool,
}

impl Repaired {
    /// Whether there was anything to repair.
    pub fn is_needed(&self) -> bool {
        *self != Self::default()
    }
}

impl Store {
    /// Mends the store in `dir`, which nobody has open. Opening it afterwards
    /// succeeds; whether all that is referred to is there is for a check to say.
    /// Changes nothing if nothing is damaged.
    ///
    /// # Errors
    /// `NotAStore` if nothing there is of a store; `Locked`; `NewerFormat`; `Io`.
    /// `Corrupt` if neither MANIFEST nor any segment says how trees are cut.
    pub fn repair(vfs: &Arc<dyn Vfs>, dir: &Path, options: &StoreOptions) -> Result<Repaired> {
        let vfs = &**vfs;
        if vfs.entry(&segments_dir(dir))? != Some(EntryKind::Directory) {
            let detail = format!("it has no {SEGMENTS:?} directory");
            return Err(StorageError::NotAStore { path: dir.to_path_buf(), detail });
        }
        let _lock = lock(vfs, dir)?;
        let mut repaired = Repaired::default();
        let found = match vfs.entry(&dir.join(MANIFEST))? {
            Some(_) => read_manifest(vfs, dir).map(Some),
            None => Ok(None),
        };
        let before = match found {
            Ok(Some(manifest)) => manifest,
            Ok(None) | Err(StorageError::Corrupt { .. }) => {
                repaired.manifest_rebuilt = true;
                rebuild_manifest(vfs, dir, options)?
            }
            Err(error) => return Err(error),
        };
        let mut after = before.clone();
        let compression = options.compression.unwrap_or(before.compression);
        after.sealed = Vec::new();
        let giver = (!repaired.manifest_rebuilt).then(|| before.clone());
        let mut numbers = Numbers { vfs, dir, giver, next: before.next };
        for listed in &before.sealed {
            repair_sealed(&mut numbers, listed, compression, &mut after, &mut repaired)?;
        }
        repair_active(&mut numbers, compression, &mut after, &mut repaired)?;
        if repaired.is_needed() {
            after.next = numbers.next;
            vfs.sync_dir(&segments_dir(dir))?;
            replace_manifest(vfs, dir, &after)?;
        }
        Ok(repaired)
    }

    /// Mends the sealed segments of an open store: each that is damaged is
    /// replaced by what is sound of it. Others go on meanwhile.
    ///
    /// # Errors
    /// `Io`, `Poisoned`.
    pub fn mend(&self) -> Result<Repaired> {
        let _one_at_a_time = self.collecting.lock();
        let mut repaired = Repaired::default();
        let sealed = self.log.read().sealed.clone();
        for segment in sealed.iter() {
            let mut faults = 0_u64;
            verify_sealed(segment, &mut |_| faults += 1);
            if faults == 0 {
                continue;
            }
            let number = segment.number();
            let mut salvaged = Salvaged::read(read_file(&*self.vfs, segment.path())?, number);
            salvaged.add_indexed(segment);
            repaired.segments_replaced.push(file_name(number));
            repaired.bytes_lost += salvaged.bytes_lost;
            let mut written = Vec::new();
            if !salvaged.chunks.is_empty() {
                let number = self.next_segment_number()?;
                let writer = SegmentWriter::create(&*self.vfs, &self.dir, number, None)?;
                let len = salvaged.write(writer, self.compression())?;
                self.vfs.sync_dir(&segments_dir(&self.dir))?;
                let path = segment_path(&self.dir, number);
                written.push(Arc::new(SealedSegment::open(&*self.vfs, &path, number, len)?));
                repaired.chunks_saved += salvaged.chunks.len() as u64;
            }
            self.swap(&[Arc::clone(segment)], &written, true)?;
        }
        Ok(repaired)
    }

    /// Removes the files that repairs have kept aside, and says how many.
    ///
    /// # Errors
    /// `Io`, `Poisoned`.
    pub fn discard_damaged(&self) -> Result<u64> {
        let mut writer = self.writer.lock();
        self.poison.check()?;
        let mut manifest = writer.manifest.clone();
        let damaged = std::mem::take(&mut manifest.damaged);
        if damaged.is_empty() {
            return Ok(0);
        }
        self.set_manifest(&mut writer, manifest)?;
        for number in &damaged {
            let path = segment_path(&self.dir, *number);
            if self.vfs.entry(&path)?.is_some() {
                self.vfs.remove(&path)?;
            }
        }
        Ok(damaged.len() as u64)
    }
}

/// The file of a segment as reports name it.
fn file_name(number: u64) -> String {
    format!("{SEGMENTS}/{}", segment_name(number))
}

fn read_file(vfs: &dyn Vfs, path: &Path) -> Result<Bytes> {
    let file = vfs.open(path, OpenMode::Read)?;
    let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
    file.read_at(0, &mut bytes)?;
    Ok(bytes.into())
}

/// Keeps a sealed segment if it is sound, or lists what could be copied of it.
fn repair_sealed(
    numbers: &mut Numbers<'_>,
    listed: &ListedSegment,
    compression: Compression,
    after: &mut Manifest,
    repaired: &mut Repaired,
) -> Result<()> {
    let Numbers { vfs, dir, .. } = *numbers;
    let path = segment_path(dir, listed.number);
    if vfs.entry(&path)?.is_none() {
        repaired.segments_missing.push(file_name(listed.number));
        return Ok(());
    }
    let opened = match SealedSegment::open(vfs, &path, listed.number, listed.len) {
        Ok(segment) => {
            let mut faults = 0_u64;
            verify_sealed(&segment, &mut |_| faults += 1);
            if faults == 0 {
                after.sealed.push(*listed);
                return Ok(());
            }
            Some(segment)
        }
        Err(StorageError::Corrupt { .. }) => None,
        Err(error) => return Err(error),
    };
    let mut salvaged = Salvaged::read(read_file(vfs, &path)?, listed.number);
    if let Some(segment) = &opened {
        salvaged.add_indexed(segment);
    }
    repaired.segments_replaced.push(file_name(listed.number));
    repaired.bytes_lost += salvaged.bytes_lost;
    after.damaged.push(listed.number);
    write_chunks(numbers, &salvaged, compression, after, repaired)
}

/// Keeps the active segment if it is sound. Otherwise its chunks go into a sealed
/// one, and its last root and its mutations into a new one to write to.
fn repair_active(
    numbers: &mut Numbers<'_>,
    compression: Compression,
    after: &mut Manifest,
    repaired: &mut Repaired,
) -> Result<()> {
    let Numbers { vfs, dir, .. } = *numbers;
    let ListedSegment { number, len } = after.active;
    let path = segment_path(dir, number);
    let name = file_name(number);
    let mut salvaged = Salvaged::default();
    if vfs.entry(&path)?.is_none() {
        repaired.segments_missing.push(name);
    } else {
        match scan(&*vfs.open(&path, OpenMode::Read)?, number, len, &name) {
            Ok(_) => return Ok(()),
            Err(StorageError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
        salvaged = Salvaged::read(read_file(vfs, &path)?, number);
        repaired.segments_replaced.push(name);
        after.damaged.push(number);
    }
    repaired.log_damaged = true;
    repaired.bytes_lost += salvaged.bytes_lost;
    write_chunks(numbers, &salvaged, compression, after, repaired)?;
    let root = match salvaged.root {
        Some(root) => Some(root),
        // Sealing ends one segment and begins the next with the same root.
        None => after.root.map_or_else(|| last_sealed_root(vfs, dir, after), |root| Ok(Some(root)))?,
    };
    let next = numbers.take()?;
    let (_, len) = create_segment(vfs, dir, next, &after.chunking, root, &salvaged.mutations)?;
    after.active = ListedSegment { number: next, len };
    after.root = root;
    Ok(())
}

/// Numbers for the segments that a repair writes.
struct Numbers<'a> {
    vfs: &'a dyn Vfs,
    dir: &'a Path,
    /// The MANIFEST that is there, if it is sound: it gives out a number before the
    /// file is there, or opening would take a file that an interrupted repair left
    /// for one of a later MANIFEST.
    giver: Option<Manifest>,
    next: u64,
}

impl Numbers<'_> {
    /// The next number, after removing a file of it that an interrupted repair left.
    fn take(&mut self) -> Result<u64> {
        let number = self.next;
        self.next += 1;
        if let Some(giver) = &mut self.giver {
            giver.next = self.next;
            replace_manifest(self.vfs, self.dir, giver)?;
        }
        let path = segment_path(self.dir, number);
        if self.vfs.entry(&path)?.is_some() {
            self.vfs.remove(&path)?;
        }
        Ok(number)
    }
}

fn write_chunks(
    numbers: &mut Numbers<'_>,
    salvaged: &Salvaged,
    compression: Compression,
    after: &mut Manifest,
    repaired: &mut Repaired,
) -> Result<()> {
    if salvaged.chunks.is_empty() {
        return Ok(());
    }
    let number = numbers.take()?;
    let writer = SegmentWriter::create(numbers.vfs, numbers.dir, number, None)?;
    let len = salvaged.write(writer, compression)?;
    repaired.chunks_saved += salvaged.chunks.len() as u64;
    after.sealed.push(ListedSegment { number, len });
    Ok(())
}

/// The root with which the newest sealed segment ends that has one.
fn last_sealed_root(vfs: &dyn Vfs, dir: &Path, manifest: &Manifest) -> Result<Option<RootHash>> {
    let mut numbers: Vec<u64> = manifest.sealed.iter().map(|listed| listed.number).collect();
    numbers.extend(&manifest.damaged);
    numbers.sort_unstable();
    for number in numbers.into_iter().rev().filter(|number| *number != manifest.active.number) {
        let path = segment_path(dir, number);
        if vfs.entry(&path)?.is_some()
            && let Some(root) = Salvaged::read(read_file(vfs, &path)?, number).root
        {
            return Ok(Some(root));
        }
    }
    Ok(None)
}

/// Everything in a segment that proves itself.
#[derive(Default)]
struct Salvaged {
    chunks: Vec<(ChunkHash, Bytes)>,
    root: Option<RootHash>,
    mutations: Vec<Bytes>,
    chunking: Option<ChunkingParameters>,
    is_newer: bool,
    bytes_lost: u64,
}

impl Salvaged {
    /// Writes the chunks to a segment and seals it. Returns its length.
    fn write(&self, mut writer: SegmentWriter, compression: Compression) -> Result<u64> {
        for (hash, encoding) in &self.chunks {
            writer.append(*hash, is_terminal(encoding), &pack(encoding, compression))?;
        }
        writer.seal()
    }

    /// Adds the chunks that the index leads to and [`read`](Self::read) did not find:
    /// where the header of a record is damaged, its chunk may still be what its
    /// address says, and could be read so far.
    fn add_indexed(&mut self, segment: &SealedSegment) {
        let found: HashSet<ChunkHash> = self.chunks.iter().map(|(hash, _)| *hash).collect();
        for (hash, location) in segment.locations().flatten() {
            if !found.contains(&hash)
                && let Ok(encoding) = segment.read_at(&hash, location)
            {
                self.bytes_lost = self.bytes_lost.saturating_sub(location.record_len() as u64);
                self.chunks.push((hash, encoding));
            }
        }
    }

    /// Reads the file of segment `number` past all that is damaged.
    fn read(file: Bytes, number: u64) -> Self {
        let mut salvaged = Self::default();
        let mut seen = HashSet::new();
        let mut dictionary = None;
        let mut offset = HEADER_LEN.min(file.len() as u64);
        while offset < file.len() as u64 {
            let rest = file.slice(offset as usize..);
            if Footer::parse(&rest).is_some() && rest.len() == super::segment::FOOTER_LEN {
                break;
            }
            let Some((header, body)) = whole_record(&rest, number, offset) else {
                let skipped = next_record(&rest, number, offset);
                salvaged.bytes_lost += skipped;
                offset += skipped;
                continue;
            };
            let record_len = RECORD_HEADER_LEN + body.len();
            let payload = || header.payload(body.clone(), None).ok();
            match header.kind() {
                Some(RecordKind::Chunk) => {
                    let hash = body.get(..ChunkHash::LEN).and_then(ChunkHash::from_slice);
                    let record = rest.slice(..record_len);
                    let read = hash.and_then(|hash| {
                        Some((hash, record::read_chunk(&record, &hash, dictionary.as_ref()).ok()?))
                    });
                    match read {
                        Some((hash, encoding)) if seen.insert(hash) => salvaged.chunks.push((hash, encoding)),
                        Some(_) => {}
                        None => salvaged.bytes_lost += record_len as u64,
                    }
                }
                Some(RecordKind::Mutations) => salvaged.mutations.extend(payload()),
                Some(RecordKind::Root) => {
                    let root = payload().and_then(|payload| ChunkHash::from_slice(&payload));
                    salvaged.root = root.map(RootHash::from).or(salvaged.root);
                }
                Some(RecordKind::Settings) => {
                    salvaged.chunking = payload().and_then(|payload| decode_chunking(&payload));
                }
                Some(RecordKind::Dictionary) => {
                    dictionary = payload().and_then(|payload| Dictionary::new(payload.to_vec()));
                }
                Some(RecordKind::SyncMark | RecordKind::Index) => {}
                None => salvaged.is_newer = true,
            }
            offset += record_len as u64;
        }
        salvaged
    }
}

/// A MANIFEST that lists all segments there are. More of them than were part of
/// the store do no harm: what they hold is garbage, or there twice.
fn rebuild_manifest(vfs: &dyn Vfs, dir: &Path, options: &StoreOptions) -> Result<Manifest> {
    let what = dir.display().to_string();
    let mut numbers: Vec<u64> =
        vfs.list(&segments_dir(dir))?.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    let (mut sealed, mut unsealed, mut chunking) = (Vec::new(), Vec::new(), None);
    for number in &numbers {
        let file = read_file(vfs, &segment_path(dir, *number))?;
        let len = file.len() as u64;
        let footer = Footer::parse(&file).filter(|footer| footer.number == *number && footer.file_len == len);
        let found = Salvaged::read(file, *number);
        if found.is_newer {
            return Err(StorageError::corrupt(
                what,
                format!("{} has records that this program does not know", file_name(*number)),
            ));
        }
        chunking = found.chunking.or(chunking);
        match footer {
            Some(_) => sealed.push(ListedSegment { number: *number, len }),
            None => unsealed.push((*number, found.root.is_some() || !found.mutations.is_empty())),
        }
    }
    let Some(chunking) = chunking else {
        let detail = "neither MANIFEST nor any segment says how trees are cut; restore MANIFEST from a copy";
        return Err(StorageError::corrupt(what, detail));
    };
    // The last one that has a log was written to; others that are not sealed are
    // what sealings and collections left unfinished.
    let is_log = unsealed.iter().rposition(|(_, has_log)| *has_log);
    let last = is_log.or(unsealed.len().checked_sub(1));
    let next = numbers.last().map_or(1, |last| last.saturating_add(1));
    let active = match last {
        Some(place) => ListedSegment { number: unsealed.remove(place).0, len: HEADER_LEN },
        None => ListedSegment { number: next, len: 0 },
    };
    sealed.extend(unsealed.into_iter().map(|(number, _)| ListedSegment { number, len: 0 }));
    sealed.sort_by_key(|listed| listed.number);
    let mut manifest = Manifest::new(chunking, options.compression.unwrap_or_default(), active);
    manifest.sealed = sealed;
    manifest.next = next.max(active.number.saturating_add(1));
    Ok(manifest)
}
