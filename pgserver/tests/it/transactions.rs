//! Transactions as the protocol shows them.

use crate::raw::Raw;
use crate::server::{TestServer, code};

#[tokio::test]
async fn the_state_of_the_transaction_is_told_after_every_cycle() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    for (sql, status) in [
        ("BEGIN", 'T'),
        ("SELECT 1", 'T'),
        ("SELECT * FROM nosuch", 'E'),
        ("SELECT 1", 'E'),
        ("ROLLBACK", 'I'),
        ("BEGIN", 'T'),
        ("SELEC 1", 'E'),
        ("ROLLBACK", 'I'),
        ("SELECT 1", 'I'),
    ] {
        raw.query(sql).await;
        assert_eq!(raw.kinds().await.1, status, "{sql}");
    }
}

#[tokio::test]
async fn a_failed_transaction_runs_nothing_but_its_end() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("BEGIN").await.unwrap();
    assert_eq!(code(client.query("SELECT 1 / 0", &[]).await), "22012");
    assert_eq!(code(client.simple_query("SELECT 1").await), "25P02");
    assert_eq!(code(client.query("SELECT 1", &[]).await), "25P02");
    client.batch_execute("ROLLBACK").await.unwrap();
    client.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_script_is_one_transaction() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY)").await.unwrap();
    let script = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); SELECT * FROM nosuch";
    assert_eq!(code(client.batch_execute(script).await), "42P01");
    assert_eq!(count(&client).await, 0);
    client.batch_execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)").await.unwrap();
    assert_eq!(count(&client).await, 2);
}

#[tokio::test]
async fn a_pipeline_is_one_transaction() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY)").await.unwrap();
    let mut raw = Raw::session(&server).await;
    let insert = async |raw: &mut Raw, sql: &str| {
        raw.parse("", sql).await;
        raw.bind("", "").await;
        raw.execute("", 0).await;
    };
    insert(&mut raw, "INSERT INTO t VALUES (1)").await;
    insert(&mut raw, "INSERT INTO t VALUES (2)").await;
    insert(&mut raw, "INSERT INTO nosuch VALUES (3)").await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12C12CEZ".to_owned(), 'I'));
    assert_eq!(count(&client).await, 0);

    insert(&mut raw, "INSERT INTO t VALUES (1)").await;
    insert(&mut raw, "INSERT INTO t VALUES (2)").await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12C12CZ".to_owned(), 'I'));
    assert_eq!(count(&client).await, 2);
}

async fn count(client: &tokio_postgres::Client) -> i64 {
    client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
}
