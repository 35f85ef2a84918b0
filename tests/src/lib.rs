//! What needs more than one crate: the oracle's answers on real flights
//! (`it/oracle.rs`), and the benchmarks beside other databases (`bench/`).
//!
//! The library itself is empty; everything is a test or a benchmark.
