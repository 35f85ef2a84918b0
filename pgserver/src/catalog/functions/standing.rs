//! What may be seen and done, who owns it, and how large it is.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};
use datafusion::scalar::ScalarValue;
use microprolly_sql::CatalogView;

use super::super::oids;
use super::{Apply, CatalogFunction, Returns, function, oid, relation_function, text_value};

pub(super) fn functions(view: &Arc<dyn CatalogView>) -> Vec<CatalogFunction> {
    let mut functions = vec![visible_tables(view), user_by_id(Arc::clone(view))];
    // What is built in is all in pg_catalog, where unqualified names are found.
    let visible = [
        "pg_collation_is_visible",
        "pg_conversion_is_visible",
        "pg_function_is_visible",
        "pg_opclass_is_visible",
        "pg_operator_is_visible",
        "pg_opfamily_is_visible",
        "pg_statistics_obj_is_visible",
        "pg_ts_config_is_visible",
        "pg_ts_dict_is_visible",
        "pg_ts_parser_is_visible",
        "pg_ts_template_is_visible",
        "pg_type_is_visible",
    ];
    functions.extend(visible.map(|name| always(name, 1..=1, true)));
    functions.push(always("pg_relation_is_publishable", 1..=1, false));
    // A session may do everything, since there is no other principal yet.
    let allowed = [
        ("has_any_column_privilege", 2..=3),
        ("has_column_privilege", 3..=4),
        ("has_database_privilege", 2..=3),
        ("has_function_privilege", 2..=3),
        ("has_language_privilege", 2..=3),
        ("has_schema_privilege", 2..=3),
        ("has_sequence_privilege", 2..=3),
        ("has_server_privilege", 2..=3),
        ("has_table_privilege", 2..=3),
        ("has_tablespace_privilege", 2..=3),
        ("has_type_privilege", 2..=3),
        ("pg_has_role", 2..=3),
    ];
    functions.extend(allowed.map(|(name, arguments)| always(name, arguments, true)));
    // Tables share chunks with each other's versions, so a table has no size of its own.
    let sizes = [
        ("pg_database_size", 1..=1),
        ("pg_indexes_size", 1..=1),
        ("pg_relation_size", 1..=2),
        ("pg_table_size", 1..=1),
        ("pg_tablespace_size", 1..=1),
        ("pg_total_relation_size", 1..=1),
    ];
    functions.extend(sizes.map(|(name, arguments)| {
        function(name, arguments, DataType::Int64, |_| Ok(ScalarValue::Int64(None)))
    }));
    functions.push(expand_array());
    functions.push(array_or_empty());
    functions
}

fn always(name: &'static str, arguments: std::ops::RangeInclusive<usize>, answer: bool) -> CatalogFunction {
    function(name, arguments, DataType::Boolean, move |_| Ok(ScalarValue::Boolean(Some(answer))))
}

fn visible_tables(view: &Arc<dyn CatalogView>) -> CatalogFunction {
    relation_function("pg_table_is_visible", 1..=1, DataType::Boolean, view, |relations, arguments| {
        let Some(wanted) = oid(arguments, 0)? else { return Ok(ScalarValue::Boolean(None)) };
        let visible =
            relations.iter().find(|relation| relation.oid == wanted).map(|relation| relation.is_visible());
        Ok(ScalarValue::Boolean(visible))
    })
}

fn user_by_id(view: Arc<dyn CatalogView>) -> CatalogFunction {
    function("pg_get_userbyid", 1..=1, DataType::Utf8, move |arguments| {
        Ok(text_value(oid(arguments, 0)?.map(|oid| match oid {
            oids::USER => view.user(),
            other => format!("unknown (OID={other})"),
        })))
    })
}

/// `information_schema._pg_expandarray(array)`: its elements `x` with their positions `n`, as one list, which
/// the rewriting unnests.
fn expand_array() -> CatalogFunction {
    fn element_of(arguments: &[DataType]) -> DataType {
        match arguments.first() {
            Some(DataType::List(element)) => element.data_type().clone(),
            _ => DataType::Null,
        }
    }
    fn fields(element: DataType) -> Fields {
        Fields::from(vec![Field::new("x", element, true), Field::new("n", DataType::Int32, true)])
    }
    fn returns(arguments: &[DataType]) -> DataType {
        let pair = DataType::Struct(fields(element_of(arguments)));
        DataType::List(Arc::new(Field::new_list_field(pair, true)))
    }
    CatalogFunction {
        name: "_pg_expandarray",
        signature: Signature::new(TypeSignature::Any(1), Volatility::Immutable),
        returns: Returns::Of(returns),
        apply: Apply::Row(Arc::new(|arguments| {
            let internal = |error: &dyn std::fmt::Display| {
                microprolly_sql::SqlError::internal(format!("_pg_expandarray: {error}"))
            };
            let element = element_of(&arguments.iter().map(ScalarValue::data_type).collect::<Vec<_>>());
            let pair = DataType::Struct(fields(element.clone()));
            let Some(ScalarValue::List(list)) = arguments.first() else {
                return ScalarValue::try_from(&returns(&[])).map_err(|error| internal(&error));
            };
            let mut pairs = Vec::new();
            for (position, index) in (1..).zip(0..list.value_length(0)) {
                let item = ScalarValue::try_from_array(&list.value(0), index as usize)
                    .map_err(|error| internal(&error))?;
                let columns = [item, ScalarValue::Int32(Some(position))]
                    .iter()
                    .map(|value| value.to_array())
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| internal(&error))?;
                pairs.push(ScalarValue::Struct(Arc::new(arrow::array::StructArray::new(
                    fields(element.clone()),
                    columns,
                    None,
                ))));
            }
            Ok(ScalarValue::List(ScalarValue::new_list_nullable(&pairs, &pair)))
        })),
    }
}

/// What `ARRAY(SELECT …)` becomes around the aggregate: no rows are an empty array, not NULL.
fn array_or_empty() -> CatalogFunction {
    CatalogFunction {
        name: "pg_array_or_empty",
        signature: Signature::new(TypeSignature::Any(1), Volatility::Immutable),
        returns: Returns::Of(|arguments| arguments.first().cloned().unwrap_or(DataType::Null)),
        apply: Apply::Row(Arc::new(|arguments| {
            let argument = arguments.first().cloned().unwrap_or(ScalarValue::Null);
            Ok(match argument.data_type() {
                DataType::List(element) if argument.is_null() => {
                    ScalarValue::List(ScalarValue::new_list_nullable(&[], element.data_type()))
                }
                _ => argument,
            })
        })),
    }
}
