//! Transactions: how they end, what they may do, and what is set for them.

use microprolly_sql::{SqlError, TransactionStatus};

use crate::scene::Scene;

fn code(error: &SqlError) -> &'static str {
    error.code.as_str()
}

async fn numbers() -> Scene {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE t (id BIGINT PRIMARY KEY)").await;
    scene
}

/// The transaction was gone before its version was looked at, and what followed was true at once.
#[tokio::test]
async fn a_version_that_is_refused_leaves_its_transaction_failed_and_keeps_nothing() {
    let mut scene = numbers().await;
    for (write, commit) in [
        ("INSERT INTO t VALUES (1)", "COMMIT MESSAGE 'x' METADATA 'no json'"),
        ("INSERT INTO t VALUES (1)", "COMMIT MESSAGE 'x' AUTHOR E'two\\nlines'"),
        ("SELECT 1", "COMMIT MESSAGE 'nothing has changed'"),
    ] {
        scene.run("BEGIN").await;
        scene.run(write).await;
        assert_eq!(code(&scene.error(commit).await), "55000", "{commit}");
        assert_eq!(scene.session.transaction_status(), TransactionStatus::Failed, "{commit}");
        assert_eq!(code(&scene.error("INSERT INTO t VALUES (2)").await), "25P02");
        scene.run("ROLLBACK").await;
        assert_eq!(scene.session.transaction_status(), TransactionStatus::Idle);
        assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["0"]);
    }
    // On its own it leaves nothing open.
    assert_eq!(code(&scene.error("COMMIT MESSAGE 'nothing has changed'").await), "55000");
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Idle);
}

#[tokio::test]
async fn a_version_that_conflicts_ends_its_transaction() {
    let mut scene = numbers().await;
    scene.run("BEGIN; INSERT INTO t VALUES (1)").await;
    scene.put("main", "t:1", r#"{"id":1,"by":"another"}"#);
    assert_eq!(code(&scene.error("COMMIT MESSAGE 'x'").await), "40001");
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Idle);
}

#[tokio::test]
async fn read_only_holds_for_versions_branches_and_tags_as_for_rows() {
    let mut scene = numbers().await;
    scene.run("CREATE BRANCH b; CREATE TAG g; BEGIN READ ONLY").await;
    assert_eq!(code(&scene.error("COMMIT MESSAGE 'x' ALLOW EMPTY").await), "25006");
    scene.run("ROLLBACK; BEGIN; SET transaction_read_only = on").await;
    assert_eq!(scene.rows("SHOW transaction_read_only").await, ["on"]);
    assert_eq!(code(&scene.error("INSERT INTO t VALUES (1)").await), "25006");
    scene.run("ROLLBACK; SET default_transaction_read_only = on").await;
    assert_eq!(scene.rows("SHOW transaction_read_only").await, ["on"]);
    for sql in [
        "INSERT INTO t VALUES (1)",
        "COMMIT MESSAGE 'x' ALLOW EMPTY",
        "CREATE BRANCH c",
        "DROP BRANCH b FORCE",
        "ALTER BRANCH b RENAME TO c",
        "CREATE TAG h",
        "DROP TAG g",
    ] {
        assert_eq!(code(&scene.error(sql).await), "25006", "{sql}");
    }
    scene.run("USE BRANCH b; USE BRANCH main").await;
    scene.run("BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT").await;
    scene.run("BEGIN; SET TRANSACTION READ WRITE; INSERT INTO t VALUES (2); COMMIT").await;
    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["2"]);
    scene.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; INSERT INTO t VALUES (3)").await;
    assert_eq!(scene.rows("SHOW transaction_read_only").await, ["off"]);
}

#[tokio::test]
async fn in_a_block_of_statements_read_only_holds_to_its_end() {
    let mut scene = numbers().await;
    scene.session.begin_implicit_block().await;
    scene.run("SET transaction_read_only = on").await;
    assert_eq!(code(&scene.error("INSERT INTO t VALUES (1)").await), "25006");
    scene.session.end_implicit_block(false).await.unwrap();
    scene.run("INSERT INTO t VALUES (1)").await;
    scene.session.drain_notices();
    scene.run("SET transaction_read_only = on; INSERT INTO t VALUES (2)").await;
    assert_eq!(scene.session.drain_notices()[0].code, "25P01");
    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["2"]);
}

#[tokio::test]
async fn what_set_local_sets_goes_with_the_transaction() {
    let mut scene = numbers().await;
    scene.run("SET application_name = 'session'").await;
    for end in ["COMMIT", "ROLLBACK"] {
        scene.run("BEGIN; SET LOCAL application_name = 'local'; SET LOCAL my.own = '7'").await;
        assert_eq!(scene.rows("SHOW application_name").await, ["local"]);
        assert_eq!(scene.rows("SHOW my.own").await, ["7"]);
        let all = scene.rows("SHOW ALL").await;
        assert!(all.iter().any(|row| row.starts_with("application_name|local|")), "{all:?}");
        assert!(all.iter().any(|row| row.starts_with("my.own|7|")), "{all:?}");
        scene.run(end).await;
        assert_eq!(scene.rows("SHOW application_name").await, ["session"], "{end}");
        assert_eq!(code(&scene.error("SHOW my.own").await), "42704");
    }
    scene.run("BEGIN; SET LOCAL application_name = 'local'; SET LOCAL application_name TO DEFAULT").await;
    assert_eq!(scene.rows("SHOW application_name").await, [""]);
    scene.run("SET application_name = 'later'; COMMIT").await;
    assert_eq!(scene.rows("SHOW application_name").await, ["later"]);

    scene.session.drain_notices();
    scene.run("SET LOCAL application_name = 'nowhere'").await;
    assert_eq!(scene.session.drain_notices()[0].code, "25P01");
    assert_eq!(scene.rows("SHOW application_name").await, ["later"]);
    let error = scene.error("SET LOCAL nosuch = 1").await;
    assert_eq!((code(&error), error.position), ("42704", Some(11)));
    assert_eq!(code(&scene.error("SET LOCAL microprolly.branch = 'main'").await), "0A000");
}

#[tokio::test]
async fn one_transaction_may_be_made_a_version_by_set_local() {
    let mut scene = numbers().await;
    scene.run("BEGIN; SET LOCAL microprolly.auto_version = on; INSERT INTO t VALUES (1); COMMIT").await;
    scene.run("INSERT INTO t VALUES (2)").await;
    assert_eq!(scene.rows("SELECT message FROM prolly.log LIMIT 1").await, ["INSERT INTO t VALUES (1)"]);
}

/// The statement is the message, and a message has a limit: the commit failed.
#[tokio::test]
async fn an_automatic_version_of_a_long_statement_tells_its_beginning() {
    let mut scene = numbers().await;
    let long = format!("INSERT INTO t VALUES (1 /* {} */)", "é".repeat(40_000));
    scene.run(&format!("SET microprolly.auto_version = on; {long}")).await;
    let message = scene.rows("SELECT message FROM prolly.log LIMIT 1").await.pop().unwrap();
    assert!(long.starts_with(&message) && message.len() > 60_000);
}
