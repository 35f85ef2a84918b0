//! What result columns are called, and columns that are there twice.

use crate::scene::Scene;

#[tokio::test]
async fn a_column_may_be_selected_twice() {
    let mut scene = Scene::users().await;
    for (sql, expected) in [
        ("SELECT *, id FROM user WHERE id = '1'", vec!["1|Ada|admin|36|1"]),
        ("SELECT id, user.id, (id) FROM user ORDER BY id", vec!["1|1|1", "2|2|2", "3|3|3"]),
        ("SELECT age, age::BIGINT, age::TEXT FROM user WHERE id = '1'", vec!["36|36|36"]),
        ("SELECT u.id, v.id FROM user u JOIN user v ON v.id = u.id WHERE u.id = '3'", vec!["3|3"]),
        ("SELECT 1, 1 UNION ALL SELECT 2, 3 ORDER BY 1", vec!["1|1", "2|3"]),
        ("SELECT count(*) FROM (SELECT 1, 1) x", vec!["1"]),
        ("SELECT *, 1 FROM (SELECT 1, 1) x", vec!["1|1|1"]),
        ("SELECT DISTINCT role, role FROM user ORDER BY role DESC", vec!["viewer|viewer", "admin|admin"]),
    ] {
        assert_eq!(scene.rows(sql).await, expected, "{sql}");
    }
    scene.run("CREATE TABLE pair (a TEXT PRIMARY KEY, b TEXT)").await;
    scene.run("INSERT INTO pair SELECT id, id FROM user ORDER BY age").await;
    assert_eq!(scene.rows("SELECT * FROM pair ORDER BY a").await, ["1|1", "2|2", "3|3"]);
    assert_eq!(scene.rows("UPDATE pair SET b = 'x' WHERE a = '1' RETURNING a, a, *").await, ["1|1|1|x"]);
    assert_eq!(scene.rows("DELETE FROM pair WHERE a = '1' RETURNING b, b").await, ["x|x"]);
}

#[tokio::test]
async fn columns_are_called_as_postgres_calls_them() {
    let mut scene = Scene::users().await;
    for (sql, expected) in [
        ("SELECT *, age + 1, id FROM user", "id name role age ?column? id"),
        (
            "SELECT u.*, upper(u.name), v.name FROM user u JOIN user v ON v.id = u.id",
            "id name role age upper name",
        ),
        ("SELECT count(*), count(*), 1, 1 FROM user", "count count ?column? ?column?"),
        ("SELECT age AS a, name AS a FROM user", "a a"),
        (
            "SELECT ceil(1.5), floor(1.5), trim(name), trim(LEADING 'A' FROM name), substr(name, 1) FROM user",
            "ceil floor btrim ltrim substr",
        ),
        ("SELECT DATE '2013-01-01', INTERVAL '1 day', true, ARRAY[1]", "date interval bool array"),
        ("SELECT age::TEXT, 1::INT, '1'::NUMERIC, 1::INT::TEXT FROM user", "age int4 numeric text"),
        ("SELECT CASE WHEN true THEN age END, CASE WHEN true THEN 1 ELSE age END FROM user", "case age"),
        ("SELECT (SELECT max(age) FROM user), upper(name)::TEXT FROM user", "max upper"),
        ("SELECT '\\x00'::BYTEA", "bytea"),
        ("SELECT * FROM (SELECT upper(name), 1, 1 FROM user) x", "upper ?column? ?column?"),
        ("SELECT 1, 1 UNION ALL SELECT 2, 3", "?column? ?column?"),
        (
            "INSERT INTO user (id, name, role) VALUES ('9', 'x', 'y') RETURNING id, id, upper(name), age + 1",
            "id id upper ?column?",
        ),
        ("UPDATE user SET name = 'z' WHERE id = '9' RETURNING *, id", "id name role age id"),
        ("DELETE FROM user WHERE id = '9' RETURNING name::VARCHAR, 1", "name ?column?"),
    ] {
        assert_eq!(scene.columns(sql).await.0.join(" "), expected, "{sql}");
    }
    let sql = "INSERT INTO user (id, role) VALUES ($1, 'y') RETURNING *, id";
    assert_eq!(scene.prepared(sql, &["a"]).await.unwrap(), ["a|null|y|null|a"]);
}

#[tokio::test]
async fn a_column_without_a_name_can_be_spoken_of_by_that_of_its_function() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene.rows("SELECT role, count(*) FROM user GROUP BY role ORDER BY count DESC").await,
        ["admin|2", "viewer|1"]
    );
    let sql =
        "WITH c AS (SELECT role, count(*) FROM user GROUP BY role) SELECT c.count, role FROM c ORDER BY 1";
    assert_eq!(scene.rows(sql).await, ["1|viewer", "2|admin"]);
    // In an expression, it is the table's column.
    let sql = "SELECT age::TEXT FROM user WHERE age IS NOT NULL ORDER BY age + 0";
    assert_eq!(scene.rows(sql).await, ["7", "36"]);
}
