//! A database as SQL sees it.

use std::path::Path;
use std::sync::Arc;

use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use microprolly_engine::{self as engine, Principal};

use crate::catalog::CatalogExtension;
use crate::diagnosis::Diagnosis;
use crate::error::SqlError;
use crate::session::Session;

/// Memory that all running queries together may use for sorting, grouping and
/// joining, in bytes.
const QUERY_MEMORY_BYTES_MAX: usize = 4 * 1024 * 1024 * 1024;

/// An open database. Copies share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Database {
    engine: engine::Database,
    runtime: Arc<RuntimeEnv>,
}

impl Database {
    /// Opens the database in a directory, or creates it where there is none.
    ///
    /// # Errors
    /// When the directory holds something else, another process has it open, a
    /// later version wrote it, or the system refuses.
    pub fn open_or_create(directory: &Path) -> Result<Self, SqlError> {
        Self::new(engine::Database::open_or_create(directory)?)
    }

    /// Opens the database in a directory.
    ///
    /// # Errors
    /// As for [`Database::open_or_create`], and when there is none.
    pub fn open(directory: &Path) -> Result<Self, SqlError> {
        Self::new(engine::Database::open(directory)?)
    }

    /// Creates a database in a directory that is empty or does not exist.
    ///
    /// # Errors
    /// As for [`Database::open_or_create`], and when there is one.
    pub fn create(directory: &Path) -> Result<Self, SqlError> {
        Self::new(engine::Database::create(directory)?)
    }

    /// A database that lives in memory and is gone with its last copy.
    ///
    /// # Errors
    /// None in practice; those of creating any database.
    pub fn in_memory() -> Result<Self, SqlError> {
        Self::new(engine::Database::in_memory()?)
    }

    /// Reads everything that is on disk and follows every reference, as CHECK
    /// DATABASE does.
    ///
    /// # Errors
    /// When the disk refuses to be read. Damage is no error: it is in the result.
    pub fn check(&self) -> Result<Diagnosis, SqlError> {
        let session = self.engine.session(Principal::all_powerful("check"))?;
        Diagnosis::of_check(&session.check()?)
    }

    /// Mends what can be mended without guessing of the database in a directory,
    /// which nobody has open.
    ///
    /// # Errors
    /// As for [`Database::open`], except for what could be mended.
    pub fn repair(directory: &Path) -> Result<Diagnosis, SqlError> {
        Diagnosis::of_repair(&engine::Database::repair(directory)?)
    }

    /// Saves what can be read of the database in `from`, which nobody has open, into
    /// a new one in `to`.
    ///
    /// # Errors
    /// As for [`Database::open`] and [`Database::create`].
    pub fn salvage(from: &Path, to: &Path) -> Result<Diagnosis, SqlError> {
        Diagnosis::of_salvage(&engine::Database::salvage(from, to)?)
    }

    /// SQL over an engine's database.
    ///
    /// # Errors
    /// When the query runtime cannot be set up.
    pub fn new(engine: engine::Database) -> Result<Self, SqlError> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(QUERY_MEMORY_BYTES_MAX, 1.0)
            .build_arc()
            .map_err(|error| SqlError::from(&error))?;
        Ok(Self { engine, runtime })
    }

    /// The engine beneath.
    pub fn engine(&self) -> &engine::Database {
        &self.engine
    }

    pub(crate) fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    /// Acts for a principal, on the default branch.
    ///
    /// # Errors
    /// When the session cannot be set up.
    pub fn session(&self, principal: Principal) -> Result<Session, SqlError> {
        self.session_with(principal, None)
    }

    /// Acts for a principal, with further schemas such as `pg_catalog`.
    ///
    /// # Errors
    /// When the session or the extension cannot be set up.
    pub fn session_with(
        &self,
        principal: Principal,
        catalog: Option<Arc<dyn CatalogExtension>>,
    ) -> Result<Session, SqlError> {
        Session::begin(self, principal, catalog)
    }
}
