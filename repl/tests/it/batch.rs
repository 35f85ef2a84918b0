//! `-c`, `-f` and stdin: order, what goes where, the first failure.

use std::io::Read;
use std::process::Stdio;

use crate::command::{Store, finish};

#[test]
fn commands_and_files_run_in_order_in_one_session() {
    let store = Store::new();
    let file = store.file("insert.sql", "INSERT INTO t VALUES (1, 'one');\nINSERT INTO t VALUES (2, NULL)");
    let run = store.run(&[
        "--format",
        "csv",
        "-c",
        "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)",
        "-c",
        "BEGIN",
        "-f",
        &file,
        "-c",
        "SELECT * FROM t ORDER BY id; COMMIT",
    ]);
    assert_eq!(run.success(), "id,name\n1,one\n2,\n");
}

#[test]
fn only_result_sets_reach_stdout() {
    let store = Store::new();
    let run = store.run(&[
        "-c",
        "\\timing on",
        "-c",
        "CREATE TABLE t (id BIGINT PRIMARY KEY); INSERT INTO t VALUES (1); SELECT id FROM t;",
    ]);
    assert_eq!(run.stdout, " id\n----\n  1\n(1 row)\n\n");
    for said in ["Timing is on.", "CREATE TABLE", "INSERT 0 1", "Time: "] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
}

#[test]
fn the_first_failed_statement_ends_the_run_with_1() {
    let store = Store::new();
    let run = store.run(&[
        "--format",
        "csv",
        "-c",
        "SELECT 1 AS a",
        "-c",
        "SELECT * FROM nowhere",
        "-c",
        "SELECT 2",
    ]);
    assert_eq!(run.stdout, "a\n1\n");
    let stderr = run.failure(1);
    assert!(stderr.contains("(42P01)"), "{stderr}");
    assert!(stderr.contains("LINE 1: SELECT * FROM nowhere\n                      ^"), "{stderr}");
}

#[test]
fn an_error_in_a_script_names_its_file_and_line_and_what_ran_before_stays() {
    let store = Store::new();
    let file = store.file(
        "script.sql",
        "CREATE TABLE t (id BIGINT PRIMARY KEY);\nINSERT INTO t VALUES (1);\n\nSELECT *\nFROM nowhere;\nINSERT INTO t VALUES (2);\n",
    );
    let stderr = store.run(&["-f", &file]).failure(1);
    assert!(stderr.contains(&format!("{file}:5: ERROR: ")), "{stderr}");
    assert_eq!(store.csv("SELECT id FROM t"), "id\n1\n");
}

#[test]
fn a_transaction_left_open_is_rolled_back_with_a_warning() {
    let store = Store::new();
    store.run(&["-c", "CREATE TABLE t (id BIGINT PRIMARY KEY)"]).success();
    let run = store.run(&["-c", "BEGIN; INSERT INTO t VALUES (1)"]);
    assert!(run.stderr.contains("WARNING: the transaction was still open and is rolled back"), "{run:?}");
    run.success();
    assert_eq!(store.csv("SELECT count(*) AS n FROM t"), "n\n0\n");
}

#[test]
fn statements_come_from_stdin_when_it_is_no_terminal() {
    let store = Store::new();
    let script = "\u{feff}-- a script\nSELECT ';' AS a;\n\nSELECT 'b;\nc' AS b";
    let run = store.run_with_stdin(&["--format", "csv"], script);
    assert_eq!(run.success(), "a\n;\nb\n\"b;\nc\"\n");
}

#[test]
fn a_script_holds_the_data_of_copy_behind_the_statement() {
    let store = Store::new();
    let script = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT);\n\
                  COPY t FROM STDIN (FORMAT csv);\n1,\"a;b\"\n2,\\x\n\\.\nSELECT * FROM t ORDER BY id;\n";
    let run = store.run_with_stdin(&["--format", "csv"], script);
    assert!(run.stderr.contains("COPY 2"), "{run:?}");
    assert_eq!(run.success(), "id,name\n1,a;b\n2,\\x\n");
}

#[test]
fn a_command_reads_the_data_of_copy_from_stdin_and_writes_it_to_stdout() {
    let store = Store::new();
    store.run(&["-c", "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)"]).success();
    store.run_with_stdin(&["-c", "COPY t FROM STDIN (FORMAT csv, HEADER)"], "id,name\n1,one\n").success();
    let out = store.run(&["-c", "COPY (SELECT * FROM t) TO STDOUT (FORMAT csv, HEADER)"]).success();
    assert_eq!(out, "id,name\n1,one\n");
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let store = Store::new();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                SELECT a.i, repeat('x', 100) FROM n a CROSS JOIN n b";
    let mut child = store.command(&["--format", "csv", "-c", many]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 16]).unwrap();
    drop(stdout);
    let run = finish(child, "");
    assert_eq!(run.stderr, "");
    assert_eq!(run.code, Some(1));
}

#[test]
fn messages_to_a_closed_stderr_are_lost_without_a_panic() {
    let store = Store::new();
    let mut child =
        store.command(&["-c", "SELECT 1; CREATE TABLE t (id BIGINT PRIMARY KEY)"]).spawn().unwrap();
    drop(child.stderr.take());
    finish(child, "").success();
    assert_eq!(store.csv("SELECT count(*) AS n FROM t"), "n\n0\n");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let store = Store::new();
    let stderr = store.run(&["-f", "missing.sql"]).failure(1);
    assert!(stderr.starts_with("ERROR: missing.sql: "), "{stderr}");
    let broken = store.file("broken.sql", b"SELECT 1;\nSELECT '\xff';\n");
    let stderr = store.run(&["-f", &broken]).failure(1);
    assert!(stderr.contains("broken.sql:2: "), "{stderr}");
}

#[test]
fn the_run_works_on_the_branch_that_is_asked_for() {
    let store = Store::new();
    store.run(&["-c", "CREATE TABLE t (id BIGINT PRIMARY KEY); CREATE BRANCH b"]).success();
    store.run(&["--branch", "b", "-c", "INSERT INTO t VALUES (1)"]).success();
    assert_eq!(store.csv("SELECT count(*) AS n FROM t"), "n\n0\n");
    assert_eq!(
        store.run(&["--branch", "b", "--format", "csv", "-c", "SELECT id FROM t"]).success(),
        "id\n1\n"
    );
    let stderr = store.run(&["--branch", "c", "-c", "SELECT 1"]).failure(1);
    assert!(stderr.contains("ERROR: "), "{stderr}");
}

#[test]
fn a_statement_that_waits_for_nothing_leaves_stdin_alone() {
    let store = Store::new();
    let child =
        store.command(&["--format", "csv", "-c", "SELECT 1 AS a"]).stdin(Stdio::piped()).spawn().unwrap();
    assert_eq!(finish(child, "SELECT 2;").success(), "a\n1\n");
}

#[test]
fn rows_that_fail_on_the_way_fail_the_transaction() {
    let store = Store::new();
    let script = store.file(
        "script.sql",
        "CREATE TABLE t (id BIGINT PRIMARY KEY);\nBEGIN;\nINSERT INTO t VALUES (0);\nSELECT 1 / id FROM t;\nCOMMIT;\n",
    );
    let stderr = store.run(&["-f", &script]).failure(1);
    assert!(stderr.contains("(22012)"), "{stderr}");
    assert!(stderr.contains("WARNING: the transaction was still open and is rolled back"), "{stderr}");
    assert_eq!(store.csv("SELECT count(*) AS n FROM t"), "n\n0\n");
}
