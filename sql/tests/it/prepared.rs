//! Prepared statements, by the protocol and by PREPARE, and where errors are.

use arrow::datatypes::DataType;
use microprolly_sql::Outcome;

use crate::scene::Scene;

/// Only what the plan tells was counted, and a client could not give the rest.
#[tokio::test]
async fn parameters_for_names_revisions_and_messages_are_counted_and_are_text() {
    let text = DataType::Utf8;
    let mut scene = Scene::users().await;
    for (sql, expected) in [
        ("SELECT * FROM user AS OF $1", vec![text.clone()]),
        (
            "SELECT * FROM user ON BRANCH $2 AS OF $1 WHERE age > $3",
            vec![text.clone(), text.clone(), DataType::Int64],
        ),
        ("SELECT * FROM diff($1, $2, 'user')", vec![text.clone(); 2]),
        ("INSERT INTO user SELECT * FROM user AS OF $1", vec![text.clone()]),
        ("EXPLAIN SELECT * FROM user AS OF $1", vec![text.clone()]),
        ("COPY (SELECT * FROM user AS OF $1) TO STDOUT", vec![text.clone()]),
        ("COMMIT MESSAGE $1 AUTHOR $2", vec![text.clone(); 2]),
        ("USE BRANCH $1", vec![text.clone()]),
        ("CREATE TAG $1", vec![text.clone()]),
        // They are of the statement that EXECUTE runs.
        ("PREPARE p AS SELECT * FROM user AS OF $1", Vec::new()),
    ] {
        let parsed = scene.session.parse(sql).unwrap().pop().unwrap();
        let prepared = scene.session.prepare(&parsed, &[]).await.unwrap();
        assert_eq!(prepared.parameter_types(), expected, "{sql}");
    }
    assert_eq!(
        scene.prepared("SELECT id FROM user AS OF $1 ORDER BY id", &["v1"]).await.unwrap(),
        ["1", "2", "3"]
    );
    scene.prepared("CREATE TAG $1", &["v2"]).await.unwrap();
    assert_eq!(scene.rows("SELECT name FROM prolly.tags").await, ["v1", "v2"]);
}

#[tokio::test]
async fn execute_gives_a_revision_to_a_prepared_query() {
    let mut scene = Scene::users().await;
    scene.run("PREPARE p AS SELECT id FROM user AS OF $1 ORDER BY id; DELETE FROM user WHERE id = '3'").await;
    assert_eq!(scene.rows("EXECUTE p('v1')").await, ["1", "2", "3"]);
    assert_eq!(scene.rows("EXECUTE p('WORKING')").await, ["1", "2"]);
}

#[tokio::test]
async fn parameters_are_of_the_types_that_prepare_declares() {
    let mut scene = Scene::users().await;
    scene.run("PREPARE p (BIGINT, unknown) AS SELECT $1, name FROM user WHERE id = $2").await;
    assert_eq!(scene.rows("EXECUTE p('007', '1')").await, ["7|Ada"]);
    assert_eq!(scene.error("EXECUTE p('x', 'x')").await.code.as_str(), "22P02");
    assert_eq!(scene.error("EXECUTE p(1)").await.code.as_str(), "42601");
    assert_eq!(scene.error("PREPARE q (nosuch) AS SELECT $1").await.position, Some(9));
}

#[tokio::test]
async fn an_error_of_an_executed_statement_does_not_point_into_the_text_of_its_prepare() {
    let mut scene = Scene::users().await;
    scene
        .run("CREATE TABLE gone (id BIGINT PRIMARY KEY); PREPARE p AS SELECT * FROM gone; DROP TABLE gone")
        .await;
    let error = scene.error("EXECUTE p").await;
    assert_eq!((error.code.as_str(), error.position), ("42P01", None));
    let error = scene.error("EXECUTE nosuch").await;
    assert_eq!((error.code.as_str(), error.position), ("26000", Some(9)));
}

#[tokio::test]
async fn a_statement_without_parameters_runs_without_being_prepared() {
    let mut scene = Scene::users().await;
    let parsed = scene.session.parse("SELECT $1; SELECT count(*) FROM user").unwrap();
    let outcome = scene.session.execute_parsed(&parsed[1]).await.unwrap();
    assert!(matches!(outcome, Outcome::Rows { .. }));
    let error = scene.session.execute_parsed(&parsed[0]).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("42P02", "there is no parameter $1"));
}

#[tokio::test]
async fn an_unknown_table_is_told_where_it_stands_with_a_version_as_without() {
    let mut scene = Scene::users().await;
    for sql in
        ["SELECT * FROM nope", "SELECT * FROM nope AS OF 'main'", "SELECT * FROM nope ON BRANCH 'main' n"]
    {
        let error = scene.error(sql).await;
        assert_eq!((error.code.as_str(), error.position), ("42P01", Some(15)), "{sql}");
    }
    let error = scene.error("SELECT * FROM user AS OF 'nowhere'").await;
    assert_eq!((error.code.as_str(), error.position), ("3D000", Some(20)));
}
