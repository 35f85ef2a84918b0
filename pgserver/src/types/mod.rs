//! Arrow's types and values as PostgreSQL's: which type a column is announced as ([`Column`]), how its
//! values travel ([`encode`]), how parameters are read ([`decode`]).

pub(crate) mod decode;
pub(crate) mod encode;
mod from_arrow;
mod to_arrow;

use arrow::datatypes::{DataType, Field, Schema};
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{FieldDescription, RowDescription};

pub(crate) use from_arrow::{CHAR_KEY, OID_ALIAS_KEY, pg_type, type_modifier};
pub(crate) use to_arrow::{arrow_type, known_type};

use crate::error::wire_text;

/// How a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As PostgreSQL would print it.
    Text,
    /// In the type's binary form.
    Binary,
}

impl Format {
    /// The format that a code names.
    pub(crate) fn from_code(code: i16) -> Result<Self, SqlError> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            _ => Err(SqlError::new(
                SqlState::INVALID_PARAMETER_VALUE,
                format!("unsupported format code: {code}"),
            )),
        }
    }

    /// The formats of `count` values: no code means text, one code goes for all, else one each.
    pub(crate) fn for_each(codes: &[i16], count: usize, of: &str) -> Result<Vec<Self>, SqlError> {
        match codes {
            [] => Ok(vec![Self::Text; count]),
            [code] => Ok(vec![Self::from_code(*code)?; count]),
            codes if codes.len() == count => codes.iter().map(|code| Self::from_code(*code)).collect(),
            codes => Err(SqlError::new(
                SqlState::PROTOCOL_VIOLATION,
                format!("bind message has {} {of} formats but there are {count}", codes.len()),
            )),
        }
    }

    fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// A column of a result as the client is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) pg_type: Type,
    /// `atttypmod`: precision and scale of a numeric, else -1.
    pub(crate) modifier: i32,
}

impl Column {
    fn new(field: &Field) -> Self {
        Self { name: field.name().clone(), pg_type: pg_type(field), modifier: type_modifier(field) }
    }
}

/// The type that a value of this data type is announced as, where nothing else is known of it.
pub(crate) fn pg_type_of(data_type: &DataType) -> Type {
    pg_type(&Field::new("", data_type.clone(), true))
}

/// The columns of a result. An error if there are more than the protocol can count.
pub(crate) fn columns(schema: &Schema) -> Result<Vec<Column>, SqlError> {
    let count = schema.fields().len();
    if count > i16::MAX as usize {
        return Err(SqlError::new(
            SqlState::TOO_MANY_COLUMNS,
            format!("a result may have {} columns, not {count}", i16::MAX),
        ));
    }
    Ok(schema.fields().iter().map(|field| Column::new(field)).collect())
}

/// The message that announces a result. `formats` has one entry for each column.
pub(crate) fn row_description(columns: &[Column], formats: &[Format]) -> PgWireBackendMessage {
    let fields = columns
        .iter()
        .zip(formats)
        .map(|(column, format)| {
            FieldDescription::new(
                wire_text(&column.name),
                0,
                0,
                column.pg_type.oid(),
                type_bytes(&column.pg_type),
                column.modifier,
                format.code(),
            )
        })
        .collect();
    PgWireBackendMessage::RowDescription(RowDescription::new(fields))
}

/// `typlen`: the bytes of every value of the type, or -1 where they differ.
pub(crate) fn type_bytes(pg_type: &Type) -> i16 {
    match *pg_type {
        Type::BOOL | Type::CHAR => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID => 4,
        Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => 8,
        Type::INTERVAL | Type::UUID => 16,
        Type::NAME => 64,
        Type::UNKNOWN => -2,
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_codes_stand_for_none_all_or_each() {
        assert_eq!(Format::for_each(&[], 2, "result").unwrap(), [Format::Text; 2]);
        assert_eq!(Format::for_each(&[1], 3, "result").unwrap(), [Format::Binary; 3]);
        assert_eq!(Format::for_each(&[0, 1], 2, "result").unwrap(), [Format::Text, Format::Binary]);
        assert_eq!(Format::for_each(&[0, 1], 3, "result").unwrap_err().code, SqlState::PROTOCOL_VIOLATION);
        assert_eq!(Format::for_each(&[7], 1, "result").unwrap_err().code, SqlState::INVALID_PARAMETER_VALUE);
    }
}
