//! The store: a second process, a path that is no store, the server.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::command::{Store, finish};

/// A run that holds the store until its stdin is closed.
fn holding(store: &Store) -> Child {
    let mut child = store.command(&["--format", "csv"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"SELECT 'open' AS a;\n").unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "a");
    child
}

#[test]
fn a_second_process_is_told_who_holds_the_store_and_what_to_do() {
    let store = Store::new();
    let child = holding(&store);
    let stderr = store.run(&["-c", "SELECT 1"]).failure(1);
    assert!(stderr.contains("(55006)"), "{stderr}");
    assert!(stderr.contains("psql -h 127.0.0.1 -p 5433"), "{stderr}");
    finish(child, "").success();
    store.run(&["-c", "SELECT 1"]).success();
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let store = Store::new();
    std::fs::write(store.data(), "no store").unwrap();
    let stderr = store.run(&["-c", "SELECT 1"]).failure(1);
    assert!(stderr.starts_with("ERROR: "), "{stderr}");
    assert_eq!(std::fs::read(store.data()).unwrap(), b"no store");
}

#[test]
fn the_server_says_where_it_listens_and_stops_in_good_order() {
    for signal in ["-TERM", "-INT"] {
        let store = Store::new();
        let mut child = store.command(&["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let port =
            line.trim_end().strip_prefix("listening on 127.0.0.1:").and_then(|rest| rest.split(' ').next());
        let port: u16 = port.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        assert!(line.contains(&format!("(psql -h 127.0.0.1 -p {port})")), "{line}");
        // The shell's own `kill`: the program of that name is not on every machine.
        let killed =
            Command::new("sh").args(["-c", &format!("kill {signal} {}", child.id())]).status().unwrap();
        assert!(killed.success());
        finish(child, "").success();
        store.run(&["-c", "SELECT 1"]).success();
    }
}
