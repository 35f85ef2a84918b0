//! Rows as Arrow columns.

mod cache;
mod decode;
mod encode;
mod rows;
mod scan;

pub use cache::DecodedCache;
pub use encode::{EncodedRow, RowEncoder};
pub use rows::{column_of, decode_rows};
pub use scan::{BATCH_ROWS_TARGET, TableBatches, TableScan};
