//! Which Arrow type a parameter has that a client declared with a PostgreSQL type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;
use postgres_types::Kind;

/// The type with this OID. An error if parameters of that type cannot be read.
pub(crate) fn known_type(oid: u32) -> Result<Type, SqlError> {
    let unknown = || {
        SqlError::new(
            SqlState::UNDEFINED_OBJECT,
            format!("parameters of the type with OID {oid} are not supported"),
        )
    };
    let pg_type = Type::from_oid(oid).ok_or_else(unknown)?;
    let element = match pg_type.kind() {
        Kind::Array(element) => element,
        _ => &pg_type,
    };
    if *element == Type::UNKNOWN || *element == Type::NUMERIC || arrow_type(element).is_some() {
        Ok(pg_type)
    } else {
        Err(unknown())
    }
}

/// The Arrow type in which a parameter of this type is prepared; `None` where the statement tells better:
/// for an unknown type, and for a numeric, whose precision and scale its type does not say.
pub(crate) fn arrow_type(pg_type: &Type) -> Option<DataType> {
    Some(match *pg_type {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 => DataType::Int64,
        // Unsigned in PostgreSQL, so wider here.
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => {
            DataType::Int64
        }
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::UUID
        | Type::JSON
        | Type::JSONB
        | Type::XML => DataType::Utf8,
        Type::BYTEA => DataType::Binary,
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => match pg_type.kind() {
            Kind::Array(element) => {
                DataType::List(Arc::new(Field::new_list_field(arrow_type(element)?, true)))
            }
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_known_or_refused() {
        assert_eq!(arrow_type(&known_type(23).unwrap()), Some(DataType::Int32));
        assert_eq!(arrow_type(&known_type(1700).unwrap()), None);
        assert_eq!(arrow_type(&known_type(705).unwrap()), None);
        assert!(matches!(arrow_type(&known_type(1009).unwrap()), Some(DataType::List(_))));
        assert_eq!(known_type(600).unwrap_err().code, SqlState::UNDEFINED_OBJECT);
        assert_eq!(known_type(4_000_000_000).unwrap_err().code, SqlState::UNDEFINED_OBJECT);
    }
}
