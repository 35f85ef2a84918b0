//! The simple and the extended protocol, message by message.

use tokio_postgres::SimpleQueryMessage;

use crate::raw::Raw;
use crate::server::{TestServer, code};

#[tokio::test]
async fn each_statement_of_a_simple_query_has_its_own_result() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.query("SELECT 1 AS a; SELECT 2 AS a, 3 AS b WHERE false; SELECT 'x' AS c").await;
    assert_eq!(raw.kinds().await, ("TDCTCTDCZ".to_owned(), 'I'));
}

#[tokio::test]
async fn an_empty_query_is_answered_as_such() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    for text in ["", "  ", ";"] {
        raw.query(text).await;
        assert_eq!(raw.kinds().await, ("IZ".to_owned(), 'I'));
    }
    raw.parse("", "").await;
    raw.bind("", "").await;
    raw.send('D', b"P\0").await;
    raw.execute("", 0).await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12nIZ".to_owned(), 'I'));
}

#[tokio::test]
async fn a_portal_hands_out_rows_in_pieces() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.query("BEGIN").await;
    raw.until('Z').await;
    raw.parse("s", "SELECT value FROM generate_series(1, 5)").await;
    raw.bind("p", "s").await;
    raw.execute("p", 2).await;
    raw.execute("p", 2).await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12DDsDDsZ".to_owned(), 'T'));
    raw.execute("p", 2).await;
    raw.execute("p", 2).await;
    raw.sync().await;
    let messages = raw.until('Z').await;
    let tags: Vec<_> =
        messages.iter().filter(|message| message.kind == 'C').map(|message| message.text()).collect();
    assert_eq!(tags, ["SELECT 1", "SELECT 0"]);
    // The portal goes with its transaction.
    raw.query("COMMIT").await;
    raw.until('Z').await;
    raw.execute("p", 2).await;
    raw.sync().await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[0].field('C').as_deref(), Some("34000"));
}

#[tokio::test]
async fn a_fetch_of_exactly_all_rows_is_suspended_as_postgres_does() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.parse("", "SELECT value FROM generate_series(1, 2)").await;
    raw.bind("", "").await;
    raw.execute("", 2).await;
    raw.execute("", 0).await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12DDsCZ".to_owned(), 'I'));
}

#[tokio::test]
async fn after_an_error_everything_up_to_the_sync_is_passed_over() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.parse("", "SELECT * FROM nosuch").await;
    raw.bind("", "").await;
    raw.execute("", 0).await;
    raw.parse("", "SELECT 1").await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("EZ".to_owned(), 'I'));
    raw.parse("", "SELECT 1").await;
    raw.bind("", "").await;
    raw.execute("", 0).await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("12DCZ".to_owned(), 'I'));
}

#[tokio::test]
async fn flush_sends_what_there_is() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.parse("", "SELECT 1").await;
    raw.send('H', b"").await;
    assert_eq!(raw.message().await.unwrap().kind, '1');
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("Z".to_owned(), 'I'));
}

#[tokio::test]
async fn names_of_statements_and_portals_are_looked_after() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    let failure = async |raw: &mut Raw| {
        raw.sync().await;
        let messages = raw.until('Z').await;
        messages.iter().find(|message| message.kind == 'E').and_then(|error| error.field('C'))
    };
    raw.parse("s", "SELECT 1").await;
    raw.parse("s", "SELECT 2").await;
    assert_eq!(failure(&mut raw).await.as_deref(), Some("42P05"));
    raw.bind("", "other").await;
    assert_eq!(failure(&mut raw).await.as_deref(), Some("26000"));
    raw.execute("other", 0).await;
    assert_eq!(failure(&mut raw).await.as_deref(), Some("34000"));
    raw.bind("p", "s").await;
    raw.bind("p", "s").await;
    assert_eq!(failure(&mut raw).await.as_deref(), Some("42P03"));
    raw.parse("", "SELECT 1; SELECT 2").await;
    assert_eq!(failure(&mut raw).await.as_deref(), Some("42601"));
    // Closing what there is not is no error.
    raw.send('C', b"Ss\0").await;
    raw.send('C', b"Snosuch\0").await;
    raw.send('C', b"Pnosuch\0").await;
    raw.parse("s", "SELECT 2").await;
    raw.sync().await;
    assert_eq!(raw.kinds().await, ("3331Z".to_owned(), 'I'));
}

#[tokio::test]
async fn a_statement_that_cannot_be_run_twice_says_so() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.query("CREATE TABLE t (id BIGINT PRIMARY KEY)").await;
    raw.until('Z').await;
    raw.parse("", "INSERT INTO t VALUES (1)").await;
    raw.bind("", "").await;
    raw.execute("", 0).await;
    raw.execute("", 0).await;
    raw.sync().await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[2].text(), "INSERT 0 1");
    assert_eq!(messages[3].field('C').as_deref(), Some("55000"));
}

#[tokio::test]
async fn parameters_are_counted_and_typed() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let statement = client.prepare("SELECT $1::BIGINT + 1 AS next, $2::TEXT AS name").await.unwrap();
    let types: Vec<_> = statement.params().iter().map(|pg_type| pg_type.name().to_owned()).collect();
    assert_eq!(types, ["int8", "text"]);
    let columns: Vec<_> = statement
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.type_().name().to_owned()))
        .collect();
    assert_eq!(columns, [("next".to_owned(), "int8".to_owned()), ("name".to_owned(), "text".to_owned())]);
    let row = client.query_one(&statement, &[&41_i64, &"x"]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (42, "x"));

    let mut raw = Raw::session(&server).await;
    raw.parse("", "SELECT $1::BIGINT").await;
    raw.bind("", "").await;
    raw.sync().await;
    let messages = raw.until('Z').await;
    assert_eq!(messages[1].field('C').as_deref(), Some("08P01"));
}

#[tokio::test]
async fn errors_carry_their_code_and_place() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let error = client.simple_query("SELEC 1").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!((error.code().code(), error.severity()), ("42601", "ERROR"));
    assert!(error.position().is_some());
    assert_eq!(code(client.query("SELECT * FROM nosuch", &[]).await), "42P01");
    assert_eq!(code(client.query("SELECT 1 / 0", &[]).await), "22012");
}

#[tokio::test]
async fn a_large_result_comes_whole() {
    let server = TestServer::start().await;
    let client = server.client().await;
    let rows = client.query("SELECT value FROM generate_series(1, 100000)", &[]).await.unwrap();
    assert_eq!(rows.len(), 100_000);
    assert_eq!(rows.iter().map(|row| row.get::<_, i64>(0)).sum::<i64>(), 5_000_050_000);
    let messages = client.simple_query("SELECT value FROM generate_series(1, 20000)").await.unwrap();
    let rows = messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_))).count();
    assert_eq!(rows, 20_000);
}

#[tokio::test]
async fn a_setting_that_changes_is_reported() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    raw.query("SET application_name = 'another'").await;
    let messages = raw.until('Z').await;
    let status = messages.iter().find(|message| message.kind == 'S').unwrap();
    assert_eq!(status.text(), "application_name\0another");
}

#[tokio::test]
async fn a_prepared_statement_can_be_dropped_in_sql() {
    let server = TestServer::start().await;
    let mut raw = Raw::session(&server).await;
    for deallocate in ["DEALLOCATE \"S 1\"", "DEALLOCATE PREPARE \"S 1\"", "DEALLOCATE ALL", "DISCARD ALL"] {
        raw.parse("S 1", "SELECT 1").await;
        raw.sync().await;
        assert_eq!(raw.kinds().await, ("1Z".to_owned(), 'I'));
        raw.query(deallocate).await;
        let (kinds, _) = raw.kinds().await;
        assert!(kinds.starts_with('C'), "{deallocate}: {kinds}");
    }
    raw.query("DEALLOCATE \"S 1\"").await;
    assert_eq!(raw.until('Z').await[0].field('C').as_deref(), Some("26000"));
}
