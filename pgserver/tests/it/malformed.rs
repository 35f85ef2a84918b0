//! Bytes that no driver sends: each closes its own connection, and the server stays up.

use microprolly_pgserver::Limits;

use crate::raw::Raw;
use crate::server::TestServer;

/// The connection ends with a fatal error of this code, and another client is served.
async fn closed_with(server: &TestServer, mut raw: Raw, code: &str) {
    let messages = raw.rest().await;
    let last = messages.last().expect("closed without a word");
    assert_eq!(
        (last.kind, last.field('C').as_deref(), last.field('S').as_deref()),
        ('E', Some(code), Some("FATAL"))
    );
    server.client().await.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn an_http_request_is_turned_away() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    closed_with(&server, raw, "08P01").await;
}

#[tokio::test]
async fn lengths_out_of_bounds_are_refused_before_and_after_the_start() {
    let limits = Limits { message_bytes_max: 1000, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    for length in [i32::MIN, -1, 0, 7, 10_001, i32::MAX] {
        let mut raw = Raw::open(&server).await;
        raw.bytes(&length.to_be_bytes()).await;
        raw.bytes(&[0; 4]).await;
        closed_with(&server, raw, "08P01").await;
    }
    for length in [i32::MIN, -1, 0, 3, 1001, i32::MAX] {
        let mut raw = Raw::session(&server).await;
        raw.bytes(b"Q").await;
        raw.bytes(&length.to_be_bytes()).await;
        closed_with(&server, raw, "08P01").await;
    }
}

#[tokio::test]
async fn counts_that_lie_are_refused() {
    let server = TestServer::start().await;
    let bodies: [(char, &[u8]); 8] = [
        ('P', b"\0select 1\0\xff\xff"),
        ('B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff"),
        ('B', b"\0\0\0\0\0\x01\xff\xff\xff\xf0"),
        ('B', b"\0\0\xff\xff"),
        ('E', b"\0\0"),
        ('D', b"S"),
        ('Q', b"select 1\0; drop table t\0"),
        ('Q', b"select 1"),
    ];
    for (kind, body) in bodies {
        let mut raw = Raw::session(&server).await;
        raw.send(kind, body).await;
        closed_with(&server, raw, "08P01").await;
    }
}

#[tokio::test]
async fn messages_that_do_not_exist_are_refused() {
    let server = TestServer::start().await;
    for kind in ['F', 'p', '?', '\x01'] {
        let mut raw = Raw::session(&server).await;
        raw.send(kind, b"").await;
        closed_with(&server, raw, "08P01").await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_harms_nobody() {
    let server = TestServer::start().await;
    for beginning in [&b""[..], b"\0\0", b"\0\0\0\x20\0\x03\0\0user"] {
        let mut raw = Raw::open(&server).await;
        raw.bytes(beginning).await;
        raw.hang_up();
    }
    let mut raw = Raw::session(&server).await;
    raw.bytes(b"Q\0\0\x01\0select").await;
    raw.hang_up();
    server.client().await.simple_query("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn text_that_is_not_utf8_fails_the_statement_only() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.send('Q', b"select '\xff'\0").await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].field('C').as_deref(), Some("22021"));
    raw.send('P', b"\0select '\xff'\0\0\0").await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("EZ".to_owned(), 'I'));
    raw.query("select 1").await;
    assert_eq!(raw.kinds().await, ("TDCZ".to_owned(), 'I'));
}
