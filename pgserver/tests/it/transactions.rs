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

#[tokio::test]
async fn of_two_transactions_on_a_row_the_first_to_commit_wins() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY, hits BIGINT)").await.unwrap();
    client.batch_execute("INSERT INTO t VALUES (1, 0), (2, 0)").await.unwrap();
    let (mut first, mut second) = (Raw::session(&server).await, Raw::session(&server).await);
    for raw in [&mut first, &mut second] {
        for sql in ["BEGIN", "UPDATE t SET hits = hits + 1 WHERE id = 1"] {
            raw.query(sql).await;
            assert_eq!(raw.kinds().await, ("CZ".to_owned(), 'T'), "{sql}");
        }
    }
    first.query("COMMIT").await;
    assert_eq!(first.kinds().await, ("CZ".to_owned(), 'I'));
    second.query("COMMIT").await;
    let messages = second.until('Z').await;
    assert_eq!(messages[0].field('C').as_deref(), Some("40001"));
    assert_eq!(messages[1].body, b"I", "the transaction is over");
    assert_eq!(hits(&client).await, [1, 0]);

    // It does when it is run again.
    second.query("BEGIN; UPDATE t SET hits = hits + 1 WHERE id = 1; COMMIT").await;
    assert_eq!(second.kinds().await, ("CCCZ".to_owned(), 'I'));
    assert_eq!(hits(&client).await, [2, 0]);
}

#[tokio::test]
async fn transactions_on_different_rows_both_commit() {
    let server = TestServer::start().await;
    let (first, second) = (server.client().await, server.client().await);
    first.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY, hits BIGINT)").await.unwrap();
    first.batch_execute("INSERT INTO t VALUES (1, 0), (2, 0)").await.unwrap();
    for (client, id) in [(&first, 1), (&second, 2)] {
        client.batch_execute("BEGIN").await.unwrap();
        client.batch_execute(&format!("UPDATE t SET hits = 7 WHERE id = {id}")).await.unwrap();
    }
    first.batch_execute("COMMIT").await.unwrap();
    second.batch_execute("COMMIT").await.unwrap();
    assert_eq!(hits(&first).await, [7, 7]);
}

async fn hits(client: &tokio_postgres::Client) -> Vec<i64> {
    let rows = client.query("SELECT hits FROM t ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn count(client: &tokio_postgres::Client) -> i64 {
    client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
}
