//! The columns of a difference.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use microprolly_engine::{ColumnType, GENERATED_KEY_COLUMN, TypeDefinition};

/// The column that says how a key differs.
pub(crate) const DIFF_TYPE: &str = "diff_type";

/// What a column of the state before is called is this and its name.
pub(crate) const FROM: &str = "from_";

/// What a column of the state after is called is this and its name.
pub(crate) const TO: &str = "to_";

/// The two states, and whichever of them has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
    Either,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `added`, `removed` or `modified`.
    Kind,
    /// A column of the type, by position in its Arrow schema.
    Field(Side, usize),
    /// The key as text.
    Key,
    /// The type that claims the key.
    Table,
    /// The value as text.
    Value(Side),
}

/// One column of a difference.
#[derive(Clone, Debug)]
pub(super) struct DiffColumn {
    pub(super) field: FieldRef,
    pub(super) origin: Origin,
}

impl DiffColumn {
    fn text(name: &str, origin: Origin) -> Self {
        Self { field: Arc::new(ColumnType::TEXT.field(name)), origin }
    }

    /// `diff_type`, the columns of the primary key, and each other column
    /// before and after. The key is the same on both sides.
    pub(super) fn of_type(definition: &TypeDefinition) -> Vec<Self> {
        let schema = definition.arrow_schema();
        let key = match definition.primary_key.as_slice() {
            [] => vec![GENERATED_KEY_COLUMN],
            names => names.iter().map(String::as_str).collect(),
        };
        let column = |name: String, position: usize, side: Side| {
            let field = Field::clone(schema.field(position)).with_name(name);
            Self { field: Arc::new(field), origin: Origin::Field(side, position) }
        };
        let mut columns = vec![Self::text(DIFF_TYPE, Origin::Kind)];
        for &name in &key {
            if let Some((position, _)) = schema.column_with_name(name) {
                columns.push(column(name.to_owned(), position, Side::Either));
            }
        }
        for (position, field) in schema.fields().iter().enumerate() {
            if key.contains(&field.name().as_str()) {
                continue;
            }
            columns.push(column(format!("{FROM}{}", field.name()), position, Side::From));
            columns.push(column(format!("{TO}{}", field.name()), position, Side::To));
        }
        columns
    }

    /// `diff_type`, `key`, `table_name`, and the value before and after.
    pub(super) fn of_keys() -> Vec<Self> {
        vec![
            Self::text(DIFF_TYPE, Origin::Kind),
            Self::text("key", Origin::Key),
            Self::text("table_name", Origin::Table),
            Self::text("from_value", Origin::Value(Side::From)),
            Self::text("to_value", Origin::Value(Side::To)),
        ]
    }
}
