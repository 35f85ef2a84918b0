//! Definitions of objects as SQL text.

use std::sync::Arc;

use arrow::datatypes::DataType;
use microprolly_sql::CatalogView;

use super::super::relations::{PrimaryKey, Relation, quote_ident};
use super::{CatalogFunction, function, number, oid, relation_function, text, text_value};

pub(super) fn functions(view: &Arc<dyn CatalogView>) -> Vec<CatalogFunction> {
    let mut functions = vec![
        // What is stored for an expression is its text already.
        function("pg_get_expr", 2..=3, DataType::Utf8, |arguments| Ok(text_value(text(arguments, 0)?))),
        index_def(view),
        constraint_def(view),
    ];
    let nothing = [
        // Of objects that do not exist here.
        ("pg_get_viewdef", 1..=2),
        ("pg_get_ruledef", 1..=2),
        ("pg_get_triggerdef", 1..=2),
        ("pg_get_functiondef", 1..=1),
        ("pg_get_function_result", 1..=1),
        ("pg_get_function_arguments", 1..=1),
        ("pg_get_function_sqlbody", 1..=1),
        ("pg_get_function_identity_arguments", 1..=1),
        ("pg_get_partkeydef", 1..=1),
        ("pg_get_partition_constraintdef", 1..=1),
        ("pg_get_statisticsobjdef", 1..=1),
        ("pg_get_statisticsobjdef_columns", 1..=1),
        ("pg_get_serial_sequence", 2..=2),
        ("pg_tablespace_location", 1..=1),
        // There are no comments.
        ("obj_description", 1..=2),
        ("col_description", 2..=2),
        ("shobj_description", 2..=2),
    ];
    functions.extend(
        nothing.map(|(name, arguments)| function(name, arguments, DataType::Utf8, |_| Ok(text_value(None)))),
    );
    functions
}

/// `pg_get_indexdef(index [, column, pretty])`: the whole definition, or one column's.
fn index_def(view: &Arc<dyn CatalogView>) -> CatalogFunction {
    relation_function("pg_get_indexdef", 1..=3, DataType::Utf8, view, |relations, arguments| {
        let Some(wanted) = oid(arguments, 0)? else { return Ok(text_value(None)) };
        let column = number(arguments, 1)?.unwrap_or(0);
        let found = relations.iter().find_map(|table| {
            let key = table.primary_key.as_ref().filter(|key| key.index_oid == wanted)?;
            match usize::try_from(column) {
                Ok(0) => Some(index_definition(table, key)),
                Ok(column) => table.key_names().get(column - 1).map(|name| quote_ident(name)),
                Err(_) => None,
            }
        });
        Ok(text_value(found))
    })
}

/// `CREATE UNIQUE INDEX …` of a primary key.
pub(in crate::catalog) fn index_definition(table: &Relation, key: &PrimaryKey) -> String {
    format!(
        "CREATE UNIQUE INDEX {} ON {}.{} USING btree {}",
        quote_ident(&key.name),
        quote_ident(&table.schema),
        quote_ident(&table.name),
        table.key_list()
    )
}

/// `pg_get_constraintdef(constraint [, pretty])`.
fn constraint_def(view: &Arc<dyn CatalogView>) -> CatalogFunction {
    relation_function("pg_get_constraintdef", 1..=2, DataType::Utf8, view, |relations, arguments| {
        let Some(wanted) = oid(arguments, 0)? else { return Ok(text_value(None)) };
        let found = relations
            .iter()
            .find(|table| table.primary_key.as_ref().is_some_and(|key| key.constraint_oid == wanted));
        Ok(text_value(found.map(|table| format!("PRIMARY KEY {}", table.key_list()))))
    })
}
