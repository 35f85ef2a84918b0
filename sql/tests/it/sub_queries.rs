//! EXISTS and IN with a sub-query, where they are values.

use microprolly_sql::SqlState;

use crate::scene::Scene;

async fn likes() -> Scene {
    let mut scene = Scene::users().await;
    scene.run("CREATE TABLE likes (id BIGINT PRIMARY KEY, who TEXT NOT NULL)").await;
    scene.run("INSERT INTO likes VALUES (1, '1'), (2, '1'), (3, '3')").await;
    scene
}

#[tokio::test]
async fn exists_is_a_value() {
    let mut scene = likes().await;
    for (sql, expected) in [
        ("SELECT EXISTS (SELECT 1 FROM user)", vec!["true"]),
        ("SELECT EXISTS (SELECT max(age) FROM user WHERE false)", vec!["true"]),
        (
            "SELECT NOT EXISTS (SELECT * FROM user WHERE age > 40), EXISTS (SELECT 1 FROM user WHERE age > 40)",
            vec!["true|false"],
        ),
        (
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM user WHERE name = 'Ada') THEN 'yes' ELSE 'no' END",
            vec!["yes"],
        ),
        (
            "SELECT id, EXISTS (SELECT 1 FROM likes l WHERE l.who = u.id) FROM user u ORDER BY id",
            vec!["1|true", "2|false", "3|true"],
        ),
        (
            "SELECT id, NOT EXISTS (SELECT u.id FROM likes l WHERE l.who = u.id AND l.id > 2) FROM user u ORDER BY id",
            vec!["1|true", "2|true", "3|false"],
        ),
        // Conditions are what they were.
        (
            "SELECT id FROM user u WHERE EXISTS (SELECT 1 FROM likes l WHERE l.who = u.id) ORDER BY id",
            vec!["1", "3"],
        ),
    ] {
        assert_eq!(scene.rows(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn in_is_a_value_and_unknown_where_null_might_have_been_it() {
    let mut scene = likes().await;
    for (condition, expected) in [
        ("id IN (SELECT who FROM likes)", ["true", "false", "true"]),
        ("id NOT IN (SELECT who FROM likes)", ["false", "true", "false"]),
        ("age IN (SELECT age FROM user WHERE id <> '3')", ["true", "null", "null"]),
        ("age NOT IN (SELECT age FROM user WHERE id <> '3')", ["false", "null", "null"]),
        ("age IN (SELECT age FROM user WHERE age = 7)", ["false", "null", "true"]),
        ("age IN (SELECT age FROM user WHERE age > 100)", ["false", "false", "false"]),
        ("36 IN (SELECT age FROM user)", ["true", "true", "true"]),
    ] {
        let rows = scene.rows(&format!("SELECT {condition} FROM user ORDER BY id")).await;
        assert_eq!(rows, expected, "{condition}");
    }
}

#[tokio::test]
async fn sub_queries_can_be_asked_for_what_is_written() {
    let mut scene = likes().await;
    scene.run("CREATE TABLE flag (id BIGINT PRIMARY KEY, f BOOLEAN)").await;
    scene
        .run("INSERT INTO flag VALUES (1, EXISTS (SELECT 1 FROM user)), (2, '9' IN (SELECT id FROM user))")
        .await;
    scene.run("INSERT INTO flag SELECT 3, NOT EXISTS (SELECT 1 FROM user)").await;
    assert_eq!(scene.rows("SELECT f FROM flag ORDER BY id").await, ["true", "false", "false"]);
    assert_eq!(
        scene
            .rows("UPDATE flag SET f = EXISTS (SELECT 1 FROM likes l WHERE l.id = flag.id) RETURNING f")
            .await,
        ["true", "true", "true"]
    );
    assert_eq!(
        scene.rows("DELETE FROM flag WHERE id = 1 RETURNING EXISTS (SELECT 1 FROM likes)").await,
        ["true"]
    );
}

#[tokio::test]
async fn a_sub_query_that_cannot_be_a_value_is_refused_in_plain_words() {
    let mut scene = likes().await;
    for value in [
        "id IN (SELECT l.who FROM likes l WHERE l.who > u.role)",
        "EXISTS (SELECT 1 FROM likes l WHERE l.who > u.id)",
    ] {
        let error = scene.error(&format!("SELECT {value} FROM user u")).await;
        assert_eq!(error.code, SqlState::FEATURE_NOT_SUPPORTED, "{value}: {error:?}");
        assert!(error.message.len() < 100 && !error.message.contains(['(', '{']), "{value}: {error:?}");
        assert!(error.hint.is_some(), "{value}");
    }
}
