//! Real flights, loaded both ways, against answers that were worked out
//! without MicroProlly (`tests/oracle`).

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::{Server, microprolly, repository};

const FLIGHT_KEY: &str = "year,month,day,carrier,flight,origin,sched_dep_time";

fn oracle() -> PathBuf {
    repository().join("tests/oracle")
}

/// Every query, in order. Each has an answer, and each answer its query.
fn queries() -> Vec<PathBuf> {
    let queries = files("queries", "sql");
    assert_eq!(stems(&queries), stems(&files("expected", "csv")), "queries and expected answers");
    assert!(!queries.is_empty(), "the oracle's queries are missing");
    queries
}

/// The files of a directory, in order; all of them have this extension.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(oracle().join(directory)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        assert_eq!(file.extension().and_then(|found| found.to_str()), Some(extension), "{}", file.display());
    }
    files
}

fn stems(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// Compares one result with the oracle's. Without ORDER BY the order is free.
fn check(query: &Path, found: &str) {
    let name = query.file_stem().unwrap().to_string_lossy();
    let expected = std::fs::read_to_string(oracle().join(format!("expected/{name}.csv"))).unwrap();
    let is_ordered = std::fs::read_to_string(query).unwrap().contains("ORDER BY");
    assert_eq!(lines(found, is_ordered), lines(&expected, is_ordered), "{name}");
}

fn lines(csv: &str, is_ordered: bool) -> Vec<&str> {
    let mut lines: Vec<&str> = csv.lines().collect();
    if !is_ordered && let Some(rows) = lines.get_mut(1..) {
        rows.sort_unstable();
    }
    lines
}

fn path(relative: &str) -> String {
    oracle().join(relative).to_string_lossy().into_owned()
}

#[test]
fn imported_flights_edited_on_a_branch_give_the_oracles_answers() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("store");
    for (file, table, key) in [
        ("flights-2013-01.csv.gz", "flights", FLIGHT_KEY),
        ("airlines.csv", "airlines", "carrier"),
        ("airports.csv", "airports", "faa"),
        ("planes.csv", "planes", "tailnum"),
    ] {
        let file = repository().join("tests/data").join(file);
        let file = file.to_string_lossy();
        microprolly(&data, &["import", &file, "--table", table, "--key", key, "--null", "NA", "--no-commit"]);
    }
    microprolly(&data, &["-f", &path("commit.sql"), "-f", &path("edit.sql")]);
    for query in queries() {
        let found = microprolly(&data, &["--format", "csv", "-f", &query.to_string_lossy()]);
        check(&query, &found);
    }
}

#[test]
fn flights_copied_by_psql_and_edited_on_a_branch_give_the_oracles_answers() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory.path().join("store"));
    for script in ["schema.sql", "load.psql", "commit.sql", "edit.sql"] {
        server.psql("main", &["-f", &path(script)]);
    }
    for query in queries() {
        let found = server.psql("main", &["--csv", "-f", &query.to_string_lossy()]);
        check(&query, &found);
    }
    // The database name is the branch.
    let on_branch = server.psql("fix", &["-At", "-c", "SELECT COUNT(*) FROM flights"]);
    let on_main = server.psql("main", &["-At", "-c", "SELECT COUNT(*) FROM flights"]);
    assert_eq!(on_main.trim(), "27004");
    assert_ne!(on_branch, on_main);
}
