//! The systems that MicroProlly is measured beside.

pub(crate) mod parquet;
pub(crate) mod postgres;
pub(crate) mod sqlite;
