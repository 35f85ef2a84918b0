//! Statements whose parameters and result are known.

use arrow::datatypes::{DataType, SchemaRef};

use super::Session;
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
use crate::execute::{self, Description};

/// A statement to which PREPARE has given a name.
#[derive(Clone, Debug)]
pub(crate) struct NamedStatement {
    pub(crate) parsed: ParsedStatement,
    /// The types of `$1`, `$2`, … as far as PREPARE declared them.
    pub(crate) parameter_types: Vec<Option<DataType>>,
}

/// A statement that has been looked into but not run. What it means is found
/// anew each time it runs, so that it sees the data and the branch of then.
#[derive(Clone, Debug)]
pub struct Prepared {
    parsed: ParsedStatement,
    parameter_types: Vec<DataType>,
    schema: Option<SchemaRef>,
}

impl Prepared {
    pub(super) async fn new(
        session: &mut Session,
        parsed: &ParsedStatement,
        parameter_types: &[Option<DataType>],
    ) -> Result<Self, SqlError> {
        let Description { mut parameter_types, schema } =
            parsed.on_stack(execute::describe(session, parsed, parsed.statement(), parameter_types)).await?;
        // Those that no plan knows of are names and messages, which are text.
        let count = parsed.parameter_count().max(parameter_types.len());
        parameter_types.resize(count, DataType::Utf8);
        Ok(Self { parsed: parsed.clone(), parameter_types, schema })
    }

    /// The types of `$1`, `$2`, …
    pub fn parameter_types(&self) -> &[DataType] {
        &self.parameter_types
    }

    /// The result columns; none where the statement has no result set.
    pub fn schema(&self) -> Option<&SchemaRef> {
        self.schema.as_ref()
    }

    /// The statement.
    pub fn parsed(&self) -> &ParsedStatement {
        &self.parsed
    }
}
