//! Integration tests of the engine crate.
#![allow(clippy::unwrap_used)]

mod ancestry;
mod crash;
mod faults;
mod fixture;
mod large_transactions;
mod model;
mod ranges;
mod references;
mod revisions;
mod transactions;
mod types;
mod versions;
