//! The table `kv`: every key, typed or not.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::Session;
use datafusion::common::{Constraint, Constraints, Result, ScalarValue};
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use microprolly_engine::{self as engine, BATCH_ROWS_TARGET, Entry, KeyRange, Snapshot};

use super::scan_exec::{ScanExec, Source};
use crate::failure::external;

/// Bytes of a batch, so that large values do not add up to much memory.
const BATCH_BYTES_TARGET: usize = 8 * 1024 * 1024;

/// `key` and `value` as text, and `bytes`, the value as it is. What is not
/// UTF-8 has no text: such a value is null in `value`, and such a key is shown
/// as `\x` and hexadecimal digits.
pub(crate) fn key_value_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, true),
            Field::new("bytes", DataType::Binary, true),
        ]))
    });
    SCHEMA.clone()
}

/// Entries as a batch of [`key_value_schema`], only these columns of it.
pub(crate) fn key_values_batch(entries: &[Entry], projection: &[usize]) -> engine::Result<RecordBatch> {
    let columns = projection
        .iter()
        .map(|position| match position {
            0 => {
                let mut keys = StringBuilder::new();
                for (key, _) in entries {
                    match std::str::from_utf8(key) {
                        Ok(text) => keys.append_value(text),
                        Err(_) => keys.append_value(hex(key)),
                    }
                }
                Arc::new(keys.finish()) as ArrayRef
            }
            1 => {
                let mut values = StringBuilder::new();
                for (_, value) in entries {
                    values.append_option(std::str::from_utf8(value).ok());
                }
                Arc::new(values.finish())
            }
            _ => {
                let mut bytes = BinaryBuilder::new();
                for (_, value) in entries {
                    bytes.append_value(value);
                }
                Arc::new(bytes.finish())
            }
        })
        .collect();
    let corrupt = |failure: arrow::error::ArrowError| {
        engine::StorageError::corrupt("a batch of keys", failure.to_string())
    };
    let schema = Arc::new(key_value_schema().project(projection).map_err(corrupt)?);
    let options = RecordBatchOptions::new().with_row_count(Some(entries.len()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options).map_err(corrupt)?)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Some columns of the entries of a range.
#[derive(Clone)]
pub(crate) struct KeyValueScan {
    snapshot: Snapshot,
    range: KeyRange,
    projection: Arc<[usize]>,
    schema: SchemaRef,
}

impl KeyValueScan {
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn range(&self) -> &KeyRange {
        &self.range
    }

    pub(crate) fn count(&self) -> engine::Result<u64> {
        self.snapshot.count(&self.range)
    }

    pub(crate) fn split(&self, parts: usize) -> engine::Result<Vec<Self>> {
        let ranges = self.snapshot.split(&self.range, parts)?;
        Ok(ranges.into_iter().map(|range| Self { range, ..self.clone() }).collect())
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = engine::Result<RecordBatch>> + Send + use<> {
        let mut cursor = self.snapshot.range(&self.range);
        let projection = self.projection.clone();
        std::iter::from_fn(move || {
            let mut entries: Vec<Entry> = Vec::new();
            let mut bytes = 0;
            while entries.len() < BATCH_ROWS_TARGET && bytes < BATCH_BYTES_TARGET {
                match cursor.next() {
                    Some(Ok(entry)) => {
                        bytes += entry.0.len() + entry.1.len();
                        entries.push(entry);
                    }
                    Some(Err(failure)) => return Some(Err(failure)),
                    None => break,
                }
            }
            (!entries.is_empty()).then(|| key_values_batch(&entries, &projection))
        })
    }
}

/// All entries of one version.
#[derive(Clone)]
pub(crate) struct KeyValues {
    snapshot: Snapshot,
    constraints: Constraints,
}

impl KeyValues {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, constraints: Constraints::new_unverified(vec![Constraint::PrimaryKey(vec![0])]) }
    }
}

impl std::fmt::Debug for KeyValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyValues")
    }
}

#[async_trait]
impl TableProvider for KeyValues {
    fn schema(&self) -> SchemaRef {
        key_value_schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Keys that are not UTF-8 are shown otherwise than they sort, so the
        // filter is applied again to what the range leaves.
        Ok(filters
            .iter()
            .map(|filter| match filter_range(filter) {
                Some(_) => TableProviderFilterPushDown::Inexact,
                None => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let range = filters
            .iter()
            .filter_map(filter_range)
            .fold(KeyRange::all(), |range, narrower| range.intersect(&narrower));
        let projection: Arc<[usize]> = match projection {
            Some(projection) => projection.as_slice().into(),
            None => [0, 1, 2].into(),
        };
        let schema = Arc::new(key_value_schema().project(&projection)?);
        let source =
            Source::KeyValues(KeyValueScan { snapshot: self.snapshot.clone(), range, projection, schema });
        let partitions = state.config().target_partitions();
        Ok(Arc::new(ScanExec::new("kv", source, None, limit, partitions).map_err(external)?))
    }
}

/// The keys that a condition on `key` leaves: comparisons with text, and LIKE
/// with a fixed beginning. Only text that no hexadecimal form resembles counts.
fn filter_range(filter: &Expr) -> Option<KeyRange> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (operator, text) = match (&**left, &**right) {
                (Expr::Column(column), Expr::Literal(literal, _)) if column.name == "key" => {
                    (*op, text(literal)?)
                }
                (Expr::Literal(literal, _), Expr::Column(column)) if column.name == "key" => {
                    (op.swap()?, text(literal)?)
                }
                _ => return None,
            };
            let with = |suffix: &[u8]| Bytes::from([text.as_bytes(), suffix].concat());
            // A key that is not UTF-8 is shown as `\x…`, which sorts elsewhere
            // than its bytes; equality with plain text cannot mean it.
            match operator {
                Operator::Eq if !text.starts_with("\\x") => Some(KeyRange::key(text.as_bytes())),
                Operator::Lt if text < "\\" => Some(KeyRange { end: Some(with(b"")), ..KeyRange::all() }),
                Operator::LtEq if text < "\\" => Some(KeyRange { end: Some(with(b"\0")), ..KeyRange::all() }),
                _ => None,
            }
        }
        Expr::Like(Like { negated: false, expr, pattern, escape_char: None, case_insensitive: false }) => {
            let (Expr::Column(column), Expr::Literal(literal, _)) = (&**expr, &**pattern) else {
                return None;
            };
            if column.name != "key" {
                return None;
            }
            let pattern = text(literal)?;
            let end = pattern.find(['%', '_', '\\']).unwrap_or(pattern.len());
            (end > 0).then(|| KeyRange::prefix(&pattern.as_bytes()[..end]))
        }
        _ => None,
    }
}

fn text(literal: &ScalarValue) -> Option<&str> {
    match literal {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => {
            text.as_deref()
        }
        _ => None,
    }
}
