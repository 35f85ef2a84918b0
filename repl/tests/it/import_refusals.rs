//! `import`: files that do not go in, and leave nothing behind.

use crate::command::Store;

/// Imports a file with this content into a new table `t` with key `id`, which must fail, and gives stderr.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, more: &[&str]) -> String {
    let store = Store::new();
    let file = store.file("f.csv", content);
    let arguments = [&["import", &file, "--table", "t", "--key", "id"], more].concat();
    let stderr = store.run(&arguments).failure(1);
    let left = store.run(&["--format", "csv", "-c", "\\dt t"]).success();
    assert_eq!(left, "Schema,Name,Rows,Primary key\n", "the table was left behind");
    assert_eq!(store.csv("SELECT count(*) AS n FROM prolly.status"), "n\n0\n");
    stderr
}

#[test]
fn a_bad_row_names_its_line_and_changes_nothing() {
    let stderr = refused("id,v\n1,a\n2,b,c\n", &[]);
    assert!(stderr.contains("f.csv: line 3: the record has 3 fields, the header 2"), "{stderr}");
}

#[test]
fn a_value_that_does_not_fit_a_given_type_names_its_line_and_changes_nothing() {
    let stderr = refused("id,v\n1,5\n2,six\n", &["--type", "v=BIGINT"]);
    assert!(stderr.contains("f.csv: ") && stderr.contains("line 3"), "{stderr}");
    assert!(stderr.contains("22P02"), "{stderr}");
}

#[test]
fn two_rows_of_one_key_name_the_line_of_the_second_and_change_nothing() {
    let stderr = refused("id,v\n1,a\n2,b\n1,c\n", &[]);
    assert!(stderr.contains("23505"), "{stderr}");
    assert!(stderr.contains("line 4"), "{stderr}");
}

#[test]
fn a_key_that_is_null_or_missing_is_refused() {
    let stderr = refused("id,v\n1,a\n,b\n", &[]);
    assert!(stderr.contains("f.csv: line 3: the key column id is null"), "{stderr}");
    let stderr = refused("number,v\n1,a\n", &[]);
    assert!(stderr.contains("has no column id, which --key names"), "{stderr}");
    assert!(stderr.contains("HINT: Its columns are number, v."), "{stderr}");
}

#[test]
fn a_type_for_a_column_that_is_not_there_is_refused() {
    let stderr = refused("id\n1\n", &["--type", "x=TEXT"]);
    assert!(stderr.contains("has no column x, which --type names"), "{stderr}");
}

#[test]
fn a_header_with_a_name_twice_or_without_a_name_is_refused() {
    let stderr = refused("id,a,a\n1,2,3\n", &[]);
    assert!(stderr.contains("f.csv: line 1: the header names the column a twice"), "{stderr}");
    let stderr = refused("id,,b\n1,2,3\n", &[]);
    assert!(stderr.contains("f.csv: line 1: the header has no name for column 2"), "{stderr}");
}

#[test]
fn an_empty_file_is_refused() {
    assert!(refused("", &[]).contains("f.csv: the file is empty"));
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_its_line() {
    let stderr = refused(b"id,v\n1,a\n2,\xff\n", &[]);
    assert!(stderr.contains("f.csv: line 3: the text is not UTF-8"), "{stderr}");
}

#[test]
fn a_quote_that_is_not_closed_is_refused_with_its_line() {
    let stderr = refused("id,v\n1,\"a\n2,b\n", &[]);
    assert!(stderr.contains("f.csv: line 2: a quoted field is not closed"), "{stderr}");
}

#[test]
fn an_empty_line_is_refused_while_the_file_is_scanned() {
    // The scan once passed over it, and the load then failed as COPY does.
    let stderr = refused("id,v\n1,a\n\n", &[]);
    assert!(stderr.contains("f.csv: line 3: the record has 1 field, the header 2"), "{stderr}");
}

#[test]
fn a_carriage_return_that_ends_no_line_is_refused_with_its_line() {
    let stderr = refused("id,v\n1,a\r2,b\n", &[]);
    assert!(stderr.contains("f.csv: line 2: a carriage return that ends no line"), "{stderr}");
}

#[test]
fn an_import_whose_commit_is_refused_leaves_nothing_behind() {
    // The commit was once a transaction of its own, after that of the rows.
    let message = "x".repeat(64 * 1024 + 1);
    let stderr = refused("id,v\n1,a\n", &["--message", &message]);
    assert!(stderr.contains("a commit message has at most 65536 bytes"), "{stderr}");
}

#[test]
fn a_broken_gzip_file_is_refused() {
    let stderr = refused(b"\x1f\x8b\x08\x00garbage", &[]);
    assert!(stderr.contains("f.csv: "), "{stderr}");
}

#[test]
fn a_missing_file_and_a_directory_are_refused() {
    let store = Store::new();
    let stderr = store.run(&["import", "missing.csv", "--table", "t", "--key", "id"]).failure(1);
    assert!(stderr.contains("missing.csv: No such file"), "{stderr}");
    let stderr = store.run(&["import", ".", "--table", "t", "--key", "id"]).failure(1);
    assert!(stderr.contains(".: is a directory"), "{stderr}");
}

#[test]
fn a_new_table_needs_a_key() {
    let store = Store::new();
    let file = store.file("f.csv", "id\n1\n");
    let stderr = store.run(&["import", &file, "--table", "t"]).failure(2);
    assert!(stderr.contains("--key"), "{stderr}");
}

#[test]
fn a_file_with_a_column_that_the_table_lacks_is_refused() {
    let store = Store::new();
    store.run(&["-c", "CREATE TABLE t (id BIGINT PRIMARY KEY)"]).success();
    let file = store.file("f.csv", "id,x\n1,2\n");
    let stderr = store.run(&["import", &file, "--table", "t", "--append"]).failure(1);
    assert!(stderr.contains("the table t has no column x"), "{stderr}");
}
