//! MicroProlly on the PostgreSQL protocol: any driver, psql, and tools that speak it can use a database.
//!
//! The database that a client connects to is a branch: `psql -d feature-x` works on branch `feature-x`, `\c
//! main` switches, `\l` lists branches. A tag or a commit can be connected to as well, and is read-only.
//!
//! In reading order:
//!
//! - [`Server`] listens and gives every client a task; [`ServerOptions`] and [`Limits`] say how much is
//!   allowed.
//! - `frame` cuts the stream into messages and refuses malformed ones before pgwire decodes them.
//! - `connection` holds one client and its session: start-up, simple and extended protocol, COPY, cancel.
//! - `types` translates between Arrow's values and PostgreSQL's, in text and binary.
//! - `catalog` is `pg_catalog` and `information_schema` over the session's live tables and branches, and the
//!   rewriting of what clients' catalog queries contain that DataFusion does not plan.
//!
//! Only loopback addresses are served: there is neither encryption nor authentication yet.
//!
//! ```no_run
//! use microprolly_pgserver::{Server, ServerOptions};
//! use microprolly_sql::Database;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Database::in_memory()?;
//! let server = Server::bind(database, ServerOptions::default()).await?;
//! println!("listening on {}", server.local_addr());
//! server.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cancel;
mod catalog;
mod connection;
mod error;
mod frame;
mod options;
mod server;
mod types;

pub use error::ServerError;
pub use options::{Limits, ServerOptions};
pub use server::Server;
