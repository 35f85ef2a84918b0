//! What a type is.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use microprolly_storage::KeyRange;
use serde::{Deserialize, Serialize};

use super::column_type::ColumnType;
use super::row_key::{GENERATED_KEY_COLUMN, RowKey};
use crate::error::{EngineError, Result};

/// The most columns a type may have.
pub(crate) const COLUMNS_MAX: usize = 1_600;

/// A number that stays with a type through every change of its definition and
/// is never given to another. It is what `pg_catalog` shows as OID.
pub type TypeId = u32;

/// A type claims the keys `<name>:<id>`. Their values are JSON objects with
/// the declared fields; fields that are not declared are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDefinition {
    /// Its name, which SQL shows as a table.
    pub name: String,
    /// Assigned when it is defined; zero before.
    #[serde(default)]
    pub id: TypeId,
    /// The declared fields, in the order in which SQL shows them.
    pub columns: Vec<Column>,
    /// The columns whose values make up the id, in order. Empty means that the
    /// id is not a field: SQL shows it as the column `_id` and generates it.
    pub primary_key: Vec<String>,
}

/// A declared field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The field's name in the JSON object.
    pub name: String,
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether a value without it, or with null, is refused.
    #[serde(default)]
    pub required: bool,
    /// The SQL expression that INSERT evaluates where no value is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl Column {
    /// An optional column without a default.
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        Self { name: name.into(), column_type, required: false, default: None }
    }

    /// The same column, required.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl TypeDefinition {
    /// A type with these columns. When one is called `id`, it is the primary
    /// key: the key `user:123` is the row whose `id` is `123`.
    pub fn new(name: impl Into<String>, columns: Vec<Column>) -> Self {
        let primary_key =
            columns.iter().filter(|column| column.name == "id").map(|column| column.name.clone()).collect();
        Self { name: name.into(), id: 0, columns, primary_key }
    }

    /// The same type with another primary key.
    pub fn with_primary_key<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        Self { primary_key: columns.into_iter().map(Into::into).collect(), ..self }
    }

    /// Whether SQL must make up the id of a new row.
    pub fn has_generated_key(&self) -> bool {
        self.primary_key.is_empty()
    }

    /// Position of a column among the declared ones.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns of the primary key, in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.primary_key.iter().filter_map(|name| self.columns.iter().find(|column| &column.name == name))
    }

    /// The Arrow schema of its rows: `_id` first where the key is generated,
    /// then the declared columns.
    pub fn arrow_schema(&self) -> SchemaRef {
        let generated = self
            .has_generated_key()
            .then(|| Arc::new(Field::new(GENERATED_KEY_COLUMN, arrow::datatypes::DataType::Utf8, true)));
        let declared = self.columns.iter().map(|column| Arc::new(column.column_type.field(&column.name)));
        Arc::new(Schema::new(generated.into_iter().chain(declared).collect::<Vec<_>>()))
    }

    /// The keys that the type claims.
    pub fn key_range(&self) -> KeyRange {
        RowKey::range_of(&self.name)
    }

    /// Checks that the definition makes sense, and makes key columns required.
    ///
    /// # Errors
    /// [`EngineError::InvalidDefinition`] with the rule that it breaks.
    pub(crate) fn checked(mut self) -> Result<Self> {
        check_name("table", &self.name)?;
        if self.columns.len() > COLUMNS_MAX {
            return Err(invalid(format!("a table has at most {COLUMNS_MAX} columns")));
        }
        let mut names = HashSet::new();
        for column in &self.columns {
            check_name("column", &column.name)?;
            if !names.insert(column.name.as_str()) {
                return Err(invalid(format!("column \"{}\" is given twice", column.name)));
            }
            if column.name == GENERATED_KEY_COLUMN {
                return Err(invalid(format!(
                    "the column name \"{GENERATED_KEY_COLUMN}\" is reserved for generated keys"
                )));
            }
            if let ColumnType::Numeric { precision, scale } = column.column_type
                && !(1..=38).contains(&precision) | (scale < 0) | (scale.unsigned_abs() > precision)
            {
                return Err(invalid(format!(
                    "column \"{}\": NUMERIC takes a precision of 1 to 38 and a scale of 0 to the precision",
                    column.name
                )));
            }
        }
        let mut key_names = HashSet::new();
        for name in &self.primary_key {
            let column = self.columns.iter_mut().find(|column| &column.name == name).ok_or_else(|| {
                invalid(format!("primary key column \"{name}\" is not a column of the table"))
            })?;
            if !key_names.insert(name) {
                return Err(invalid(format!("primary key column \"{name}\" is given twice")));
            }
            if matches!(column.column_type, ColumnType::Array(_) | ColumnType::Jsonb | ColumnType::Bytea) {
                return Err(invalid(format!(
                    "column \"{name}\" of type {} cannot be part of a primary key",
                    column.column_type
                )));
            }
            column.required = true;
        }
        Ok(self)
    }
}

/// A name becomes part of keys, so it must not hold their separator.
fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 63 {
        return Err(invalid(format!("the {what} name \"{name}\" is not between 1 and 63 bytes long")));
    }
    if name.chars().any(char::is_control) || (what == "table" && name.contains(':')) {
        return Err(invalid(format!("the {what} name {name:?} holds a colon or a control character")));
    }
    Ok(())
}

fn invalid(reason: String) -> EngineError {
    EngineError::InvalidDefinition { reason }
}

impl Column {
    /// Whether a JSON field name, as it stands between its quotes, is this
    /// column's. Names with escapes are compared after undoing them.
    pub(crate) fn is_named(&self, raw: &[u8]) -> bool {
        if raw == self.name.as_bytes() {
            return true;
        }
        raw.contains(&b'\\')
            && serde_json::from_slice::<String>(&[b"\"", raw, b"\""].concat())
                .is_ok_and(|name| name == self.name)
    }
}
