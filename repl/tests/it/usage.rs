//! Wrong command lines, help, version.

use crate::command::{Store, finish, microprolly};

#[test]
fn wrong_usage_exits_with_2_and_makes_no_store() {
    let store = Store::new();
    for arguments in [
        &["--nonsense"][..],
        &["--format", "xml", "-c", "SELECT 1"],
        &["-c"],
        &["import", "f.csv"],
        &["import", "f.csv", "--table", "t", "--key", "a,a"],
        &["import", "f.csv", "--table", "t", "--key", "a", "--type", "a"],
        &["import", "f.csv", "--table", "t", "--key", "a", "--delimiter", "::"],
        &["serve", "--listen", "nowhere"],
        &["serve", "-c", "SELECT 1"],
        &["-c", "SELECT 1", "serve"],
        &["check", "--branch", "b"],
        &["repair", "--salvage"],
        &["repair", "-c", "SELECT 1"],
    ] {
        let run = store.run(arguments);
        assert_eq!(run.stdout, "", "{arguments:?}");
        run.failure(2);
    }
    assert!(!store.data().exists());
}

#[test]
fn help_and_version_go_to_stdout() {
    let store = Store::new();
    let help = store.run(&["--help"]).success();
    for said in ["--data", "--format", "NDJSON", "Exit codes", "serve", "import", "check", "repair"] {
        assert!(help.contains(said), "{said}: {help}");
    }
    assert_eq!(store.run(&["--version"]).success(), format!("microprolly {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_data_the_store_is_made_in_the_current_directory() {
    let directory = tempfile::TempDir::new().unwrap();
    let child = microprolly(directory.path()).args(["-c", "SELECT 1"]).spawn().unwrap();
    finish(child, "").success();
    assert!(directory.path().join("microprolly-data").is_dir());
}
