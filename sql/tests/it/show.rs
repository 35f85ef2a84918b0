//! SHOW.

use microprolly_sql::{Command, SqlState};

use crate::scene::Scene;

#[tokio::test]
async fn lists_are_the_system_tables() {
    let mut scene = Scene::users().await;
    for list in ["branches", "tags", "log", "status", "types", "segments"] {
        let show = format!("SHOW {list}");
        let select = format!("SELECT * FROM prolly.{list}");
        assert_eq!(scene.columns(&show).await, (scene.columns(&select).await.0, Command::Show));
        assert_eq!(scene.rows(&show).await, scene.rows(&select).await);
        assert_eq!(scene.prepared(&show, &[]).await.unwrap(), scene.rows(&select).await);
    }
    assert_eq!(scene.columns("SHOW TABLES").await.0, ["name", "rows"]);
    assert_eq!(scene.rows("SHOW TABLES").await, ["user|3"]);
}

fn messages(rows: &[String]) -> Vec<&str> {
    rows.iter().map(|row| row.split('|').nth(5).unwrap()).collect()
}

#[tokio::test]
async fn a_log_may_be_of_another_revision_or_between_two() {
    let mut scene = Scene::users().await;
    let create = "Create the database";
    assert_eq!(messages(&scene.rows("SHOW LOG").await), ["users", create]);
    assert_eq!(messages(&scene.rows("SHOW LOG 'feature'").await), ["edits", "users", create]);
    assert_eq!(messages(&scene.rows("SHOW LOG 'main'..'feature'").await), ["edits"]);
    assert_eq!(messages(&scene.rows("SHOW LOG 'main^'..'feature'").await), ["edits", "users"]);
    assert!(scene.rows("SHOW LOG 'feature'..'main'").await.is_empty());
    assert_eq!(messages(&scene.rows("SHOW LOG feature").await), ["edits", "users", create]);
    assert_eq!(messages(&scene.prepared("SHOW LOG $1..$2", &["v1", "feature"]).await.unwrap()), ["edits"]);
    let error = scene.error("SHOW LOG 'main'..'nowhere'").await;
    assert_eq!((error.code, error.position), (SqlState::INVALID_CATALOG_NAME, Some(18)));
}

#[tokio::test]
async fn settings_show_what_set_has_set() {
    let mut scene = Scene::users().await;
    assert_eq!(
        scene.columns("SHOW server_version").await,
        (vec!["server_version".to_owned()], Command::Show)
    );
    assert_eq!(scene.rows("SHOW TIME ZONE").await, ["UTC"]);
    assert_eq!(scene.rows("SHOW application_name").await, [""]);
    scene.run("SET application_name = 'x'; SET microprolly.branch = 'feature'").await;
    assert_eq!(scene.rows("SHOW application_name").await, ["x"]);
    assert_eq!(scene.rows("SHOW microprolly.branch").await, ["feature"]);
    assert_eq!(scene.prepared("SHOW transaction_isolation", &[]).await.unwrap(), ["repeatable read"]);
    let error = scene.error("SHOW serverversion").await;
    assert_eq!((error.code, error.position), (SqlState::UNDEFINED_OBJECT, Some(6)));
    assert!(error.hint.unwrap().contains("server_version"));
}

#[tokio::test]
async fn show_all_lists_every_setting_as_it_is() {
    let mut scene = Scene::users().await;
    scene.run("USE BRANCH feature; SET application_name = 'x'").await;
    let all = scene.rows("SHOW ALL").await;
    assert_eq!(all, scene.rows("SHOW SETTINGS").await);
    assert_eq!(scene.columns("SHOW ALL").await.0, ["name", "setting", "description"]);
    assert!(all.iter().any(|row| row.starts_with("microprolly.branch|feature|")), "{all:?}");
    assert!(all.iter().any(|row| row.starts_with("application_name|x|")), "{all:?}");
    let listed: Vec<String> = scene
        .session
        .settings()
        .iter()
        .map(|setting| format!("{}|{}|{}", setting.name, setting.value, setting.description))
        .collect();
    assert_eq!(listed, all);
    let names: Vec<&str> = all.iter().map(|row| row.split('|').next().unwrap()).collect();
    for name in names {
        let value = scene.rows(&format!("SHOW {name}")).await.pop().unwrap();
        assert!(all.iter().any(|row| row.starts_with(&format!("{name}|{value}|"))), "{name} {value}");
    }
}
