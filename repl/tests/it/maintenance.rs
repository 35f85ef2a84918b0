//! `check` and `repair`: what is damaged is found, and mended where that can be.

use std::path::Path;

use crate::command::{Run, Store, finish, microprolly};

const SCENE: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'one'); \
                     COMMIT MESSAGE 'one'; CREATE TAG v1; CREATE BRANCH b; INSERT INTO t VALUES (2, 'two'); \
                     COMMIT MESSAGE 'two'";

const ROWS: &str = "id,name\n1,one\n2,two\n";

fn scene() -> Store {
    let store = Store::new();
    store.run(&["-c", SCENE]).success();
    store
}

/// The rows of a list in CSV, below its header.
fn rows(run: Run, header: &str) -> Vec<String> {
    let stdout = run.success();
    let mut lines = stdout.lines().map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some(header));
    lines.collect()
}

const CHECK_HEADER: &str = "type,object,file,offset,reached_by,detail";
const REPAIR_HEADER: &str = "what,object,detail";

#[test]
fn a_sound_database_passes_and_its_garbage_is_no_damage() {
    let store = scene();
    let run = store.run(&["check", "--format", "csv"]);
    assert!(run.stderr.contains("none is damaged or missing"), "{run:?}");
    let garbage = rows(run, CHECK_HEADER);
    assert!(
        !garbage.is_empty() && garbage.iter().all(|row| row.starts_with("orphaned_object,")),
        "{garbage:?}"
    );
    for line in store.run(&["--format", "json", "check"]).success().lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(finding["type"], "orphaned_object");
    }
    assert_eq!(store.csv("SELECT * FROM t"), ROWS);
}

#[test]
fn a_repair_removes_garbage_and_a_second_one_finds_nothing_to_do() {
    let store = scene();
    let done = rows(store.run(&["repair", "--format", "csv"]), REPAIR_HEADER);
    assert!(matches!(&done[..], [row] if row.starts_with("orphaned_objects_removed,,")), "{done:?}");
    let run = store.run(&["repair", "--format", "csv"]);
    assert!(run.stderr.contains("there is nothing to repair"), "{run:?}");
    assert!(rows(run, REPAIR_HEADER).is_empty());
    assert!(rows(store.run(&["check", "--format", "csv"]), CHECK_HEADER).is_empty());
    assert_eq!(store.csv("SELECT * FROM t"), ROWS);
}

#[test]
fn a_damaged_manifest_is_found_and_made_anew() {
    let store = scene();
    std::fs::write(store.data().join("MANIFEST"), "no manifest").unwrap();
    let stderr = store.run(&["check"]).failure(1);
    assert!(stderr.contains("(XX001)") && stderr.contains("HINT: `microprolly repair --data"), "{stderr}");
    let run = store.run(&["repair", "--format", "csv"]);
    assert!(run.stderr.contains("nothing is damaged or missing any more"), "{run:?}");
    let done = rows(run, REPAIR_HEADER);
    assert!(done[0].starts_with("manifest_rebuilt,MANIFEST,"), "{done:?}");
    store.run(&["check"]).success();
    assert_eq!(store.csv("SELECT * FROM t"), ROWS);
}

/// Changes a byte of a file.
fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0xff;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_byte_is_never_a_wrong_answer() {
    const PLACES: usize = 6;
    for place in 0..PLACES {
        let store = scene();
        // Seals the segment, so that damage to it does not keep the database from being opened.
        store.run(&["-c", "COLLECT GARBAGE"]).success();
        let mut segments: Vec<_> = std::fs::read_dir(store.data().join("segments"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        segments.sort_by_key(|path| std::fs::metadata(path).unwrap().len());
        let largest = segments.last().unwrap();
        let length = usize::try_from(std::fs::metadata(largest).unwrap().len()).unwrap();
        flip(largest, length * place / PLACES);

        let check = store.run(&["check"]);
        let repair = store.run(&["repair"]);
        let select = store.run(&["--format", "csv", "-c", "SELECT * FROM t"]);
        for run in [&check, &repair, &select] {
            assert!(!run.stderr.contains("panicked"), "place {place}: {run:?}");
        }
        if repair.code == Some(0) {
            store.run(&["check"]).success();
            assert_eq!(select.success(), ROWS, "place {place}");
        } else {
            assert_eq!((check.code, repair.code), (Some(1), Some(1)), "place {place}");
            assert!(select.stdout == ROWS || select.code == Some(1), "place {place}: {select:?}");
        }
    }
}

#[test]
fn what_can_be_read_is_saved_into_a_new_database() {
    let store = scene();
    let saved = store.path("saved");
    let run = store.run(&["repair", "--salvage", &saved, "--format", "csv"]);
    assert!(run.stderr.contains("saved 4 keys"), "{run:?}");
    let stdout = run.success();
    for row in ["saved,b,1 key", "saved,main,2 keys", "saved,v1,1 key"] {
        assert!(stdout.lines().any(|line| line == row), "{row}: {stdout}");
    }
    let query =
        "SELECT * FROM t; SELECT count(*) AS b FROM t ON BRANCH 'b'; SELECT count(*) AS v1 FROM t AS OF 'v1'";
    let mut command = microprolly(store.data().parent().unwrap());
    command.args(["--data", &saved, "--format", "csv", "-c", query]);
    let found = finish(command.spawn().unwrap(), "").success();
    assert_eq!(found, format!("{ROWS}b\n1\nv1\n1\n"));
    let stderr = store.run(&["repair", "--salvage", &saved]).failure(1);
    assert!(stderr.starts_with("ERROR: "), "{stderr}");
    assert_eq!(store.csv("SELECT * FROM t"), ROWS);
}

#[test]
fn where_no_database_is_none_is_made() {
    let store = Store::new();
    for arguments in [&["check"][..], &["repair"], &["repair", "--salvage", "saved"]] {
        let run = store.run(arguments);
        assert_eq!(run.stdout, "", "{arguments:?}");
        let stderr = run.failure(1);
        assert!(stderr.contains("is not a MicroProlly store"), "{stderr}");
        assert!(!store.data().exists());
    }
}
