//! Reading a type's rows as record batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use microprolly_storage::{Block, BlockCursor, KeyRange, StorageError};

use super::cache::{ColumnFingerprint, DecodedCache, DecodedKey};
use super::decode::{RowDecoder, Wanted};
use crate::error::Result;
use crate::schema::{ColumnType, GENERATED_KEY_COLUMN, TypeDefinition};
use crate::snapshot::{Snapshot, SnapshotCursor};

/// About how many rows a batch has.
pub const BATCH_ROWS_TARGET: usize = 8_192;

/// Bytes of JSON after which a batch ends, however few its rows are: those of
/// the wanted fields count, and the last row may go beyond.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where more than one row in so many has a write pending, all are decoded afresh.
const PENDING_PART_MAX: u64 = 8;

/// Some columns of some rows of a type, in key order.
#[derive(Clone)]
pub struct TableScan {
    snapshot: Snapshot,
    definition: Arc<TypeDefinition>,
    cache: Arc<DecodedCache>,
    projection: Arc<[usize]>,
    schema: SchemaRef,
    range: KeyRange,
    batch_bytes_max: usize,
}

/// A batch, and the rows after it that belong to the same part of the range but
/// that it had no room for.
type Part = (RecordBatch, Option<SnapshotCursor>);

impl TableScan {
    /// A scan of all rows with all columns.
    pub fn new(snapshot: Snapshot, definition: Arc<TypeDefinition>, cache: Arc<DecodedCache>) -> Self {
        let schema = definition.arrow_schema();
        let projection = (0..schema.fields().len()).collect();
        let range = definition.key_range();
        let batch_bytes_max = BATCH_BYTES_MAX;
        Self { snapshot, definition, cache, projection, schema, range, batch_bytes_max }
    }

    /// Only these columns, by position in [`TypeDefinition::arrow_schema`].
    ///
    /// # Errors
    /// When a position is past the last column.
    pub fn project(self, projection: &[usize]) -> Result<Self> {
        let schema = self
            .definition
            .arrow_schema()
            .project(projection)
            .map_err(|failure| StorageError::corrupt("a projection", failure.to_string()))?;
        Ok(Self { projection: projection.into(), schema: Arc::new(schema), ..self })
    }

    /// Only rows whose keys are also in `range`.
    pub fn within(self, range: &KeyRange) -> Self {
        Self { range: self.range.intersect(range), ..self }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The keys that it reads.
    pub fn range(&self) -> &KeyRange {
        &self.range
    }

    /// How many rows it gives, without reading them.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn count(&self) -> Result<u64> {
        self.snapshot.count(&self.range)
    }

    /// At most `parts` scans that give the same rows one after the other.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn split(&self, parts: usize) -> Result<Vec<Self>> {
        let ranges = self.snapshot.split(&self.range, parts)?;
        Ok(ranges.into_iter().map(|range| Self { range, ..self.clone() }).collect())
    }

    /// The rows.
    pub fn batches(&self) -> TableBatches {
        TableBatches {
            blocks: self.snapshot.tree.blocks(&self.range, BATCH_ROWS_TARGET),
            scan: self.clone(),
            next_start: Some(self.range.start.clone()),
            rest: None,
        }
    }

    fn wanted(&self, position: usize) -> Wanted<'_> {
        match position.checked_sub(usize::from(self.definition.has_generated_key())) {
            Some(index) => Wanted::Field(&self.definition.columns[index]),
            None => Wanted::GeneratedKey,
        }
    }

    fn fingerprint(&self, position: usize) -> ColumnFingerprint {
        match self.wanted(position) {
            Wanted::GeneratedKey => {
                ColumnFingerprint::new(&self.definition, GENERATED_KEY_COLUMN, &ColumnType::TEXT)
            }
            Wanted::Field(column) => ColumnFingerprint::of(&self.definition, column),
        }
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|failure| StorageError::corrupt("a decoded batch", failure.to_string()))?)
    }

    /// Decodes columns of rows until the batch is full or there are no more:
    /// the columns, the number of rows, and whether the batch is full.
    fn decode(&self, positions: &[usize], rows: &mut SnapshotCursor) -> Result<(Vec<ArrayRef>, usize, bool)> {
        let mut decoder =
            RowDecoder::new(&self.definition, positions.iter().map(|&position| self.wanted(position)));
        let mut count = 0;
        while decoder.bytes() < self.batch_bytes_max {
            let Some(row) = rows.next() else { return Ok((decoder.finish(), count, false)) };
            let (key, value) = row?;
            decoder.push(&key, &value)?;
            count += 1;
        }
        Ok((decoder.finish(), count, true))
    }

    /// Rows that do not lie together in a subtree.
    fn uncached(&self, mut rows: SnapshotCursor) -> Result<Part> {
        let (columns, count, is_full) = self.decode(&self.projection, &mut rows)?;
        Ok((self.batch(columns, count)?, is_full.then_some(rows)))
    }

    /// Rows of a subtree without pending writes. When all rows of the type
    /// that the subtree holds are in the scan, their columns come from the
    /// cache or go there.
    fn stored(&self, block: &Block) -> Result<Part> {
        let mut rows = Snapshot::of_tree(block.tree()).range(&block.range);
        if !block.whole && self.range != self.definition.key_range() {
            return self.uncached(rows);
        }
        let keys: Vec<DecodedKey> = self
            .projection
            .iter()
            .map(|&position| DecodedKey::new(block.hash, self.fingerprint(position)))
            .collect();
        let mut columns: Vec<Option<ArrayRef>> = keys.iter().map(|key| self.cache.get(key)).collect();
        let missing: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].is_none()).collect();
        if missing.is_empty() {
            let count = match columns.first() {
                Some(Some(column)) => column.len(),
                _ => usize::try_from(self.snapshot.tree.count(&block.range)?).map_err(|_| {
                    StorageError::corrupt("a tree", "a block counts more entries than memory holds")
                })?,
            };
            return Ok((self.batch(columns.into_iter().flatten().collect(), count)?, None));
        }
        let positions: Vec<usize> = missing.iter().map(|&index| self.projection[index]).collect();
        let (decoded, count, is_full) = self.decode(&positions, &mut rows)?;
        for (index, array) in missing.into_iter().zip(decoded) {
            if !is_full {
                self.cache.insert(keys[index], array.clone());
            }
            columns[index] = Some(array);
        }
        // What comes from the cache is of all rows of the subtree.
        let columns = columns.into_iter().flatten().map(|column| column.slice(0, count)).collect();
        Ok((self.batch(columns, count)?, is_full.then_some(rows)))
    }
}

impl TableScan {
    /// Rows of a subtree over which a few writes are pending: what is stored comes
    /// from the cache, and only what is pending is decoded. `None` where that is
    /// not possible, or not worth it.
    fn overlaid(&self, block: &Block, covered: &KeyRange) -> Result<Option<RecordBatch>> {
        let pending: Vec<(&Bytes, &Option<Bytes>)> = self.snapshot.overlay.range(covered).collect();
        let is_few = pending.len() as u64 <= block.entries / PENDING_PART_MAX;
        if !is_few || *covered != block.range {
            return Ok(None);
        }
        let (stored, None) = self.stored(block)? else { return Ok(None) };
        let tree = block.tree();
        let keys: Vec<Bytes> = pending.iter().map(|(key, _)| (*key).clone()).collect();
        let are_stored = tree.contains_many(&keys)?;

        let mut decoder =
            RowDecoder::new(&self.definition, self.projection.iter().map(|&position| self.wanted(position)));
        let (mut indices, mut taken, mut written) = (Vec::with_capacity(stored.num_rows()), 0, 0);
        for ((key, value), is_stored) in pending.into_iter().zip(are_stored) {
            let before = KeyRange { start: covered.start.clone(), end: Some(key.clone()) };
            let rank = usize::try_from(tree.count(&before)?).unwrap_or(usize::MAX).min(stored.num_rows());
            indices.extend((taken..rank).map(|row| (0, row)));
            if let Some(value) = value {
                decoder.push(key, value)?;
                indices.push((1, written));
                written += 1;
            }
            taken = rank + usize::from(is_stored);
        }
        indices.extend((taken..stored.num_rows()).map(|row| (0, row)));
        let columns = stored
            .columns()
            .iter()
            .zip(decoder.finish())
            .map(|(stored, pending)| interleave(&[&**stored, &*pending], &indices))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|failure| StorageError::corrupt("a decoded batch", failure.to_string()))?;
        self.batch(columns, indices.len()).map(Some)
    }
}

/// The batches of a scan, in key order; none is empty.
pub struct TableBatches {
    scan: TableScan,
    blocks: BlockCursor,
    /// Where the part of the range begins that no block has covered yet; none
    /// when all is covered. Pending writes may lie beyond the last block.
    next_start: Option<Bytes>,
    /// What is left of the part that was covered last.
    rest: Option<SnapshotCursor>,
}

impl TableBatches {
    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let part = match self.rest.take() {
                Some(rest) => Some(self.scan.uncached(rest)?),
                None => self.next_part()?,
            };
            let Some((batch, rest)) = part else { return Ok(None) };
            self.rest = rest;
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
    }

    fn next_part(&mut self) -> Result<Option<Part>> {
        let block = self.blocks.next().transpose()?;
        let Some(start) = self.next_start.take() else { return Ok(None) };
        let (scan, snapshot) = (&self.scan, &self.scan.snapshot);
        let part = match block {
            Some(block) => {
                let covered = KeyRange { start, end: block.range.end.clone() };
                self.next_start.clone_from(&covered.end);
                if snapshot.overlay.range(&covered).next().is_none() {
                    scan.stored(&block)?
                } else {
                    match scan.overlaid(&block, &covered)? {
                        Some(batch) => (batch, None),
                        None => scan.uncached(snapshot.range(&covered))?,
                    }
                }
            }
            None => {
                let beyond = KeyRange { start, end: scan.range.end.clone() };
                if beyond.is_empty() {
                    return Ok(None);
                }
                scan.uncached(snapshot.range(&beyond))?
            }
        };
        Ok(Some(part))
    }
}

impl Iterator for TableBatches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;
    use crate::schema::Column;
    use crate::{CommitOptions, Database, Principal, Session};

    const ROWS: usize = 100;

    fn put(session: &Session, id: &str) {
        let text = "x".repeat(100);
        session.put(format!("t:{id}"), format!(r#"{{"id":"{id}","text":"{text}"}}"#)).unwrap();
    }

    fn session() -> Session {
        let session = Database::in_memory().unwrap().session(Principal::all_powerful("ada")).unwrap();
        let columns = vec![Column::new("id", ColumnType::TEXT), Column::new("text", ColumnType::TEXT)];
        session.define_type(TypeDefinition::new("t", columns)).unwrap();
        (0..ROWS).for_each(|number| put(&session, &format!("{number:03}")));
        session.commit(CommitOptions::message("into the tree")).unwrap();
        session
    }

    fn scan(session: &Session, batch_bytes_max: usize) -> TableScan {
        let definition = session.types().first().unwrap().clone();
        let scan = TableScan::new(session.working().unwrap(), definition, session.decoded_cache().clone());
        TableScan { batch_bytes_max, ..scan }
    }

    /// The ids of each batch.
    fn ids(scan: &TableScan) -> Vec<Vec<String>> {
        let mut batches = Vec::new();
        for batch in scan.batches() {
            let batch = batch.unwrap();
            let ids = batch.column(0).as_string::<i32>();
            batches.push(ids.iter().map(|id| id.unwrap().to_owned()).collect());
        }
        batches
    }

    /// Whole rows as text, by the rows of the snapshot one by one.
    fn expected(session: &Session) -> Vec<String> {
        let rows = session.get_prefix("t:").unwrap();
        rows.map(|row| String::from_utf8(row.unwrap().0[2..].to_vec()).unwrap()).collect()
    }

    #[test]
    fn pending_writes_are_laid_over_what_the_cache_has() {
        let session = session();
        assert_eq!(ids(&scan(&session, BATCH_BYTES_MAX)).concat(), expected(&session));
        let cached = session.decoded_cache().bytes();
        put(&session, "0505");
        put(&session, "zz");
        put(&session, "007");
        session.delete("t:000").unwrap();
        session.delete("t:042").unwrap();
        session.delete("t:nosuch").unwrap();
        let rows = expected(&session);
        assert_eq!(rows.len(), ROWS);
        assert_eq!(ids(&scan(&session, BATCH_BYTES_MAX)).concat(), rows);
        assert_eq!(ids(&scan(&session, BATCH_BYTES_MAX).project(&[0]).unwrap()).concat(), rows);
        let counted: usize = scan(&session, BATCH_BYTES_MAX)
            .project(&[])
            .unwrap()
            .batches()
            .map(|batch| batch.unwrap().num_rows())
            .sum();
        assert_eq!(counted, rows.len());
        let part = KeyRange::between("t:03", "t:06");
        let within = ids(&scan(&session, BATCH_BYTES_MAX).within(&part)).concat();
        let inside = |id: &&String| part.contains(format!("t:{id}").as_bytes());
        assert_eq!(within, rows.iter().filter(inside).cloned().collect::<Vec<_>>());
        assert_eq!(session.decoded_cache().bytes(), cached, "what is stored was decoded once");
    }

    #[test]
    fn a_batch_ends_when_it_has_its_bytes_and_the_next_goes_on_after_it() {
        let session = session();
        let whole = ids(&scan(&session, BATCH_BYTES_MAX)).concat();
        assert_eq!(whole.len(), ROWS);
        let check = |session: &Session, expected: &[String]| {
            let batches = ids(&scan(session, 1_000));
            assert!(batches.len() >= 10 && batches.iter().all(|batch| batch.len() <= 10), "{batches:?}");
            assert_eq!(batches.concat(), expected);
        };
        // All columns are in the cache, and what is there is not cut.
        assert_eq!(ids(&scan(&session, 1_000)).len(), 1);
        let session = self::session();
        check(&session, &whole);
        // One column is there, and the other is not.
        assert_eq!(ids(&scan(&session, BATCH_BYTES_MAX).project(&[0]).unwrap()).len(), 1);
        check(&session, &whole);
        // With a pending write nothing comes from there.
        put(&session, "0505");
        let mut expected = whole;
        expected.insert(51, "0505".to_owned());
        check(&session, &expected);
    }
}
