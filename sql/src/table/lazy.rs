//! Tables whose rows are made when they are read.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::error::SqlError;

/// Batches of rows, made one at a time as they are asked for.
pub(crate) type Rows = Box<dyn Iterator<Item = std::result::Result<RecordBatch, SqlError>> + Send>;

/// Begins to make rows.
type Maker = Arc<dyn Fn() -> std::result::Result<Rows, SqlError> + Send + Sync>;

/// A table that holds nothing: each scan makes its rows, and stops making them
/// when no more are wanted.
#[derive(Clone)]
pub(crate) struct LazyTable {
    schema: SchemaRef,
    maker: Maker,
}

impl LazyTable {
    pub(crate) fn new(
        schema: SchemaRef,
        maker: impl Fn() -> std::result::Result<Rows, SqlError> + Send + Sync + 'static,
    ) -> Self {
        Self { schema, maker: Arc::new(maker) }
    }
}

impl std::fmt::Debug for LazyTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LazyTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for LazyTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partition: Arc<dyn PartitionStream> = Arc::new(self.clone());
        Ok(Arc::new(StreamingTableExec::try_new(
            self.schema.clone(),
            vec![partition],
            projection,
            None,
            false,
            limit,
        )?))
    }
}

impl PartitionStream for LazyTable {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = match (self.maker)() {
            Ok(rows) => rows,
            Err(failure) => Box::new(std::iter::once(Err(failure))),
        };
        let stream = futures::stream::iter(rows.map(|batch| batch.map_err(Into::into)));
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream))
    }
}
