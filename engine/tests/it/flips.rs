//! Every byte of a database, flipped: what is read is right or is refused, a check
//! finds what a reader does not, and a repair makes nothing worse.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use microprolly_engine::storage::{ChunkingParameters, Store, StoreOptions};
use microprolly_engine::{
    CollectionOptions, CollectionPolicy, Column, ColumnType, EngineError, Session, StorageError,
    TypeDefinition,
};

use crate::files::{Files, capture, restore};
use crate::fixture::*;
use crate::parallel::check_all;
use crate::readings::{Readings, Truth};

/// Lengths in bytes, of the table in storage's `segment` module.
const HEADER_LEN: usize = 24;
const RECORD_HEADER_LEN: usize = 16;
const FOOTER_LEN: usize = 40;
const SYNC_MARK_LEN: usize = RECORD_HEADER_LEN + 8;

/// How the records of sync marks and of dictionaries begin.
const SYNC_MARK: [u8; 3] = [0xd7, 0x6d, 4];
const DICTIONARY: [u8; 3] = [0xd7, 0x6d, 6];

/// Where in the files a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Region {
    Manifest,
    Header,
    Records,
    /// The header of the index's record. Nobody reads it: the footer says where
    /// the index is and what it must be.
    IndexHeader,
    Index,
    Footer,
    /// The last record of the segment that is written to, a mark for the sync of
    /// all before it. Without it that looks like a torn tail, and is as whole.
    LastMark,
}

impl Region {
    fn of(path: &Path, file: &[u8], at: usize) -> Self {
        if path.extension().is_none() {
            return Self::Manifest;
        }
        let Some(index) = index_offset(file) else {
            return match at {
                ..HEADER_LEN => Self::Header,
                _ if at < file.len() - SYNC_MARK_LEN => Self::Records,
                _ => Self::LastMark,
            };
        };
        match at {
            ..HEADER_LEN => Self::Header,
            _ if at < index => Self::Records,
            _ if at < index + RECORD_HEADER_LEN => Self::IndexHeader,
            _ if at < file.len() - FOOTER_LEN => Self::Index,
            _ => Self::Footer,
        }
    }

    /// Whether nobody need notice.
    fn is_harmless(self) -> bool {
        matches!(self, Self::IndexHeader | Self::LastMark)
    }

    /// Whether all that it says follows from what is elsewhere.
    fn is_derived(self) -> bool {
        matches!(self, Self::Manifest | Self::Header | Self::Index | Self::Footer)
    }
}

/// Where the index of a sealed segment begins; none of one that is written to.
fn index_offset(file: &[u8]) -> Option<usize> {
    let footer = file.last_chunk::<FOOTER_LEN>()?.strip_prefix(b"MPSEALED")?;
    let offset = u64::from_le_bytes(*footer.get(8..)?.first_chunk()?);
    usize::try_from(offset).ok()
}

/// A changed byte.
struct Flip {
    path: PathBuf,
    at: usize,
    mask: u8,
    region: Region,
    repairs: bool,
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, at, mask, region, .. } = self;
        write!(f, "byte {at} ^ {mask:#04x} of {} ({region:?})", path.display())
    }
}

/// Which bytes are changed, and what is done then.
struct Plan {
    /// Every so many-th byte.
    stride: usize,
    /// Whether each of the eight bits of a byte is flipped in its turn, or one.
    all_bits: bool,
    /// Every so many-th database is repaired. Each is if the damage is to MANIFEST,
    /// a header or a footer, which are short.
    repair_every: usize,
}

/// A database that was sound.
struct Subject {
    machine: Disk,
    files: Files,
    truth: Truth,
}

/// What came of the flips.
#[derive(Debug, Default)]
struct Tally {
    /// The database does not open.
    refused: AtomicUsize,
    /// It opens, and something in it cannot be read.
    unreadable: AtomicUsize,
    /// All can be read, and a check finds the damage.
    found: AtomicUsize,
    /// Nobody notices, and nobody need.
    harmless: AtomicUsize,
    repaired: AtomicUsize,
    /// Of those that were repaired, those of which all can be read.
    whole: AtomicUsize,
}

/// A database that opened.
struct Opened {
    readings: Readings,
    has_damage: bool,
}

impl Subject {
    /// Closes a session's database and takes it for sound.
    fn new(machine: Disk, session: Session) -> Self {
        drop(session);
        let files = capture(&machine.vfs);
        let truth = Truth::of(&begin(&machine.with_vfs(restore(&files)).open()));
        let recovered = Store::open(Arc::new(restore(&files)), Path::new("db"), &StoreOptions::default());
        assert!(recovered.unwrap().mutations.len() > 1, "something is in the log alone");
        let mut segments = files.iter().filter(|(path, _)| path.extension().is_some());
        let (_, active) = segments.find(|(_, file)| index_offset(file).is_none()).unwrap();
        let last = &active[active.len() - SYNC_MARK_LEN..];
        assert!(last.starts_with(&SYNC_MARK), "the log ends with a mark");
        Self { machine, files, truth }
    }

    fn len(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    fn sealed(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.files.values().filter(|file| index_offset(file).is_some())
    }

    fn flips(&self, plan: &Plan) -> Vec<Flip> {
        let bytes =
            self.files.iter().flat_map(|(path, file)| (0..file.len()).map(move |at| (path, file, at)));
        let mut flips = Vec::new();
        for (path, file, at) in bytes.step_by(plan.stride) {
            let bits = if plan.all_bits { 0..8 } else { at % 8..at % 8 + 1 };
            let region = Region::of(path, file, at);
            for bit in bits {
                let is_short = matches!(region, Region::Manifest | Region::Header | Region::Footer);
                let repairs = is_short || flips.len().is_multiple_of(plan.repair_every);
                flips.push(Flip { path: path.clone(), at, mask: 1 << bit, region, repairs });
            }
        }
        flips
    }

    /// Flips, one at a time, and looks at what becomes of it.
    fn check(&self, plan: &Plan) {
        let flips = self.flips(plan);
        let tally = Tally::default();
        check_all(&flips, |flip| self.flip(flip, &tally));
        println!("{} bytes in {} files, {} flips: {tally:?}", self.len(), self.files.len(), flips.len());
    }

    fn flip(&self, flip: &Flip, tally: &Tally) -> Result<(), String> {
        let mut files = self.files.clone();
        files.get_mut(&flip.path).unwrap()[flip.at] ^= flip.mask;
        let before = self.look(&self.machine.with_vfs(restore(&files)))?;
        let outcome = match &before {
            None => &tally.refused,
            Some(opened) => {
                if let Some(objection) = self.truth.objection(&opened.readings) {
                    return Err(format!("a wrong answer: {objection}"));
                }
                match (opened.readings.is_whole(), opened.has_damage) {
                    (false, _) => &tally.unreadable,
                    (true, true) => &tally.found,
                    (true, false) if flip.region.is_harmless() => &tally.harmless,
                    (true, false) => return Err("nobody noticed".to_owned()),
                }
            }
        };
        outcome.fetch_add(1, Ordering::Relaxed);
        let is_noticed = before.as_ref().is_none_or(|opened| opened.has_damage);
        if is_noticed && flip.repairs { self.repair(flip, &files, before.as_ref(), tally) } else { Ok(()) }
    }

    /// Opens a database and reads all there is; nothing if it is refused.
    fn look(&self, disk: &Disk) -> Result<Option<Opened>, String> {
        let database = match disk.try_open() {
            Ok(database) => database,
            Err(EngineError::Storage(
                StorageError::Corrupt { .. }
                | StorageError::NewerFormat { .. }
                | StorageError::NotFound { .. },
            )) => return Ok(None),
            Err(other) => return Err(format!("it is refused as if something else were wrong: {other}")),
        };
        let session = begin(&database);
        let readings = self.truth.read(&session);
        let has_damage =
            session.check().map_err(|error| format!("it cannot be checked: {error}"))?.has_damage();
        if has_damage || readings.is_whole() {
            return Ok(Some(Opened { readings, has_damage }));
        }
        Err("something cannot be read, and a check does not find it".to_owned())
    }

    /// Repairs a damaged database, and compares it with what it was before.
    fn repair(
        &self,
        flip: &Flip,
        files: &Files,
        before: Option<&Opened>,
        tally: &Tally,
    ) -> Result<(), String> {
        let disk = self.machine.with_vfs(restore(files));
        let report = match disk.repair_on(Arc::new(disk.vfs.clone())) {
            Ok(report) => Some(report),
            // Only a later version knows what it means, so it is left alone.
            Err(EngineError::Storage(StorageError::NewerFormat { .. })) => {
                let is_left = capture(&disk.vfs) == *files;
                return if is_left { Ok(()) } else { Err("a repair refused it and changed it".to_owned()) };
            }
            Err(_) => None,
        };
        tally.repaired.fetch_add(1, Ordering::Relaxed);
        let after = self.look(&disk).map_err(|what| format!("after a repair, {what}"))?;
        let loss = match (before, &after) {
            (Some(before), Some(after)) => after.readings.loss(&before.readings),
            (Some(_), None) => Some("it opened, and does not open any more".to_owned()),
            (None, None) if report.is_some() => Some("it does not open".to_owned()),
            (None, _) => None,
        };
        if let Some(loss) = loss {
            return Err(format!("after a repair, {loss} ({report:?})"));
        }
        // Of a log that lost something, what it wrote is not known.
        let is_exact = report.as_ref().is_some_and(|report| !report.log_damaged);
        if let Some(after) = after.as_ref().filter(|_| is_exact)
            && let Some(objection) = self.truth.objection(&after.readings)
        {
            return Err(format!("after a repair, a wrong answer: {objection}"));
        }
        let is_whole = after.is_some_and(|after| {
            !after.has_damage && after.readings.is_whole() && self.truth.objection(&after.readings).is_none()
        });
        tally.whole.fetch_add(usize::from(is_whole), Ordering::Relaxed);
        let claims_all = is_exact && report.as_ref().is_some_and(|report| report.errors.is_empty());
        if (flip.region.is_derived() || claims_all) && !is_whole {
            return Err(format!("after a repair it should be whole, and is not ({report:?})"));
        }
        Ok(())
    }
}

fn segments(session: &Session) -> usize {
    session.store_statistics().unwrap().segments.len()
}

fn compact(session: &Session) {
    let policy = CollectionPolicy { repack: true, ..CollectionPolicy::default() };
    let report = session.collect_garbage(&CollectionOptions { dry_run: false, policy }).unwrap();
    assert!(report.segments_written > 0, "{report:?}");
}

fn put_users(session: &Session, numbers: std::ops::Range<u32>, role: &str) {
    let mut transaction = session.begin_transaction().unwrap();
    for number in numbers {
        let user = format!(r#"{{"id":"{number:04}","role":"{role}","email":"user{number}@example.com"}}"#);
        transaction.put(format!("user:{number:04}"), user).unwrap();
    }
    transaction.commit().unwrap();
}

/// Changes of two branches that are in no tree yet.
fn pend(session: &mut Session) {
    for branch in ["side", "main"] {
        session.switch_branch(branch).unwrap();
        session.put("pending", format!("on {branch}")).unwrap();
        session.delete("user:0003").unwrap();
    }
}

/// Two branches, a tag, a type, a large value, a compacted segment, sealed ones and
/// a log, in a few kilobytes.
fn small() -> Subject {
    let machine = Disk::with_store(StoreOptions {
        segment_bytes_max: 2_500,
        chunking: ChunkingParameters::with_target(256),
        ..StoreOptions::default()
    });
    let mut session = begin(&machine.create());
    let columns = vec![Column::new("id", ColumnType::TEXT), Column::new("role", ColumnType::TEXT).required()];
    session.define_type(TypeDefinition::new("user", columns)).unwrap();
    put_users(&session, 0..8, "admin");
    session.put("large", "a value that is out of line ".repeat(200)).unwrap();
    commit(&session, "first");
    session.create_tag("v1", "main", "the first").unwrap();
    compact(&session);
    session.create_branch("side", "main").unwrap();
    let enough = segments(&session) + 2;
    let mut round = 0_u32;
    while segments(&session) < enough {
        session.switch_branch(if round.is_multiple_of(2) { "side" } else { "main" }).unwrap();
        put_users(&session, round..round + 2, "viewer");
        commit(&session, &format!("round {round}"));
        round += 1;
    }
    pend(&mut session);
    let subject = Subject::new(machine, session);
    assert!(subject.sealed().count() > 2);
    assert!(subject.len() < 40_000, "{} bytes", subject.len());
    subject
}

/// A compacted segment with a dictionary, and a log.
fn packed() -> Subject {
    let machine = Disk::with_store(StoreOptions {
        chunking: ChunkingParameters::with_target(256),
        ..StoreOptions::default()
    });
    let mut session = begin(&machine.create());
    put_users(&session, 0..1_200, "admin");
    commit(&session, "first");
    session.create_branch("side", "main").unwrap();
    compact(&session);
    pend(&mut session);
    let subject = Subject::new(machine, session);
    let has_dictionary = subject.sealed().any(|file| file[HEADER_LEN..].starts_with(&DICTIONARY));
    assert!(has_dictionary, "a segment has one");
    subject
}

/// Every byte is flipped, and every fifth of the databases is repaired.
#[test]
fn every_flipped_byte_of_a_small_database_is_noticed_or_harmless_and_no_repair_makes_it_worse() {
    small().check(&Plan { stride: 1, all_bits: false, repair_every: 5 });
}

/// It is too large for every byte: every 997th is flipped, a prime.
#[test]
fn flipped_bytes_of_a_segment_with_a_dictionary_are_noticed_and_no_repair_makes_it_worse() {
    packed().check(&Plan { stride: 997, all_bits: false, repair_every: 1 });
}

#[test]
#[ignore = "takes half an hour; run it in release"]
fn every_flipped_bit_is_noticed_or_harmless_and_no_repair_makes_it_worse() {
    small().check(&Plan { stride: 1, all_bits: true, repair_every: 1 });
    packed().check(&Plan { stride: 11, all_bits: false, repair_every: 1 });
}
