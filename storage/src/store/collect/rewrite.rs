//! Copying what is live into new segments.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use zstd::zstd_safe::CDict;

use crate::error::Result;
use crate::hash::ChunkHash;
use crate::references::is_terminal;
use crate::store::layout::{segment_path, segments_dir};
use crate::store::segment::Location;
use crate::store::segment::codec::{Dictionary, pack, pack_with};
use crate::store::segment::sealed::SealedSegment;
use crate::store::segment::writer::SegmentWriter;
use crate::store::{Compression, Store};

/// A dictionary is made from about this many chunks, evenly spread.
const SAMPLES: usize = 2048;

/// A chunk that is to be copied.
pub(super) struct Survivor {
    pub(super) segment: Arc<SealedSegment>,
    pub(super) hash: ChunkHash,
    pub(super) location: Location,
}

impl Survivor {
    fn read(&self) -> Result<Bytes> {
        self.segment.read_at(&self.hash, self.location)
    }
}

/// New segments in the making, one after the other. Nothing refers to them yet,
/// so a failure here harms nobody; their files go when this is dropped before
/// [`finish`](Self::finish).
pub(super) struct Output<'a> {
    store: &'a Store,
    compression: Compression,
    dictionary: Option<(Dictionary, CDict<'static>)>,
    open: Option<SegmentWriter>,
    /// Numbers and lengths of those that are whole.
    closed: Vec<(u64, u64)>,
    is_finished: bool,
}

impl<'a> Output<'a> {
    /// Segments packed as the store packs at present, with a dictionary made
    /// from some of the `survivors`.
    pub(super) fn new(store: &'a Store, survivors: &[Survivor]) -> Result<Self> {
        let compression = store.compression();
        let dictionary = match compression {
            Compression::None => None,
            Compression::Zstd { level } => {
                let step = (survivors.len() / SAMPLES).max(1);
                let samples: Vec<Bytes> =
                    survivors.iter().step_by(step).map(Survivor::read).collect::<Result<_>>()?;
                Dictionary::train(samples.iter().map(|sample| &sample[..]))
                    .and_then(|dictionary| dictionary.encoder(level).map(|encoder| (dictionary, encoder)))
            }
        };
        Ok(Self { store, compression, dictionary, open: None, closed: Vec::new(), is_finished: false })
    }

    /// Copies a chunk.
    pub(super) fn push(&mut self, survivor: &Survivor) -> Result<()> {
        let encoding = survivor.read()?;
        let stored = match &self.dictionary {
            Some((_, encoder)) => pack_with(&encoding, encoder),
            None => pack(&encoding, self.compression),
        };
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let dictionary = self.dictionary.as_ref().map(|(dictionary, _)| dictionary);
                let number = self.store.next_segment_number()?;
                let writer = SegmentWriter::create(&*self.store.vfs, &self.store.dir, number, dictionary)?;
                self.open.insert(writer)
            }
        };
        open.append(survivor.hash, is_terminal(&encoding), &stored)?;
        if open.len() >= self.store.segment_bytes_max {
            self.close()?;
        }
        Ok(())
    }

    /// Makes everything durable, and opens it. From now on the files stay.
    pub(super) fn finish(mut self) -> Result<Vec<Arc<SealedSegment>>> {
        self.close()?;
        let store = self.store;
        store.vfs.sync_dir(&segments_dir(&store.dir))?;
        let opened = self
            .closed
            .iter()
            .map(|(number, len)| {
                let path = segment_path(&store.dir, *number);
                SealedSegment::open(&*store.vfs, &path, *number, *len).map(Arc::new)
            })
            .collect::<Result<_>>()?;
        self.is_finished = true;
        Ok(opened)
    }

    fn close(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            let number = open.number();
            // Listed before it is whole, so that its file goes if sealing fails.
            self.closed.push((number, 0));
            let len = open.seal()?;
            self.store.counters.syncs.fetch_add(1, Ordering::Relaxed);
            self.closed.last_mut().expect("it was just pushed").1 = len;
        }
        Ok(())
    }
}

impl Drop for Output<'_> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let open = self.open.iter().map(|open| open.number());
        for number in open.chain(self.closed.iter().map(|(number, _)| *number)) {
            // What cannot be removed now is removed when the store is opened:
            // MANIFEST does not list it.
            drop(self.store.vfs.remove(&segment_path(&self.store.dir, number)));
        }
    }
}
