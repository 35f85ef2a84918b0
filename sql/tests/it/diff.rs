//! DIFF and diff().

use microprolly_sql::{Command, SqlState};

use crate::scene::Scene;

#[tokio::test]
async fn diff_shows_each_row_before_and_after_in_key_order() {
    let mut scene = Scene::users().await;
    let (columns, command) = scene.columns("DIFF 'main' 'feature' ON user").await;
    assert_eq!(columns.join(" "), "diff_type id from_name to_name from_role to_role from_age to_age");
    assert_eq!(command, Command::Other("DIFF"));
    assert_eq!(
        scene.rows("DIFF 'main' 'feature' ON user").await,
        [
            "modified|1|Ada|Ada|admin|viewer|36|36",
            "removed|2|Bob|null|admin|null|null|null",
            "added|4|null|Dee|null|viewer|null|null",
        ]
    );
    assert_eq!(
        scene.rows("DIFF 'feature' 'main' ON user WHERE id = '4'").await,
        ["removed|4|Dee|null|viewer|null|null|null"]
    );
    assert!(scene.rows("DIFF 'main' 'v1' ON user").await.is_empty());
}

#[tokio::test]
async fn diff_without_a_table_shows_every_key() {
    let mut scene = Scene::users().await;
    let rows = [
        "added|config:theme|null|null|dark",
        r#"modified|user:1|user|{"id":"1","name":"Ada","role":"admin","age":36}|{"id":"1","name":"Ada","role":"viewer","age":36}"#,
        r#"removed|user:2|user|{"id":"2","name":"Bob","role":"admin"}|null"#,
        r#"added|user:4|user|null|{"id":"4","name":"Dee","role":"viewer"}"#,
    ];
    assert_eq!(scene.rows("DIFF 'main' 'feature'").await, rows);
    assert_eq!(scene.rows("DIFF 'main' 'feature' ON kv").await, rows);
    assert_eq!(scene.rows("SELECT * FROM diff('main', 'feature')").await, rows);
    assert_eq!(scene.rows("DIFF 'main' 'feature' WHERE value = 'dark'").await, rows[..1]);
    assert_eq!(
        scene.rows("DIFF 'main' 'feature' WHERE key LIKE 'user:%' AND diff_type <> 'added'").await,
        rows[1..3]
    );
}

#[tokio::test]
async fn where_holds_on_the_row_before_or_the_row_after() {
    let mut scene = Scene::users().await;
    let mut kinds = async |filter: &str| {
        let rows = scene.rows(&format!("DIFF 'main' 'feature' ON user WHERE {filter}")).await;
        rows.iter().map(|row| row.split('|').take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(kinds("role = 'admin'").await, ["modified 1", "removed 2"]);
    assert_eq!(kinds("role = 'viewer'").await, ["modified 1", "added 4"]);
    assert_eq!(kinds("\"role\" = 'viewer' AND diff_type = 'added'").await, ["added 4"]);
    assert_eq!(kinds("user.role = 'viewer'").await, ["modified 1", "added 4"]);
    // The side that is not there fulfils nothing: user 4 has no age after, user 2 none before.
    assert_eq!(kinds("age IS NULL").await, ["removed 2", "added 4"]);
    assert_eq!(kinds("role IS NULL").await, Vec::<String>::new());
    assert_eq!(kinds("NOT (role = 'admin')").await, ["modified 1", "added 4"]);
    assert_eq!(kinds("from_role <> to_role").await, ["modified 1"]);
    assert_eq!(kinds("from_role = 'admin' AND to_role IS NULL").await, ["removed 2"]);
    assert_eq!(kinds("id > '1' AND (role = 'admin' OR name LIKE 'D%')").await, ["removed 2", "added 4"]);
    // Both conditions must hold on one and the same side.
    assert_eq!(kinds("role = 'viewer' AND from_role = 'admin'").await, ["modified 1"]);
    assert_eq!(kinds("role IN (SELECT role FROM user WHERE id = '3')").await, ["modified 1", "added 4"]);
    assert_eq!(
        kinds("role IN (SELECT role FROM user ON BRANCH 'feature' AS OF 'v1' WHERE id = '2')").await,
        ["modified 1", "removed 2"]
    );
}

#[tokio::test]
async fn a_wrong_where_is_refused_at_its_place() {
    let mut scene = Scene::users().await;
    let error = scene.error("DIFF 'main' 'feature' ON user WHERE rolle = 'admin'").await;
    assert_eq!(error.code, SqlState::UNDEFINED_COLUMN);
    assert_eq!(error.position, Some(37));
    let error = scene.error("DIFF 'main' 'feature' ON user WHERE age").await;
    assert_eq!(error.code, SqlState::DATATYPE_MISMATCH, "{error}");
}

#[tokio::test]
async fn summary_counts_per_table() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene.columns("DIFF 'main' 'feature' SUMMARY").await.0,
        ["table_name", "added", "removed", "modified"]
    );
    assert_eq!(scene.rows("DIFF 'main' 'feature' SUMMARY").await, ["user|1|1|1", "null|1|0|0"]);
    assert_eq!(scene.rows("DIFF 'main' 'feature' ON user SUMMARY").await, ["user|1|1|1"]);
    assert_eq!(
        scene.rows("DIFF 'main' 'feature' ON user WHERE role = 'admin' SUMMARY").await,
        ["user|0|1|1"]
    );
    assert_eq!(scene.rows("DIFF 'main' 'v1' ON user SUMMARY").await, ["user|0|0|0"]);
    assert!(scene.rows("DIFF 'main' 'v1' SUMMARY").await.is_empty());
}

#[tokio::test]
async fn three_points_compare_with_where_the_two_parted() {
    let mut scene = Scene::users().await;
    scene.put("main", "user:9", r#"{"id":"9","role":"late"}"#);
    scene.run("COMMIT MESSAGE 'main goes on'").await;
    let types = "SELECT diff_type, id FROM";
    assert_eq!(
        scene.rows(&format!("{types} diff('main', 'feature', 'user')")).await,
        ["modified|1", "removed|2", "added|4", "removed|9"]
    );
    assert_eq!(
        scene.rows(&format!("{types} diff('main...feature', 'user')")).await,
        ["modified|1", "removed|2", "added|4"]
    );
    assert_eq!(scene.rows("DIFF 'main'...'feature' ON user SUMMARY").await, ["user|1|1|1"]);
    assert_eq!(scene.rows("DIFF 'feature'...'main' ON user SUMMARY").await, ["user|1|0|0"]);
    assert_eq!(scene.rows("SELECT count(*) FROM diff('main...feature')").await, ["4"]);
}

#[tokio::test]
async fn the_function_composes_with_the_rest_of_sql() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene.rows("SELECT diff_type, id, from_role, to_role FROM diff('main', 'feature', 'user') ORDER BY id DESC").await,
        ["added|4|null|viewer", "removed|2|admin|null", "modified|1|admin|viewer"]
    );
    assert_eq!(
        scene
            .rows("SELECT d.id, u.name FROM diff('main', 'feature', 'user') d JOIN user u ON u.id = d.id ORDER BY d.id")
            .await,
        ["1|Ada", "2|Bob"]
    );
    assert_eq!(scene.rows("SELECT count(*) FROM diff('main', 'feature', 'user')").await, ["3"]);
    assert_eq!(scene.rows("SELECT id FROM diff('main', 'feature', 'user') LIMIT 1").await, ["1"]);
    assert_eq!(
        scene.rows("SELECT to_name FROM diff('main', 'fea' || 'ture', 'user') WHERE id = '4'").await,
        ["Dee"]
    );
    let plan = scene.rows("EXPLAIN SELECT to_name FROM diff('main', 'feature', 'user') WHERE id = '4'").await;
    assert!(!plan.join("\n").contains("FilterExec"), "a range of keys decides it: {plan:?}");
}

#[tokio::test]
async fn revisions_may_be_parameters() {
    let mut scene = Scene::users().await;
    let rows = scene.prepared("DIFF $1 $2 ON user WHERE age > $3", &["main", "feature", "30"]).await.unwrap();
    assert_eq!(rows, ["modified|1|Ada|Ada|admin|viewer|36|36"]);
    let rows = scene
        .prepared("SELECT id FROM diff($1, $2, 'user') WHERE to_age = $3", &["main", "feature", "36"])
        .await;
    assert_eq!(rows.unwrap(), ["1"]);
    let rows = scene.prepared("DIFF 'main'...$1 SUMMARY", &["feature"]).await.unwrap();
    assert_eq!(rows, ["user|1|1|1", "null|1|0|0"]);
    let error = scene.prepared("DIFF $1 'feature' ON user", &["featur"]).await.unwrap_err();
    assert_eq!(error.code, SqlState::INVALID_CATALOG_NAME);
    assert_eq!(error.position, Some(6));
    let error = scene.prepared("SELECT * FROM diff('main', 'feature', $1)", &["user"]).await.unwrap_err();
    assert_eq!(error.code, SqlState::INDETERMINATE_DATATYPE);
}

#[tokio::test]
async fn unknown_revisions_and_tables_are_named_with_near_misses() {
    let mut scene = Scene::users().await;
    let error = scene.error("DIFF 'main' 'featur' ON user").await;
    assert_eq!((error.code, error.position), (SqlState::INVALID_CATALOG_NAME, Some(13)));
    assert!(error.hint.unwrap().contains("feature"));
    let error = scene.error("SELECT * FROM diff('maim', 'feature', 'user')").await;
    assert_eq!(error.code, SqlState::INVALID_CATALOG_NAME);
    assert!(error.hint.unwrap().contains("main"));
    let error = scene.error("DIFF 'main' 'feature' ON users").await;
    assert_eq!((error.code, error.position), (SqlState::UNDEFINED_TABLE, Some(26)));
    assert!(error.hint.unwrap().contains("user"));
    let error = scene.error("SELECT * FROM diff('main', 'feature', 'usr')").await;
    assert_eq!(error.code, SqlState::UNDEFINED_TABLE);
    assert_eq!(
        scene.error("DIFF 'main' 'feature' ON prolly.log").await.code,
        SqlState::FEATURE_NOT_SUPPORTED
    );
    assert_eq!(
        scene.error("DIFF 'main' 'feature' ON pg_catalog.pg_class").await.code,
        SqlState::UNDEFINED_TABLE
    );
    assert_eq!(
        scene.error("DIFF 'main' 'main~99' ON user").await.code,
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
    );
    assert_eq!(scene.error("DIFF 'main' 'main^2'").await.code, SqlState::INVALID_NAME);
}

#[tokio::test]
async fn wrong_arguments_of_the_function_are_refused() {
    let mut scene = Scene::users().await;
    for (call, code) in [
        ("diff()", SqlState::UNDEFINED_FUNCTION),
        ("diff('main')", SqlState::UNDEFINED_FUNCTION),
        ("diff('main', 'feature', 'user', 'more')", SqlState::UNDEFINED_FUNCTION),
        ("diff('main...feature', 'user', 'more')", SqlState::UNDEFINED_FUNCTION),
        ("diff(1, 2, 'user')", SqlState::DATATYPE_MISMATCH),
        ("diff(null, 'feature', 'user')", SqlState::NULL_VALUE_NOT_ALLOWED),
        ("history('user')", SqlState::FEATURE_NOT_SUPPORTED),
        ("blame('user')", SqlState::FEATURE_NOT_SUPPORTED),
    ] {
        assert_eq!(scene.error(&format!("SELECT * FROM {call}")).await.code, code, "{call}");
    }
}

#[tokio::test]
async fn a_branch_means_its_working_state_and_that_of_the_open_transaction() {
    let mut scene = Scene::users().await;
    assert!(scene.rows("DIFF 'HEAD' 'WORKING'").await.is_empty());
    scene.put("main", "user:5", r#"{"id":"5","role":"new"}"#);
    assert_eq!(scene.rows("DIFF 'HEAD' 'main' ON user SUMMARY").await, ["user|1|0|0"]);
    assert_eq!(scene.rows("DIFF 'HEAD' 'WORKING' ON user SUMMARY").await, ["user|1|0|0"]);
    scene.run("BEGIN; SELECT 1; DROP TABLE user").await;
    assert_eq!(scene.rows("DIFF 'HEAD' 'WORKING' SUMMARY").await, ["null|0|3|0"]);
    scene.run("ROLLBACK").await;
    assert_eq!(scene.rows("DIFF 'HEAD' 'WORKING' SUMMARY").await, ["user|1|0|0"]);
    scene.run("SET microprolly.as_of = 'v1'").await;
    assert_eq!(scene.rows("DIFF 'v1' 'feature' ON user SUMMARY").await, ["user|1|1|1"]);
}

#[tokio::test]
async fn tables_with_composite_and_generated_keys_have_their_key_columns() {
    let mut scene = Scene::empty();
    scene
        .run("CREATE TABLE flight (day INTEGER, carrier TEXT, delay REAL, PRIMARY KEY (day, carrier))")
        .await;
    scene.run("CREATE TABLE note (body TEXT); COMMIT MESSAGE 'tables' ALLOW EMPTY").await;
    scene.put("main", "flight:1:UA", r#"{"day":1,"carrier":"UA","delay":2.5}"#);
    scene.put("main", "flight:10:A:B", r#"{"day":10,"carrier":"A:B"}"#);
    scene.put("main", "note:x1", r#"{"body":"hello"}"#);
    assert_eq!(
        scene.rows("DIFF 'HEAD' 'main' ON flight").await,
        ["added|10|A:B|null|null", "added|1|UA|null|2.5"]
    );
    assert_eq!(scene.rows("SELECT carrier FROM diff('HEAD', 'main', 'flight') WHERE day = 1").await, ["UA"]);
    assert_eq!(
        scene.columns("DIFF 'HEAD' 'main' ON note").await.0.join(" "),
        "diff_type _id from_body to_body"
    );
    assert_eq!(scene.rows("DIFF 'HEAD' 'main' ON note WHERE body = 'hello'").await, ["added|x1|null|hello"]);
}

#[tokio::test]
async fn columns_that_would_share_a_name_are_refused() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE t (from_a TEXT PRIMARY KEY, a TEXT)").await;
    let error = scene.error("DIFF 'HEAD' 'main' ON t").await;
    assert_eq!(error.code, SqlState::DUPLICATE_COLUMN);
    assert!(error.message.contains("from_a"));
    assert!(scene.rows("DIFF 'HEAD' 'main'").await.is_empty());
}

#[tokio::test]
async fn values_that_are_not_text_are_shown_in_hexadecimal() {
    let mut scene = Scene::empty();
    let engine = scene.database.engine().session(microprolly_sql::Principal::all_powerful("ada")).unwrap();
    engine.put(&b"\xff"[..], &b"\xfe\x00"[..]).unwrap();
    assert_eq!(scene.rows("DIFF 'HEAD' 'main'").await, [r"added|\xff|null|null|\xfe00"]);
}

#[tokio::test]
async fn many_changes_stream_in_key_order() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE n (id TEXT PRIMARY KEY, x BIGINT)").await;
    let engine = scene.database.engine().session(microprolly_sql::Principal::all_powerful("ada")).unwrap();
    let mut transaction = engine.begin_transaction().unwrap();
    for number in 0..20_000 {
        transaction.put(format!("n:{number:05}"), format!(r#"{{"id":"{number:05}","x":{number}}}"#)).unwrap();
    }
    transaction.commit().unwrap();
    let rows = scene.rows("DIFF 'HEAD' 'main' ON n WHERE x % 2 = 0").await;
    assert_eq!(rows.len(), 10_000);
    assert!(rows.is_sorted());
    assert_eq!(
        scene.rows("SELECT count(*), sum(to_x) FROM diff('HEAD', 'main', 'n')").await,
        ["20000|199990000"]
    );
    assert_eq!(scene.rows("SELECT id FROM diff('HEAD', 'main', 'n') OFFSET 9 LIMIT 1").await, ["00009"]);
}
