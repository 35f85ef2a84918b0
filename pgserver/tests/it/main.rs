//! The server over real sockets: with drivers, with psql, and with bytes that no driver would send.
#![allow(clippy::unwrap_used, missing_docs)]

mod cancel;
mod catalog;
mod connect;
mod copy;
mod malformed;
mod psql;
mod queries;
mod raw;
mod server;
mod transactions;
mod values;
