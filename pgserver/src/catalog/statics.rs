//! Catalog tables that are the same in every database: built-in types, functions, operators.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion_pg_catalog::pg_catalog::{ArrowTable, PgCatalogStaticTables};
use microprolly_sql::SqlError;

use super::definition::Kind;
use super::provider::StaticTables;
use crate::types::CHAR_KEY;

/// Columns of the one-byte type `"char"`, which the exported tables have as text.
const CHAR_COLUMNS: [&str; 21] = [
    "amoppurpose",
    "amtype",
    "castcontext",
    "castmethod",
    "collprovider",
    "deptype",
    "evtenabled",
    "oprkind",
    "polcmd",
    "prokind",
    "proparallel",
    "provolatile",
    "tgenabled",
    "typalign",
    "typcategory",
    "typdelim",
    "typstorage",
    "typtype",
    "aggkind",
    "aggfinalmodify",
    "aggmfinalmodify",
];

/// What is built in, read once in a process.
#[derive(Clone)]
struct BuiltIn {
    tables: Arc<StaticTables>,
    keywords: Arc<ArrowTable>,
}

static BUILT_IN: LazyLock<Result<BuiltIn, SqlError>> =
    LazyLock::new(|| read().map_err(|error| SqlError::internal(format!("the built-in catalog: {error}"))));

/// All tables, by name.
pub(super) fn tables() -> Result<Arc<StaticTables>, SqlError> {
    BUILT_IN.clone().map(|built_in| built_in.tables)
}

/// What `pg_get_keywords()` gives.
pub(super) fn keywords() -> Result<Arc<ArrowTable>, SqlError> {
    BUILT_IN.clone().map(|built_in| built_in.keywords)
}

/// Lists fields of [`PgCatalogStaticTables`] under their names.
macro_rules! named {
    ($tables:ident: $($name:ident),* $(,)?) => {
        [$((stringify!($name), &$tables.$name)),*]
    };
}

fn read() -> Result<BuiltIn, DataFusionError> {
    let exported = PgCatalogStaticTables::try_new()?;
    let keywords = Arc::clone(&exported.pg_get_keywords);
    let named = named![exported:
        pg_aggregate, pg_am, pg_amop, pg_amproc, pg_cast, pg_collation, pg_conversion, pg_language,
        pg_opclass, pg_operator, pg_opfamily, pg_proc, pg_range, pg_ts_config, pg_ts_dict, pg_ts_parser,
        pg_ts_template, pg_type, pg_description, pg_tablespace,
        // What is recorded in these does not exist here; they are kept for their columns.
        pg_db_role_setting, pg_default_acl, pg_depend, pg_enum, pg_event_trigger, pg_extension,
        pg_foreign_data_wrapper, pg_foreign_server, pg_foreign_table, pg_inherits, pg_init_privs,
        pg_largeobject, pg_largeobject_metadata, pg_partitioned_table, pg_policy, pg_publication,
        pg_publication_namespace, pg_publication_rel, pg_replication_origin, pg_rewrite, pg_seclabel,
        pg_sequence, pg_shdepend, pg_shdescription, pg_shseclabel, pg_statistic, pg_statistic_ext,
        pg_statistic_ext_data, pg_subscription, pg_subscription_rel, pg_trigger, pg_user_mapping,
        pg_auth_members,
    ];
    let tables = named
        .into_iter()
        .map(|(name, table)| {
            let batch = with_older_names(name, whole(table)?)?;
            Ok((name, if ALWAYS_EMPTY.contains(&name) { batch.slice(0, 0) } else { batch }))
        })
        .collect::<Result<BTreeMap<_, _>, DataFusionError>>()?;
    Ok(BuiltIn { tables: Arc::new(tables), keywords })
}

/// Tables of things that MicroProlly does not have, so that they never have rows.
pub(super) const ALWAYS_EMPTY: [&str; 33] = [
    "pg_auth_members",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_depend",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_inherits",
    "pg_init_privs",
    "pg_largeobject",
    "pg_largeobject_metadata",
    "pg_partitioned_table",
    "pg_policy",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_replication_origin",
    "pg_rewrite",
    "pg_seclabel",
    "pg_sequence",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_statistic_ext_data",
    "pg_subscription",
    "pg_subscription_rel",
    "pg_trigger",
    "pg_user_mapping",
];

/// A table as one batch, with its `"char"` columns marked.
fn whole(table: &ArrowTable) -> Result<RecordBatch, DataFusionError> {
    let batch = concat_batches(&table.schema(), table.data())?;
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| match is_array(field.name()) {
            true => {
                let field = Kind::Texts.field(field.name());
                let nulls = new_null_array(field.data_type(), batch.num_rows());
                (field, nulls)
            }
            false => (marked(field), Arc::clone(column)),
        })
        .unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// The exported tables are of a later version than the one that is offered; clients ask for columns by the
/// names of that one.
fn with_older_names(table: &str, batch: RecordBatch) -> Result<RecordBatch, DataFusionError> {
    const OLDER: [(&str, &str, &str); 1] = [("pg_collation", "colllocale", "colliculocale")];
    let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| Field::clone(field)).collect();
    for field in &mut fields {
        let older = OLDER.iter().find(|(of, name, _)| *of == table && name == field.name());
        if let Some((_, _, older)) = older {
            *field = field.clone().with_name(*older);
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec())?)
}

/// Privileges and options are arrays, which the exported tables have as text. There are none here.
fn is_array(column: &str) -> bool {
    column.ends_with("acl") || column.ends_with("options") || column == "proconfig"
}

fn marked(field: &Field) -> Field {
    let is_char = CHAR_COLUMNS.contains(&field.name().as_str()) && *field.data_type() == DataType::Utf8;
    if !is_char {
        return field.clone();
    }
    field.clone().with_metadata(HashMap::from([(CHAR_KEY.to_owned(), "true".to_owned())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_tables_can_be_read() {
        let tables = tables().unwrap();
        assert!(tables["pg_type"].num_rows() > 100);
        for name in ALWAYS_EMPTY {
            assert_eq!(tables[name].num_rows(), 0, "{name}");
        }
        let schema = tables["pg_type"].schema();
        assert!(schema.field_with_name("typtype").unwrap().metadata().contains_key(CHAR_KEY));
    }
}
