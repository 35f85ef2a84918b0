//! Integration tests of the sql crate.
#![allow(clippy::unwrap_used)]

mod casts;
mod columns;
mod copy;
mod defaults;
mod dialect;
mod diff;
mod dml;
mod maintenance;
mod prepared;
mod scene;
mod show;
mod sub_queries;
mod system;
mod timeout;
mod transactions;
