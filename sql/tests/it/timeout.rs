//! `statement_timeout`.

use microprolly_sql::{SqlError, TransactionStatus};

use crate::scene::Scene;

/// A query that does not end while anybody waits.
const ENDLESS: &str =
    "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b";

fn told(error: &SqlError) -> (&str, &str) {
    (error.code.as_str(), &error.message)
}

const TIMED_OUT: (&str, &str) = ("57014", "canceling statement due to statement timeout");

#[tokio::test]
async fn a_statement_that_takes_too_long_ends_and_the_session_goes_on() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE t (n BIGINT); SET statement_timeout = '100ms'").await;
    assert_eq!(told(&scene.error(ENDLESS).await), TIMED_OUT);
    let rows = scene.error("SELECT value FROM generate_series(1, 1000000000000)").await;
    assert_eq!(told(&rows), TIMED_OUT);
    let write = scene.error("INSERT INTO t SELECT value FROM generate_series(1, 1000000000000)").await;
    assert_eq!(told(&write), TIMED_OUT);
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Idle);
    scene.run("SET statement_timeout = 0").await;
    assert_eq!(scene.rows("SELECT count(*) FROM t").await, ["0"]);
}

#[tokio::test]
async fn a_time_limit_of_a_transaction_fails_it_and_goes_with_it() {
    let mut scene = Scene::empty();
    scene.run("BEGIN; SET LOCAL statement_timeout = 100").await;
    assert_eq!(told(&scene.error(ENDLESS).await), TIMED_OUT);
    // It failed while its rows were awaited, which is for the caller to say.
    scene.session.fail_transaction();
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Failed);
    scene.run("ROLLBACK").await;
    assert_eq!(scene.rows("SHOW statement_timeout").await, ["0"]);
}

#[tokio::test]
async fn a_time_limit_must_be_a_time() {
    let mut scene = Scene::empty();
    let error = scene.error("SET statement_timeout = 'soon'").await;
    assert_eq!((error.code.as_str(), error.position), ("22023", Some(5)));
    scene.run("SET statement_timeout = '2min'").await;
    assert_eq!(scene.rows("SHOW statement_timeout").await, ["2min"]);
}
