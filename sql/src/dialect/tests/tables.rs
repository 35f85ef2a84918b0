use super::{fails, hints, statement};
use crate::dialect::*;

fn create(sql: &str) -> CreateTable {
    match statement(sql) {
        Statement::CreateTable(table) => table,
        other => panic!("{sql}: {other:?}"),
    }
}

fn alter(sql: &str) -> Vec<AlterTableOperation> {
    match statement(sql) {
        Statement::AlterTable(table) => table.operations,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn create_table_gathers_columns_and_constraints() {
    let table = create(
        "CREATE TABLE IF NOT EXISTS user (id TEXT PRIMARY KEY, name TEXT, role TEXT NOT NULL DEFAULT 'viewer', \
         created_at TIMESTAMPTZ DEFAULT now(), tags TEXT[], age BIGINT CHECK (age >= 0) UNIQUE, \
         CHECK (role <> ''), CONSTRAINT one_email UNIQUE (name, role))",
    );
    assert!(table.if_not_exists);
    assert_eq!(table.name.name, "user");
    assert_eq!(table.primary_key.iter().map(|key| key.value.as_str()).collect::<Vec<_>>(), ["id"]);
    let not_null: Vec<_> = table.columns.iter().map(|column| column.not_null).collect();
    assert_eq!(not_null, [true, false, true, false, false, false]);
    let defaults: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.default.as_ref().map(|default| default.text.as_str()))
        .collect();
    assert_eq!(defaults, [None, None, Some("'viewer'"), Some("now()"), None, None]);
    assert_eq!(table.columns[4].column_type, ColumnType::Array(Box::new(ColumnType::Text)));
    let checks: Vec<_> = table.checks.iter().map(|check| check.expression.text.as_str()).collect();
    assert_eq!(checks, ["age >= 0", "role <> ''"]);
    assert_eq!(table.uniques.len(), 2);
    assert_eq!(table.uniques[1].name.as_ref().unwrap().value, "one_email");
}

#[test]
fn the_key_of_a_flight_has_seven_columns() {
    let table = create(
        "CREATE TABLE flights (year BIGINT, month BIGINT, day BIGINT, carrier TEXT, flight BIGINT, origin TEXT, \
         sched_dep_time BIGINT, dep_delay DOUBLE PRECISION, \
         PRIMARY KEY (year, month, day, carrier, flight, origin, sched_dep_time))",
    );
    assert_eq!(table.primary_key.len(), 7);
    assert!(table.columns[..7].iter().all(|column| column.not_null) && !table.columns[7].not_null);
}

#[test]
fn defaults_end_where_the_next_constraint_begins() {
    let table = create(
        "CREATE TABLE t (a INT DEFAULT 1 + 2 NOT NULL, b TEXT DEFAULT 'x' || ('y' || ',') CHECK (b <> ''), \
         c BOOLEAN DEFAULT NULL, d TEXT DEFAULT (NULL) NULL, e TEXT[] DEFAULT ARRAY['a', 'b']::text[], f INT DEFAULT -1)",
    );
    let defaults: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.default.as_ref().map(|default| default.text.as_str()))
        .collect();
    assert_eq!(
        defaults,
        [
            Some("1 + 2"),
            Some("'x' || ('y' || ',')"),
            None,
            Some("(NULL)"),
            Some("ARRAY['a', 'b']::text[]"),
            Some("-1")
        ]
    );
    assert!(table.columns[0].not_null);
    // The stored text reads back as the same expression.
    let default = table.columns[1].default.as_ref().unwrap();
    assert_eq!(parse_expression(&default.text).unwrap().to_string(), default.expr.to_string());
}

#[test]
fn a_default_holds_no_query_no_column_and_no_parameter() {
    for (text, what, position) in [
        ("(SELECT count(*) FROM t)", "subquery", Some(2)),
        ("1 + (SELECT 1)", "subquery", Some(6)),
        ("EXISTS (SELECT 1)", "subquery", Some(9)),
        ("1 IN (SELECT 1)", "subquery", Some(7)),
        ("ARRAY(SELECT 1)", "subquery", Some(7)),
        ("1 + a", "column reference", Some(5)),
        ("t.a", "column reference", Some(1)),
        ("$1", "parameter", Some(1)),
    ] {
        let error = check_default(&parse_expression(text).unwrap(), text).unwrap_err();
        assert_eq!(error.message, format!("cannot use {what} in DEFAULT expression"), "{text}");
        assert_eq!((error.code.as_str(), error.position), ("0A000", position), "{text}");
    }
    for text in
        ["1 + 2", "now()", "current_timestamp", "ARRAY['a']::text[]", "'{}'::jsonb", "coalesce(NULL, 1)"]
    {
        check_default(&parse_expression(text).unwrap(), text).unwrap();
    }
}

#[test]
fn every_type_of_column_is_known_by_its_names() {
    use ColumnType::*;
    for (sql, expected) in [
        ("TEXT", Text),
        ("string", Text),
        ("VARCHAR", Text),
        ("character varying(20)", Varchar(20)),
        ("varchar(7)", Varchar(7)),
        ("bool", Boolean),
        ("boolean", Boolean),
        ("int2", SmallInt),
        ("INTEGER", Integer),
        ("int", Integer),
        ("bigint", BigInt),
        ("pg_catalog.int8", BigInt),
        ("real", Real),
        ("float(10)", Real),
        ("float", Double),
        ("double precision", Double),
        ("number", Double),
        ("numeric", Numeric { precision: None, scale: 0 }),
        ("decimal(10)", Numeric { precision: Some(10), scale: 0 }),
        ("numeric(10, 2)", Numeric { precision: Some(10), scale: 2 }),
        ("timestamp", Timestamp),
        ("timestamp without time zone", Timestamp),
        ("timestamp(6) with time zone", TimestampTz),
        ("timestamptz", TimestampTz),
        ("date", Date),
        ("uuid", Uuid),
        ("jsonb", Jsonb),
        ("json", Jsonb),
        ("bytea", Bytea),
        ("\"text\"", Text),
        ("bigint[]", Array(Box::new(BigInt))),
        ("numeric(5,1)[3]", Array(Box::new(Numeric { precision: Some(5), scale: 1 }))),
        ("text ARRAY", Array(Box::new(Text))),
    ] {
        let table = create(&format!("CREATE TABLE t (a {sql})"));
        assert_eq!(table.columns[0].column_type, expected, "{sql}");
    }
    hints("CREATE TABLE t (a SERIAL)", "0A000", "SERIAL", "gen_random_uuid");
    hints("CREATE TABLE t (a foo)", "42704", "foo", "TIMESTAMPTZ");
    hints("CREATE TABLE t (a CHAR(3))", "0A000", "CHAR", "TEXT");
    fails("CREATE TABLE t (a TEXT[][])", "0A000", "TEXT");
    fails("CREATE TABLE t (a NUMERIC(50))", "22023", "NUMERIC");
    fails("CREATE TABLE t (a NUMERIC(5, 6))", "22023", "NUMERIC");
    fails("CREATE TABLE t (a VARCHAR(0))", "22023", "(0");
    fails("CREATE TABLE t (a TIMESTAMP(3))", "0A000", "TIMESTAMP");
    hints("CREATE TABLE t (a ARRAY<TEXT>)", "42601", "ARRAY", "TEXT[]");
}

#[test]
fn a_table_that_contradicts_itself_is_refused_where_it_does() {
    fails("CREATE TABLE t (a INT, b INT, a TEXT)", "42701", "a TEXT");
    fails("CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)", "42P16", "PRIMARY KEY)");
    fails("CREATE TABLE t (a INT PRIMARY KEY, PRIMARY KEY (a))", "42P16", "PRIMARY KEY (");
    fails("CREATE TABLE t (a INT, PRIMARY KEY (b))", "42703", "b)");
    fails("CREATE TABLE t (a INT, UNIQUE (a, a))", "42701", "a))");
    fails("CREATE TABLE t (a INT DEFAULT 1 DEFAULT 2)", "42601", "DEFAULT 2");
    fails("CREATE TABLE t (a INT NULL NOT NULL)", "42601", "NOT");
    fails("CREATE TABLE t ()", "42P16", "(");
    fails("CREATE TABLE t", "42601", "");
    fails("CREATE TABLE t (a INT", "42601", "");
    fails("CREATE TABLE t (a INT,)", "42601", ")");
    fails("CREATE TABLE t (a INT b INT)", "42601", "b");
    fails("CREATE TABLE t (a INT DEFAULT)", "42601", ")");
    fails("CREATE TABLE t (a INT CHECK ())", "42601", "))");
    fails("CREATE TABLE t (a INT CHECK (a >))", "42601", "))");
    fails("CREATE TABLE t (a INT REFERENCES u (id))", "0A000", "REFERENCES");
    fails("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES u (id))", "0A000", "FOREIGN");
    fails("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY)", "0A000", "GENERATED");
    fails("CREATE TABLE t (a INT) WITH (fillfactor = 70)", "0A000", "WITH");
    fails("CREATE TABLE t AS SELECT 1", "0A000", "AS");
    fails("CREATE TEMP TABLE t (a INT)", "0A000", "CREATE");
    fails("CREATE TABLE a.b.c (a INT)", "0A000", "a.b.c");
}

#[test]
fn alter_table_takes_a_list_of_changes() {
    assert!(matches!(
        alter("ALTER TABLE user ADD COLUMN age BIGINT NOT NULL DEFAULT 0 CHECK (age >= 0)").as_slice(),
        [AlterTableOperation::AddColumn { if_not_exists: false, column, checks, unique: None }]
            if column.not_null && column.default.is_some() && checks.len() == 1
    ));
    assert!(matches!(
        alter("ALTER TABLE t ADD IF NOT EXISTS a TEXT UNIQUE, DROP COLUMN IF EXISTS b CASCADE, DROP c")
            .as_slice(),
        [
            AlterTableOperation::AddColumn { if_not_exists: true, unique: Some(_), .. },
            AlterTableOperation::DropColumn { if_exists: true, .. },
            AlterTableOperation::DropColumn { if_exists: false, .. },
        ]
    ));
    assert!(matches!(
        alter("ALTER TABLE t RENAME a TO b").as_slice(),
        [AlterTableOperation::RenameColumn { column, to }] if column.value == "a" && to.value == "b"
    ));
    assert!(matches!(
        alter("ALTER TABLE t RENAME TO u").as_slice(),
        [AlterTableOperation::RenameTable { to }] if to.value == "u"
    ));
    assert!(matches!(
        alter(
            "ALTER TABLE t ALTER a TYPE BIGINT USING a::bigint, ALTER COLUMN b SET DEFAULT 'x', ALTER b DROP DEFAULT, \
             ALTER c SET NOT NULL, ALTER c DROP NOT NULL, ALTER d SET DATA TYPE TEXT, ALTER e SET DEFAULT NULL"
        )
        .as_slice(),
        [
            AlterTableOperation::SetType { .. },
            AlterTableOperation::SetDefault { .. },
            AlterTableOperation::DropDefault { .. },
            AlterTableOperation::SetNotNull { .. },
            AlterTableOperation::DropNotNull { .. },
            AlterTableOperation::SetType { .. },
            AlterTableOperation::DropDefault { .. },
        ]
    ));
    assert!(matches!(
        alter("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD UNIQUE (a), DROP CONSTRAINT IF EXISTS c")
            .as_slice(),
        [
            AlterTableOperation::AddCheck(_),
            AlterTableOperation::AddUnique(_),
            AlterTableOperation::DropConstraint { if_exists: true, .. }
        ]
    ));
    fails("ALTER TABLE t", "42601", "");
    fails("ALTER TABLE t FROB a", "42601", "FROB");
    fails("ALTER TABLE t ADD PRIMARY KEY (a)", "0A000", "PRIMARY");
    fails("ALTER TABLE t ADD a INT PRIMARY KEY", "0A000", "a INT");
    fails("ALTER TABLE t OWNER TO x", "0A000", "OWNER");
    fails("ALTER TABLE t ALTER a SET", "42601", "SET");
    fails("ALTER TABLE t ALTER a TYPE foo", "42704", "foo");
    fails("ALTER TABLE t ALTER a TYPE BIGINT USING a +", "42601", "");
    fails("ALTER TABLE t RENAME a", "42601", "");
}

#[test]
fn drop_and_truncate_take_several_tables() {
    let Statement::DropTable(drop) = statement("DROP TABLE IF EXISTS a, public.b CASCADE") else { panic!() };
    assert!(drop.if_exists);
    assert_eq!(drop.names[1].schema.as_deref(), Some("public"));
    let Statement::Truncate(truncate) = statement("TRUNCATE TABLE a, b RESTART IDENTITY") else { panic!() };
    assert_eq!(truncate.names.len(), 2);
    fails("DROP TABLE", "42601", "");
    fails("DROP TABLE a b", "42601", "b");
}
