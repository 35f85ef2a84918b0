//! Integration tests of the engine crate.
#![allow(clippy::unwrap_used)]

mod ancestry;
mod collection;
mod corpus;
mod crash;
mod fault_matrix;
mod fault_vfs;
mod faults;
mod files;
mod fixture;
mod flips;
mod inspect;
mod large_transactions;
mod model;
mod parallel;
mod ranges;
mod readings;
mod references;
mod revisions;
mod sight;
mod transactions;
mod types;
mod versions;
