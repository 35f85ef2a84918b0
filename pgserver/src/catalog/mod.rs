//! `pg_catalog` and `information_schema`: what clients read to learn what there is.
//!
//! The tables that show a user's objects are made anew for every scan from the session's [`CatalogView`], so
//! they follow the session to its branch, version and transaction. Only numbers of rows are estimates: those of
//! the branch without an open transaction's changes. What is the same in every PostgreSQL comes from
//! `datafusion-pg-catalog`. [`rewrite`](rewrite::rewrite) turns what clients' catalog queries contain and
//! DataFusion does not plan into what it does.

mod definition;
mod functions;
mod information_schema;
mod oids;
mod provider;
mod relations;
mod rewrite;
mod session;
mod statics;
mod tables;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use microprolly_sql::{CatalogExtension, CatalogView, SqlError};
use sqlparser::ast::Statement;

use provider::CatalogSchema;

/// The catalog that unqualified and schema-qualified names are looked up in.
const CATALOG: &str = "microprolly";

/// `pg_catalog` and `information_schema` for one connection.
#[derive(Debug)]
pub(crate) struct PgCatalog {
    /// What `pg_backend_pid()` says.
    pid: i32,
}

impl PgCatalog {
    /// For the connection with this number.
    pub(crate) fn new(pid: i32) -> Self {
        Self { pid }
    }
}

impl CatalogExtension for PgCatalog {
    fn install(&self, context: &SessionContext, view: Arc<dyn CatalogView>) -> Result<(), SqlError> {
        let catalog = context.catalog(CATALOG).unwrap_or_else(|| {
            let catalog: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
            context.register_catalog(CATALOG, Arc::clone(&catalog));
            catalog
        });
        let statics = statics::tables()?;
        let failed = |error: DataFusionError| SqlError::internal(format!("pg_catalog: {error}"));
        let pg_catalog = CatalogSchema::new(tables::definitions(), statics, Arc::clone(&view));
        catalog.register_schema("pg_catalog", Arc::new(pg_catalog)).map_err(failed)?;
        let information_schema =
            CatalogSchema::new(information_schema::definitions(), Arc::default(), Arc::clone(&view));
        catalog.register_schema("information_schema", Arc::new(information_schema)).map_err(failed)?;
        functions::register(context, &view, self.pid)
    }

    fn rewrite(&self, statement: Statement) -> Result<Statement, SqlError> {
        Ok(rewrite::rewrite(statement))
    }
}
