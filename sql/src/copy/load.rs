//! From fields to rows in a transaction.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::datatypes::{DataType, Schema};
use datafusion::physical_plan::PhysicalExpr;
use microprolly_engine::{Transaction, Value};

use super::fields::Fields;
use super::records::Records;
use crate::dialect::{CopyHeader, CopyOptions};
use crate::error::{SqlError, SqlState};
use crate::execute::target::Target;
use crate::failure::{planner_failure, value_failure};

/// Bytes that are gathered before they are looked at: clients send a line at a time.
const GATHERED_BYTES: usize = 64 * 1024;

/// Rows for which a default is evaluated at once.
const DEFAULT_ROWS: usize = 1_024;

/// A column that the input does not have.
pub(crate) struct DefaultColumn {
    position: usize,
    expression: Arc<dyn PhysicalExpr>,
    values: ArrayRef,
    next: usize,
}

impl DefaultColumn {
    /// `expression` has no columns and gives values of the column's type.
    pub(crate) fn new(position: usize, expression: Arc<dyn PhysicalExpr>) -> Self {
        Self { position, expression, values: new_empty_array(&DataType::Null), next: 0 }
    }

    /// Makes sure that there is a value for the next row, and goes there.
    fn advance(&mut self) -> Result<(), SqlError> {
        self.next += 1;
        if self.next >= self.values.len() {
            let options = RecordBatchOptions::new().with_row_count(Some(DEFAULT_ROWS));
            let rows = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
                .map_err(|error| SqlError::internal(error.to_string()))?;
            self.values = self
                .expression
                .evaluate(&rows)
                .and_then(|values| values.into_array(DEFAULT_ROWS))
                .map_err(|error| planner_failure(&error, None))?;
            self.next = 0;
        }
        Ok(())
    }
}

/// Reads the data of one COPY.
pub(crate) struct Loader {
    target: Target,
    /// Where the fields go, in their order.
    positions: Vec<usize>,
    defaults: Vec<DefaultColumn>,
    options: CopyOptions,
    /// Whether the first line is still to come, and names the columns.
    header: CopyHeader,
    records: Records,
    fields: Fields,
    rows: u64,
}

impl Loader {
    pub(crate) fn new(
        target: Target,
        positions: Vec<usize>,
        defaults: Vec<DefaultColumn>,
        options: &CopyOptions,
    ) -> Self {
        Self {
            target,
            positions,
            defaults,
            options: options.clone(),
            header: options.header,
            records: Records::new(options),
            fields: Fields::default(),
            rows: 0,
        }
    }

    /// How many fields each record has.
    pub(super) fn column_count(&self) -> usize {
        self.positions.len()
    }

    /// Rows loaded so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        self.records.push(data);
    }

    /// Whether enough has been gathered to be looked at.
    pub(super) fn is_due(&self) -> bool {
        self.records.waiting() >= GATHERED_BYTES
    }

    /// Puts the rows of all whole records into the transaction.
    pub(super) fn load(&mut self, transaction: &mut Transaction, last: bool) -> Result<(), SqlError> {
        while let Some(record) = self.records.next(last)? {
            let loaded = match self.fields.read(self.records.bytes(&record), &self.options) {
                Err(failure) => Err(failure),
                Ok(()) => match std::mem::replace(&mut self.header, CopyHeader::No) {
                    CopyHeader::No => self.load_row(transaction),
                    CopyHeader::Yes => Ok(()),
                    CopyHeader::Match => self.check_header(),
                },
            };
            loaded.map_err(|failure| {
                // The line of the input is more use than any other detail.
                let place = format!("COPY {}, line {}", self.target.name(), record.line);
                let detail = match failure.detail {
                    Some(detail) if detail.starts_with(", ") => format!("{place}{detail}"),
                    Some(detail) => format!("{detail} {place}."),
                    None => place,
                };
                SqlError { detail: Some(detail), ..failure }
            })?;
        }
        Ok(())
    }

    fn load_row(&mut self, transaction: &mut Transaction) -> Result<(), SqlError> {
        let Self { target, positions, defaults, fields, .. } = self;
        for default in defaults.iter_mut() {
            default.advance()?;
        }
        if let Some(position) = positions.get(fields.len()) {
            return Err(bad_format(format!("missing data for column \"{}\"", target.column(*position))));
        }
        if fields.len() > positions.len() {
            return Err(bad_format("extra data after last expected column"));
        }
        let mut values = vec![Value::Null; target.schema().fields().len()];
        for (index, position) in positions.iter().enumerate() {
            let column = || format!(", column {}", target.column(*position));
            let text = fields.get(index).map_err(|failure| failure.with_detail(column()))?;
            let Some(text) = text else { continue };
            let column_type = target.column_type(*position);
            let value = Value::from_text(text, column_type).map_err(|failure| {
                value_failure(failure, column_type).with_detail(format!("{}: \"{}\"", column(), shown(text)))
            })?;
            if let Some(slot) = values.get_mut(*position) {
                *slot = value;
            }
        }
        for DefaultColumn { position, values: array, next, .. } in defaults.iter() {
            if let Some(slot) = values.get_mut(*position) {
                *slot = Value::at(&**array, *next, target.column_type(*position));
            }
        }
        let new = target.new_row_of(values)?;
        if transaction.get(new.key())?.is_some() {
            let key: Vec<String> = target
                .key_positions()
                .iter()
                .map(|position| match positions.iter().position(|given| given == position) {
                    Some(index) => Ok(fields.get(index)?.unwrap_or_default().to_owned()),
                    None => Ok(String::from_utf8_lossy(new.key()).into_owned()),
                })
                .collect::<Result<_, SqlError>>()?;
            return Err(target.duplicate_of(key.into_iter()));
        }
        new.put(transaction)?;
        self.rows += 1;
        Ok(())
    }

    fn check_header(&self) -> Result<(), SqlError> {
        if self.fields.len() != self.positions.len() {
            return Err(bad_format(format!(
                "wrong number of fields in header line: got {}, expected {}",
                self.fields.len(),
                self.positions.len()
            )));
        }
        for (index, position) in self.positions.iter().enumerate() {
            let found = self.fields.get(index)?.unwrap_or_default();
            let expected = self.target.column(*position);
            if found != expected {
                return Err(bad_format(format!(
                    "column name mismatch in header line field {}: got \"{}\", expected \"{expected}\"",
                    index + 1,
                    shown(found)
                )));
            }
        }
        Ok(())
    }
}

fn bad_format(message: impl Into<String>) -> SqlError {
    SqlError::new(SqlState::BAD_COPY_FILE_FORMAT, message)
}

/// A field in a message: never longer than a line or two.
fn shown(text: &str) -> &str {
    const CHARS_MAX: usize = 100;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
