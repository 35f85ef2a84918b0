//! MicroProlly's SQL: Postgres SQL, run by DataFusion, with branches, versions
//! and differences.
//!
//! The way of a statement: text → tokens → own [statement](ParsedStatement)
//! (`dialect`) → names resolved to versions (`scope`) → plan (`planning`) →
//! rows, or changes to a transaction (`execute`). Tables are read through
//! `table`; those of the schema `prolly` are made by `system`.
//!
//! ```
//! use microprolly_sql::{Database, Principal};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), microprolly_sql::SqlError> {
//! let database = Database::in_memory()?;
//! let mut session = database.session(Principal::all_powerful("ada"))?;
//! session.run("CREATE TABLE user (id TEXT PRIMARY KEY, role TEXT)").await?;
//! session.run("INSERT INTO user VALUES ('1', 'admin')").await?;
//! session.run("COMMIT MESSAGE 'first user'; CREATE BRANCH experiment").await?;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cancellation;
mod casts;
mod catalog;
mod copy;
mod database;
mod database_setting;
mod diagnosis;
mod dialect;
mod error;
mod execute;
mod failure;
mod normalize;
mod outcome;
mod planning;
mod scope;
mod session;
mod settings;
mod system;
mod table;
pub mod text;
mod types;
mod view;

pub use catalog::{CatalogExtension, CatalogView, ColumnInfo, TableInfo};
pub use copy::{CopyIn, CopyOut};
pub use database::Database;
pub use diagnosis::Diagnosis;
pub use dialect::ParsedStatement;
pub use error::{SqlError, SqlState};
pub use microprolly_engine::{PG_TYPE_METADATA, Principal};
pub use outcome::{Command, Notice, Outcome};
pub use session::{Prepared, Session, TransactionStatus};
pub use settings::SettingInfo;
