//! What the formats look like, byte by byte.

use crate::command::Store;

const QUERY: &str = "SELECT CAST(9223372036854775807 AS BIGINT) AS i, CAST(0.1 AS DOUBLE PRECISION) AS d, \
                     CAST('12.50' AS NUMERIC(10,2)) AS n, true AS b, '' AS empty, CAST(NULL AS TEXT) AS missing, \
                     'a, \"b\"' AS t, TIMESTAMP '2013-01-01 10:00:00' AS ts, DATE '2013-01-01' AS day";

fn written(format: &str, statements: &str) -> String {
    Store::new().run(&["--format", format, "-c", statements]).success()
}

#[test]
fn csv_is_exact() {
    assert_eq!(
        written("csv", QUERY),
        "i,d,n,b,empty,missing,t,ts,day\n\
         9223372036854775807,0.1,12.50,t,\"\",,\"a, \"\"b\"\"\",2013-01-01 10:00:00,2013-01-01\n"
    );
}

#[test]
fn json_is_exact() {
    assert_eq!(
        written("json", QUERY),
        "{\"i\":9223372036854775807,\"d\":0.1,\"n\":12.50,\"b\":true,\"empty\":\"\",\"missing\":null,\
         \"t\":\"a, \\\"b\\\"\",\"ts\":\"2013-01-01T10:00:00\",\"day\":\"2013-01-01\"}\n"
    );
}

#[test]
fn a_result_without_rows_is_a_header_in_csv_and_nothing_in_json() {
    assert_eq!(written("csv", "SELECT 1 AS a WHERE false"), "a\n");
    assert_eq!(written("json", "SELECT 1 AS a WHERE false"), "");
}

#[test]
fn several_results_follow_each_other() {
    assert_eq!(written("csv", "SELECT 1 AS a; SELECT 2 AS b"), "a\n1\nb\n2\n");
    assert_eq!(
        written("table", "SELECT 1 AS a; SELECT 'x' AS b"),
        " a\n---\n 1\n(1 row)\n\n b\n---\n x\n(1 row)\n\n"
    );
}

#[test]
fn one_result_can_be_shown_as_records() {
    assert_eq!(written("table", "SELECT 1 AS a, 'x' AS long \\gx"), "-[ RECORD 1 ]\na    | 1\nlong | x\n\n");
}

#[test]
fn jsonb_is_embedded_and_bytea_is_hex() {
    let store = Store::new();
    store
        .run(&[
            "-c",
            "CREATE TABLE t (id BIGINT PRIMARY KEY, j JSONB, b BYTEA, a TEXT[]); \
             INSERT INTO t VALUES (1, '{\"x\": [1, 2.50]}', '\\x00ff', ARRAY['a b', 'c'])",
        ])
        .success();
    let json = store.run(&["--format", "json", "-c", "SELECT j, b, a FROM t"]).success();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["j"]["x"][1].to_string(), "2.50");
    assert_eq!(json["b"], "\\x00ff");
    assert_eq!(json["a"][0], "a b");
}

#[test]
fn times_have_no_more_than_microseconds_and_differences_are_intervals() {
    let rows = written("csv", "SELECT now() AS now, now() - now() AS zero");
    let (now, zero) = rows.lines().nth(1).unwrap().split_once(',').unwrap();
    let decimals = now.strip_suffix("+00").unwrap().split_once('.').map_or("", |(_, decimals)| decimals);
    assert!(decimals.len() <= 6, "{now}");
    assert_eq!(zero, "00:00:00");
    let interval = "CAST('-1 day 1 hour' AS INTERVAL)";
    assert_eq!(written("csv", &format!("SELECT {interval} AS i")), "i\n-1 days +01:00:00\n");
    assert_eq!(written("json", &format!("SELECT {interval} AS i")), "{\"i\":\"-1 days +01:00:00\"}\n");
}

#[test]
fn the_shell_writes_values_as_copy_does() {
    let query = "SELECT CAST(-1.5e-7 AS DOUBLE PRECISION) AS d, TIMESTAMP '2013-01-02 10:00:00' - \
                 TIMESTAMP '2013-01-01 09:00:00.5' AS i, ARRAY['a b', NULL] AS a, named_struct('x', 7) AS r";
    let copied = written("csv", &format!("COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"));
    assert_eq!(written("csv", query), copied);
    assert_eq!(copied, "d,i,a,r\n-1.5e-07,24:59:59.5,\"{\"\"a b\"\",NULL}\",(7)\n");
}
