//! Which PostgreSQL type an Arrow field is announced as.

use arrow::datatypes::{DataType, Field};
use microprolly_sql::PG_TYPE_METADATA;
use pgwire::api::Type;

/// Metadata with which `datafusion-pg-catalog` marks object identifiers.
pub(crate) const OID_ALIAS_KEY: &str = "pg.oid_alias";

/// Metadata that marks the one-byte type `"char"` of the system catalogs.
pub(crate) const CHAR_KEY: &str = "pg.char";

/// The type that a field is announced as. Types that PostgreSQL does not have are announced as the nearest
/// that holds all their values; maps, unions and the like as text.
pub(crate) fn pg_type(field: &Field) -> Type {
    let metadata = field.metadata();
    if let Some(named) = metadata.get(PG_TYPE_METADATA).or_else(|| metadata.get(OID_ALIAS_KEY))
        && let Some(named) = type_of_name(named)
        && fits(&named, field.data_type())
    {
        return named;
    }
    if metadata.contains_key(CHAR_KEY) && is_string(field.data_type()) {
        return Type::CHAR;
    }
    match field.data_type() {
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => array_of(&innermost(element)),
        other => scalar_type(other),
    }
}

/// The type of a data type that is not a list.
fn scalar_type(data_type: &DataType) -> Type {
    match data_type {
        DataType::Boolean => Type::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => Type::INT2,
        DataType::Int32 | DataType::UInt16 => Type::INT4,
        DataType::Int64 | DataType::UInt32 => Type::INT8,
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Type::NUMERIC,
        DataType::Float16 | DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            Type::BYTEA
        }
        DataType::Date32 | DataType::Date64 => Type::DATE,
        DataType::Time32(_) | DataType::Time64(_) => Type::TIME,
        DataType::Timestamp(_, None) => Type::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => Type::TIMESTAMPTZ,
        DataType::Interval(_) | DataType::Duration(_) => Type::INTERVAL,
        DataType::Dictionary(_, value) => scalar_type(value),
        DataType::RunEndEncoded(_, value) => pg_type(value),
        DataType::Struct(_) => Type::RECORD,
        _ => Type::TEXT,
    }
}

/// The type of what a list, or a list of lists, is made of: arrays of PostgreSQL have any number of
/// dimensions, and one element type.
fn innermost(element: &Field) -> Type {
    match element.data_type() {
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::FixedSizeList(inner, _)
        | DataType::ListView(inner)
        | DataType::LargeListView(inner) => innermost(inner),
        _ => pg_type(element),
    }
}

/// The array type with this element type.
fn array_of(element: &Type) -> Type {
    match *element {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::CHAR => Type::CHAR_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::OID => Type::OID_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::INTERVAL => Type::INTERVAL_ARRAY,
        Type::UUID => Type::UUID_ARRAY,
        Type::JSON => Type::JSON_ARRAY,
        Type::JSONB => Type::JSONB_ARRAY,
        Type::NAME => Type::NAME_ARRAY,
        Type::VARCHAR => Type::VARCHAR_ARRAY,
        Type::RECORD => Type::RECORD_ARRAY,
        _ => Type::TEXT_ARRAY,
    }
}

/// The type of a name as it stands in a field's metadata.
fn type_of_name(name: &str) -> Option<Type> {
    Some(match name {
        "uuid" => Type::UUID,
        "jsonb" => Type::JSONB,
        "json" => Type::JSON,
        "name" => Type::NAME,
        "varchar" => Type::VARCHAR,
        "text" => Type::TEXT,
        "char" => Type::CHAR,
        "oid" => Type::OID,
        "regclass" => Type::REGCLASS,
        "regtype" => Type::REGTYPE,
        "regproc" => Type::REGPROC,
        "regnamespace" => Type::REGNAMESPACE,
        "regrole" => Type::REGROLE,
        _ => return None,
    })
}

/// Whether values of a data type can be written as the type that metadata names. Metadata may outlive a cast.
fn fits(named: &Type, data_type: &DataType) -> bool {
    match *named {
        Type::OID | Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE | Type::REGROLE => {
            matches!(data_type, DataType::Int32 | DataType::UInt32 | DataType::Int64)
        }
        _ => is_string(data_type),
    }
}

fn is_string(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_string(value),
        _ => false,
    }
}

/// `atttypmod` of a field: precision and scale of a numeric, else -1.
pub(crate) fn type_modifier(field: &Field) -> i32 {
    match field.data_type() {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => match u8::try_from(*scale) {
            Ok(scale) => (i32::from(*precision) << 16 | i32::from(scale)) + 4,
            Err(_) => -1,
        },
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::datatypes::TimeUnit;

    use super::*;

    fn named(name: &str, data_type: DataType) -> Field {
        Field::new("c", data_type, true)
            .with_metadata(HashMap::from([(PG_TYPE_METADATA.to_owned(), name.to_owned())]))
    }

    #[test]
    fn every_type_of_a_column_has_its_postgres_type() {
        let plain = |data_type| pg_type(&Field::new("c", data_type, true));
        let list = |field| DataType::List(Arc::new(field));
        assert_eq!(plain(DataType::Utf8), Type::TEXT);
        assert_eq!(plain(DataType::Null), Type::TEXT);
        assert_eq!(plain(DataType::UInt64), Type::NUMERIC);
        assert_eq!(plain(DataType::UInt32), Type::INT8);
        assert_eq!(plain(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))), Type::TIMESTAMPTZ);
        assert_eq!(pg_type(&named("uuid", DataType::Utf8)), Type::UUID);
        assert_eq!(pg_type(&named("jsonb", DataType::Utf8View)), Type::JSONB);
        assert_eq!(plain(list(named("uuid", DataType::Utf8))), Type::UUID_ARRAY);
        assert_eq!(plain(list(Field::new("item", DataType::Int32, true))), Type::INT4_ARRAY);
        let nested = list(Field::new("item", list(Field::new("item", DataType::Int64, true)), true));
        assert_eq!(plain(nested), Type::INT8_ARRAY);
    }

    #[test]
    fn metadata_that_outlived_a_cast_is_not_believed() {
        assert_eq!(pg_type(&named("uuid", DataType::Int64)), Type::INT8);
        assert_eq!(pg_type(&named("oid", DataType::Utf8)), Type::TEXT);
    }

    #[test]
    fn a_numeric_tells_its_precision_and_scale() {
        let field = Field::new("c", DataType::Decimal128(10, 2), true);
        assert_eq!(type_modifier(&field), (10 << 16 | 2) + 4);
        assert_eq!(type_modifier(&Field::new("c", DataType::Utf8, true)), -1);
    }
}
