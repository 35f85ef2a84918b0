//! What a statement gives back.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use crate::copy::{CopyIn, CopyOut};

/// The result of one statement.
pub enum Outcome {
    /// A result set. Dropping the stream stops the work behind it.
    Rows {
        /// The columns.
        schema: SchemaRef,
        /// The rows.
        stream: SendableRecordBatchStream,
        /// What the command tag says once the rows are counted.
        command: Command,
    },
    /// No result set.
    Done {
        /// The command tag: `CREATE TABLE`, `INSERT 0 3`.
        tag: String,
    },
    /// The statement waits for data.
    CopyIn(CopyIn),
    /// The statement sends data.
    CopyOut(CopyOut),
}

impl Outcome {
    /// Rows that are there already.
    pub(crate) fn of_batch(batch: RecordBatch, command: Command) -> Self {
        let schema = batch.schema();
        let rows = futures::stream::iter([Ok::<_, DataFusionError>(batch)]);
        let stream = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), rows));
        Self::Rows { schema, stream, command }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows { schema, command, .. } => f
                .debug_struct("Rows")
                .field("schema", schema)
                .field("command", command)
                .finish_non_exhaustive(),
            Self::Done { tag } => f.debug_struct("Done").field("tag", tag).finish(),
            Self::CopyIn(_) => f.write_str("CopyIn"),
            Self::CopyOut(_) => f.write_str("CopyOut"),
        }
    }
}

/// The kind of a statement that returns rows, for its command tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A query.
    Select,
    /// INSERT … RETURNING.
    Insert,
    /// UPDATE … RETURNING.
    Update,
    /// DELETE … RETURNING.
    Delete,
    /// SHOW.
    Show,
    /// EXPLAIN.
    Explain,
    /// Anything else, by its tag.
    Other(&'static str),
}

impl Command {
    /// The command tag after `rows` rows: `SELECT 5`, `INSERT 0 5`, `SHOW`.
    pub fn tag(&self, rows: u64) -> String {
        match self {
            Self::Select => format!("SELECT {rows}"),
            Self::Insert => format!("INSERT 0 {rows}"),
            Self::Update => format!("UPDATE {rows}"),
            Self::Delete => format!("DELETE {rows}"),
            Self::Show => "SHOW".to_owned(),
            Self::Explain => "EXPLAIN".to_owned(),
            Self::Other(tag) => (*tag).to_owned(),
        }
    }
}

/// A message that accompanies a result without being an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE` or `WARNING`.
    pub severity: &'static str,
    /// SQLSTATE.
    pub code: &'static str,
    /// The text.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}
