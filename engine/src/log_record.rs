//! The write-ahead log's record: one transaction's writes on one branch.
//!
//! | field | bytes |
//! |---|---|
//! | format version (1) | 1 |
//! | branch name behind a length | 4 + n |
//! | epoch of the branch's working set | 8 |
//! | per write: key behind a length, then 0 (deleted) or 1 and the value behind a length | |

use bytes::Bytes;
use microprolly_storage::StorageError;

use crate::codec::{Reader, put_sized};
use crate::error::{EngineError, Result};
use crate::overlay::Overlay;

const VERSION: u8 = 1;

/// Writes that are durable but not yet in a tree.
pub(crate) struct LogRecord {
    branch: String,
    /// The working set that the writes belong to. Folding it begins a new
    /// epoch, so records that a tree already contains are not applied twice.
    epoch: u64,
    /// What is left to read: the writes.
    writes: Reader,
}

impl LogRecord {
    pub(crate) fn encode(branch: &str, epoch: u64, writes: &Overlay) -> Vec<u8> {
        let mut out = Vec::with_capacity(writes.memory_bytes() + branch.len() + 13);
        out.push(VERSION);
        put_sized(&mut out, branch.as_bytes());
        out.extend_from_slice(&epoch.to_le_bytes());
        for (key, value) in writes.iter() {
            put_sized(&mut out, key);
            match value {
                None => out.push(0),
                Some(value) => {
                    out.push(1);
                    put_sized(&mut out, value);
                }
            }
        }
        out
    }

    /// Reads what the writes are for, and leaves them for
    /// [`for_each_write`](Self::for_each_write).
    ///
    /// # Errors
    /// Corrupt, or newer format.
    pub(crate) fn open(payload: Bytes) -> Result<Self> {
        let mut writes = Reader::new(payload);
        match writes.u8() {
            Some(VERSION) => {}
            Some(found) if found > VERSION => {
                return Err(EngineError::Storage(StorageError::NewerFormat {
                    what: "a write-ahead log record".into(),
                    found: found.into(),
                    supported: VERSION.into(),
                }));
            }
            _ => return Err(corrupt()),
        }
        let (branch, epoch) = writes.text().zip(writes.u64()).ok_or_else(corrupt)?;
        Ok(Self { branch, epoch, writes })
    }

    pub(crate) fn branch(&self) -> &str {
        &self.branch
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Hands out each key and its value, or none where it was deleted.
    ///
    /// # Errors
    /// Corrupt, after what comes before was handed out.
    pub(crate) fn for_each_write(mut self, mut take: impl FnMut(Bytes, Option<Bytes>)) -> Result<()> {
        while !self.writes.is_at_end() {
            let (key, value) = read_write(&mut self.writes).ok_or_else(corrupt)?;
            take(key, value);
        }
        Ok(())
    }
}

fn read_write(reader: &mut Reader) -> Option<(Bytes, Option<Bytes>)> {
    let key = reader.sized()?;
    match reader.u8()? {
        0 => Some((key, None)),
        1 => Some((key, Some(reader.sized()?))),
        _ => None,
    }
}

fn corrupt() -> EngineError {
    StorageError::corrupt("a write-ahead log record", "its fields do not add up").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writes = Overlay::default();
        writes.insert("a".into(), Some("1".into()));
        writes.insert("b".into(), None);
        LogRecord::encode("main", 7, &writes)
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let record = LogRecord::open(sample().into()).unwrap();
        assert_eq!((record.branch(), record.epoch()), ("main", 7));
        let mut writes = Vec::new();
        record.for_each_write(|key, value| writes.push((key, value))).unwrap();
        assert_eq!(writes, [(Bytes::from("a"), Some(Bytes::from("1"))), (Bytes::from("b"), None)]);
    }

    #[test]
    fn a_record_of_a_later_version_is_refused_by_its_number() {
        let mut payload = sample();
        payload[0] = VERSION + 1;
        let failure = LogRecord::open(payload.into()).err().unwrap();
        assert!(matches!(
            failure,
            EngineError::Storage(StorageError::NewerFormat { found: 2, supported: 1, .. })
        ));
    }

    #[test]
    fn a_record_that_ends_too_early_is_refused() {
        let whole = sample();
        let before_first_write = 1 + 4 + "main".len() + 8;
        for len in 0..whole.len() {
            // Writes are as many as there are, so a record may end after one.
            let is_whole = [before_first_write, before_first_write + 11].contains(&len);
            let read = LogRecord::open(Bytes::copy_from_slice(&whole[..len]))
                .and_then(|record| record.for_each_write(|_, _| {}));
            assert_eq!(read.is_ok(), is_whole, "{len} bytes");
        }
    }
}
