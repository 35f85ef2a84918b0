//! What a session says of itself.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use microprolly_sql::{CatalogView, SqlError, SqlState};

use super::super::session::{database, setting};
use super::{CatalogFunction, boolean, function, text, text_value};

pub(super) fn functions(view: &Arc<dyn CatalogView>, pid: i32) -> Vec<CatalogFunction> {
    let mut functions = vec![
        of_session("version", view, version),
        of_session("current_database", view, database),
        of_session("current_catalog", view, database),
        current_setting(view),
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
    ];
    for name in ["current_user", "session_user", "current_role", "user"] {
        functions.push(of_session(name, view, |view| view.user()));
    }
    functions
}

fn constant(name: &'static str, value: fn() -> ScalarValue) -> CatalogFunction {
    function(name, 0..=0, DataType::Utf8, move |_| Ok(value()))
}

/// What a session says of itself in one text.
fn of_session(
    name: &'static str,
    view: &Arc<dyn CatalogView>,
    value: fn(&dyn CatalogView) -> String,
) -> CatalogFunction {
    let view = Arc::clone(view);
    function(name, 0..=0, DataType::Utf8, move |_| Ok(text_value(Some(value(view.as_ref())))))
}

/// `current_setting(name [, missing_ok])`, which clients read in a query where SHOW does not go.
fn current_setting(view: &Arc<dyn CatalogView>) -> CatalogFunction {
    let view = Arc::clone(view);
    function("current_setting", 1..=2, DataType::Utf8, move |arguments| {
        let Some(name) = text(arguments, 0)? else { return Ok(text_value(None)) };
        let missing_ok = boolean(arguments, 1)?.unwrap_or(false);
        match setting(view.as_ref(), &name) {
            None if !missing_ok => Err(SqlError::new(
                SqlState::UNDEFINED_OBJECT,
                format!("unrecognized configuration parameter \"{name}\""),
            )),
            value => Ok(text_value(value)),
        }
    })
}

fn texts_type() -> DataType {
    DataType::List(Arc::new(arrow::datatypes::Field::new_list_field(DataType::Utf8, true)))
}

/// In the form in which tools look for the number.
fn version(view: &dyn CatalogView) -> String {
    format!(
        "PostgreSQL {} on {}-{}",
        setting(view, "server_version").unwrap_or_default(),
        std::env::consts::ARCH,
        std::env::consts::OS
    )
}
