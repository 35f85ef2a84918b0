//! INSERT, UPDATE and DELETE.

use datafusion::scalar::ScalarValue;
use microprolly_sql::{Outcome, SqlError, TransactionStatus};

use crate::scene::Scene;

/// The command tag of a statement, counted over the rows that it returns.
async fn tag(scene: &mut Scene, sql: &str) -> String {
    match scene.session.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).pop().unwrap() {
        Outcome::Done { tag } => tag,
        Outcome::Rows { command, .. } => command.tag(0),
        other => panic!("{other:?}"),
    }
}

async fn users() -> Scene {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE user (id BIGINT PRIMARY KEY, name TEXT, role TEXT NOT NULL DEFAULT 'viewer', age INTEGER)").await;
    scene.run("INSERT INTO user VALUES (1, 'Ada', 'admin', 36), (2, 'Bob', 'editor', 41), (3, 'Cy', DEFAULT, NULL)").await;
    scene
}

fn code(error: &SqlError) -> &'static str {
    error.code.as_str()
}

#[tokio::test]
async fn insert_maps_columns_and_fills_in_defaults() {
    let mut scene = users().await;
    assert_eq!(
        tag(&mut scene, "INSERT INTO user (name, id) VALUES ('Dee', 4), ('Eve', 5)").await,
        "INSERT 0 2"
    );
    assert_eq!(tag(&mut scene, "INSERT INTO user VALUES (6)").await, "INSERT 0 1");
    assert_eq!(
        scene.rows("SELECT * FROM user ORDER BY id").await,
        [
            "1|Ada|admin|36",
            "2|Bob|editor|41",
            "3|Cy|viewer|null",
            "4|Dee|viewer|null",
            "5|Eve|viewer|null",
            "6|null|viewer|null"
        ]
    );
    for (sql, expected) in [
        ("INSERT INTO user VALUES (9, 'x', 'y', 1, 2)", "42601"),
        ("INSERT INTO user (id, name) VALUES (9)", "42601"),
        ("INSERT INTO user (id) VALUES (9, 'x')", "42601"),
        ("INSERT INTO user (id, nam) VALUES (9, 'x')", "42703"),
        ("INSERT INTO user (id, id) VALUES (9, 9)", "42701"),
        ("INSERT INTO user VALUES (9), (10, 'x')", "42601"),
        ("INSERT INTO user (id, role) VALUES (9, NULL)", "23502"),
        ("INSERT INTO user (name) VALUES ('x')", "23502"),
        ("INSERT INTO user (id) VALUES ('x')", "22P02"),
        ("INSERT INTO user (id, age) VALUES (9, 99999999999)", "22003"),
        ("INSERT INTO user (id, age) VALUES (9, true)", "42804"),
        ("INSERT INTO nobody VALUES (1)", "42P01"),
        ("INSERT INTO prolly.log VALUES (1)", "42809"),
        ("INSERT INTO pg_catalog.pg_class VALUES (1)", "42809"),
        ("DELETE FROM prolly.log", "42809"),
        ("UPDATE prolly.branches SET name = 'x'", "42809"),
        ("COPY prolly.log FROM STDIN", "42809"),
    ] {
        assert_eq!(code(&scene.error(sql).await), expected, "{sql}");
    }
    let error = scene.error("INSERT INTO user (id, nam) VALUES (9, 'x')").await;
    assert_eq!((error.position, error.hint.as_deref()), (Some(23), Some("Did you mean \"name\"?")));
    assert_eq!(scene.rows("SELECT count(*) FROM user").await, ["6"]);
}

#[tokio::test]
async fn a_second_row_with_a_key_is_refused_with_the_key_named() {
    let mut scene = users().await;
    let error = scene.error("INSERT INTO user VALUES (7, 'G'), (1, 'x')").await;
    assert_eq!(code(&error), "23505");
    assert_eq!(error.message, "duplicate key value violates unique constraint \"user_pkey\"");
    assert_eq!(error.detail.as_deref(), Some("Key (id)=(1) already exists."));
    assert_eq!(code(&scene.error("INSERT INTO user VALUES (7, 'G'), (7, 'H')").await), "23505");
    assert_eq!(scene.rows("SELECT count(*) FROM user").await, ["3"]);
}

#[tokio::test]
async fn text_literals_become_values_of_every_type() {
    let mut scene = Scene::empty();
    scene
        .run(
            "CREATE TABLE t (id UUID PRIMARY KEY, b BOOLEAN, s SMALLINT, r REAL, n NUMERIC(6,2), ts TIMESTAMP, tz TIMESTAMPTZ,
             d DATE, j JSONB, x BYTEA, tags TEXT[], nums INTEGER[], v VARCHAR(3))",
        )
        .await;
    scene
        .run(
            "INSERT INTO t VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'yes', ' 7 ', '1.5', '1.005', '2013-01-01 05:00',
             '2013-01-01 05:00:00+02', '2013-1-5', '{\"a\": [1]}', '\\x00ff', '{a,\"b c\",NULL}', '{1,2}', 'abc')",
        )
        .await;
    scene
        .run(
            "INSERT INTO t (id, s, n, tags, nums, d, ts, v) SELECT 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1.5, 2.345, ARRAY['a','b'],
             ARRAY[1,2], '2013-01-05', DATE '2013-01-05', 42",
        )
        .await;
    let expected = [
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|true|7|1.5|1.01|2013-01-01T05:00:00|2013-01-01T03:00:00Z|2013-01-05|{\"a\": [1]}|00ff|[a, b c, null]|[1, 2]|abc",
        "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|null|2|null|2.35|2013-01-05T00:00:00|null|2013-01-05|null|null|[a, b]|[1, 2]|42",
    ];
    assert_eq!(scene.rows("SELECT * FROM t ORDER BY id").await, expected);
    let id = "'c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'";
    for (column, value, expected) in [
        ("b", "'maybe'", "22P02"),
        ("s", "40000", "22003"),
        ("s", "'40000'", "22003"),
        ("n", "99999", "22003"),
        ("tz", "'yesterday'", "22007"),
        ("d", "'2013-02-30'", "22008"),
        ("d", "1", "42804"),
        ("j", "'{\"a\":'", "22032"),
        ("j", "1", "42804"),
        ("x", "'\\xf'", "22P02"),
        ("tags", "'a,b'", "22P02"),
        ("nums", "'{x}'", "22P02"),
        ("v", "'abcd'", "22001"),
    ] {
        let error = scene.error(&format!("INSERT INTO t (id, {column}) VALUES ({id}, {value})")).await;
        assert_eq!(code(&error), expected, "{column} = {value}: {error:?}");
    }
    let error = scene.error("INSERT INTO t (id) VALUES ('not-a-uuid')").await;
    assert_eq!(
        (code(&error), error.message.as_str()),
        ("22P02", "invalid input syntax for type uuid: \"not-a-uuid\"")
    );
}

#[tokio::test]
async fn insert_takes_any_query_and_reads_what_was_before_the_statement() {
    let mut scene = users().await;
    assert_eq!(
        tag(&mut scene, "INSERT INTO user (id, name) SELECT id + 10, name FROM user WHERE id < 3").await,
        "INSERT 0 2"
    );
    assert_eq!(
        tag(&mut scene, "WITH n AS (SELECT 99 AS id) INSERT INTO user (id) SELECT id FROM n").await,
        "INSERT 0 1"
    );
    assert_eq!(
        tag(
            &mut scene,
            "INSERT INTO user (id, name) VALUES ((SELECT max(id) + 1 FROM user), 'sub'), (200, 'plain')"
        )
        .await,
        "INSERT 0 2"
    );
    assert_eq!(
        scene.rows("SELECT id, name FROM user WHERE id > 10 ORDER BY id").await,
        ["11|Ada", "12|Bob", "99|null", "100|sub", "200|plain"]
    );
    scene.run("CREATE TABLE big (id BIGINT PRIMARY KEY, n BIGINT DEFAULT 7)").await;
    scene.run("INSERT INTO big (id) SELECT value FROM generate_series(1, 20000)").await;
    assert_eq!(tag(&mut scene, "INSERT INTO big SELECT id + 20000, id FROM big").await, "INSERT 0 20000");
    assert_eq!(
        scene.rows("SELECT count(*), sum(n) FROM big").await,
        [format!("40000|{}", 7 * 20_000 + 20_000 * 20_001 / 2)]
    );
}

#[tokio::test]
async fn a_table_without_primary_key_makes_up_its_keys() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE note (text TEXT, at DATE DEFAULT '2020-01-01', ok BOOLEAN)").await;
    scene.run("INSERT INTO note VALUES ('a'); INSERT INTO note VALUES ('b', '2021-01-01'); INSERT INTO note (text) SELECT 'c'").await;
    scene.run("INSERT INTO note DEFAULT VALUES").await;
    assert_eq!(
        scene.rows("SELECT text, at FROM note ORDER BY text").await,
        ["a|2020-01-01", "b|2021-01-01", "c|2020-01-01", "null|2020-01-01"]
    );
    assert_eq!(scene.rows("SELECT count(DISTINCT _id) FROM note").await, ["4"]);
    scene
        .run("UPDATE note SET text = text || '!' WHERE text = 'a'; DELETE FROM note WHERE text IS NULL")
        .await;
    scene.run("INSERT INTO note (_id, text) VALUES ('mine', 'd')").await;
    assert_eq!(code(&scene.error("INSERT INTO note (_id) VALUES ('mine')").await), "23505");
    assert_eq!(scene.rows("SELECT text FROM note ORDER BY text").await, ["a!", "b", "c", "d"]);
}

#[tokio::test]
async fn on_conflict_leaves_or_changes_the_stored_row() {
    let mut scene = users().await;
    assert_eq!(
        tag(&mut scene, "INSERT INTO user VALUES (1, 'x'), (4, 'Dee'), (4, 'again') ON CONFLICT DO NOTHING")
            .await,
        "INSERT 0 1"
    );
    assert_eq!(
        tag(&mut scene, "INSERT INTO user VALUES (2, 'x') ON CONFLICT (id) DO NOTHING").await,
        "INSERT 0 0"
    );
    assert_eq!(
        tag(
            &mut scene,
            "INSERT INTO user AS u (id, name, age) VALUES (1, 'Ada L.', 1), (2, 'no', NULL), (5, 'Eve', 5)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, age = u.age + excluded.age, role = DEFAULT
             WHERE excluded.age IS NOT NULL",
        )
        .await,
        "INSERT 0 2"
    );
    assert_eq!(
        scene.rows("SELECT * FROM user ORDER BY id").await,
        ["1|Ada L.|viewer|37", "2|Bob|editor|41", "3|Cy|viewer|null", "4|Dee|viewer|null", "5|Eve|viewer|5"]
    );
    assert_eq!(
        scene
            .rows(
                "INSERT INTO user VALUES (5, 'E'), (6, 'F') ON CONFLICT (id) DO UPDATE
                 SET name = excluded.name || (SELECT count(*) FROM user) RETURNING id, name",
            )
            .await,
        ["6|F", "5|E5"]
    );
    let twice = scene
        .error("INSERT INTO user VALUES (1, 'a'), (1, 'b') ON CONFLICT (id) DO UPDATE SET name = 'c'")
        .await;
    assert_eq!(code(&twice), "21000");
    let fresh = scene
        .error("INSERT INTO user VALUES (9, 'a'), (9, 'b') ON CONFLICT (id) DO UPDATE SET name = 'c'")
        .await;
    assert_eq!(code(&fresh), "21000");
    assert_eq!(
        code(&scene.error("INSERT INTO user VALUES (1) ON CONFLICT (name) DO NOTHING").await),
        "42P10"
    );
    assert_eq!(
        code(&scene.error("INSERT INTO user VALUES (1) ON CONFLICT (id) DO UPDATE SET nope = 1").await),
        "42703"
    );
    assert_eq!(scene.rows("SELECT count(*) FROM user").await, ["6"]);
}

#[tokio::test]
async fn update_changes_the_rows_that_the_condition_holds_for() {
    let mut scene = users().await;
    assert_eq!(
        tag(&mut scene, "UPDATE user SET age = age + 1, name = upper(name) WHERE age > 40").await,
        "UPDATE 1"
    );
    assert_eq!(
        tag(
            &mut scene,
            "UPDATE user SET role = DEFAULT WHERE id IN (SELECT id FROM user WHERE role = 'admin')"
        )
        .await,
        "UPDATE 1"
    );
    assert_eq!(
        tag(&mut scene, "UPDATE user AS u SET age = (SELECT max(v.age) FROM user v) WHERE u.age IS NULL")
            .await,
        "UPDATE 1"
    );
    assert_eq!(tag(&mut scene, "UPDATE user SET name = 'gone' WHERE false").await, "UPDATE 0");
    assert_eq!(
        tag(
            &mut scene,
            "WITH user AS (SELECT 2 AS id) UPDATE user SET name = 'cte' WHERE id = (SELECT id FROM user)"
        )
        .await,
        "UPDATE 1"
    );
    assert_eq!(
        scene.rows("SELECT * FROM user ORDER BY id").await,
        ["1|Ada|viewer|36", "2|cte|editor|42", "3|Cy|viewer|42"]
    );
    for (sql, expected) in [
        ("UPDATE user SET nope = 1", "42703"),
        ("UPDATE user SET age = 1, age = 2", "42601"),
        ("UPDATE user SET role = NULL", "23502"),
        ("UPDATE user SET age = 'x'", "22P02"),
        ("UPDATE user SET age = 1 / 0 WHERE id = 1", "22012"),
        ("UPDATE nobody SET a = 1", "42P01"),
        ("UPDATE user SET age = 1 WHERE nope = 1", "42703"),
    ] {
        assert_eq!(code(&scene.error(sql).await), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_row_that_from_matches_twice_is_updated_once() {
    let mut scene = users().await;
    scene.run("CREATE TABLE bonus (id BIGINT PRIMARY KEY, who BIGINT, years BIGINT)").await;
    scene.run("INSERT INTO bonus VALUES (1, 1, 10), (2, 1, 10), (3, 2, 5)").await;
    assert_eq!(
        tag(&mut scene, "UPDATE user u SET age = age + b.years FROM bonus b WHERE b.who = u.id").await,
        "UPDATE 2"
    );
    assert_eq!(scene.rows("SELECT id, age FROM user ORDER BY id").await, ["1|46", "2|46", "3|null"]);
    assert_eq!(
        tag(&mut scene, "DELETE FROM user USING bonus b WHERE b.who = user.id AND b.years = 10").await,
        "DELETE 1"
    );
    assert_eq!(scene.rows("SELECT id FROM user ORDER BY id").await, ["2", "3"]);
}

#[tokio::test]
async fn a_row_whose_key_changes_moves_and_keys_may_change_places() {
    let mut scene = users().await;
    assert_eq!(tag(&mut scene, "UPDATE user SET id = id + 1").await, "UPDATE 3");
    assert_eq!(scene.rows("SELECT id, name FROM user ORDER BY id").await, ["2|Ada", "3|Bob", "4|Cy"]);
    let error = scene.error("UPDATE user SET id = 3 WHERE id = 2").await;
    assert_eq!((code(&error), error.detail.as_deref()), ("23505", Some("Key (id)=(3) already exists.")));
    assert_eq!(code(&scene.error("UPDATE user SET id = 1").await), "23505");
    assert_eq!(scene.rows("SELECT id, name FROM user ORDER BY id").await, ["2|Ada", "3|Bob", "4|Cy"]);
}

#[tokio::test]
async fn fields_that_are_not_declared_survive_an_update() {
    let mut scene = users().await;
    scene.put("main", "user:7", r#"{"id":7,"name":"G","role":"admin","nickname":"gee"}"#);
    scene.run("UPDATE user SET role = 'viewer' WHERE id = 7").await;
    assert_eq!(
        scene.rows("SELECT value FROM kv WHERE key = 'user:7'").await,
        [r#"{"id":7,"name":"G","role":"viewer","nickname":"gee"}"#]
    );
    scene.run("INSERT INTO user VALUES (7, 'H') ON CONFLICT (id) DO UPDATE SET name = excluded.name").await;
    scene.run("UPDATE user SET id = 8 WHERE id = 7").await;
    assert_eq!(
        scene.rows("SELECT value FROM kv WHERE key LIKE 'user:8%'").await,
        [r#"{"id":8,"name":"H","role":"viewer","nickname":"gee"}"#]
    );
}

#[tokio::test]
async fn delete_removes_what_the_condition_holds_for_and_nothing_else() {
    let mut scene = users().await;
    assert_eq!(tag(&mut scene, "DELETE FROM user WHERE false").await, "DELETE 0");
    assert_eq!(
        tag(&mut scene, "DELETE FROM user WHERE age IN (SELECT max(age) FROM user)").await,
        "DELETE 1"
    );
    assert_eq!(
        tag(&mut scene, "DELETE FROM user u WHERE NOT EXISTS (SELECT 1 FROM user v WHERE v.id = u.id)").await,
        "DELETE 0"
    );
    assert_eq!(tag(&mut scene, "WITH old AS (SELECT id FROM user WHERE name = 'Cy') DELETE FROM user WHERE id IN (SELECT id FROM old)").await, "DELETE 1");
    assert_eq!(scene.rows("SELECT id FROM user").await, ["1"]);
    assert_eq!(tag(&mut scene, "DELETE FROM user").await, "DELETE 1");
    assert_eq!(code(&scene.error("DELETE FROM user WHERE nope = 1").await), "42703");
}

#[tokio::test]
async fn explain_changes_nothing() {
    let mut scene = users().await;
    for sql in [
        "DELETE FROM user",
        "UPDATE user SET age = 0",
        "INSERT INTO user VALUES (9)",
        "DELETE FROM user WHERE id IN (SELECT id FROM user)",
    ] {
        let lines = scene.rows(&format!("EXPLAIN {sql}")).await;
        assert!(lines.len() > 1, "{lines:?}");
    }
    assert_eq!(scene.rows("SELECT count(*), sum(age) FROM user").await, ["3|77"]);
    scene.rows("EXPLAIN ANALYZE DELETE FROM user WHERE id = 3").await;
    assert_eq!(scene.rows("SELECT count(*) FROM user").await, ["2"]);
}

#[tokio::test]
async fn returning_gives_new_rows_and_of_a_delete_the_old_ones() {
    let mut scene = users().await;
    assert_eq!(
        scene.rows("INSERT INTO user (id, name) VALUES (4, 'Dee') RETURNING *").await,
        ["4|Dee|viewer|null"]
    );
    assert_eq!(
        scene
            .rows("UPDATE user u SET age = 50 WHERE id < 3 RETURNING u.id, name || '!' AS loud, age - 1")
            .await,
        ["1|Ada!|49", "2|Bob!|49"]
    );
    assert_eq!(scene.rows("UPDATE user SET id = 30 WHERE id = 3 RETURNING id").await, ["30"]);
    assert_eq!(
        scene.rows("DELETE FROM user WHERE age = 50 RETURNING id, (SELECT count(*) FROM user)").await,
        ["1|4", "2|4"]
    );
    assert_eq!(scene.rows("DELETE FROM user WHERE false RETURNING *").await, Vec::<String>::new());
    assert_eq!(code(&scene.error("DELETE FROM user RETURNING nope").await), "42703");
    assert_eq!(scene.rows("SELECT id FROM user ORDER BY id").await, ["4", "30"]);
    scene.run("CREATE TABLE big (id BIGINT PRIMARY KEY)").await;
    let returned =
        scene.rows("INSERT INTO big SELECT value FROM generate_series(1, 20000) RETURNING id").await;
    assert_eq!(returned, (1..=20_000).map(|id| id.to_string()).collect::<Vec<_>>());
}

/// The rows of a RETURNING were once computed as they were read, when the change was committed already.
#[tokio::test]
async fn a_returning_that_fails_undoes_the_change() {
    let mut scene = users().await;
    let before = scene.rows("SELECT * FROM user ORDER BY id").await;
    for change in [
        "INSERT INTO user (id, age) VALUES (4, 0) RETURNING 10 / age",
        "INSERT INTO user (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET age = 0 RETURNING 10 / age",
        "UPDATE user SET age = 0 WHERE id = 1 RETURNING 10 / age",
        "DELETE FROM user WHERE id = 1 RETURNING 10 / (age - 36)",
    ] {
        assert_eq!(code(&scene.error(change).await), "22012", "{change}");
        assert_eq!(scene.rows("SELECT * FROM user ORDER BY id").await, before, "{change}");
        scene.run("BEGIN").await;
        assert_eq!(code(&scene.error(change).await), "22012", "{change}");
        assert_eq!(scene.session.transaction_status(), TransactionStatus::Failed);
        scene.run("ROLLBACK").await;
        assert_eq!(scene.rows("SELECT * FROM user ORDER BY id").await, before, "{change}");
    }
}

/// A cast to BYTEA was once read as Postgres reads it in queries only. In all other statements it gave the bytes
/// of the text itself, which were then stored.
#[tokio::test]
async fn bytes_in_a_cast_are_the_same_in_every_statement() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE blob (id BIGINT PRIMARY KEY, data BYTEA)").await;
    scene
        .run("INSERT INTO blob VALUES (1, '\\x00ff'::BYTEA), (2, E'\\\\x00ff'::BYTEA), (3, BYTEA '\\x00FF')")
        .await;
    scene.run("INSERT INTO blob SELECT 4, CAST('\\000\\377' AS BYTEA)").await;
    assert_eq!(scene.rows("SELECT data FROM blob").await, ["00ff"; 4]);
    assert_eq!(scene.rows("SELECT E'\\\\x00ff'::BYTEA").await, ["00ff"]);
    assert_eq!(
        tag(&mut scene, "UPDATE blob SET data = '\\x01'::BYTEA WHERE data = '\\x00ff'::BYTEA AND id = 1")
            .await,
        "UPDATE 1"
    );
    assert_eq!(
        scene
            .rows(
                "INSERT INTO blob VALUES (2, NULL) ON CONFLICT (id) DO UPDATE SET data = '\\x02'::BYTEA
                 RETURNING data = '\\x02'::BYTEA"
            )
            .await,
        ["true"]
    );
    assert_eq!(
        scene.rows("DELETE FROM blob WHERE data = '\\x02'::BYTEA RETURNING '\\x03'::BYTEA").await,
        ["03"]
    );
    assert_eq!(scene.rows("SELECT id, data FROM blob ORDER BY id").await, ["1|01", "3|00ff", "4|00ff"]);
    scene.run("PREPARE p AS DELETE FROM blob WHERE data = '\\x01'::BYTEA RETURNING id, id").await;
    assert_eq!(scene.rows("EXECUTE p").await, ["1|1"]);
    scene.run("COMMIT MESSAGE 'blobs'; UPDATE blob SET data = '\\x05' WHERE id = 3").await;
    assert_eq!(scene.rows("DIFF 'HEAD' 'main' ON blob WHERE data = '\\x05'::BYTEA").await.len(), 1);
    let error = scene.error("SELECT '\\x0'::BYTEA").await;
    assert_eq!((code(&error), error.position), ("22P02", Some(8)));
}

/// It once gave every row that was there the same value.
#[tokio::test]
async fn a_default_that_is_another_for_every_row_is_refused_for_rows_that_are_there() {
    let mut scene = users().await;
    let error = scene.error("ALTER TABLE user ADD COLUMN token UUID DEFAULT uuid()").await;
    assert_eq!(code(&error), "0A000");
    assert!(error.hint.unwrap().contains("SET DEFAULT"));
    scene
        .run("ALTER TABLE user ADD COLUMN token UUID; ALTER TABLE user ALTER COLUMN token SET DEFAULT uuid()")
        .await;
    scene.run("UPDATE user SET token = DEFAULT").await;
    assert_eq!(scene.rows("SELECT count(DISTINCT token) FROM user").await, ["3"]);
}

#[tokio::test]
async fn parameters_take_the_types_of_their_columns() {
    use arrow::datatypes::DataType;
    let mut scene = users().await;
    for (sql, types) in [
        (
            "INSERT INTO user VALUES ($1, $2, $3, $4)",
            vec![DataType::Int64, DataType::Utf8, DataType::Utf8, DataType::Int32],
        ),
        ("INSERT INTO user (age, id) SELECT $1, $2", vec![DataType::Int32, DataType::Int64]),
        ("UPDATE user SET age = $1 WHERE id = $2", vec![DataType::Int32, DataType::Int64]),
        ("DELETE FROM user WHERE id = $1 RETURNING age + $2", vec![DataType::Int64, DataType::Int32]),
        (
            "INSERT INTO user (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET age = $2 WHERE user.age < $3",
            vec![DataType::Int64, DataType::Int32, DataType::Int32],
        ),
    ] {
        let parsed = scene.session.parse(sql).unwrap().pop().unwrap();
        let prepared = scene.session.prepare(&parsed, &[]).await.unwrap();
        assert_eq!(prepared.parameter_types(), types, "{sql}");
    }
    assert_eq!(
        scene
            .prepared("INSERT INTO user (id, name) VALUES ($1, $2) RETURNING id, name", &["7", "G"])
            .await
            .unwrap(),
        ["7|G"]
    );
    assert_eq!(
        scene.prepared("UPDATE user SET age = $1 WHERE id = $2 RETURNING *", &["5", "7"]).await.unwrap(),
        ["7|G|viewer|5"]
    );
    assert_eq!(scene.prepared("DELETE FROM user WHERE name = $1 RETURNING id", &["G"]).await.unwrap(), ["7"]);
    // A client that sends everything as text.
    let parsed = scene.session.parse("INSERT INTO user (id, age) VALUES ($1, $2)").unwrap().pop().unwrap();
    let prepared =
        scene.session.prepare(&parsed, &[Some(DataType::Utf8), Some(DataType::Utf8)]).await.unwrap();
    let values = [ScalarValue::from("8"), ScalarValue::Utf8(None)];
    scene.session.execute(&prepared, &values).await.unwrap();
    assert_eq!(scene.rows("SELECT id, age FROM user WHERE id = 8").await, ["8|null"]);
}

#[tokio::test]
async fn an_error_in_a_transaction_leaves_nothing_behind_after_rollback() {
    let mut scene = users().await;
    scene.run("BEGIN; UPDATE user SET age = 1; SAVEPOINT s").await;
    assert_eq!(code(&scene.error("INSERT INTO user VALUES (10), (11), (1)").await), "23505");
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Failed);
    assert_eq!(code(&scene.error("DELETE FROM user").await), "25P02");
    scene.run("ROLLBACK TO s; INSERT INTO user VALUES (12); COMMIT").await;
    assert_eq!(scene.rows("SELECT id, age FROM user ORDER BY id").await, ["1|1", "2|1", "3|1", "12|null"]);
    scene.run("COMMIT MESSAGE 'now'; SET microprolly.as_of = 'HEAD'").await;
    for sql in [
        "INSERT INTO user VALUES (13)",
        "UPDATE user SET age = 1",
        "DELETE FROM user",
        "COPY user FROM STDIN",
    ] {
        assert_eq!(code(&scene.error(sql).await), "25006", "{sql}");
    }
}

#[tokio::test]
async fn kv_is_writable_and_typed_keys_are_checked() {
    let mut scene = users().await;
    assert_eq!(
        tag(&mut scene, "INSERT INTO kv (key, value) VALUES ('config:a', 'dark'), ('config:b', 'x')").await,
        "INSERT 0 2"
    );
    scene.run("INSERT INTO kv (key, bytes) VALUES ('config:c', '\\xff00')").await;
    assert_eq!(
        scene.rows("INSERT INTO kv VALUES ('plain', 'text') RETURNING *").await,
        ["plain|text|74657874"]
    );
    assert_eq!(
        tag(&mut scene, "UPDATE kv SET value = value || '!' WHERE key = 'config:a'").await,
        "UPDATE 1"
    );
    assert_eq!(
        scene.rows("UPDATE kv SET bytes = '\\x41' WHERE key = 'config:b' RETURNING value").await,
        ["A"]
    );
    assert_eq!(tag(&mut scene, "UPDATE kv SET key = 'moved' WHERE key = 'config:c'").await, "UPDATE 1");
    assert_eq!(
        scene.rows("SELECT key, value FROM kv WHERE key NOT LIKE 'user:%' ORDER BY key").await,
        ["config:a|dark!", "config:b|A", "moved|null", "plain|text"]
    );
    assert_eq!(tag(&mut scene, "DELETE FROM kv WHERE key LIKE 'config:%'").await, "DELETE 2");
    for (sql, expected) in [
        ("INSERT INTO kv (key, value) VALUES ('moved', 'x')", "23505"),
        ("INSERT INTO kv (key) VALUES ('x')", "23502"),
        ("INSERT INTO kv (key, value) VALUES ('user:9', 'not json')", "22032"),
        ("INSERT INTO kv (key, value) VALUES ('user:9', '{\"id\":9,\"role\":7}')", "22P02"),
        ("INSERT INTO kv (key, value) VALUES ('user:9', '{\"id\":8,\"role\":\"x\"}')", "23514"),
        ("INSERT INTO kv VALUES ('z', 'a', '\\x00')", "22023"),
        ("UPDATE kv SET value = NULL WHERE key = 'moved'", "23502"),
    ] {
        assert_eq!(code(&scene.error(sql).await), expected, "{sql}");
    }
    scene.run("INSERT INTO kv (key, value) VALUES ('user:9', '{\"id\":9,\"role\":\"x\"}') ON CONFLICT (key) DO UPDATE SET value = excluded.value").await;
    scene.run("INSERT INTO kv (key, value) VALUES ('user:9', '{\"id\":9,\"role\":\"y\"}') ON CONFLICT (key) DO UPDATE SET value = excluded.value").await;
    assert_eq!(scene.rows("SELECT role FROM user WHERE id = 9").await, ["y"]);
}

#[tokio::test]
async fn keys_that_are_not_utf8_can_be_written_and_deleted() {
    let mut scene = Scene::empty();
    scene.run("INSERT INTO kv (key, value) VALUES ('\\xff01', 'bytes'), ('\\x41', 'text')").await;
    let engine = scene.database.engine().session(microprolly_sql::Principal::all_powerful("ada")).unwrap();
    assert_eq!(engine.get([0xff, 1]).unwrap().as_deref(), Some(&b"bytes"[..]));
    assert_eq!(engine.get(b"\\x41").unwrap().as_deref(), Some(&b"text"[..]));
    scene.run("UPDATE kv SET value = 'new' WHERE key = '\\xff01'").await;
    assert_eq!(scene.rows("SELECT key, value FROM kv ORDER BY key").await, ["\\x41|text", "\\xff01|new"]);
    assert_eq!(tag(&mut scene, "DELETE FROM kv").await, "DELETE 2");
}

#[tokio::test]
async fn a_statement_that_is_cancelled_halfway_leaves_nothing_behind() {
    use futures::FutureExt;
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE big (id BIGINT PRIMARY KEY); CREATE TABLE other (id BIGINT PRIMARY KEY)").await;
    scene.run("INSERT INTO big SELECT value FROM generate_series(1, 50000)").await;
    let parsed = scene.session.parse("INSERT INTO other SELECT id FROM big").unwrap().pop().unwrap();
    let prepared = scene.session.prepare(&parsed, &[]).await.unwrap();
    for begin in ["SELECT 1", "BEGIN; INSERT INTO other VALUES (-1)"] {
        for polls in 1..6 {
            scene.run(begin).await;
            let mut polled = 0;
            let session = &mut scene.session;
            let mut run = session.execute(&prepared, &[]).boxed_local();
            // Dropped after so many batches have come.
            std::future::poll_fn(|context| {
                polled += 1;
                if run.poll_unpin(context).is_ready() || polled >= polls {
                    return std::task::Poll::Ready(());
                }
                std::task::Poll::Pending
            })
            .await;
            drop(run);
            let open = scene.session.transaction_status() == TransactionStatus::Active;
            assert_eq!(
                scene.rows("SELECT count(*) FROM other WHERE id > 0").await,
                ["0"],
                "after {polls} polls"
            );
            scene.run(if open { "ROLLBACK" } else { "SELECT 1" }).await;
        }
    }
}
