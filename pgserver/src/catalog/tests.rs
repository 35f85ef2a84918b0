//! Queries that clients send, planned and run by DataFusion alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement as Parsed;
use microprolly_sql::{
    CatalogExtension, CatalogView, ColumnInfo, PG_TYPE_METADATA, SettingInfo, SqlError, TableInfo,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::PgCatalog;

/// A database with two branches and two tables, read as of a tag.
struct Fixed;

impl CatalogView for Fixed {
    fn branches(&self) -> Result<Vec<String>, SqlError> {
        Ok(vec!["feature-x".to_owned(), "main".to_owned()])
    }

    fn current_branch(&self) -> String {
        "main".to_owned()
    }

    fn user(&self) -> String {
        "ann".to_owned()
    }

    fn settings(&self) -> Vec<SettingInfo> {
        let setting = |name: &str, value: &str| SettingInfo {
            name: name.to_owned(),
            value: value.to_owned(),
            description: "",
            is_fixed: false,
        };
        vec![setting("application_name", "tool"), setting("microprolly.as_of", "v1")]
    }

    fn tables(&self) -> Result<Vec<TableInfo>, SqlError> {
        let column = |name: &str, data_type, not_null: bool, default: Option<&str>| ColumnInfo {
            name: name.to_owned(),
            field: Field::new(name, data_type, !not_null),
            not_null,
            default: default.map(str::to_owned),
        };
        let id = Field::new("id", DataType::Utf8, false)
            .with_metadata(HashMap::from([(PG_TYPE_METADATA.to_owned(), "uuid".to_owned())]));
        let tags = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        Ok(vec![
            TableInfo {
                schema: "public".to_owned(),
                name: "user".to_owned(),
                oid: 20_001,
                columns: vec![
                    ColumnInfo { name: "id".to_owned(), field: id, not_null: true, default: None },
                    column("role", DataType::Utf8, true, Some("'viewer'::text")),
                    column("tags", tags, false, None),
                ],
                primary_key: vec!["id".to_owned()],
                estimated_rows: Some(7),
            },
            TableInfo {
                schema: "prolly".to_owned(),
                name: "log".to_owned(),
                oid: 20_002,
                columns: vec![column("commit_id", DataType::Utf8, true, None)],
                primary_key: Vec::new(),
                estimated_rows: None,
            },
        ])
    }
}

async fn query(sql: &str) -> String {
    let config = SessionConfig::new().with_default_catalog_and_schema("microprolly", "public");
    let context = SessionContext::new_with_config(config);
    let catalog = PgCatalog::new(42);
    catalog.install(&context, Arc::new(Fixed)).unwrap();
    let statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
    let statement = catalog.rewrite(statement).unwrap();
    let plan = context.state().statement_to_plan(Parsed::Statement(Box::new(statement.clone()))).await;
    let plan = plan.unwrap_or_else(|error| panic!("{statement}\n{error}"));
    let frame = context.execute_logical_plan(plan).await.unwrap();
    let batches = frame.collect().await.unwrap_or_else(|error| panic!("{statement}\n{error}"));
    let table = pretty_format_batches(&batches).unwrap().to_string();
    // Header, rows; no borders.
    let lines: Vec<String> = table
        .lines()
        .filter(|line| !line.starts_with('+'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|"))
        .collect();
    lines[1.min(lines.len())..].join("\n")
}

#[tokio::test]
async fn columns_come_with_their_defaults_and_collations() {
    let sql = "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                 (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d
                  WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
                 a.attnotnull,
                 (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t
                  WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation,
                 a.attidentity, a.attgenerated
               FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = '20001' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    assert_eq!(query(sql).await, "id|uuid||true|||\nrole|text|'viewer'::text|true|||\ntags|text[]||false|||");
}

#[tokio::test]
async fn a_table_is_found_by_pattern_if_it_is_visible() {
    let find = |name: &str| {
        format!(
            "SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relname OPERATOR(pg_catalog.~) '^({name})$' COLLATE pg_catalog.default
               AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3"
        )
    };
    assert_eq!(query(&find("user")).await, "20001|public|user");
    assert_eq!(query(&find("log")).await, "");
    assert_eq!(query(&find("pg_class")).await, "1259|pg_catalog|pg_class");
}

#[tokio::test]
async fn the_primary_key_is_an_index_and_a_constraint() {
    let sql = "SELECT c2.relname, i.indisprimary, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
                 pg_catalog.pg_get_constraintdef(con.oid, true), contype
               FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
               LEFT JOIN pg_catalog.pg_constraint con
                 ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x'))
               WHERE c.oid = '20001' AND c.oid = i.indrelid AND i.indexrelid = c2.oid
               ORDER BY i.indisprimary DESC, c2.relname";
    assert_eq!(
        query(sql).await,
        "user_pkey|true|CREATE UNIQUE INDEX user_pkey ON public.\"user\" USING btree (id)|PRIMARY KEY (id)|p"
    );
}

#[tokio::test]
async fn what_does_not_exist_is_empty_however_it_is_asked_for() {
    let policies = "SELECT pol.polname, CASE WHEN pol.polroles = '{0}' THEN NULL ELSE pg_catalog.array_to_string(array(select rolname from pg_catalog.pg_roles where oid = any (pol.polroles) order by 1),',') END
                    FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '20001' ORDER BY 1";
    let statistics = "SELECT oid, stxrelid::pg_catalog.regclass, stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS nsp,
                        'd' = any(stxkind) AS ndist_enabled FROM pg_catalog.pg_statistic_ext WHERE stxrelid = '20001' ORDER BY nsp";
    let publications = "SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p WHERE p.puballtables
                        UNION SELECT pubname, pg_get_expr(pr.prqual, c.oid), (CASE WHEN pr.prattrs IS NOT NULL THEN
                          (SELECT string_agg(attname, ', ') FROM pg_catalog.generate_series(0, pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s,
                             pg_catalog.pg_attribute WHERE attrelid = pr.prrelid AND attnum = prattrs[s]) ELSE NULL END)
                        FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel pr ON p.oid = pr.prpubid
                        JOIN pg_catalog.pg_class c ON c.oid = pr.prrelid ORDER BY 1";
    for sql in [policies, statistics, publications] {
        assert_eq!(query(sql).await, "", "{sql}");
    }
    assert_eq!(query("SELECT count(*) FROM pg_catalog.pg_trigger").await, "0");
}

#[tokio::test]
async fn roles_and_what_they_are_members_of() {
    let sql = "SELECT r.rolname, r.rolsuper, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m
                 JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) as memberof
               FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1";
    assert_eq!(query(sql).await, "ann|true|[]");
}

#[tokio::test]
async fn names_become_identifiers_and_identifiers_names() {
    assert_eq!(
        query("SELECT 'user'::regclass, '\"user\"'::pg_catalog.regclass::oid, 'prolly.log'::regclass").await,
        "20001|20001|20002"
    );
    assert_eq!(
        query("SELECT 20001::regclass::text, 20002::pg_catalog.regclass, 25::regtype, 1255::regclass, 99::regclass").await,
        "\"user\"|prolly.log|text|pg_proc|99"
    );
    assert_eq!(
        query("SELECT to_regclass('nosuch'), to_regtype('int4'), 'public'::regnamespace").await,
        "|23|2200"
    );
}

#[tokio::test]
async fn a_subquery_as_a_value_may_ask_whether_there_is_a_row() {
    let sql =
        "SELECT c.relname, EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) AS indexed
               FROM pg_catalog.pg_class c WHERE c.oid IN (20001, 20002) ORDER BY 1";
    assert_eq!(query(sql).await, "log|false\nuser|true");
}

#[tokio::test]
async fn settings_are_those_of_the_session() {
    assert_eq!(
        query("SELECT current_setting('Application_Name'), current_setting('nosuch', true)").await,
        "tool|"
    );
    assert_eq!(
        query("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'application_name'").await,
        "tool"
    );
}

#[tokio::test]
async fn a_version_that_is_read_is_the_database_and_is_listed_with_the_branches() {
    assert_eq!(query("SELECT current_database(), current_catalog").await, "v1|v1");
    assert_eq!(query("SELECT datname FROM pg_catalog.pg_database ORDER BY 1").await, "feature-x\nmain\nv1");
}

#[tokio::test]
async fn a_row_knows_its_table() {
    let sql = "SELECT c.tableoid, l.tableoid FROM pg_catalog.pg_class c, pg_catalog.pg_language l
               WHERE c.oid = 20001 AND l.lanname = 'sql'";
    assert!(query(sql).await.starts_with("1259|"));
}

#[tokio::test]
async fn statements_on_other_tables_are_left_alone() {
    let catalog = PgCatalog::new(1);
    for sql in [
        "SELECT (SELECT max(b.x) FROM b WHERE b.y = a.y) FROM a",
        "SELECT (SELECT b.x FROM b WHERE b.y = a.y) FROM a",
        "SELECT x FROM a WHERE EXISTS (SELECT 1 FROM b) AND name COLLATE \"de_DE\" > 'a'",
        "INSERT INTO a VALUES (1)",
    ] {
        let statement = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
        assert_eq!(catalog.rewrite(statement.clone()).unwrap(), statement, "{sql}");
    }
}

#[tokio::test]
async fn every_table_of_both_schemas_can_be_read() {
    use super::definition::Definition;
    let live = |schema: &'static str, definitions: &'static [Definition]| {
        definitions.iter().map(move |definition| (schema, definition.name))
    };
    let fixed = super::statics::tables().unwrap();
    let all = live("pg_catalog", super::tables::definitions())
        .chain(live("information_schema", super::information_schema::definitions()))
        .chain(fixed.keys().map(|name| ("pg_catalog", *name)));
    for (schema, name) in all {
        query(&format!("SELECT * FROM {schema}.{name} LIMIT 1")).await;
    }
}
