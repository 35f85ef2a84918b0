//! The types of columns, in JSON, in Arrow and in SQL.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use serde::{Deserialize, Serialize};

/// Digits of a NUMERIC without declared precision, and how many of them are
/// behind the point.
pub const NUMERIC_DEFAULT: (u8, i8) = (38, 10);

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// UTF-8 text, of at most so many characters if that is given.
    Text {
        /// The limit in characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chars_max: Option<u32>,
    },
    /// True or false.
    Boolean,
    /// 16-bit integer.
    SmallInt,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    BigInt,
    /// 32-bit float.
    Real,
    /// 64-bit float: the roadmap's `number`.
    DoublePrecision,
    /// Exact decimal.
    Numeric {
        /// Digits in all, at most 38.
        precision: u8,
        /// Digits behind the point.
        scale: i8,
    },
    /// Date and time without a zone, to the microsecond.
    Timestamp,
    /// A moment, to the microsecond; kept in UTC.
    TimestampTz,
    /// A day.
    Date,
    /// A UUID.
    Uuid,
    /// Any JSON value.
    Jsonb,
    /// Bytes, in JSON as `\x` and hexadecimal digits.
    Bytea,
    /// An array of primitives.
    Array(ArrayElement),
}

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrayElement {
    /// UTF-8 text.
    Text,
    /// True or false.
    Boolean,
    /// 16-bit integers.
    SmallInt,
    /// 32-bit integers.
    Integer,
    /// 64-bit integers.
    BigInt,
    /// 32-bit floats.
    Real,
    /// 64-bit floats.
    DoublePrecision,
    /// Days.
    Date,
    /// Dates and times without a zone.
    Timestamp,
    /// Moments.
    TimestampTz,
    /// UUIDs.
    Uuid,
}

/// The metadata entry of an Arrow field that names the SQL type where the
/// Arrow type alone does not tell.
pub const PG_TYPE_METADATA: &str = "pg_type";

impl ColumnType {
    /// Text without a limit.
    pub const TEXT: Self = Self::Text { chars_max: None };

    /// The Arrow type that scans give.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Text { .. } | Self::Uuid | Self::Jsonb => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::SmallInt => DataType::Int16,
            Self::Integer => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Real => DataType::Float32,
            Self::DoublePrecision => DataType::Float64,
            Self::Numeric { precision, scale } => DataType::Decimal128(*precision, *scale),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Bytea => DataType::Binary,
            Self::Array(element) => {
                DataType::List(Arc::new(Field::new_list_field(element.column_type().arrow(), true)))
            }
        }
    }

    /// The Arrow field of a column of this type. Nullable whatever the column
    /// says: an old row may lack what a later definition requires.
    pub fn field(&self, name: &str) -> Field {
        let field = Field::new(name, self.arrow(), true);
        match self {
            Self::Uuid | Self::Jsonb | Self::Array(ArrayElement::Uuid) => {
                field.with_metadata([(PG_TYPE_METADATA.to_owned(), self.to_string())].into())
            }
            _ => field,
        }
    }

    /// Whether the order of values is the byte order of their text in a key,
    /// so that a range of values is a range of keys.
    pub fn is_ordered_as_key(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Uuid)
    }
}

impl ArrayElement {
    /// The column type of one element.
    pub fn column_type(self) -> ColumnType {
        match self {
            Self::Text => ColumnType::TEXT,
            Self::Boolean => ColumnType::Boolean,
            Self::SmallInt => ColumnType::SmallInt,
            Self::Integer => ColumnType::Integer,
            Self::BigInt => ColumnType::BigInt,
            Self::Real => ColumnType::Real,
            Self::DoublePrecision => ColumnType::DoublePrecision,
            Self::Date => ColumnType::Date,
            Self::Timestamp => ColumnType::Timestamp,
            Self::TimestampTz => ColumnType::TimestampTz,
            Self::Uuid => ColumnType::Uuid,
        }
    }
}

impl fmt::Display for ColumnType {
    /// The SQL name in lower case, as Postgres prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { chars_max: None } => f.write_str("text"),
            Self::Text { chars_max: Some(max) } => write!(f, "character varying({max})"),
            Self::Boolean => f.write_str("boolean"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Integer => f.write_str("integer"),
            Self::BigInt => f.write_str("bigint"),
            Self::Real => f.write_str("real"),
            Self::DoublePrecision => f.write_str("double precision"),
            Self::Numeric { precision, scale } => write!(f, "numeric({precision},{scale})"),
            Self::Timestamp => f.write_str("timestamp without time zone"),
            Self::TimestampTz => f.write_str("timestamp with time zone"),
            Self::Date => f.write_str("date"),
            Self::Uuid => f.write_str("uuid"),
            Self::Jsonb => f.write_str("jsonb"),
            Self::Bytea => f.write_str("bytea"),
            Self::Array(element) => write!(f, "{}[]", element.column_type()),
        }
    }
}
