//! Types: what the values under `<type>:<id>` must be.

mod column_type;
mod decimal;
mod definition;
mod field_change;
mod json;
mod moment;
mod row_key;
mod text_input;
mod validate;
mod value;

pub use column_type::{ArrayElement, ColumnType, NUMERIC_DEFAULT, PG_TYPE_METADATA};
pub use definition::{Column, TypeDefinition, TypeId};
pub use field_change::FieldChange;
pub(crate) use json::Fields;
pub use row_key::{GENERATED_KEY_COLUMN, RowKey};
pub(crate) use value::write_string;
pub use value::{Value, ValueError};
