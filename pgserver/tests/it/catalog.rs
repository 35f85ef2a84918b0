//! What drivers and tools ask of the catalogs, in their own words.

use crate::server::{TestServer, code};

async fn with_tables() -> (TestServer, tokio_postgres::Client) {
    let server = TestServer::start().await;
    let client = server.client().await;
    client
        .batch_execute(
            "CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE flights (year INTEGER, flight BIGINT, origin TEXT, distance NUMERIC(8,2),
                                   PRIMARY KEY (year, flight))",
        )
        .await
        .unwrap();
    (server, client)
}

#[tokio::test]
async fn tokio_postgres_looks_up_a_type() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT t.typname, t.typtype, t.typelem, r.rngsubtype, t.typbasetype, n.nspname, t.typrelid
FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
INNER JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid
WHERE t.oid = $1";
    let statement = client.prepare_typed(sql, &[tokio_postgres::types::Type::OID]).await.unwrap();
    let row = client.query_one(&statement, &[&1007_u32]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "_int4");
    assert_eq!(row.get::<_, i8>(1), b'b' as i8);
    assert_eq!(row.get::<_, u32>(2), 23);
    assert_eq!(row.get::<_, Option<u32>>(3), None);
    assert_eq!(row.get::<_, String>(5), "pg_catalog");
}

#[tokio::test]
async fn psycopg_looks_up_a_type() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter
FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid";
    let statement = client.prepare_typed(sql, &[tokio_postgres::types::Type::TEXT]).await.unwrap();
    let row = client.query_one(&statement, &[&"int4"]).await.unwrap();
    assert_eq!((row.get::<_, u32>(1), row.get::<_, u32>(2)), (23, 1007));
    assert_eq!(row.get::<_, String>(3), "integer");
}

/// DatabaseMetaData.getTables of pgjdbc 42.7.
#[tokio::test]
async fn jdbc_lists_tables() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass) WHERE c.relnamespace = n.oid  AND n.nspname LIKE 'public' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME ";
    let rows = client.query(sql, &[]).await.unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.get(2)).collect();
    assert!(names.contains(&"airlines") && names.contains(&"flights"), "{names:?}");
    assert!(rows.iter().all(|row| row.get::<_, &str>(3) == "TABLE"));
}

/// DatabaseMetaData.getColumns of pgjdbc 42.7.
#[tokio::test]
async fn jdbc_lists_columns() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT * FROM (SELECT current_database() AS current_database, n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'flights') c WHERE true  ORDER BY nspname,c.relname,attnum ";
    let rows = client.query(sql, &[]).await.unwrap();
    let columns: Vec<(&str, u32)> = rows.iter().map(|row| (row.get(3), row.get(4))).collect();
    assert_eq!(columns, [("year", 23), ("flight", 20), ("origin", 25), ("distance", 1700)]);
}

/// DatabaseMetaData.getPrimaryKeys of pgjdbc 42.7.
#[tokio::test]
async fn jdbc_lists_primary_keys() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT        result.TABLE_CAT,        result.TABLE_SCHEM,        result.TABLE_NAME,        result.COLUMN_NAME,        result.KEY_SEQ,        result.PK_NAME FROM      (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME,   (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME,   information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid)   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON ( a.attrelid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'flights' AND i.indisprimary  ) result where  result.A_ATTNUM = (result.KEYS).x  ORDER BY result.table_name, result.PK_NAME, result.KEY_SEQ";
    let rows = client.query(sql, &[]).await.unwrap();
    let keys: Vec<(&str, i32, &str)> = rows.iter().map(|row| (row.get(3), row.get(4), row.get(5))).collect();
    assert_eq!(keys, [("year", 1, "flights_pkey"), ("flight", 2, "flights_pkey")]);
}

/// Inspector.get_columns of SQLAlchemy 1.4.
#[tokio::test]
async fn sqlalchemy_reflects_a_table() {
    let (_server, client) = with_tables().await;
    let version: String = client.query_one("select pg_catalog.version()", &[]).await.unwrap().get(0);
    assert!(version.starts_with("PostgreSQL 15.0 "), "{version}");
    let sql = "SELECT c.oid FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE (pg_catalog.pg_table_is_visible(c.oid)) AND c.relname = $1 AND c.relkind in ('r', 'v', 'm', 'f', 'p')";
    let oid: u32 = client.query_one(sql, &[&"flights"]).await.unwrap().get(0);
    let sql = "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS \"default\", a.attnotnull, a.attrelid as table_oid, pgd.description as comment, a.attgenerated as generated FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_description pgd ON (pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum) WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let statement = client.prepare_typed(sql, &[tokio_postgres::types::Type::OID]).await.unwrap();
    let rows = client.query(&statement, &[&oid]).await.unwrap();
    let types: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        types,
        [("year", "integer"), ("flight", "bigint"), ("origin", "text"), ("distance", "numeric(8,2)")]
    );
}

#[tokio::test]
async fn the_information_schema_tells_of_tables_and_keys() {
    let (_server, client) = with_tables().await;
    let sql = "SELECT column_name, data_type, is_nullable, numeric_scale FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name = 'flights' ORDER BY ordinal_position";
    let rows = client.query(sql, &[]).await.unwrap();
    let columns: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        columns,
        [("year", "integer"), ("flight", "bigint"), ("origin", "text"), ("distance", "numeric")]
    );
    assert_eq!(rows[3].get::<_, Option<i32>>(3), Some(2));
    let sql = "SELECT kcu.column_name FROM information_schema.table_constraints tc
               JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name)
               WHERE tc.constraint_type = 'PRIMARY KEY' AND tc.table_name = 'flights' ORDER BY kcu.ordinal_position";
    let rows = client.query(sql, &[]).await.unwrap();
    let keys: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(keys, ["year", "flight"]);
    let sql = "SELECT table_type FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'airlines'";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, &str>(0), "BASE TABLE");
}

#[tokio::test]
async fn identifiers_turn_into_names_and_back() {
    let (_server, client) = with_tables().await;
    let row = client
        .query_one("SELECT 'flights'::regclass::oid = c.oid, c.oid::regclass::text FROM pg_class c WHERE relname = 'flights'", &[])
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, &str>(1), "flights");
    let error = client.query("SELECT 'nosuch'::regclass", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42P01");
    let row = client.query_one("SELECT 'integer'::regtype::oid, 23::regtype::text", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (23, "integer"));
}

#[tokio::test]
async fn a_session_knows_itself() {
    let (_server, client) = with_tables().await;
    let row = client
        .query_one(
            "SELECT current_user, session_user, current_schema(), current_catalog, current_database()",
            &[],
        )
        .await
        .unwrap();
    let values: Vec<&str> = (0..5).map(|column| row.get(column)).collect();
    assert_eq!(values, ["ann", "ann", "public", "main", "main"]);
    let row = client.query_one("SELECT current_schemas(true), pg_backend_pid()", &[]).await.unwrap();
    assert_eq!(row.get::<_, Vec<&str>>(0), ["pg_catalog", "public"]);
    assert!(row.get::<_, i32>(1) > 0);
    let row = client
        .query_one("SELECT has_table_privilege('flights', 'SELECT'), quote_ident('a b')", &[])
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, &str>(1), "\"a b\"");
}

#[tokio::test]
async fn current_setting_gives_what_show_gives() {
    let (_server, client) = with_tables().await;
    client.batch_execute("SET application_name = 'tool'").await.unwrap();
    client.batch_execute("SET statement_timeout = '50s'").await.unwrap();
    let text = async |sql: String| client.query_one(&sql, &[]).await.unwrap().get::<_, String>(0);
    for name in ["application_name", "statement_timeout", "microprolly.branch", "server_version", "TimeZone"]
    {
        let shown = text(format!("SHOW {name}")).await;
        assert_eq!(text(format!("SELECT current_setting('{name}')")).await, shown, "{name}");
        let listed = format!("SELECT setting FROM pg_settings WHERE name = lower('{name}')");
        assert_eq!(text(listed).await, shown, "{name}");
    }
    assert_eq!(text("SELECT current_setting('application_name')".to_owned()).await, "tool");
    assert_eq!(code(client.query("SELECT current_setting('nosuch')", &[]).await), "42704");
}
