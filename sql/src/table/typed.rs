//! A type of the engine as a table.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{Constraint, Constraints, Result};
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use microprolly_engine::{DecodedCache, Snapshot, TableScan, TypeDefinition};

use super::key_filter::key_range;
use super::scan_exec::{ScanExec, Source};
use crate::failure::external;

/// The rows of a type in one version.
///
/// It has no hooks for INSERT, UPDATE and DELETE on purpose: those are planned
/// as queries, since the hooks do not see sub-queries in WHERE. Nor does it know
/// the defaults of its columns, which only what writes needs.
#[derive(Clone)]
pub(crate) struct TypedTable {
    definition: Arc<TypeDefinition>,
    scan: TableScan,
    schema: SchemaRef,
    constraints: Constraints,
}

impl TypedTable {
    pub(crate) fn new(definition: Arc<TypeDefinition>, snapshot: Snapshot, cache: Arc<DecodedCache>) -> Self {
        let schema = definition.arrow_schema();
        let key = if definition.has_generated_key() {
            vec![0]
        } else {
            definition.primary_key.iter().filter_map(|name| definition.position(name)).collect()
        };
        Self {
            scan: TableScan::new(snapshot, definition.clone(), cache),
            constraints: Constraints::new_unverified(vec![Constraint::PrimaryKey(key)]),
            definition,
            schema,
        }
    }
}

impl std::fmt::Debug for TypedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedTable").field("name", &self.definition.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for TypedTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(key_range(&self.definition, filters).1)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (range, _) = key_range(&self.definition, &filters.iter().collect::<Vec<_>>());
        let mut scan = self.scan.clone().within(&range);
        if let Some(projection) = projection {
            scan = scan.project(projection).map_err(external)?;
        }
        // Keys are in order; so are values where the key is one of them alone.
        let ordered_by = match self.definition.primary_key.as_slice() {
            [] => scan.schema().index_of(microprolly_engine::GENERATED_KEY_COLUMN).ok(),
            [name] => {
                let ordered =
                    self.definition.key_columns().all(|column| column.column_type.is_ordered_as_key());
                if ordered { scan.schema().index_of(name).ok() } else { None }
            }
            _ => None,
        };
        let partitions = state.config().target_partitions();
        let source = Source::Typed(scan);
        Ok(Arc::new(
            ScanExec::new(&self.definition.name, source, ordered_by, limit, partitions).map_err(external)?,
        ))
    }
}
