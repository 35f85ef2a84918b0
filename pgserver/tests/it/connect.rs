//! Who is let in, and to which branch.

use microprolly_pgserver::{Limits, Server, ServerError, ServerOptions};
use microprolly_sql::Database;

use crate::raw::Raw;
use crate::server::{TestServer, code, connect};

#[tokio::test]
async fn an_address_beyond_the_machine_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:5433"] {
        let options = ServerOptions { listen: address.parse().unwrap(), ..ServerOptions::default() };
        let refused = Server::bind(Database::in_memory().unwrap(), options).await.unwrap_err();
        assert!(matches!(refused, ServerError::NotLoopback(_)), "{address}");
    }
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let server = TestServer::start().await;
    let options = ServerOptions { listen: server.address, ..ServerOptions::default() };
    let error = Server::bind(Database::in_memory().unwrap(), options).await.unwrap_err();
    assert!(error.to_string().contains(&server.address.to_string()));
}

#[tokio::test]
async fn encryption_is_declined_and_the_session_starts_without() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.packet(&80_877_104_u32.to_be_bytes()).await;
    assert_eq!(raw.byte().await, 'N');
    raw.packet(&80_877_103_u32.to_be_bytes()).await;
    assert_eq!(raw.byte().await, 'N');
    raw.startup(&[("user", "ann")]).await;
    assert_eq!(raw.message().await.unwrap().kind, 'R');
}

#[tokio::test]
async fn a_session_starts_with_what_drivers_wait_for() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.startup(&[("user", "ann"), ("application_name", "test"), ("client_encoding", "'utf-8'")]).await;
    let messages = raw.until('Z').await;
    let statuses: Vec<String> = messages
        .iter()
        .filter(|message| message.kind == 'S')
        .map(|message| message.text().replace('\0', "="))
        .collect();
    for expected in [
        "server_encoding=UTF8",
        "client_encoding=UTF8",
        "DateStyle=ISO, MDY",
        "TimeZone=UTC",
        "integer_datetimes=on",
        "standard_conforming_strings=on",
        "IntervalStyle=postgres",
        "is_superuser=on",
        "session_authorization=ann",
        "application_name=test",
    ] {
        assert!(statuses.iter().any(|status| status == expected), "{expected}: {statuses:?}");
    }
    assert!(statuses.iter().any(|status| status.starts_with("server_version=15.0 (MicroProlly ")));
    let key = messages.iter().find(|message| message.kind == 'K').unwrap();
    assert_eq!(key.body.len(), 8);
    assert_eq!(messages.last().unwrap().body, b"I");
}

#[tokio::test]
async fn a_newer_protocol_is_negotiated_down() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    let mut body = (3_u32 << 16 | 2).to_be_bytes().to_vec();
    body.extend(b"user\0ann\0_pq_.something\0on\0\0");
    raw.packet(&body).await;
    let negotiated = raw.message().await.unwrap();
    assert_eq!(negotiated.kind, 'v');
    assert_eq!(negotiated.body, [b"\0\x03\0\0\0\0\0\x01".as_slice(), b"_pq_.something\0"].concat());
    raw.until('Z').await;
}

#[tokio::test]
async fn the_database_is_the_branch() {
    let server = TestServer::start().await;
    server.client().await.batch_execute("CREATE BRANCH feature_x").await.unwrap();
    let branch = async |name: &str| {
        let client = connect(server.config().dbname(name)).await.unwrap();
        let row = client.query_one("SELECT current_database()", &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    assert_eq!(branch("feature_x").await, "feature_x");
    assert_eq!(branch("main").await, "main");
    for default in ["postgres", "microprolly", "ann"] {
        assert_eq!(branch(default).await, "main", "{default}");
    }
}

#[tokio::test]
async fn a_tag_is_a_database_that_is_only_read() {
    let server = TestServer::start().await;
    let client = server.client().await;
    for sql in
        ["CREATE TABLE t (id BIGINT PRIMARY KEY)", "COMMIT MESSAGE 'first' ALLOW EMPTY", "CREATE TAG v1"]
    {
        client.batch_execute(sql).await.unwrap();
    }
    let at_tag = connect(server.config().dbname("v1")).await.unwrap();
    let database: String = at_tag.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    assert_eq!(database, "v1");
    let listed = "SELECT count(*) FROM pg_database WHERE datname = current_database()";
    assert_eq!(at_tag.query_one(listed, &[]).await.unwrap().get::<_, i64>(0), 1);
    // Tools connect once more to the database that they are told, which was the default branch.
    let again = connect(server.config().dbname(&database)).await.unwrap();
    assert_eq!(code(again.batch_execute("INSERT INTO t VALUES (1)").await), "25006");
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_refused_with_the_branches() {
    let server = TestServer::start().await;
    let refused = connect(server.config().dbname("nosuch")).await.err().unwrap();
    let refused = refused.as_db_error().unwrap();
    assert_eq!(refused.code().code(), "3D000");
    assert_eq!(refused.severity(), "FATAL");
    assert_eq!(refused.message(), "database \"nosuch\" does not exist");
    assert!(refused.hint().unwrap().contains("main"), "{:?}", refused.hint());
}

#[tokio::test]
async fn a_client_above_the_limit_is_told_so_and_the_others_go_on() {
    let limits = Limits { connections_max: 2, ..Limits::default() };
    let server = TestServer::with_limits(limits).await;
    let first = server.client().await;
    let second = server.client().await;
    assert_eq!(code(connect(&server.config()).await), "53300");
    first.simple_query("SELECT 1").await.unwrap();
    drop(second);
    // Its place is free once the server has seen it go.
    while connect(&server.config()).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_encoding_other_than_utf8_is_refused() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    raw.startup(&[("user", "ann"), ("client_encoding", "LATIN1")]).await;
    let error = raw.message().await.unwrap();
    assert_eq!((error.kind, error.field('C').as_deref()), ('E', Some("22023")));
    assert!(raw.message().await.is_none());
}

#[tokio::test]
async fn a_stopping_server_says_so_to_idle_clients() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    server.stop().await;
    let error = raw.message().await.unwrap();
    assert_eq!((error.kind, error.field('C').as_deref()), ('E', Some("57P01")));
    assert!(raw.message().await.is_none());
}
