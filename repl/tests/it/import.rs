//! `import`: files that go in.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::command::Store;

/// January's flights, which the repository holds.
const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/flights-2013-01.csv.gz");

const PEOPLE: &str = "\u{feff}id,name,born,active,zip,score\n\
                      1,\"Ada, Countess\",1815-12-10,t,00501,1.5\n\
                      2,NA,NA,f,10001,NA\n\
                      3,\"NA\",1912-06-23,T,94103,2\n";

#[test]
fn types_are_found_and_rows_are_committed() {
    let store = Store::new();
    let file = store.file("people.csv", PEOPLE);
    let run = store.run(&["import", &file, "--table", "people", "--key", "id", "--null", "NA"]);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("people: 3 rows in"), "{run:?}");
    run.success();
    let columns = store.run(&["--format", "csv", "-c", "\\d people"]).success();
    assert_eq!(
        columns,
        "Column,Type,Nullable,Default,Key\nid,bigint,not null,,1\nname,text,,,\nborn,date,,,\n\
         active,boolean,,,\nzip,text,,,\nscore,double precision,,,\n"
    );
    assert_eq!(
        store.csv("SELECT * FROM people ORDER BY id"),
        "id,name,born,active,zip,score\n1,\"Ada, Countess\",1815-12-10,t,00501,1.5\n2,,,f,10001,\n3,NA,1912-06-23,t,94103,2\n"
    );
    assert_eq!(
        store.csv("SELECT message FROM prolly.log LIMIT 1"),
        "message\nImport people.csv into people\n"
    );
    assert_eq!(store.csv("SELECT count(*) AS n FROM prolly.status"), "n\n0\n");
}

#[test]
fn a_gzipped_file_is_told_by_its_content() {
    let store = Store::new();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"id;v\n1;a\n2;b\n").unwrap();
    let file = store.file("packed.data", packed.finish().unwrap());
    store.run(&["import", &file, "--table", "t", "--key", "id", "--delimiter", ";"]).success();
    assert_eq!(store.csv("SELECT * FROM t ORDER BY id"), "id,v\n1,a\n2,b\n");
}

#[test]
fn a_given_type_is_taken_before_the_one_that_fits() {
    let store = Store::new();
    let file = store.file("t.csv", "id,amount\n1,2\n");
    store
        .run(&[
            "import",
            &file,
            "--table",
            "t",
            "--key",
            "id",
            "--type",
            "id=TEXT",
            "--type",
            "amount=NUMERIC(12,2)",
        ])
        .success();
    let columns = store.run(&["--format", "csv", "-c", "\\d t"]).success();
    assert!(columns.contains("id,text,") && columns.contains("amount,\"numeric(12,2)\","), "{columns}");
}

#[test]
fn rows_are_added_to_a_table_only_when_asked() {
    let store = Store::new();
    let first = store.file("first.csv", "id,v\n1,a\n");
    let second = store.file("second.csv", "v,id\nb,2\n");
    store.run(&["import", &first, "--table", "t", "--key", "id"]).success();
    let stderr = store.run(&["import", &second, "--table", "t", "--key", "id"]).failure(1);
    assert!(stderr.contains("the table t exists already") && stderr.contains("--append"), "{stderr}");
    store.run(&["import", &second, "--table", "t", "--append", "--message", "more"]).success();
    assert_eq!(store.csv("SELECT * FROM t ORDER BY id"), "id,v\n1,a\n2,b\n");
    assert_eq!(store.csv("SELECT message FROM prolly.log LIMIT 1"), "message\nmore\n");
}

#[test]
fn an_import_can_be_left_uncommitted() {
    let store = Store::new();
    let file = store.file("t.csv", "id\n1\n");
    store.run(&["import", &file, "--table", "t", "--key", "id", "--no-commit"]).success();
    assert_eq!(store.csv("SELECT id FROM t"), "id\n1\n");
    let status = store.csv("SELECT count(*) > 0 AS changed FROM prolly.status");
    assert_eq!(status, "changed\nt\n");
}

#[test]
fn a_file_without_rows_makes_the_table_and_no_version() {
    let store = Store::new();
    let versions = store.csv("SELECT count(*) AS n FROM prolly.log");
    let file = store.file("t.csv", "id\n");
    store.run(&["import", &file, "--table", "t", "--key", "id"]).success();
    assert_eq!(store.csv("SELECT count(*) AS n FROM t"), "n\n0\n");
    assert_eq!(store.csv("SELECT count(*) AS n FROM prolly.log"), versions);
}

#[test]
fn rows_that_were_deleted_since_the_last_version_come_back_as_a_version() {
    let store = Store::new();
    let file = store.file("t.csv", "id,v\n1,a\n");
    store.run(&["import", &file, "--table", "t", "--key", "id"]).success();
    store.run(&["-c", "DELETE FROM t"]).success();
    let run = store.run(&["import", &file, "--table", "t", "--append", "--message", "again"]);
    assert!(run.stderr.contains("changes that were uncommitted on the branch 'main' before"), "{run:?}");
    run.success();
    assert_eq!(store.csv("SELECT * FROM t"), "id,v\n1,a\n");
    assert_eq!(store.csv("SELECT message FROM prolly.log LIMIT 1"), "message\nagain\n");
}

#[test]
fn quotes_are_read_as_copy_reads_them() {
    let store = Store::new();
    // A spreadsheet's byte order mark stands before the first quote.
    let file = store.file("t.csv", "\u{feff}\"id\",\"v\"\r\n1\"2\",a\"b,c\"\r\n");
    store.run(&["import", &file, "--table", "t", "--key", "id"]).success();
    assert_eq!(store.csv("SELECT id + 1 AS next, v FROM t"), "next,v\n13,\"ab,c\"\n");
}

#[test]
fn an_import_goes_to_the_branch_that_is_asked_for() {
    let store = Store::new();
    store.run(&["-c", "CREATE BRANCH b"]).success();
    let file = store.file("t.csv", "id\n1\n");
    store.run(&["import", &file, "--table", "t", "--key", "id", "--branch", "b"]).success();
    assert_eq!(
        store.run(&["--branch", "b", "--format", "csv", "-c", "SELECT id FROM t"]).success(),
        "id\n1\n"
    );
}

#[test]
fn names_and_keys_of_any_spelling_survive() {
    let store = Store::new();
    let file = store.file("odd.csv", "Select,\"a \"\"quoted\"\" name\",üñï\n1,x,y\n");
    store.run(&["import", &file, "--table", "user", "--key", "Select"]).success();
    assert_eq!(
        store.csv("SELECT \"Select\", \"a \"\"quoted\"\" name\", \"üñï\" FROM user"),
        "Select,\"a \"\"quoted\"\" name\",üñï\n1,x,y\n"
    );
}

#[test]
fn january_is_imported_with_the_types_of_a_flight() {
    assert!(Path::new(FLIGHTS).exists(), "{FLIGHTS} belongs to the repository");
    let store = Store::new();
    let key = "year,month,day,carrier,flight,origin,sched_dep_time";
    store.run(&["import", FLIGHTS, "--table", "flights", "--key", key, "--null", "NA"]).success();
    assert_eq!(
        store.csv("SELECT count(*) AS n, count(dep_time) AS departed, sum(distance) AS miles FROM flights"),
        "n,departed,miles\n27004,26483,27188805\n"
    );
    let columns = store.run(&["--format", "csv", "-c", "\\d flights"]).success();
    assert!(columns.contains("dep_delay,bigint,,,\n"), "{columns}");
    assert!(columns.contains("time_hour,timestamp with time zone,,,\n"), "{columns}");
    assert!(columns.contains("sched_dep_time,bigint,not null,,7\n"), "{columns}");
}
