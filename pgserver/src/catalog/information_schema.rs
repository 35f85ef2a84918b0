//! `information_schema`: the catalog in the words of the SQL standard.

use microprolly_sql::{CatalogView, SqlError};

use super::definition::Kind::{Int4, Name, Text};
use super::definition::{Definition, Row, row};
use super::functions::sql_type_name;
use super::relations::{Attribute, Relation, all_relations, user_relations};
use super::session;

/// All tables of the schema.
pub(super) fn definitions() -> &'static [Definition] {
    const DEFINITIONS: [Definition; 13] = [
        CHARACTER_SETS,
        CHECK_CONSTRAINTS,
        COLUMNS,
        CONSTRAINT_COLUMN_USAGE,
        KEY_COLUMN_USAGE,
        PARAMETERS,
        REFERENTIAL_CONSTRAINTS,
        ROUTINES,
        SCHEMATA,
        SEQUENCES,
        TABLES,
        TABLE_CONSTRAINTS,
        VIEWS,
    ];
    &DEFINITIONS
}

const SCHEMATA: Definition = Definition {
    name: "schemata",
    columns: &[
        ("catalog_name", Name),
        ("schema_name", Name),
        ("schema_owner", Name),
        ("default_character_set_catalog", Name),
        ("default_character_set_schema", Name),
        ("default_character_set_name", Name),
        ("sql_path", Text),
    ],
    rows: |view| {
        let database = session::database(view);
        let schema = |name: &str| {
            row! { catalog_name: database.as_str(), schema_name: name, schema_owner: view.user() }
        };
        Ok(["information_schema", "pg_catalog", "prolly", "public"].map(schema).into())
    },
};

const TABLES: Definition = Definition {
    name: "tables",
    columns: &[
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("table_type", Text),
        ("self_referencing_column_name", Name),
        ("reference_generation", Text),
        ("user_defined_type_catalog", Name),
        ("user_defined_type_schema", Name),
        ("user_defined_type_name", Name),
        ("is_insertable_into", Text),
        ("is_typed", Text),
        ("commit_action", Text),
    ],
    rows: |view| {
        let relations = all_relations(view)?;
        let database = session::database(view);
        let tables = relations.iter().filter(|relation| relation.kind != "i").map(|relation| {
            row! {
                table_catalog: database.as_str(),
                table_schema: relation.schema.clone(),
                table_name: relation.name.clone(),
                table_type: if relation.kind == "v" { "VIEW" } else { "BASE TABLE" },
                is_insertable_into: yes_or_no(relation.schema == "public"),
                is_typed: "NO",
            }
        });
        Ok(tables.collect())
    },
};

const COLUMNS: Definition = Definition {
    name: "columns",
    columns: &[
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("column_name", Name),
        ("ordinal_position", Int4),
        ("column_default", Text),
        ("is_nullable", Text),
        ("data_type", Text),
        ("character_maximum_length", Int4),
        ("character_octet_length", Int4),
        ("numeric_precision", Int4),
        ("numeric_precision_radix", Int4),
        ("numeric_scale", Int4),
        ("datetime_precision", Int4),
        ("interval_type", Text),
        ("character_set_name", Name),
        ("collation_name", Name),
        ("domain_name", Name),
        ("udt_catalog", Name),
        ("udt_schema", Name),
        ("udt_name", Name),
        ("dtd_identifier", Name),
        ("is_self_referencing", Text),
        ("is_identity", Text),
        ("identity_generation", Text),
        ("is_generated", Text),
        ("generation_expression", Text),
        ("is_updatable", Text),
    ],
    rows: columns,
};

fn columns(view: &dyn CatalogView) -> Result<Vec<Row>, SqlError> {
    let relations = all_relations(view)?;
    let database = session::database(view);
    let of = |relation: &Relation| {
        relation.columns.iter().map(|column| described(&database, relation, column)).collect::<Vec<_>>()
    };
    Ok(relations.iter().filter(|relation| relation.kind != "i").flat_map(of).collect())
}

fn described(database: &str, relation: &Relation, column: &Attribute) -> Row {
    use pgwire::api::Type;
    let is_array = column.pg_type.name().starts_with('_');
    let mut row = row! {
        table_catalog: database,
        table_schema: relation.schema.clone(),
        table_name: relation.name.clone(),
        column_name: column.name.clone(),
        ordinal_position: i32::from(column.number),
        column_default: column.default.clone(),
        is_nullable: yes_or_no(!column.not_null),
        data_type: if is_array { "ARRAY".to_owned() } else { sql_type_name(&column.pg_type, -1) },
        udt_catalog: database,
        udt_schema: "pg_catalog",
        udt_name: column.pg_type.name(),
        dtd_identifier: column.number.to_string(),
        is_self_referencing: "NO",
        is_identity: "NO",
        is_generated: "NEVER",
        is_updatable: yes_or_no(relation.schema == "public"),
    };
    row.extend(match column.pg_type {
        Type::INT2 => row! { numeric_precision: 16, numeric_precision_radix: 2, numeric_scale: 0 },
        Type::INT4 => row! { numeric_precision: 32, numeric_precision_radix: 2, numeric_scale: 0 },
        Type::INT8 => row! { numeric_precision: 64, numeric_precision_radix: 2, numeric_scale: 0 },
        Type::FLOAT4 => row! { numeric_precision: 24, numeric_precision_radix: 2 },
        Type::FLOAT8 => row! { numeric_precision: 53, numeric_precision_radix: 2 },
        Type::NUMERIC if column.modifier >= 4 => {
            let packed = column.modifier - 4;
            row! {
                numeric_precision: packed >> 16,
                numeric_precision_radix: 10,
                numeric_scale: packed & 0xffff,
            }
        }
        Type::TEXT | Type::VARCHAR => row! { character_octet_length: 1 << 30 },
        Type::DATE => row! { datetime_precision: 0 },
        Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::INTERVAL => row! { datetime_precision: 6 },
        _ => Vec::new(),
    });
    row
}

const TABLE_CONSTRAINTS: Definition = Definition {
    name: "table_constraints",
    columns: &[
        ("constraint_catalog", Name),
        ("constraint_schema", Name),
        ("constraint_name", Name),
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("constraint_type", Text),
        ("is_deferrable", Text),
        ("initially_deferred", Text),
        ("enforced", Text),
    ],
    rows: |view| {
        let relations = user_relations(view)?;
        let database = session::database(view);
        let constraints = relations.iter().filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            Some(row! {
                constraint_catalog: database.as_str(),
                constraint_schema: table.schema.clone(),
                constraint_name: key.name.clone(),
                table_catalog: database.as_str(),
                table_schema: table.schema.clone(),
                table_name: table.name.clone(),
                constraint_type: "PRIMARY KEY",
                is_deferrable: "NO",
                initially_deferred: "NO",
                enforced: "YES",
            })
        });
        Ok(constraints.collect())
    },
};

const KEY_COLUMN_USAGE: Definition = Definition {
    name: "key_column_usage",
    columns: &[
        ("constraint_catalog", Name),
        ("constraint_schema", Name),
        ("constraint_name", Name),
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("column_name", Name),
        ("ordinal_position", Int4),
        ("position_in_unique_constraint", Int4),
    ],
    rows: key_columns,
};

const CONSTRAINT_COLUMN_USAGE: Definition = Definition {
    name: "constraint_column_usage",
    columns: &[
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("column_name", Name),
        ("constraint_catalog", Name),
        ("constraint_schema", Name),
        ("constraint_name", Name),
    ],
    rows: key_columns,
};

/// One row for each column of each primary key.
fn key_columns(view: &dyn CatalogView) -> Result<Vec<Row>, SqlError> {
    let relations = user_relations(view)?;
    let database = session::database(view);
    let mut rows = Vec::new();
    for table in &relations {
        let Some(key) = &table.primary_key else { continue };
        for (position, column) in (1..).zip(table.key_names()) {
            rows.push(row! {
                constraint_catalog: database.as_str(),
                constraint_schema: table.schema.clone(),
                constraint_name: key.name.clone(),
                table_catalog: database.as_str(),
                table_schema: table.schema.clone(),
                table_name: table.name.clone(),
                column_name: column,
                ordinal_position: position,
            });
        }
    }
    Ok(rows)
}

const VIEWS: Definition = Definition {
    name: "views",
    columns: &[
        ("table_catalog", Name),
        ("table_schema", Name),
        ("table_name", Name),
        ("view_definition", Text),
        ("check_option", Text),
        ("is_updatable", Text),
        ("is_insertable_into", Text),
    ],
    rows: |view| {
        let relations = all_relations(view)?;
        let database = session::database(view);
        let views = relations.iter().filter(|relation| relation.kind == "v").map(|relation| {
            row! {
                table_catalog: database.as_str(),
                table_schema: relation.schema.clone(),
                table_name: relation.name.clone(),
                check_option: "NONE",
                is_updatable: "NO",
                is_insertable_into: "NO",
            }
        });
        Ok(views.collect())
    },
};

const CHARACTER_SETS: Definition = Definition {
    name: "character_sets",
    columns: &[
        ("character_set_catalog", Name),
        ("character_set_schema", Name),
        ("character_set_name", Name),
        ("character_repertoire", Name),
        ("form_of_use", Name),
        ("default_collate_catalog", Name),
        ("default_collate_schema", Name),
        ("default_collate_name", Name),
    ],
    rows: |view| {
        Ok(vec![row! {
            character_set_name: "UTF8",
            character_repertoire: "UCS",
            form_of_use: "UTF8",
            default_collate_catalog: session::database(view),
            default_collate_schema: "pg_catalog",
            default_collate_name: "C",
        }])
    },
};

const REFERENTIAL_CONSTRAINTS: Definition = Definition::empty(
    "referential_constraints",
    &[
        ("constraint_catalog", Name),
        ("constraint_schema", Name),
        ("constraint_name", Name),
        ("unique_constraint_catalog", Name),
        ("unique_constraint_schema", Name),
        ("unique_constraint_name", Name),
        ("match_option", Text),
        ("update_rule", Text),
        ("delete_rule", Text),
    ],
);

const CHECK_CONSTRAINTS: Definition = Definition::empty(
    "check_constraints",
    &[
        ("constraint_catalog", Name),
        ("constraint_schema", Name),
        ("constraint_name", Name),
        ("check_clause", Text),
    ],
);

const ROUTINES: Definition = Definition::empty(
    "routines",
    &[
        ("specific_catalog", Name),
        ("specific_schema", Name),
        ("specific_name", Name),
        ("routine_catalog", Name),
        ("routine_schema", Name),
        ("routine_name", Name),
        ("routine_type", Text),
        ("data_type", Text),
        ("routine_definition", Text),
        ("external_language", Text),
    ],
);

const PARAMETERS: Definition = Definition::empty(
    "parameters",
    &[
        ("specific_catalog", Name),
        ("specific_schema", Name),
        ("specific_name", Name),
        ("ordinal_position", Int4),
        ("parameter_mode", Text),
        ("parameter_name", Name),
        ("data_type", Text),
    ],
);

const SEQUENCES: Definition = Definition::empty(
    "sequences",
    &[
        ("sequence_catalog", Name),
        ("sequence_schema", Name),
        ("sequence_name", Name),
        ("data_type", Text),
        ("start_value", Text),
        ("minimum_value", Text),
        ("maximum_value", Text),
        ("increment", Text),
        ("cycle_option", Text),
    ],
);

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "YES" } else { "NO" }
}
