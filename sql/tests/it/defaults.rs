//! Defaults of columns.

use microprolly_engine::{Column, ColumnType, TypeDefinition};
use microprolly_sql::Principal;

use crate::scene::Scene;

/// Every statement that named the table planned its defaults, and one of them named the table: the process ran
/// out of stack.
#[tokio::test]
async fn a_default_that_reads_a_table_is_refused_where_it_is_given() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT)").await;
    for sql in [
        "ALTER TABLE t ALTER n SET DEFAULT (SELECT count(*) FROM t)",
        "ALTER TABLE t ADD m BIGINT DEFAULT 1 + (SELECT count(*) FROM t)",
        "CREATE TABLE u (id BIGINT PRIMARY KEY, n BIGINT DEFAULT (SELECT count(*) FROM t))",
    ] {
        let error = scene.error(sql).await;
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("0A000", "cannot use subquery in DEFAULT expression")
        );
        assert_eq!(error.position, sql.find("SELECT").map(|byte| byte + 1), "{sql}");
    }
    let error = scene.error("ALTER TABLE t ALTER n SET DEFAULT 1 + id").await;
    assert_eq!((error.code.as_str(), error.position), ("0A000", Some(39)));
    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["0"]);
}

#[tokio::test]
async fn a_stored_default_that_reads_its_own_table_is_an_error_of_what_writes() {
    let mut scene = Scene::empty();
    let columns = vec![
        Column::new("id", ColumnType::BigInt),
        Column {
            default: Some("(SELECT count(*) FROM t)".to_owned()),
            ..Column::new("n", ColumnType::BigInt)
        },
    ];
    let engine = scene.database.engine().session(Principal::all_powerful("ada")).unwrap();
    let mut transaction = engine.begin_transaction().unwrap();
    transaction.define_type(TypeDefinition::new("t", columns)).unwrap();
    transaction.commit().unwrap();

    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["0"]);
    for sql in
        ["INSERT INTO t (id) VALUES (1)", "INSERT INTO t VALUES (1, DEFAULT)", "UPDATE t SET n = DEFAULT"]
    {
        let error = scene.error(sql).await;
        assert_eq!((error.code.as_str(), error.position), ("0A000", None), "{sql}");
        assert!(error.hint.unwrap().contains("ALTER TABLE t ALTER n DROP DEFAULT"), "{sql}");
    }
    scene.run("ALTER TABLE t ALTER n DROP DEFAULT; INSERT INTO t (id) VALUES (1)").await;
    assert_eq!(scene.rows("SELECT * FROM t").await, ["1|null"]);
}
