//! The mutation records that opening a store finds.

use bytes::Bytes;

use super::segment::record::RecordHeader;
use crate::error::{Result, StorageError};

/// The mutation records of the unsealed segment, packed as they lie there.
#[derive(Debug, Default)]
pub struct Mutations {
    /// Oldest first: offset, header and body.
    records: Vec<(u64, RecordHeader, Bytes)>,
    /// The file, for messages.
    file: String,
}

impl Mutations {
    pub(super) fn new(file: String, records: Vec<(u64, RecordHeader, Bytes)>) -> Self {
        Self { records, file }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The payload of each, oldest first; from the back, newest first. Each is
    /// unpacked when its turn comes, so that not all are in memory at once.
    ///
    /// The items are errors (`Corrupt`) where a record does not unpack.
    pub fn payloads(&self) -> impl DoubleEndedIterator<Item = Result<Bytes>> {
        self.records.iter().map(|(offset, header, body)| {
            header
                .payload(body.clone(), None)
                .map_err(|detail| StorageError::corrupt(&self.file, format!("at offset {offset}: {detail}")))
        })
    }
}
