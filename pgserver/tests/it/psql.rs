//! psql itself, as people use it.

use std::process::{Command, Stdio};

use crate::server::TestServer;

/// What psql prints for a script, on stdout; it must succeed and print nothing on stderr.
async fn psql(server: &TestServer, database: &str, script: &str) -> String {
    let (output, errors) = run(server, database, script).await;
    assert_eq!(errors, "", "{script}");
    output
}

/// What psql prints for a script, on stdout and stderr.
async fn run(server: &TestServer, database: &str, script: &str) -> (String, String) {
    let mut command = Command::new("psql");
    command
        .args([
            "-X",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            &server.address.port().to_string(),
            "-U",
            "ann",
            "-d",
            database,
        ])
        .args(script.lines().flat_map(|line| ["-c", line]))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("PGOPTIONS")
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .expect("psql could not be run: install the package postgresql-client");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

async fn with_tables() -> TestServer {
    let server = TestServer::start().await;
    server
        .client()
        .await
        .batch_execute(
            "CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE flights (year INTEGER, flight BIGINT, origin TEXT, distance NUMERIC(8,2),
                                   time_hour TIMESTAMPTZ, PRIMARY KEY (year, flight));
             CREATE BRANCH feature_x",
        )
        .await
        .unwrap();
    server
}

/// Lines without the blanks at their ends.
fn trimmed(text: &str) -> String {
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[tokio::test]
async fn tables_are_listed() {
    let server = with_tables().await;
    let listed = psql(&server, "main", r"\dt").await;
    assert!(listed.contains(" public | airlines | table | ann"), "{listed}");
    assert!(listed.contains(" public | flights  | table | ann"), "{listed}");
    let all = psql(&server, "main", r"\d").await;
    assert!(all.contains(" public | flights  | table | ann"), "{all}");
    assert!(!all.contains("pg_class"), "{all}");
    let indexes = psql(&server, "main", r"\di").await;
    assert!(indexes.contains(" public | flights_pkey  | index | ann   | flights"), "{indexes}");
}

#[tokio::test]
async fn a_table_is_described() {
    let server = with_tables().await;
    let described = trimmed(&psql(&server, "main", r"\d flights").await);
    let expected = r#"                        Table "public.flights"
  Column   |           Type           | Collation | Nullable | Default
-----------+--------------------------+-----------+----------+---------
 year      | integer                  |           | not null |
 flight    | bigint                   |           | not null |
 origin    | text                     |           |          |
 distance  | numeric(8,2)             |           |          |
 time_hour | timestamp with time zone |           |          |
Indexes:
    "flights_pkey" PRIMARY KEY, btree (year, flight)

"#;
    assert_eq!(described, expected);
    let (nothing, error) = run(&server, "main", r"\d nosuch").await;
    assert_eq!(
        (nothing.as_str(), error.as_str()),
        ("", ""),
        "a quiet psql says nothing of what it does not find"
    );
    let index = psql(&server, "main", r"\d flights_pkey").await;
    assert!(index.contains("primary key, btree, for table \"public.flights\""), "{index}");
    psql(&server, "main", r"\d+ flights").await;
    psql(&server, "main", r"\d prolly.*").await;
    psql(&server, "main", r"\d pg_catalog.pg_class").await;
}

#[tokio::test]
async fn branches_are_databases() {
    let server = with_tables().await;
    let listed = psql(&server, "main", r"\l").await;
    for name in ["feature_x", "main"] {
        assert!(
            listed.lines().any(|line| line.trim_start().starts_with(name) && line.contains("| ann")),
            "{listed}"
        );
    }
    let switched = psql(
        &server,
        "main",
        "\\c feature_x\nSELECT current_database()\n\\c main\nSELECT current_database()",
    )
    .await;
    let branches: Vec<&str> =
        switched.lines().map(str::trim).filter(|line| ["main", "feature_x"].contains(line)).collect();
    assert_eq!(branches, ["feature_x", "main"]);
}

#[tokio::test]
async fn the_other_lists_work() {
    let server = with_tables().await;
    let schemas = psql(&server, "main", r"\dn").await;
    assert!(schemas.contains(" public") && schemas.contains(" prolly"), "{schemas}");
    let users = psql(&server, "main", r"\du").await;
    assert!(users.contains(" ann") && users.contains("Superuser"), "{users}");
    let mut failures = String::new();
    for command in [
        r"\d+ flights",
        r"\dS",
        r"\dt+",
        r"\di+",
        r"\dv",
        r"\dm",
        r"\ds",
        r"\dE",
        r"\da",
        r"\db",
        r"\dc",
        r"\dC",
        r"\dd",
        r"\dD",
        r"\ddp",
        r"\df",
        r"\df+",
        r"\dg",
        r"\dl",
        r"\dL",
        r"\dn+",
        r"\do",
        r"\dO",
        r"\dp",
        r"\drds",
        r"\dRp",
        r"\dRs",
        r"\dT",
        r"\dT+",
        r"\du+",
        r"\dx",
        r"\dy",
        r"\det",
        r"\deu",
        r"\des",
        r"\dew",
        r"\dF",
        r"\dFp",
        r"\dFt",
        r"\dX",
        r"\l+",
        r"\sv pg_views",
        r"\conninfo",
        r"\encoding",
        r"\z",
    ] {
        let (_, errors) = run(&server, "main", command).await;
        if !errors.is_empty() && !command.starts_with(r"\sv") {
            failures += &format!("{command}: {errors}");
        }
    }
    assert_eq!(failures, "");
    let functions = psql(&server, "main", r"\df").await;
    assert!(functions.contains("(0 rows)"), "{functions}");
}

#[tokio::test]
async fn errors_point_at_the_text() {
    let server = with_tables().await;
    let (_, error) = run(&server, "main", "SELECT nosuch FROM flights").await;
    assert!(error.contains("ERROR:") && error.contains("LINE 1: SELECT nosuch FROM flights"), "{error}");
    assert!(error.contains("               ^"), "{error}");
}
