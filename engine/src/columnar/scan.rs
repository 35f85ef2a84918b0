//! Reading a type's rows as record batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use microprolly_storage::{Block, BlockCursor, KeyRange, StorageError};

use super::cache::{ColumnFingerprint, DecodedCache, DecodedKey};
use super::decode::{RowDecoder, Wanted};
use crate::error::Result;
use crate::schema::{ColumnType, GENERATED_KEY_COLUMN, TypeDefinition};
use crate::snapshot::Snapshot;

/// About how many rows a batch has.
pub const BATCH_ROWS_TARGET: usize = 8_192;

/// Some columns of some rows of a type, in key order.
#[derive(Clone)]
pub struct TableScan {
    snapshot: Snapshot,
    definition: Arc<TypeDefinition>,
    cache: Arc<DecodedCache>,
    projection: Arc<[usize]>,
    schema: SchemaRef,
    range: KeyRange,
}

impl TableScan {
    /// A scan of all rows with all columns.
    pub fn new(snapshot: Snapshot, definition: Arc<TypeDefinition>, cache: Arc<DecodedCache>) -> Self {
        let schema = definition.arrow_schema();
        let projection = (0..schema.fields().len()).collect();
        let range = definition.key_range();
        Self { snapshot, definition, cache, projection, schema, range }
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

    fn decode(
        &self,
        positions: &[usize],
        entries: impl Iterator<Item = Result<(Bytes, Bytes)>>,
    ) -> Result<(Vec<ArrayRef>, usize)> {
        let mut decoder =
            RowDecoder::new(&self.definition, positions.iter().map(|&position| self.wanted(position)));
        let mut rows = 0;
        for entry in entries {
            let (key, value) = entry?;
            decoder.push(&key, &value)?;
            rows += 1;
        }
        Ok((decoder.finish(), rows))
    }

    /// Rows of a range that has pending writes.
    fn merged(&self, range: &KeyRange) -> Result<RecordBatch> {
        let (columns, rows) = self.decode(&self.projection, self.snapshot.range(range))?;
        self.batch(columns, rows)
    }

    /// Rows of a subtree without pending writes. When all rows of the type
    /// that the subtree holds are in the scan, their columns come from the
    /// cache or go there.
    fn stored(&self, block: &Block) -> Result<RecordBatch> {
        let entries = || block.entries().map(|entry| entry.map_err(Into::into));
        if !block.whole && self.range != self.definition.key_range() {
            let (columns, rows) = self.decode(&self.projection, entries())?;
            return self.batch(columns, rows);
        }
        let keys: Vec<DecodedKey> = self
            .projection
            .iter()
            .map(|&position| DecodedKey::new(block.hash, self.fingerprint(position)))
            .collect();
        let mut columns: Vec<Option<ArrayRef>> = keys.iter().map(|key| self.cache.get(key)).collect();
        let missing: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].is_none()).collect();
        let rows = if missing.is_empty() {
            match columns.first() {
                Some(Some(column)) => column.len(),
                _ => usize::try_from(self.snapshot.tree.count(&block.range)?).map_err(|_| {
                    StorageError::corrupt("a tree", "a block counts more entries than memory holds")
                })?,
            }
        } else {
            let positions: Vec<usize> = missing.iter().map(|&index| self.projection[index]).collect();
            let (decoded, rows) = self.decode(&positions, entries())?;
            for (index, array) in missing.into_iter().zip(decoded) {
                self.cache.insert(keys[index], array.clone());
                columns[index] = Some(array);
            }
            rows
        };
        self.batch(columns.into_iter().flatten().collect(), rows)
    }
}

/// The batches of a scan, in key order; none is empty.
pub struct TableBatches {
    scan: TableScan,
    blocks: BlockCursor,
    /// Where the part of the range begins that no block has covered yet; none
    /// when all is covered. Pending writes may lie beyond the last block.
    next_start: Option<Bytes>,
}

impl TableBatches {
    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = match self.blocks.next() {
                Some(block) => {
                    let block = block?;
                    let Some(start) = self.next_start.take() else { return Ok(None) };
                    let covered = KeyRange { start, end: block.range.end.clone() };
                    self.next_start.clone_from(&covered.end);
                    if self.scan.snapshot.overlay.range(&covered).next().is_some() {
                        self.scan.merged(&covered)?
                    } else {
                        self.scan.stored(&block)?
                    }
                }
                None => {
                    let Some(start) = self.next_start.take() else { return Ok(None) };
                    let rest = KeyRange { start, end: self.scan.range.end.clone() };
                    if rest.is_empty() {
                        return Ok(None);
                    }
                    self.scan.merged(&rest)?
                }
            };
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
    }
}

impl Iterator for TableBatches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}
