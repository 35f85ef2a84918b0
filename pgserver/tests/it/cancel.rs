//! Cancel, and clients that go away: both stop what runs.

use std::time::Duration;

use futures::StreamExt;
use tokio_postgres::NoTls;

use crate::raw::Raw;
use crate::server::{TestServer, code};

/// A query that does not end while anybody waits.
const ENDLESS: &str =
    "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b";

/// Rows without end.
const ENDLESS_ROWS: &str = "SELECT value FROM generate_series(1, 1000000000000)";

#[tokio::test]
async fn a_query_that_computes_is_cancelled_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let token = client.cancel_token();
    for _ in 0..2 {
        let (result, ()) = tokio::join!(client.query(ENDLESS, &[]), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            token.cancel_query(NoTls).await.unwrap();
        });
        assert_eq!(code(result), "57014");
        client.simple_query("SELECT 1").await.unwrap();
    }
}

#[tokio::test]
async fn a_query_that_sends_rows_is_cancelled() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let token = client.cancel_token();
    let rows = client.query_raw(ENDLESS_ROWS, std::iter::empty::<i32>()).await.unwrap();
    futures::pin_mut!(rows);
    for _ in 0..1000 {
        rows.next().await.unwrap().unwrap();
    }
    token.cancel_query(NoTls).await.unwrap();
    let error = loop {
        if let Err(error) = rows.next().await.expect("the rows ended") {
            break error;
        }
    };
    assert_eq!(error.code().unwrap().code(), "57014");
    client.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_simple_query_in_a_transaction_is_cancelled_and_fails_it() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("BEGIN").await.unwrap();
    let token = client.cancel_token();
    let (result, ()) = tokio::join!(client.simple_query(ENDLESS), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(code(result), "57014");
    assert_eq!(code(client.simple_query("SELECT 1").await), "25P02");
    client.batch_execute("ROLLBACK").await.unwrap();
    client.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_copy_that_waits_for_data_is_cancelled() {
    let server = TestServer::start().await;
    let client = server.client().await;
    client.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)").await.unwrap();
    let mut raw = Raw::open(&server).await;
    raw.startup(&[("user", "ann")]).await;
    let key = raw.until('Z').await.into_iter().find(|message| message.kind == 'K').unwrap();
    raw.query("COPY t FROM STDIN").await;
    raw.until('G').await;
    let mut canceller = Raw::open(&server).await;
    canceller.packet(&[&80_877_102_u32.to_be_bytes(), &key.body[..]].concat()).await;
    assert!(canceller.message().await.is_none());
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].field('C').as_deref(), Some("57014"));
}

#[tokio::test]
async fn a_cancel_request_without_the_secret_does_nothing() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.startup(&[("user", "ann")]).await;
    let mut key = raw.until('Z').await.into_iter().find(|message| message.kind == 'K').unwrap();
    key.body[7] ^= 1;
    raw.query(ENDLESS_ROWS).await;
    raw.until('D').await;
    let mut canceller = Raw::open(&server).await;
    canceller.packet(&[&80_877_102_u32.to_be_bytes(), &key.body[..]].concat()).await;
    assert!(canceller.message().await.is_none());
    for _ in 0..100_000 {
        assert_eq!(raw.message().await.unwrap().kind, 'D');
    }
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_query() {
    let limits = microprolly_pgserver::Limits { connections_max: 1, ..Default::default() };
    let server = TestServer::with_limits(limits).await;
    for query in [ENDLESS, ENDLESS_ROWS] {
        let mut raw = Raw::session(&server).await;
        raw.query(query).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        raw.hang_up();
        // The only place is free once the query has stopped.
        loop {
            match crate::server::connect(&server.config()).await {
                Ok(client) => {
                    client.simple_query("SELECT 1").await.unwrap();
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        // And again, once that client has gone.
        while crate::server::connect(&server.config()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
