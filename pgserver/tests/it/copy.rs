//! COPY in both directions.

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use tokio_postgres::CopyInSink;

use crate::raw::Raw;
use crate::server::{TestServer, code};

async fn table(server: &TestServer) -> tokio_postgres::Client {
    let client = server.client().await;
    client.batch_execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)").await.unwrap();
    client
}

async fn count(client: &tokio_postgres::Client) -> i64 {
    client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn rows_are_copied_in_through_the_extended_protocol() {
    let server = TestServer::start().await;
    let client = table(&server).await;
    let sink: CopyInSink<Bytes> = client.copy_in("COPY t FROM STDIN (FORMAT csv)").await.unwrap();
    futures::pin_mut!(sink);
    // Pieces need not end where lines do.
    for piece in ["1,a\n2,", "b\n3", ",c\n"] {
        sink.send(Bytes::from(piece)).await.unwrap();
    }
    assert_eq!(sink.finish().await.unwrap(), 3);
    assert_eq!(count(&client).await, 3);
}

#[tokio::test]
async fn rows_are_copied_in_through_the_simple_protocol() {
    let server = TestServer::start().await;
    let client = table(&server).await;
    let mut raw = Raw::session(&server).await;
    raw.query("COPY t FROM STDIN").await;
    let response = raw.message().await.unwrap();
    assert_eq!((response.kind, &response.body[..]), ('G', &b"\0\0\x02\0\0\0\0"[..]));
    raw.send('d', b"1\ta\n").await;
    raw.send('d', b"2\tb\n").await;
    raw.send('c', b"").await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].text(), "COPY 2");
    assert_eq!(count(&client).await, 2);
}

#[tokio::test]
async fn a_bad_line_changes_nothing_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    let client = table(&server).await;
    let mut raw = Raw::session(&server).await;
    raw.query("COPY t FROM STDIN (FORMAT csv)").await;
    raw.until('G').await;
    raw.send('d', b"1,a\nbad\n").await;
    raw.send('d', b"3,c\n").await;
    raw.send('c', b"").await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].kind, 'E');
    assert!(messages[0].field('C').unwrap().starts_with("22"), "{:?}", messages[0].text());
    assert_eq!(count(&client).await, 0);
    raw.query("SELECT 1").await;
    assert_eq!(raw.kinds().await, ("TDCZ".to_owned(), 'I'));

    let sink: CopyInSink<Bytes> = client.copy_in("COPY t FROM STDIN (FORMAT csv)").await.unwrap();
    futures::pin_mut!(sink);
    sink.send(Bytes::from("bad\n")).await.unwrap();
    assert!(code(sink.finish().await).starts_with("22"));
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn a_copy_that_the_client_gives_up_changes_nothing() {
    let server = TestServer::start().await;
    let client = table(&server).await;
    let mut raw = Raw::session(&server).await;
    raw.query("COPY t FROM STDIN").await;
    raw.until('G').await;
    raw.send('d', b"1\ta\n").await;
    raw.send('f', b"changed my mind\0").await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].field('C').as_deref(), Some("57014"));
    assert_eq!(messages[0].field('M').as_deref(), Some("COPY from stdin failed: changed my mind"));
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn rows_are_copied_out() {
    let server = TestServer::start().await;
    let client = table(&server).await;
    client.batch_execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')").await.unwrap();
    let stream = client.copy_out("COPY t TO STDOUT").await.unwrap();
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"1\ta\n2\tb\n");

    let mut raw = Raw::session(&server).await;
    raw.query("COPY t TO STDOUT").await;
    let messages = raw.until('Z').await;
    let kinds: String = messages.iter().map(|message| message.kind).collect();
    assert_eq!(kinds.replace("dd", "d"), "HdcCZ");
    assert_eq!(messages[messages.len() - 2].text(), "COPY 2");
}
