//! The SQL names of column types.

use arrow::datatypes::{DataType, Field};
use microprolly_sql::PG_TYPE_METADATA;

/// Whether Arrow text is JSON or JSONB, as its field's metadata says.
pub(crate) fn is_json(field: &Field) -> bool {
    field.metadata().get(PG_TYPE_METADATA).is_some_and(|name| matches!(name.as_str(), "json" | "jsonb"))
}

/// The type as CREATE TABLE writes it.
pub(crate) fn type_name(field: &Field) -> String {
    match (field.metadata().get(PG_TYPE_METADATA), field.data_type()) {
        (Some(name), _) => name.clone(),
        (None, data_type) => data_type_name(data_type),
    }
}

fn data_type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint",
        DataType::UInt16 | DataType::Int32 => "integer",
        DataType::UInt32 | DataType::Int64 => "bigint",
        DataType::UInt64 => "numeric",
        DataType::Float16 | DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea"
        }
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Duration(_) | DataType::Interval(_) => "interval",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("numeric({precision},{scale})"),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => return format!("{}[]", type_name(item)),
        DataType::Dictionary(_, values) => return data_type_name(values),
        other => return other.to_string(),
    };
    name.to_owned()
}

/// Whether values of this type are numbers, which a table aligns to the right.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        other => other.is_numeric(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn types_have_the_names_that_create_table_takes() {
        let named = |data_type| type_name(&Field::new("c", data_type, true));
        assert_eq!(named(DataType::Int64), "bigint");
        assert_eq!(
            named(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            "timestamp with time zone"
        );
        assert_eq!(named(DataType::Decimal128(12, 2)), "numeric(12,2)");
        assert_eq!(named(DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))), "text[]");
    }

    #[test]
    fn the_metadata_of_a_field_names_its_type_before_arrow_does() {
        let metadata = [(PG_TYPE_METADATA.to_owned(), "uuid".to_owned())].into();
        let field = Field::new("c", DataType::Utf8, true).with_metadata(metadata);
        assert_eq!(type_name(&field), "uuid");
    }
}
