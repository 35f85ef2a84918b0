//! Integration tests of the storage crate.
#![allow(clippy::unwrap_used)]

mod corpus;
mod edits;
mod store_bad_disk;
mod store_collect;
mod store_concurrency;
mod store_directory;
mod store_faults;
mod store_fixture;
mod store_recovery;
mod store_repair;
mod store_round_trip;
mod store_seal;
mod tree_cost;
mod tree_diff;
mod tree_fixture;
mod tree_hostile;
mod tree_identity;
mod tree_limits;
mod tree_merge;
mod tree_proof;
mod tree_ranges;
mod tree_statistics;
