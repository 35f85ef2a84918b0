//! The systems that MicroProlly is measured beside.

#[cfg(feature = "bench")]
pub(crate) mod parquet;
pub(crate) mod postgres;
pub(crate) mod sqlite;
