//! Backslash commands.

use crate::command::Store;

fn store_with_table() -> Store {
    let store = Store::new();
    store
        .run(&[
            "-c",
            "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL); INSERT INTO t VALUES (1, 'one')",
        ])
        .success();
    store
}

#[test]
fn tables_and_their_columns_are_listed() {
    let store = store_with_table();
    let tables = store.run(&["--format", "csv", "-c", "\\dt"]).success();
    assert!(tables.lines().any(|line| line.starts_with("public,t,")), "{tables}");
    let columns = store.run(&["--format", "csv", "-c", "\\d t"]).success();
    assert_eq!(columns, "Column,Type,Nullable,Default,Key\nid,bigint,not null,,1\nname,text,not null,,\n");
    let system = store.run(&["--format", "csv", "-c", "\\dt prolly.*"]).success();
    assert!(system.contains("prolly,branches,"), "{system}");
}

#[test]
fn a_table_that_is_not_there_suggests_one_that_is() {
    let store = Store::new();
    store.run(&["-c", "CREATE TABLE flights (id BIGINT PRIMARY KEY)"]).success();
    let stderr = store.run(&["-c", "\\d flight"]).failure(1);
    assert!(stderr.contains("Did you mean flights?"), "{stderr}");
}

#[test]
fn branches_are_listed_and_switched() {
    let store = store_with_table();
    let run = store.run(&[
        "--format",
        "csv",
        "-c",
        "COMMIT MESSAGE 'start'; CREATE BRANCH \"feature-x\"",
        "-c",
        "\\c feature-x",
        "-c",
        "DELETE FROM t; SELECT count(*) AS n FROM t",
        "-c",
        "\\c main",
        "-c",
        "SELECT count(*) AS n FROM t",
    ]);
    assert!(run.stderr.contains("branch 'feature-x'"), "{run:?}");
    assert!(run.stdout.ends_with("n\n0\nn\n1\n"), "{run:?}");
    let branches = store.run(&["-c", "\\l"]).success();
    assert!(branches.contains("feature-x") && branches.contains("main"), "{branches}");
}

#[test]
fn files_are_included_written_and_copied() {
    let store = store_with_table();
    let csv = store.path("out.csv");
    let results = store.path("results.txt");
    let include = store.file("more.sql", "INSERT INTO t VALUES (2, 'two');\n");
    let run = store.run(&[
        "-c",
        &format!("\\i {include}"),
        "-c",
        &format!("\\copy (SELECT * FROM t ORDER BY id) to '{csv}' with (format csv, header)"),
        "-c",
        "DELETE FROM t",
        "-c",
        &format!("\\copy t from '{csv}' with (format csv, header)"),
        "-c",
        "\\format csv",
        "-c",
        &format!("\\o {results}"),
        "-c",
        "SELECT id FROM t ORDER BY id",
        "-c",
        "\\o",
        "-c",
        "SELECT 'shown' AS a",
    ]);
    assert_eq!(run.success(), "a\nshown\n");
    assert_eq!(std::fs::read_to_string(csv).unwrap(), "id,name\n1,one\n2,two\n");
    assert_eq!(std::fs::read_to_string(results).unwrap(), "id\n1\n2\n");
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let store = Store::new();
    let path = store.path("self.sql");
    store.file("self.sql", format!("\\i {path}\n"));
    let stderr = store.run(&["-f", &path]).failure(1);
    assert!(stderr.contains("files include each other"), "{stderr}");
}

#[test]
fn a_wrong_command_names_the_one_that_was_meant() {
    let stderr = Store::new().run(&["-c", "\\tming"]).failure(1);
    assert!(stderr.contains("Did you mean \\timing?"), "{stderr}");
}

#[test]
fn help_goes_to_stderr() {
    let run = Store::new().run(&["-c", "\\?", "-c", "\\h diff"]);
    assert!(run.stderr.contains("\\copy") && run.stderr.contains("DIFF 'from' 'to'"), "{run:?}");
    assert_eq!(run.success(), "");
}

#[test]
fn null_is_shown_as_chosen() {
    let run = Store::new().run(&["-c", "\\pset null ∅", "-c", "SELECT CAST(NULL AS TEXT) AS a"]);
    assert_eq!(run.success(), " a\n---\n ∅\n(1 row)\n\n");
}
