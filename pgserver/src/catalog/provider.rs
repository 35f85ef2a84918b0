//! Catalog tables as DataFusion sees them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::datasource::{TableType, memory::MemorySourceConfig};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use microprolly_sql::CatalogView;

use super::definition::Definition;

/// Tables that are the same in every database, by name.
pub(super) type StaticTables = BTreeMap<&'static str, RecordBatch>;

/// `pg_catalog` or `information_schema` of one session.
pub(super) struct CatalogSchema {
    live: &'static [Definition],
    fixed: Arc<StaticTables>,
    view: Arc<dyn CatalogView>,
}

impl CatalogSchema {
    /// Live tables hide fixed ones of the same name.
    pub(super) fn new(
        live: &'static [Definition],
        fixed: Arc<StaticTables>,
        view: Arc<dyn CatalogView>,
    ) -> Self {
        Self { live, fixed, view }
    }
}

impl fmt::Debug for CatalogSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogSchema").field("tables", &self.table_names().len()).finish()
    }
}

#[async_trait]
impl SchemaProvider for CatalogSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<&str> =
            self.live.iter().map(|definition| definition.name).chain(self.fixed.keys().copied()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let source = match self.live.iter().find(|definition| definition.name == name) {
            Some(definition) => Source::Live(*definition, Arc::clone(&self.view)),
            None => match self.fixed.get(name) {
                Some(batch) => Source::Fixed(batch.clone()),
                None => return Ok(None),
            },
        };
        Ok(Some(Arc::new(CatalogTable { schema: source.schema(), source })))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.live.iter().any(|definition| definition.name == name) || self.fixed.contains_key(name)
    }
}

/// Where rows come from.
enum Source {
    Live(Definition, Arc<dyn CatalogView>),
    Fixed(RecordBatch),
}

impl Source {
    fn schema(&self) -> SchemaRef {
        match self {
            Self::Live(definition, _) => definition.schema(),
            Self::Fixed(batch) => batch.schema(),
        }
    }
}

struct CatalogTable {
    schema: SchemaRef,
    source: Source,
}

impl fmt::Debug for CatalogTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogTable").field("columns", &self.schema.fields().len()).finish()
    }
}

#[async_trait]
impl TableProvider for CatalogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batch = match &self.source {
            Source::Live(definition, view) => {
                definition.batch(view.as_ref()).map_err(|error| DataFusionError::External(Box::new(error)))?
            }
            Source::Fixed(batch) => batch.clone(),
        };
        let plan = MemorySourceConfig::try_new_exec(&[vec![batch]], self.schema(), projection.cloned())?;
        Ok(plan)
    }
}
