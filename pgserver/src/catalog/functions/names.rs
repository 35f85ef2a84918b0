//! Names: of types, quoted, pretty.

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use pgwire::api::Type;
use postgres_types::Kind;

use super::super::relations::quote_ident;
use super::{CatalogFunction, function, number, oid, text, text_function, text_value};

pub(super) fn functions() -> Vec<CatalogFunction> {
    vec![
        function("format_type", 2..=2, DataType::Utf8, |arguments| {
            let modifier =
                number(arguments, 1)?.and_then(|modifier| i32::try_from(modifier).ok()).unwrap_or(-1);
            Ok(text_value(oid(arguments, 0)?.map(|oid| match (oid, Type::from_oid(oid)) {
                (_, Some(pg_type)) => sql_type_name(&pg_type, modifier),
                (0, None) => "-".to_owned(),
                (_, None) => "???".to_owned(),
            })))
        }),
        text_function("quote_ident", quote_ident),
        text_function("quote_literal", quote_literal),
        function("quote_nullable", 1..=1, DataType::Utf8, |arguments| {
            let quoted = text(arguments, 0)?.map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text));
            Ok(text_value(Some(quoted)))
        }),
        function("pg_encoding_to_char", 1..=1, DataType::Utf8, |arguments| {
            Ok(text_value(number(arguments, 0)?.map(|encoding| match encoding {
                0 => "SQL_ASCII".to_owned(),
                6 => "UTF8".to_owned(),
                _ => String::new(),
            })))
        }),
        function("pg_char_to_encoding", 1..=1, DataType::Int32, |arguments| {
            let encoding = text(arguments, 0)?.map(|name| match name.to_uppercase().as_str() {
                "SQL_ASCII" => 0,
                "UTF8" | "UTF-8" | "UNICODE" => 6,
                _ => -1,
            });
            Ok(ScalarValue::Int32(encoding))
        }),
        function("pg_size_pretty", 1..=1, DataType::Utf8, |arguments| {
            Ok(text_value(number(arguments, 0)?.map(pretty_size)))
        }),
    ]
}

/// A type as SQL writes it: `integer`, `numeric(10,2)`, `text[]`.
pub(in crate::catalog) fn sql_type_name(pg_type: &Type, modifier: i32) -> String {
    if let Kind::Array(element) = pg_type.kind() {
        return format!("{}[]", sql_type_name(element, modifier));
    }
    match *pg_type {
        Type::BOOL => "boolean".to_owned(),
        Type::CHAR => "\"char\"".to_owned(),
        Type::INT2 => "smallint".to_owned(),
        Type::INT4 => "integer".to_owned(),
        Type::INT8 => "bigint".to_owned(),
        Type::FLOAT4 => "real".to_owned(),
        Type::FLOAT8 => "double precision".to_owned(),
        Type::NUMERIC if modifier >= 4 => {
            let packed = modifier - 4;
            format!("numeric({},{})", packed >> 16, packed & 0xffff)
        }
        Type::VARCHAR if modifier >= 4 => format!("character varying({})", modifier - 4),
        Type::VARCHAR => "character varying".to_owned(),
        Type::BPCHAR if modifier >= 4 => format!("character({})", modifier - 4),
        Type::BPCHAR => "character".to_owned(),
        Type::TIMESTAMP => "timestamp without time zone".to_owned(),
        Type::TIMESTAMPTZ => "timestamp with time zone".to_owned(),
        Type::TIME => "time without time zone".to_owned(),
        Type::TIMETZ => "time with time zone".to_owned(),
        Type::BIT => "bit".to_owned(),
        Type::VARBIT => "bit varying".to_owned(),
        _ => pg_type.name().to_owned(),
    }
}

fn quote_literal(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "''").replace('\\', "\\\\"));
    if text.contains('\\') { format!("E{quoted}") } else { quoted }
}

/// A size in the largest unit of which there are more than ten.
fn pretty_size(bytes: i64) -> String {
    let mut size = bytes;
    let mut units = ["bytes", "kB", "MB", "GB", "TB", "PB"].into_iter().peekable();
    while let Some(unit) = units.next() {
        if size.unsigned_abs() < 10 * 1024 || units.peek().is_none() {
            return format!("{size} {unit}");
        }
        // To the nearest: a unit is 1024 of the last.
        size = (size + 512 * size.signum()) / 1024;
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_sql_writes_them() {
        assert_eq!(sql_type_name(&Type::INT4, -1), "integer");
        assert_eq!(sql_type_name(&Type::TEXT_ARRAY, -1), "text[]");
        assert_eq!(sql_type_name(&Type::NUMERIC, (10 << 16 | 2) + 4), "numeric(10,2)");
        assert_eq!(sql_type_name(&Type::NUMERIC, -1), "numeric");
        assert_eq!(sql_type_name(&Type::TIMESTAMPTZ, -1), "timestamp with time zone");
        assert_eq!(sql_type_name(&Type::UUID, -1), "uuid");
    }

    #[test]
    fn sizes_and_literals() {
        assert_eq!(pretty_size(0), "0 bytes");
        assert_eq!(pretty_size(10 * 1024), "10 kB");
        assert_eq!(pretty_size(123_456_789), "118 MB");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b"), "E'a\\\\b'");
    }
}
