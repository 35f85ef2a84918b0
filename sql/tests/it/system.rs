//! The tables of the schema `prolly`.

use microprolly_sql::{Database, Principal, SqlState};

use crate::scene::Scene;

#[tokio::test]
async fn log_is_newest_first_and_says_who_did_what_when() {
    let mut scene = Scene::users().await;
    scene
        .run("COMMIT MESSAGE 'third' AUTHOR 'Eve <eve@example.org>' METADATA '{\"ticket\": 7}' ALLOW EMPTY")
        .await;
    assert_eq!(
        scene.rows("SELECT message, author, committer, metadata, generation, array_length(parents) FROM prolly.log").await,
        [
            r#"third|Eve <eve@example.org>|ada|{"ticket": 7}|2|1"#,
            "users|ada|ada|null|1|1",
            "Create the database|MicroProlly|MicroProlly|null|0|0",
        ]
    );
    assert_eq!(
        scene
            .rows("SELECT count(*) FROM prolly.log a JOIN prolly.log b ON a.parents[1] = b.commit_id AND a.committed_at >= b.committed_at")
            .await,
        ["2"]
    );
    let ids = scene.rows("SELECT commit_id FROM prolly.log").await;
    let as_of = format!("SELECT count(*) FROM user AS OF '{}'", &ids[1][..10]);
    assert_eq!(scene.rows(&as_of).await, ["3"]);
}

#[tokio::test]
async fn log_follows_the_branch_and_the_version_that_the_session_reads() {
    let mut scene = Scene::users().await;
    scene.run("USE BRANCH feature").await;
    assert_eq!(scene.rows("SELECT message FROM prolly.log LIMIT 2").await, ["edits", "users"]);
    scene.run("SET microprolly.as_of = 'HEAD^'").await;
    assert_eq!(scene.rows("SELECT message FROM prolly.log LIMIT 1").await, ["users"]);
    scene.run("SET microprolly.as_of = 'v1'").await;
    assert_eq!(scene.rows("SELECT count(*) FROM prolly.log").await, ["2"]);
}

#[tokio::test]
async fn the_order_of_the_log_survives_a_filter() {
    let mut scene = Scene::empty();
    for number in 0..300 {
        scene.run(&format!("COMMIT MESSAGE '{number:03}' ALLOW EMPTY")).await;
    }
    let mut rows =
        scene.rows("SELECT message FROM prolly.log WHERE author = 'ada' AND message LIKE '%0'").await;
    assert_eq!(rows.len(), 30);
    rows.reverse();
    assert!(rows.is_sorted());
}

#[tokio::test]
async fn a_few_lines_of_the_log_read_a_few_commits() {
    let directory = tempfile::tempdir().unwrap();
    let mut scene = Scene::of(Database::create(directory.path()).unwrap());
    for number in 0..200 {
        scene.run(&format!("COMMIT MESSAGE '{number}' ALLOW EMPTY")).await;
    }
    drop(scene);
    let mut scene = Scene::of(Database::open(directory.path()).unwrap());
    let reads = |scene: &Scene| scene.database.engine().store_statistics().unwrap().chunk_reads;
    for (sql, most) in [
        ("SELECT message FROM prolly.log LIMIT 1", 4),
        ("SELECT message FROM prolly.log LIMIT 5", 14),
        ("SELECT message FROM prolly.log WHERE author = 'ada' LIMIT 5", 90),
    ] {
        let before = reads(&scene);
        assert!(!scene.rows(sql).await.is_empty());
        let read = reads(&scene) - before;
        assert!(read <= most, "{sql} read {read} chunks");
    }
    assert_eq!(scene.rows("SELECT count(*) FROM prolly.log").await, ["201"]);
}

#[tokio::test]
async fn branches_show_their_heads_and_which_have_changes() {
    let mut scene = Scene::users().await;
    let sql = "SELECT name, is_current, is_dirty, author, message FROM prolly.branches";
    assert_eq!(scene.rows(sql).await, ["feature|false|true|ada|edits", "main|true|false|ada|users"]);
    assert_eq!(
        scene
            .rows("SELECT b.name FROM prolly.branches b JOIN prolly.log l ON b.head = l.commit_id AND b.committed_at = l.committed_at")
            .await,
        ["main"]
    );
    scene.run("BEGIN; DROP TABLE user").await;
    assert_eq!(scene.rows(sql).await[1], "main|true|true|ada|users");
    scene.run("ROLLBACK").await;
    assert_eq!(scene.rows(sql).await[1], "main|true|false|ada|users");
}

#[tokio::test]
async fn tags_show_what_they_name() {
    let mut scene = Scene::users().await;
    scene.run("CREATE TAG v2 AT 'feature' MESSAGE 'release'").await;
    assert_eq!(
        scene.rows("SELECT name, message, tagger, created_at IS NOT NULL FROM prolly.tags").await,
        ["v1||ada|true", "v2|release|ada|true"]
    );
    assert_eq!(
        scene
            .rows(
                "SELECT t.name FROM prolly.tags t JOIN prolly.branches b ON t.commit_id = b.head ORDER BY 1"
            )
            .await,
        ["v1", "v2"]
    );
}

#[tokio::test]
async fn status_shows_what_no_version_records() {
    let mut scene = Scene::users().await;
    let sql = "SELECT * FROM prolly.status";
    assert!(scene.rows(sql).await.is_empty());
    scene.run("USE BRANCH feature").await;
    assert_eq!(scene.columns(sql).await.0, ["key", "table_name", "change"]);
    assert_eq!(scene.rows(sql).await, ["config:theme|null|added", "user:4|user|added"]);
    scene.delete("feature", "user:3");
    scene.put("feature", "user:1", r#"{"id":"1","role":"owner"}"#);
    assert_eq!(
        scene.rows(sql).await,
        ["config:theme|null|added", "user:1|user|modified", "user:3|user|removed", "user:4|user|added"]
    );
    scene.run("COMMIT MESSAGE 'all'").await;
    assert!(scene.rows(sql).await.is_empty());
}

#[tokio::test]
async fn status_shows_the_open_transaction_and_nothing_of_a_past_version() {
    let mut scene = Scene::users().await;
    scene.run("BEGIN; DROP TABLE user").await;
    assert_eq!(
        scene.rows("SELECT key, change FROM prolly.status").await,
        ["user:1|removed", "user:2|removed", "user:3|removed"]
    );
    scene.run("ROLLBACK; USE BRANCH feature; SET microprolly.as_of = 'HEAD'").await;
    assert!(scene.rows("SELECT * FROM prolly.status").await.is_empty());
}

#[tokio::test]
async fn types_and_columns_describe_the_tables() {
    let mut scene = Scene::users().await;
    scene.run("CREATE TABLE hop (b INTEGER DEFAULT 7, a TEXT, PRIMARY KEY (a, b)); CREATE TABLE note (body VARCHAR(9))").await;
    assert_eq!(
        scene.rows("SELECT name, primary_key, rows, oid >= 16384 FROM prolly.types").await,
        ["hop|[a, b]|0|true", "note|[]|0|true", "user|[id]|3|true"]
    );
    assert_eq!(
        scene.rows("SELECT columns FROM prolly.types WHERE name = 'hop'").await,
        [
            r#"[{"name":"b","type":"integer","required":true,"default":"7"},{"name":"a","type":"text","required":true}]"#
        ]
    );
    assert_eq!(
        scene.rows("SELECT * FROM prolly.columns WHERE table_name <> 'user'").await,
        [
            "hop|b|1|integer|true|7|2",
            "hop|a|2|text|true|null|1",
            "note|body|1|character varying(9)|false|null|null"
        ]
    );
    scene.run("USE BRANCH feature").await;
    assert_eq!(scene.rows("SELECT rows FROM prolly.types WHERE name = 'user'").await, ["3"]);
}

#[tokio::test]
async fn the_store_shows_its_files_and_counters() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene.rows("SELECT count(*), bool_and(bytes > 0), bool_or(is_sealed) FROM prolly.segments").await,
        ["1|true|false"]
    );
    assert_eq!(
        scene
            .rows("SELECT s.value = (SELECT sum(bytes) FROM prolly.segments) FROM prolly.stats s WHERE name = 'disk_bytes'")
            .await,
        ["true"]
    );
    assert_eq!(
        scene.rows("SELECT count(*) FROM prolly.stats WHERE value IS NULL OR description IS NULL").await,
        ["0"]
    );
}

#[tokio::test]
async fn every_system_table_is_listed_described_and_readable() {
    let mut scene = Scene::users().await;
    let names: Vec<String> =
        scene.session.table_names().into_iter().filter(|name| name.starts_with("prolly.")).collect();
    assert!(names.is_sorted());
    assert!(names.len() >= 8);
    for name in names {
        scene.rows(&format!("SELECT * FROM {name}")).await;
        assert!(scene.rows(&format!("SELECT * FROM {name} WHERE false")).await.is_empty());
    }
    let error = scene.error("SELECT * FROM prolly.lgo").await;
    assert_eq!(error.code, SqlState::UNDEFINED_TABLE);
    let error = scene.error("SELECT * FROM prolly.log AS OF 'v1'").await;
    assert_eq!(error.code, SqlState::FEATURE_NOT_SUPPORTED);
}

#[tokio::test]
async fn a_session_of_another_principal_sees_the_same() {
    let mut scene = Scene::users().await;
    let mut other = Scene {
        database: scene.database.clone(),
        session: scene.database.session(Principal::all_powerful("bob")).unwrap(),
    };
    assert_eq!(
        scene.rows("SELECT * FROM prolly.branches").await,
        other.rows("SELECT * FROM prolly.branches").await
    );
}
