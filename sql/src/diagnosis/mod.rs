//! What looking over a database, or mending it, comes to, as rows: the same for
//! the statements and for the command line, which works on a database that
//! nobody has open.

mod check;
mod repair;
mod salvage;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;

use crate::error::SqlError;

pub(crate) use check::schema as check_schema;
pub(crate) use repair::schema as repair_schema;

/// What a check, a repair or a salvage has found and done.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// A row for each thing found or done; none where all is well.
    pub rows: RecordBatch,
    /// The same in one sentence, lower case and without a full stop.
    pub summary: String,
    /// Whether nothing is damaged or missing (any more).
    pub is_sound: bool,
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch, SqlError> {
    RecordBatch::try_new(schema, columns).map_err(|failure| SqlError::internal(failure.to_string()))
}

/// A number of things: `1 object`, `2 objects`.
fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
