//! Tables as DataFusion sees them.

mod key_filter;
mod key_values;
mod lazy;
mod scan_exec;
mod typed;

pub(crate) use key_filter::key_range;
pub(crate) use key_values::{KeyValues, key_value_schema, key_values_batch};
pub(crate) use lazy::{LazyTable, Rows};
pub(crate) use typed::TypedTable;
