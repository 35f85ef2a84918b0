//! COLLECT GARBAGE, CHECK and REPAIR DATABASE, INSPECT, ALTER DATABASE.

use std::time::Duration;

use microprolly_sql::{Command, SqlState};

use crate::scene::Scene;

/// What a row of COLLECT GARBAGE says, in the order of its columns.
fn numbers(rows: &[String]) -> Vec<i64> {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0].split('|').map(|number| number.parse().unwrap()).collect()
}

/// The message of the one notice that has come up.
fn notice(scene: &mut Scene) -> String {
    let mut notices = scene.session.drain_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    let notice = notices.remove(0);
    assert_eq!(notice.severity, "NOTICE");
    notice.message
}

#[tokio::test]
async fn garbage_is_removed_and_the_rest_reads_as_before() {
    let mut scene = Scene::users().await;
    scene.run("DROP BRANCH feature FORCE").await;
    let before = scene.rows("SELECT * FROM user").await;
    let bytes = scene.rows("SELECT sum(bytes) FROM prolly.segments").await;
    let (columns, command) = scene.columns("COLLECT GARBAGE DRY RUN").await;
    assert_eq!(
        columns,
        ["objects_removed", "bytes_reclaimed", "objects_live", "segments_removed", "segments_written"]
    );
    assert_eq!(command, Command::Other("COLLECT GARBAGE"));
    assert!(numbers(&scene.rows("COLLECT GARBAGE DRY RUN").await)[2] > 0);
    assert_eq!(scene.rows("SELECT sum(bytes) FROM prolly.segments").await, bytes);

    let collected = numbers(&scene.rows("COLLECT GARBAGE").await);
    assert!(collected[0] > 0 && collected[2] > 0, "{collected:?}");
    let again = numbers(&scene.prepared("COLLECT GARBAGE", &[]).await.unwrap());
    assert_eq!((again[0], again[2]), (0, collected[2]));
    assert_eq!(scene.rows("SELECT * FROM user").await, before);
    assert_eq!(scene.rows("SELECT * FROM user AS OF 'v1'").await, before);
    assert!(scene.rows("CHECK DATABASE").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_given_up_leaves_the_database_whole() {
    let mut scene = Scene::users().await;
    scene.run("DROP BRANCH feature FORCE").await;
    let before = scene.rows("SELECT * FROM user").await;
    // It has begun when it is given up, and may not have noticed when the next one begins.
    drop(tokio::time::timeout(Duration::ZERO, scene.session.run("COLLECT GARBAGE")).await);
    loop {
        match scene.try_rows("COLLECT GARBAGE").await {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.rows("SELECT * FROM user").await, before);
    assert!(scene.rows("CHECK DATABASE").await.is_empty());
}

#[tokio::test]
async fn a_check_lists_garbage_and_says_how_much_it_has_looked_at() {
    let mut scene = Scene::users().await;
    let columns = ["type", "object", "file", "offset", "reached_by", "detail"];
    assert_eq!(
        scene.columns("CHECK DATABASE").await,
        (columns.map(str::to_owned).to_vec(), Command::Other("CHECK DATABASE"))
    );
    scene.session.drain_notices();
    let found = scene.prepared("CHECK DATABASE", &[]).await.unwrap();
    assert!(!found.is_empty() && found.iter().all(|row| row.starts_with("orphaned_object|")), "{found:?}");
    let message = notice(&mut scene);
    assert!(message.starts_with("checked "), "{message}");
    assert!(
        message.ends_with(&format!(": none is damaged or missing; {} objects in no use", found.len())),
        "{message}"
    );
}

#[tokio::test]
async fn a_repair_removes_garbage_and_then_has_nothing_to_do() {
    let mut scene = Scene::users().await;
    assert_eq!(scene.columns("REPAIR DATABASE").await.0, ["what", "object", "detail"]);
    scene.session.drain_notices();
    scene.run("COMMIT MESSAGE 'one' ALLOW EMPTY; COMMIT MESSAGE 'two' ALLOW EMPTY").await;
    let done = scene.rows("REPAIR DATABASE").await;
    assert!(matches!(&done[..], [row] if row.starts_with("orphaned_objects_removed|null|")), "{done:?}");
    assert_eq!(notice(&mut scene), "repaired: nothing is damaged or missing any more");
    assert!(scene.rows("REPAIR DATABASE").await.is_empty());
    assert_eq!(notice(&mut scene), "there is nothing to repair");
}

/// The value of a property.
#[track_caller]
fn value<'a>(rows: &'a [String], property: &str) -> &'a str {
    let found = rows.iter().filter_map(|row| row.split_once('|')).find(|(name, _)| *name == property);
    found.unwrap_or_else(|| panic!("{property} is not in {rows:?}")).1
}

fn number(rows: &[String], property: &str) -> u64 {
    value(rows, property).parse().unwrap()
}

#[tokio::test]
async fn a_commit_is_shown_property_by_property() {
    let mut scene = Scene::users().await;
    scene.run("COMMIT MESSAGE 'third' AUTHOR 'Eve' METADATA '{\"ticket\": 7}' ALLOW EMPTY").await;
    assert_eq!(
        scene.columns("INSPECT COMMIT 'HEAD'").await,
        (vec!["property".to_owned(), "value".to_owned()], Command::Other("INSPECT"))
    );
    let shown = scene.rows("INSPECT COMMIT main").await;
    for (property, expected) in [
        ("author", "Eve"),
        ("committer", "ada"),
        ("message", "third"),
        ("metadata", r#"{"ticket": 7}"#),
        ("generation", "2"),
        ("depth", "2"),
        ("keys", "3"),
    ] {
        assert_eq!(value(&shown, property), expected);
    }
    let log = scene.rows("SELECT commit_id, parents[1] FROM prolly.log LIMIT 1").await;
    assert_eq!(log, [format!("{}|{}", value(&shown, "commit_id"), value(&shown, "parents"))]);
    let first = scene.prepared("INSPECT COMMIT $1", &["main~2"]).await.unwrap();
    assert_eq!(
        (value(&first, "parents"), value(&first, "jump"), value(&first, "metadata")),
        ("null", "null", "null")
    );
}

#[tokio::test]
async fn a_tree_is_measured_and_compared() {
    let mut scene = Scene::users().await;
    let shown = scene.rows("INSPECT TREE 'feature' COMPARED WITH feature").await;
    // Two of its keys are not committed, and in no node yet.
    assert_eq!((number(&shown, "keys"), number(&shown, "pending_keys")), (2, 2));
    assert_eq!(number(&shown, "shared_nodes"), number(&shown, "nodes"));
    assert_eq!(number(&shown, "shared_bytes"), number(&shown, "bytes"));
    assert_eq!(value(&shown, "compared_root"), value(&shown, "root"));
    let sizes = shown.iter().filter(|row| row.starts_with("nodes_from_")).map(|row| row.rsplit('|').next());
    let counted: u64 = sizes.map(|nodes| nodes.unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(counted, number(&shown, "nodes"));

    let apart = scene.prepared("INSPECT TREE $1 COMPARED WITH $2", &["main", "feature"]).await.unwrap();
    assert_eq!((number(&apart, "keys"), number(&apart, "shared_nodes")), (3, 0));
    let by_root = scene.rows(&format!("INSPECT TREE '{}'", value(&apart, "root"))).await;
    assert_eq!(number(&by_root, "keys"), 3);
    assert!(!by_root.iter().any(|row| row.starts_with("shared_")));
}

#[tokio::test]
async fn an_object_is_shown_raw_and_parsed() {
    let mut scene = Scene::users().await;
    let commit = scene.rows("INSPECT COMMIT 'HEAD'").await;
    let root = value(&commit, "root").to_owned();
    let leaf = scene.rows(&format!("INSPECT OBJECT '{}'", &root[..10])).await;
    assert_eq!((value(&leaf, "hash"), value(&leaf, "kind")), (root.as_str(), "leaf"));
    assert!(value(&leaf, "parsed").contains(r#""key":"user:1""#), "{leaf:?}");
    assert_eq!(value(&leaf, "raw").len(), 2 + 2 * number(&leaf, "bytes") as usize);
    assert!(value(&leaf, "raw").starts_with("\\x01"));
    let object = scene.prepared("INSPECT OBJECT $1", &[value(&commit, "commit_id")]).await.unwrap();
    assert_eq!(value(&object, "kind"), "commit");
    assert!(value(&object, "parsed").contains(r#""message":"users""#), "{object:?}");
}

#[tokio::test]
async fn what_cannot_be_inspected_is_pointed_at() {
    let mut scene = Scene::users().await;
    for (sql, code, position) in [
        ("INSPECT COMMIT 'nowhere'", SqlState::INVALID_CATALOG_NAME, 16),
        ("INSPECT TREE 'nowhere' COMPARED WITH 'main'", SqlState::INVALID_CATALOG_NAME, 14),
        ("INSPECT TREE 'main' COMPARED WITH 'nowhere'", SqlState::INVALID_CATALOG_NAME, 35),
        ("INSPECT OBJECT 'ffffffff'", SqlState::UNDEFINED_OBJECT, 16),
        ("INSPECT OBJECT 'main'", SqlState::INVALID_NAME, 16),
    ] {
        let error = scene.error(sql).await;
        assert_eq!((error.code, error.position), (code, Some(position)), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn settings_of_the_database_hold_for_everybody_and_are_shown() {
    let mut scene = Scene::users().await;
    let mut other = Scene::of(scene.database.clone());
    assert_eq!(scene.rows("SHOW microprolly.compression").await, ["zstd(1)"]);
    assert_eq!(scene.rows("SHOW microprolly.garbage_collection").await, ["100%"]);
    for (setting, given, shown) in [
        ("compression", "none", "none"),
        ("compression", "'zstd(9)'", "zstd(9)"),
        ("compression", "'ZSTD'", "zstd(1)"),
        ("garbage_collection", "off", "off"),
        ("garbage_collection", "'50%'", "50%"),
        ("microprolly.garbage_collection", "on", "100%"),
    ] {
        scene.run(&format!("ALTER DATABASE SET {setting} = {given}")).await;
        let show = format!("SHOW microprolly.{}", setting.trim_start_matches("microprolly."));
        assert_eq!(other.rows(&show).await, [shown], "{setting} {given}");
    }
    for (sql, code, position) in [
        ("ALTER DATABASE SET compression = 'lz4'", SqlState::INVALID_PARAMETER_VALUE, 34),
        ("ALTER DATABASE SET compression = 'zstd(99)'", SqlState::INVALID_PARAMETER_VALUE, 34),
        ("ALTER DATABASE SET garbage_collection = 50", SqlState::INVALID_PARAMETER_VALUE, 41),
        ("ALTER DATABASE SET timezone = 'UTC'", SqlState::UNDEFINED_OBJECT, 20),
        ("SET microprolly.compression = 'none'", SqlState::CANT_CHANGE_RUNTIME_PARAM, 5),
    ] {
        let error = scene.error(sql).await;
        assert_eq!((error.code, error.position), (code, Some(position)), "{sql}: {error:?}");
    }
    assert_eq!(other.rows("SHOW microprolly.compression").await, ["zstd(1)"]);
}

#[tokio::test]
async fn what_is_true_at_once_runs_in_no_transaction_and_what_changes_in_no_read_only_session() {
    let mut scene = Scene::users().await;
    let changing = ["COLLECT GARBAGE", "REPAIR DATABASE", "ALTER DATABASE SET compression = none"];
    let reading = ["COLLECT GARBAGE DRY RUN", "CHECK DATABASE"];
    for sql in changing.iter().chain(&reading) {
        scene.run("BEGIN").await;
        assert_eq!(scene.error(sql).await.code, SqlState::ACTIVE_SQL_TRANSACTION, "{sql}");
        scene.run("ROLLBACK").await;
    }
    // What it looks at has been published.
    scene.run("BEGIN; INSPECT COMMIT 'HEAD'; INSPECT TREE 'main'; COMMIT").await;
    scene.run("SET default_transaction_read_only = on").await;
    for sql in changing {
        assert_eq!(scene.error(sql).await.code, SqlState::READ_ONLY_SQL_TRANSACTION, "{sql}");
    }
    for sql in reading.into_iter().chain(["INSPECT TREE 'main'"]) {
        scene.run(sql).await;
    }
}

#[tokio::test]
async fn segments_are_inspected_with_what_of_them_is_in_use() {
    let mut scene = Scene::empty();
    scene.put("main", "config:theme", "dark");
    scene.run("COMMIT MESSAGE 'a theme'").await;
    let live = "SELECT name FROM prolly.segments ORDER BY name";
    let names = scene.rows(live).await;
    let segments = scene.rows("INSPECT SEGMENTS").await;
    assert_eq!(segments.len(), names.len());
    let fields: Vec<u64> = segments[0].split('|').skip(1).map(|field| field.parse().unwrap()).collect();
    let [chunks, chunk_bytes, live_chunks, live_bytes] = fields[..] else { panic!("{segments:?}") };
    assert!(0 < live_chunks && live_chunks <= chunks, "{segments:?}");
    assert!(0 < live_bytes && live_bytes <= chunk_bytes, "{segments:?}");
}
