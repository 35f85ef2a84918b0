//! SQL's names of types, in the planner and in table definitions.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use microprolly_engine::{ArrayElement, ColumnType, NUMERIC_DEFAULT, PG_TYPE_METADATA};
use sqlparser::ast::{DataType as SqlType, TimezoneInfo};

use crate::dialect::ColumnType as ParsedType;
use crate::error::SqlError;

/// The types of casts, as columns of those types have them.
#[derive(Debug)]
pub(crate) struct PostgresTypes;

impl TypePlanner for PostgresTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let (data_type, pg_type) = match sql_type {
            SqlType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), None)
            }
            SqlType::Timestamp(_, _) | SqlType::Datetime(_) => {
                (DataType::Timestamp(TimeUnit::Microsecond, None), None)
            }
            SqlType::Uuid => (DataType::Utf8, Some("uuid")),
            SqlType::JSON | SqlType::JSONB => (DataType::Utf8, Some("jsonb")),
            SqlType::Numeric(sqlparser::ast::ExactNumberInfo::None)
            | SqlType::Decimal(sqlparser::ast::ExactNumberInfo::None) => {
                (DataType::Decimal128(NUMERIC_DEFAULT.0, NUMERIC_DEFAULT.1), None)
            }
            _ => return Ok(None),
        };
        let field = Field::new("", data_type, true);
        Ok(Some(Arc::new(match pg_type {
            Some(name) => field.with_metadata([(PG_TYPE_METADATA.to_owned(), name.to_owned())].into()),
            None => field,
        })))
    }
}

/// The type of a column that a statement defines.
pub(crate) fn column_type(parsed: &ParsedType) -> std::result::Result<ColumnType, SqlError> {
    Ok(match parsed {
        ParsedType::Text => ColumnType::TEXT,
        ParsedType::Varchar(max) => ColumnType::Text { chars_max: Some(*max) },
        ParsedType::Boolean => ColumnType::Boolean,
        ParsedType::SmallInt => ColumnType::SmallInt,
        ParsedType::Integer => ColumnType::Integer,
        ParsedType::BigInt => ColumnType::BigInt,
        ParsedType::Real => ColumnType::Real,
        ParsedType::Double => ColumnType::DoublePrecision,
        ParsedType::Numeric { precision: None, .. } => {
            ColumnType::Numeric { precision: NUMERIC_DEFAULT.0, scale: NUMERIC_DEFAULT.1 }
        }
        ParsedType::Numeric { precision: Some(precision), scale } => ColumnType::Numeric {
            precision: *precision,
            scale: i8::try_from(*scale).map_err(|_| SqlError::not_supported("a scale above 38"))?,
        },
        ParsedType::Timestamp => ColumnType::Timestamp,
        ParsedType::TimestampTz => ColumnType::TimestampTz,
        ParsedType::Date => ColumnType::Date,
        ParsedType::Uuid => ColumnType::Uuid,
        ParsedType::Jsonb => ColumnType::Jsonb,
        ParsedType::Bytea => ColumnType::Bytea,
        ParsedType::Array(element) => ColumnType::Array(match &**element {
            ParsedType::Text => ArrayElement::Text,
            ParsedType::Boolean => ArrayElement::Boolean,
            ParsedType::SmallInt => ArrayElement::SmallInt,
            ParsedType::Integer => ArrayElement::Integer,
            ParsedType::BigInt => ArrayElement::BigInt,
            ParsedType::Real => ArrayElement::Real,
            ParsedType::Double => ArrayElement::DoublePrecision,
            ParsedType::Date => ArrayElement::Date,
            ParsedType::Timestamp => ArrayElement::Timestamp,
            ParsedType::TimestampTz => ArrayElement::TimestampTz,
            ParsedType::Uuid => ArrayElement::Uuid,
            other => {
                return Err(SqlError::not_supported(format!("arrays of {other:?} are not supported"))
                    .with_hint("Use JSONB for nested or mixed values."));
            }
        }),
    })
}
