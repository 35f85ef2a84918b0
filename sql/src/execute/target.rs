//! What INSERT, UPDATE, DELETE and COPY write to: a type's rows, or `kv`.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use datafusion::logical_expr::Expr;
use microprolly_engine::{
    ColumnType, EncodedRow, Entry, RowEncoder, Transaction, TypeDefinition, Value, decode_rows,
};

use crate::dialect::{Name, TableName};
use crate::error::{SqlError, SqlState};
use crate::scope::{KEY_VALUES, PUBLIC, Scope, column_defaults, unknown_table};
use crate::table::{key_value_schema, key_values_batch};
use crate::text::write_text;
use crate::view::View;

/// A table that is written to.
#[derive(Clone)]
pub(crate) struct Target {
    name: TableName,
    schema: SchemaRef,
    column_types: Vec<ColumnType>,
    /// Positions of the key columns, in key order.
    key: Vec<usize>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Rows(RowEncoder),
    KeyValues,
}

/// Positions of the columns of `kv`.
const KEY: usize = 0;
const VALUE: usize = 1;
const BYTES: usize = 2;

/// A row on its way into the store.
pub(crate) enum NewRow {
    /// A type's, checked.
    Encoded(EncodedRow),
    /// A key and its value, to be checked when it is put.
    KeyValue(Bytes, Bytes),
}

impl NewRow {
    /// The key under which it goes.
    pub(crate) fn key(&self) -> &Bytes {
        match self {
            Self::Encoded(row) => row.key(),
            Self::KeyValue(key, _) => key,
        }
    }

    /// What is stored under it.
    pub(crate) fn value(&self) -> &Bytes {
        match self {
            Self::Encoded(row) => row.value(),
            Self::KeyValue(_, value) => value,
        }
    }

    /// Puts it into a transaction.
    pub(crate) fn put(self, transaction: &mut Transaction) -> Result<(), SqlError> {
        match self {
            Self::Encoded(row) => transaction.put_row(row)?,
            Self::KeyValue(key, value) => transaction.put(key, value)?,
        }
        Ok(())
    }
}

impl Target {
    /// Finds the table that a statement names as its target.
    ///
    /// # Errors
    /// When there is none, or it cannot be written to.
    pub(crate) fn find(view: &View, name: &TableName) -> Result<Self, SqlError> {
        match name.schema.as_deref() {
            None | Some(PUBLIC) => {}
            Some(_) => {
                return Err(SqlError::new(
                    SqlState::WRONG_OBJECT_TYPE,
                    format!("cannot write to \"{name}\": system tables are read-only"),
                )
                .with_position(name.position));
            }
        }
        if let Some(definition) = view.find_type(&name.name) {
            let encoder = RowEncoder::new(definition.clone());
            let generated = definition.has_generated_key().then_some(ColumnType::TEXT);
            let declared = definition.columns.iter().map(|column| column.column_type.clone());
            return Ok(Self {
                name: name.clone(),
                schema: definition.arrow_schema(),
                column_types: generated.into_iter().chain(declared).collect(),
                key: encoder.key_positions(),
                kind: Kind::Rows(encoder),
            });
        }
        if name.name == KEY_VALUES {
            return Ok(Self {
                name: name.clone(),
                schema: key_value_schema(),
                column_types: vec![ColumnType::TEXT, ColumnType::TEXT, ColumnType::Bytea],
                key: vec![KEY],
                kind: Kind::KeyValues,
            });
        }
        Err(unknown_table(view, &name.name).with_position(name.position))
    }

    /// Its name without a schema.
    pub(crate) fn name(&self) -> &str {
        &self.name.name
    }

    /// Its name with its schema, which no CTE of the same name hides.
    pub(crate) fn path(&self) -> [&str; 2] {
        [PUBLIC, self.name()]
    }

    /// All columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The name of a column.
    pub(crate) fn column(&self, position: usize) -> &str {
        self.schema.fields().get(position).map_or("", |field| field.name())
    }

    /// What a column takes.
    pub(crate) fn column_type(&self, position: usize) -> &ColumnType {
        self.column_types.get(position).unwrap_or(&ColumnType::TEXT)
    }

    /// Positions of the key columns, in key order.
    pub(crate) fn key_positions(&self) -> &[usize] {
        &self.key
    }

    /// The type whose rows it has; none for `kv`.
    pub(crate) fn definition(&self) -> Option<&TypeDefinition> {
        match &self.kind {
            Kind::Rows(encoder) => Some(encoder.definition()),
            Kind::KeyValues => None,
        }
    }

    /// The columns that take the values of an INSERT or COPY that names none:
    /// a generated key is not among them.
    pub(crate) fn declared_positions(&self) -> Vec<usize> {
        let generated = self.definition().is_some_and(TypeDefinition::has_generated_key);
        (usize::from(generated)..self.schema.fields().len()).collect()
    }

    /// The position of a column.
    ///
    /// # Errors
    /// When the table has no such column.
    pub(crate) fn position_of(&self, column: &Name) -> Result<usize, SqlError> {
        self.schema.index_of(&column.value).map_err(|_| {
            let error = SqlError::new(
                SqlState::UNDEFINED_COLUMN,
                format!("column \"{}\" of relation \"{}\" does not exist", column.value, self.name()),
            )
            .with_position(column.position);
            let near = self
                .schema
                .fields()
                .iter()
                .map(|field| (strsim::jaro_winkler(field.name(), &column.value), field.name()))
                .filter(|(likeness, _)| *likeness > 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            match near {
                Some((_, near)) => error.with_hint(format!("Did you mean \"{near}\"?")),
                None => error,
            }
        })
    }

    /// Positions of columns that are named, each once.
    ///
    /// # Errors
    /// For unknown and repeated ones.
    pub(crate) fn positions_of(&self, columns: &[Name]) -> Result<Vec<usize>, SqlError> {
        let mut positions = Vec::with_capacity(columns.len());
        for column in columns {
            let position = self.position_of(column)?;
            if positions.contains(&position) {
                return Err(SqlError::new(
                    SqlState::DUPLICATE_COLUMN,
                    format!("column \"{}\" specified more than once", column.value),
                )
                .with_position(column.position));
            }
            positions.push(position);
        }
        Ok(positions)
    }

    /// The default of each column that has one.
    pub(crate) fn defaults(&self, scope: &Scope) -> Result<HashMap<String, Expr>, SqlError> {
        match self.definition() {
            Some(definition) => column_defaults(&scope.view, &scope.state, definition),
            None => Ok(HashMap::new()),
        }
    }

    /// The text of a column's default; none where it has none.
    pub(crate) fn default_text(&self, position: usize) -> Option<&str> {
        let definition = self.definition()?;
        match definition.position(self.column(position)) {
            Some(column) => definition.columns.get(column)?.default.as_deref(),
            None => Some("uuid()"),
        }
    }

    /// The new row that a row of a batch with all columns is. `former` is what
    /// it replaces.
    ///
    /// # Errors
    /// When the row breaks a rule of the table.
    pub(crate) fn new_row(
        &self,
        batch: &RecordBatch,
        row: usize,
        former: Option<&[u8]>,
    ) -> Result<NewRow, SqlError> {
        match &self.kind {
            Kind::Rows(encoder) => Ok(NewRow::Encoded(encoder.encode(batch, row, former)?)),
            Kind::KeyValues => {
                let value = |position: usize| match batch.columns().get(position) {
                    Some(array) => Value::at(&**array, row, self.column_type(position)),
                    None => Value::Null,
                };
                self.key_value(value(KEY), value(VALUE), value(BYTES))
            }
        }
    }

    /// The new row of these values, one for each column.
    ///
    /// # Errors
    /// When the row breaks a rule of the table.
    pub(crate) fn new_row_of(&self, values: Vec<Value<'_>>) -> Result<NewRow, SqlError> {
        match &self.kind {
            Kind::Rows(encoder) => Ok(NewRow::Encoded(encoder.encode_values(values, None)?)),
            Kind::KeyValues => {
                let mut values = values.into_iter();
                let mut next = || values.next().unwrap_or(Value::Null);
                let (key, value, bytes) = (next(), next(), next());
                self.key_value(key, value, bytes)
            }
        }
    }

    /// A row of `kv`: the value may be given as text, as bytes, or as both if
    /// they are the same.
    fn key_value(&self, key: Value<'_>, value: Value<'_>, bytes: Value<'_>) -> Result<NewRow, SqlError> {
        let missing = |column: &str| {
            SqlError::new(
                SqlState::NOT_NULL_VIOLATION,
                format!(
                    "null value in column \"{column}\" of table \"{KEY_VALUES}\" violates its not-null constraint"
                ),
            )
        };
        let Value::Text(key) = key else { return Err(missing("key")) };
        let stored = match (value, bytes) {
            (Value::Text(text), Value::Bytes(bytes)) if text.as_bytes() != bytes => {
                return Err(SqlError::new(
                    SqlState::INVALID_PARAMETER_VALUE,
                    "\"value\" and \"bytes\" say different things",
                )
                .with_hint("Give one of the two."));
            }
            (_, Value::Bytes(bytes)) => Bytes::from(bytes),
            (Value::Text(text), _) => Bytes::from(text.into_owned()),
            _ => return Err(missing("value")),
        };
        let key = match shown_bytes(&key) {
            Some(bytes) => bytes.into(),
            None => Bytes::from(key.into_owned()),
        };
        Ok(NewRow::KeyValue(key, stored))
    }

    /// The key of a stored row of which there are the key columns, in key order.
    ///
    /// # Errors
    /// When reading fails.
    pub(crate) fn stored_key(
        &self,
        columns: &[ArrayRef],
        row: usize,
        transaction: &Transaction,
    ) -> Result<Bytes, SqlError> {
        match (&self.kind, columns) {
            (Kind::Rows(encoder), columns) => Ok(encoder.key_from(columns, row)?),
            (Kind::KeyValues, [key, ..]) => {
                let key = key.as_string::<i32>().value(row);
                match shown_bytes(key) {
                    // There may be a key that is this very text.
                    Some(bytes) if transaction.get(&bytes)?.is_some() => Ok(bytes.into()),
                    _ => Ok(Bytes::copy_from_slice(key.as_bytes())),
                }
            }
            (Kind::KeyValues, []) => Err(SqlError::internal("a row without its key")),
        }
    }

    /// Stored rows as a batch of all columns.
    ///
    /// # Errors
    /// When a row does not fit the type any more.
    pub(crate) fn stored_rows(&self, entries: &[Entry]) -> Result<RecordBatch, SqlError> {
        let projection: Vec<usize> = (0..self.schema.fields().len()).collect();
        match &self.kind {
            Kind::Rows(encoder) => {
                let rows = entries.iter().map(|(key, value)| Some((key, &value[..])));
                let columns = decode_rows(encoder.definition(), &projection, rows)?;
                self.batch(columns)
            }
            Kind::KeyValues => Ok(key_values_batch(entries, &projection)?),
        }
    }

    /// A batch of all columns.
    ///
    /// # Errors
    /// When the arrays are not of the columns' types.
    pub(crate) fn batch(&self, columns: Vec<ArrayRef>) -> Result<RecordBatch, SqlError> {
        RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| SqlError::internal(error.to_string()))
    }

    /// A second row with the key of another (23505).
    pub(crate) fn duplicate(&self, batch: &RecordBatch, row: usize) -> SqlError {
        let shown = self.key.iter().map(|position| {
            let mut text = Vec::new();
            match batch.columns().get(*position).map(|array| write_text(array, row, &mut text)) {
                Some(Ok(())) => String::from_utf8_lossy(&text).into_owned(),
                _ => "?".to_owned(),
            }
        });
        self.duplicate_of(shown)
    }

    /// The same, for a key whose values are these texts.
    pub(crate) fn duplicate_of(&self, values: impl Iterator<Item = String>) -> SqlError {
        let columns: Vec<&str> = self.key.iter().map(|position| self.column(*position)).collect();
        SqlError::new(
            SqlState::UNIQUE_VIOLATION,
            format!("duplicate key value violates unique constraint \"{}_pkey\"", self.name()),
        )
        .with_detail(format!(
            "Key ({})=({}) already exists.",
            columns.join(", "),
            values.collect::<Vec<_>>().join(", ")
        ))
    }
}

/// The bytes of a key that `kv` shows as `\x` and digits because it is not
/// UTF-8; none for any other text.
fn shown_bytes(text: &str) -> Option<Vec<u8>> {
    if !text.starts_with("\\x") {
        return None;
    }
    match Value::from_text(text, &ColumnType::Bytea) {
        Ok(Value::Bytes(bytes)) if std::str::from_utf8(&bytes).is_err() => Some(bytes),
        _ => None,
    }
}
