//! What a session says of itself.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use microprolly_sql::{CatalogView, SqlError, SqlState};

use super::super::tables::fixed_settings;
use super::{CatalogFunction, boolean, function, text, text_value};
use crate::connection::POSTGRES_VERSION;

pub(super) fn functions(view: &Arc<dyn CatalogView>, pid: i32) -> Vec<CatalogFunction> {
    let mut functions = vec![
        constant("version", || text_value(Some(version()))),
        constant("getdatabaseencoding", || text_value(Some("UTF8".to_owned()))),
        constant("current_schema", || text_value(Some("public".to_owned()))),
        function("current_schemas", 1..=1, texts_type(), |arguments| {
            let implicit = boolean(arguments, 0)?.unwrap_or(false);
            let schemas: &[&str] = if implicit { &["pg_catalog", "public"] } else { &["public"] };
            let schemas: Vec<_> = schemas.iter().map(|name| ScalarValue::from(*name)).collect();
            Ok(ScalarValue::List(ScalarValue::new_list_nullable(&schemas, &DataType::Utf8)))
        }),
        function("pg_backend_pid", 0..=0, DataType::Int32, move |_| Ok(ScalarValue::Int32(Some(pid)))),
        function("pg_my_temp_schema", 0..=0, DataType::Int64, |_| Ok(ScalarValue::Int64(Some(0)))),
        function("pg_is_other_temp_schema", 1..=1, DataType::Boolean, |_| {
            Ok(ScalarValue::Boolean(Some(false)))
        }),
        function("pg_is_in_recovery", 0..=0, DataType::Boolean, |_| Ok(ScalarValue::Boolean(Some(false)))),
        constant("inet_server_addr", || text_value(None)),
        constant("inet_client_addr", || text_value(None)),
        function("current_setting", 1..=2, DataType::Utf8, |arguments| {
            let Some(name) = text(arguments, 0)? else { return Ok(text_value(None)) };
            let missing_ok = boolean(arguments, 1)?.unwrap_or(false);
            match setting(&name) {
                None if !missing_ok => Err(SqlError::new(
                    SqlState::UNDEFINED_OBJECT,
                    format!("unrecognized configuration parameter \"{name}\""),
                )),
                value => Ok(text_value(value)),
            }
        }),
    ];
    for name in ["current_database", "current_catalog"] {
        let view = Arc::clone(view);
        functions.push(function(name, 0..=0, DataType::Utf8, move |_| {
            Ok(text_value(Some(view.current_branch())))
        }));
    }
    for name in ["current_user", "session_user", "current_role", "user"] {
        let view = Arc::clone(view);
        functions.push(function(name, 0..=0, DataType::Utf8, move |_| Ok(text_value(Some(view.user())))));
    }
    functions
}

fn constant(name: &'static str, value: fn() -> ScalarValue) -> CatalogFunction {
    function(name, 0..=0, DataType::Utf8, move |_| Ok(value()))
}

fn texts_type() -> DataType {
    DataType::List(Arc::new(arrow::datatypes::Field::new_list_field(DataType::Utf8, true)))
}

/// In the form in which tools look for the number.
fn version() -> String {
    format!(
        "PostgreSQL {POSTGRES_VERSION} (MicroProlly {}) on {}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}

/// Settings that clients read in a query when they connect, rather than with SHOW.
fn setting(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    if let Some((_, value)) = fixed_settings().into_iter().find(|(fixed, _)| *fixed == name) {
        return Some(value);
    }
    let value = match name.as_str() {
        "search_path" => "public",
        "timezone" => "UTC",
        "datestyle" => "ISO, MDY",
        "intervalstyle" => "postgres",
        "client_encoding" => "UTF8",
        "bytea_output" => "hex",
        "default_transaction_read_only" | "transaction_read_only" => "off",
        "max_connections" => "100",
        _ => return None,
    };
    Some(value.to_owned())
}
