//! The physical plan of a scan.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, stats::Precision};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::{RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use microprolly_engine::{self as engine, BATCH_ROWS_TARGET, KeyRange, TableScan};

use super::key_values::KeyValueScan;
use crate::failure::external;

/// Batches that may wait for a slow reader, per partition.
const BATCHES_AHEAD_MAX: usize = 2;

/// What a scan reads.
#[derive(Clone)]
pub(crate) enum Source {
    /// Rows of a type.
    Typed(TableScan),
    /// Keys and values as they are.
    KeyValues(KeyValueScan),
}

impl Source {
    fn schema(&self) -> &SchemaRef {
        match self {
            Self::Typed(scan) => scan.schema(),
            Self::KeyValues(scan) => scan.schema(),
        }
    }

    fn range(&self) -> &KeyRange {
        match self {
            Self::Typed(scan) => scan.range(),
            Self::KeyValues(scan) => scan.range(),
        }
    }

    fn count(&self) -> engine::Result<u64> {
        match self {
            Self::Typed(scan) => scan.count(),
            Self::KeyValues(scan) => scan.count(),
        }
    }

    fn split(&self, parts: usize) -> engine::Result<Vec<Self>> {
        Ok(match self {
            Self::Typed(scan) => scan.split(parts)?.into_iter().map(Self::Typed).collect(),
            Self::KeyValues(scan) => scan.split(parts)?.into_iter().map(Self::KeyValues).collect(),
        })
    }

    fn batches(&self) -> Box<dyn Iterator<Item = engine::Result<RecordBatch>> + Send> {
        match self {
            Self::Typed(scan) => Box::new(scan.batches()),
            Self::KeyValues(scan) => Box::new(scan.batches()),
        }
    }
}

/// Reads parts of a tree, one per partition.
pub(crate) struct ScanExec {
    table: String,
    parts: Vec<(Source, u64)>,
    range: KeyRange,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    /// A scan in as many parts as its rows are worth, at most `partitions`.
    pub(crate) fn new(
        table: &str,
        source: Source,
        ordered_by: Option<usize>,
        limit: Option<usize>,
        partitions: usize,
    ) -> engine::Result<Self> {
        let rows = source.count()?;
        let wanted = limit.map_or(rows, |limit| rows.min(limit as u64));
        let worth = usize::try_from(wanted / BATCH_ROWS_TARGET as u64).unwrap_or(usize::MAX);
        let sources = match partitions.min(worth) {
            0 | 1 => vec![source.clone()],
            parts => source.split(parts)?,
        };
        let range = source.range().clone();
        let parts = sources
            .into_iter()
            .map(|part| part.count().map(|rows| (part, rows)))
            .collect::<engine::Result<Vec<_>>>()?;
        let schema = source.schema().clone();
        let mut equivalence = EquivalenceProperties::new(schema.clone());
        if let Some(index) = ordered_by {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(schema.field(index).name(), index));
            let options = SortOptions { descending: false, nulls_first: false };
            equivalence.add_ordering([PhysicalSortExpr::new(column, options)]);
        }
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self { table: table.to_owned(), parts, range, limit, properties: Arc::new(properties) })
    }
}

impl fmt::Debug for ScanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Verbose, f)
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: u64 = self.parts.iter().map(|(_, rows)| rows).sum();
        write!(f, "ScanExec: table={}, rows={rows}, partitions={}", self.table, self.parts.len())?;
        write!(f, ", keys=[{}, ", self.range.start.escape_ascii())?;
        match &self.range.end {
            Some(end) => write!(f, "{})", end.escape_ascii())?,
            None => f.write_str("∞)")?,
        }
        match self.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some((source, rows)) = self.parts.get(partition) else {
            return Err(DataFusionError::Internal(format!("scan has no partition {partition}")));
        };
        let schema = source.schema().clone();
        let limit = self.limit.unwrap_or(usize::MAX);
        let source = source.clone();
        if *rows <= BATCH_ROWS_TARGET as u64 {
            // A hop to another thread would cost more than the read.
            let batches = Limited { batches: source.batches(), remaining: limit };
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches))));
        }
        let mut builder = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_AHEAD_MAX);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            for batch in (Limited { batches: source.batches(), remaining: limit }) {
                // The reader is gone: nobody wants the rest.
                if sender.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        });
        Ok(builder.build())
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let rows: u64 = match args.partition() {
            Some(partition) => self.parts.get(partition).map_or(0, |(_, rows)| *rows),
            None => self.parts.iter().map(|(_, rows)| rows).sum(),
        };
        let mut statistics = Statistics::new_unknown(&self.schema());
        if let Ok(rows) = usize::try_from(rows) {
            // Each partition stops at the limit by itself.
            statistics.num_rows = match self.limit {
                Some(limit) if limit < rows && self.parts.len() > 1 => Precision::Inexact(rows),
                Some(limit) => Precision::Exact(rows.min(limit)),
                None => Precision::Exact(rows),
            };
        }
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self {
            table: self.table.clone(),
            parts: self.parts.clone(),
            range: self.range.clone(),
            limit,
            properties: self.properties.clone(),
        }))
    }
}

/// Batches up to a number of rows.
struct Limited {
    batches: Box<dyn Iterator<Item = engine::Result<RecordBatch>> + Send>,
    remaining: usize,
}

impl Iterator for Limited {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.remaining == 0 {
            return None;
        }
        Some(match self.batches.next()? {
            Ok(batch) => {
                let rows = batch.num_rows().min(self.remaining);
                self.remaining -= rows;
                Ok(batch.slice(0, rows))
            }
            Err(failure) => {
                self.remaining = 0;
                Err(external(failure))
            }
        })
    }
}
