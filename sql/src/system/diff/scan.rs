//! Reading a difference.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use microprolly_engine::KeyRange;

use super::DiffTable;
use super::batch::batch_of;
use super::columns::DiffColumn;
use crate::error::{SqlError, SqlState};
use crate::system::batches::in_batches;
use crate::table::{Rows, key_range};

/// Batches that may wait for a slow reader.
const BATCHES_AHEAD_MAX: usize = 2;

impl fmt::Debug for DiffTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.definition.as_ref().map(|definition| &definition.name);
        f.debug_struct("DiffTable").field("table", &table).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for DiffTable {
    fn schema(&self) -> SchemaRef {
        self.columns().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(match &self.definition {
            // The columns of the key have their names here as in the table.
            Some(definition) => key_range(definition, filters).1,
            None => vec![TableProviderFilterPushDown::Unsupported; filters.len()],
        })
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut range = self.range();
        if let Some(definition) = &self.definition {
            range = range.intersect(&key_range(definition, &filters.iter().collect::<Vec<_>>()).0);
        }
        let (columns, schema) = match projection {
            None => (self.columns.clone(), self.columns().clone()),
            Some(positions) => (
                positions.iter().filter_map(|&position| self.columns.get(position).cloned()).collect(),
                Arc::new(self.columns().project(positions)?),
            ),
        };
        let scan = DiffScan { table: self.clone(), range, columns: columns.into(), schema: schema.clone() };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(scan)], None, None, false, limit)?))
    }
}

/// Some columns of the changes in a range.
#[derive(Debug)]
struct DiffScan {
    table: DiffTable,
    range: KeyRange,
    columns: Arc<[DiffColumn]>,
    schema: SchemaRef,
}

impl DiffScan {
    fn rows(&self) -> std::result::Result<Rows, SqlError> {
        let Some((from, to)) = &self.table.sides else {
            return Err(SqlError::new(SqlState::UNDEFINED_PARAMETER, "a revision to compare has no value"));
        };
        let changes = from.changes(to, &self.range).map(|change| change.map_err(SqlError::from));
        let (view, definition) = (self.table.view.clone(), self.table.definition.clone());
        let (columns, schema) = (self.columns.clone(), self.schema.clone());
        Ok(in_batches(
            changes,
            |change| {
                let len = |value: &Option<bytes::Bytes>| value.as_ref().map_or(0, bytes::Bytes::len);
                change.key.len() + len(&change.from) + len(&change.to)
            },
            move |changes| batch_of(&view, definition.as_deref(), &columns, &schema, changes),
        ))
    }
}

impl PartitionStream for DiffScan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), BATCHES_AHEAD_MAX);
        let sender = builder.tx();
        let rows = self.rows();
        builder.spawn_blocking(move || {
            for batch in rows? {
                // The reader is gone: nobody wants the rest.
                if sender.blocking_send(batch.map_err(Into::into)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}
