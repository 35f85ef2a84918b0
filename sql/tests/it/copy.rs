//! COPY from and to the client.

use bytes::Bytes;
use futures::StreamExt;
use microprolly_sql::{CopyIn, Outcome, Session, SqlError, TransactionStatus};

use crate::scene::Scene;

async fn begin(session: &mut Session, sql: &str) -> CopyIn {
    match session.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).pop().unwrap() {
        Outcome::CopyIn(copy) => copy,
        other => panic!("{other:?}"),
    }
}

/// Copies data in, in pieces of `step` bytes; the command tag.
async fn copy_in(
    scene: &mut Scene,
    sql: &str,
    data: impl AsRef<[u8]>,
    step: usize,
) -> Result<String, SqlError> {
    let mut copy = begin(&mut scene.session, sql).await;
    for piece in data.as_ref().chunks(step) {
        copy.write(&mut scene.session, Bytes::copy_from_slice(piece)).await?;
    }
    copy.finish(&mut scene.session).await
}

/// What COPY … TO STDOUT sends.
async fn copy_out(scene: &mut Scene, sql: &str) -> String {
    let outcome =
        scene.session.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).pop().unwrap();
    let Outcome::CopyOut(mut copy) = outcome else { panic!("{outcome:?}") };
    let mut text = Vec::new();
    while let Some(lines) = copy.stream.next().await {
        text.extend_from_slice(&lines.unwrap());
    }
    String::from_utf8(text).unwrap()
}

async fn flights() -> Scene {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE f (id INTEGER PRIMARY KEY, carrier TEXT NOT NULL, delay INTEGER, at TIMESTAMPTZ, note TEXT DEFAULT 'none')").await;
    scene
}

#[tokio::test]
async fn csv_is_read_wherever_its_pieces_end() {
    let data = "id,carrier,delay,at,note\n1,UA,-5,2013-01-01T05:00:00Z,\"a \"\"b\"\"\nc, d\"\r\n2,\"\",,,\n";
    for step in 1..data.len() {
        let mut scene = flights().await;
        let tag =
            copy_in(&mut scene, "COPY f FROM STDIN (FORMAT csv, HEADER match)", data, step).await.unwrap();
        assert_eq!(tag, "COPY 2");
        assert_eq!(
            scene.rows("SELECT * FROM f ORDER BY id").await,
            ["1|UA|-5|2013-01-01T05:00:00Z|a \"b\"\nc, d", "2||null|null|null"]
        );
    }
}

#[tokio::test]
async fn csv_takes_other_delimiters_quotes_and_nulls() {
    let mut scene = flights().await;
    let sql = "COPY f (carrier, id, delay) FROM STDIN (FORMAT csv, HEADER, DELIMITER ';', NULL 'NA', QUOTE '''', ESCAPE '\\')";
    let data = "whatever;is;here\n'it\\'s; x';1;NA\n'NA';2;+7";
    assert_eq!(copy_in(&mut scene, sql, data, 5).await.unwrap(), "COPY 2");
    assert_eq!(
        scene.rows("SELECT * FROM f ORDER BY id").await,
        ["1|it's; x|null|null|none", "2|NA|7|null|none"]
    );
}

#[tokio::test]
async fn the_text_format_is_read_with_its_escapes_and_end_mark() {
    let mut scene = flights().await;
    let data =
        "1\tU\\tA\t\\N\t\\N\tline\\nbreak\\x41\n2\tB\\\\6\t3\t2013-01-01 05:00:00+02\t\n\\.\n3\tignored\n";
    for step in [1, 7, 1000] {
        scene.run("DELETE FROM f").await;
        assert_eq!(copy_in(&mut scene, "COPY f FROM STDIN", data, step).await.unwrap(), "COPY 2");
        assert_eq!(
            scene.rows("SELECT * FROM f ORDER BY id").await,
            ["1|U\tA|null|null|line\nbreakA", "2|B\\6|3|2013-01-01T03:00:00Z|"]
        );
    }
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_is_changed() {
    let mut scene = flights().await;
    scene.run("INSERT INTO f VALUES (1, 'old')").await;
    let csv = "COPY f (id, carrier, delay) FROM STDIN (FORMAT csv)";
    for (data, code, detail) in [
        ("2,a,1\n3,\"x\ny\",2\n4,b,abc\n", "22P02", "COPY f, line 4, column delay: \"abc\""),
        ("2,a,1\n3,b\n", "22P04", "COPY f, line 2"),
        ("2,a,1,9\n", "22P04", "COPY f, line 1"),
        ("2,a,1\n3,,1\n", "23502", "COPY f, line 2"),
        ("2,a,1\n1,b,1\n", "23505", "Key (id)=(1) already exists. COPY f, line 2."),
        ("2,a,1\n2,b,1\n", "23505", "Key (id)=(2) already exists. COPY f, line 2."),
        ("2,a,1\n3,\"open\n", "22P04", "It begins on line 2."),
        ("2,a,99999999999\n", "22003", "COPY f, line 1, column delay: \"99999999999\""),
        ("2,a\0b,1\n", "22021", "COPY f, line 1, column carrier"),
        ("2,a\rb,1\n", "22P04", "COPY f, line 1"),
        ("2,a,1\n\n", "22P04", "COPY f, line 2"),
    ] {
        let error = copy_in(&mut scene, csv, data, 4).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.detail.as_deref()),
            (code, Some(detail)),
            "{data:?}: {error:?}"
        );
        assert_eq!(scene.rows("SELECT id, carrier FROM f").await, ["1|old"]);
    }
    let error = copy_in(&mut scene, csv, b"2,\xff,1\n", 100).await.unwrap_err();
    assert_eq!(error.code.as_str(), "22021");
    let error =
        copy_in(&mut scene, "COPY f FROM STDIN (FORMAT csv, HEADER match)", "id,carier,delay,at,note\n", 9)
            .await
            .unwrap_err();
    assert_eq!(
        error.message,
        "column name mismatch in header line field 2: got \"carier\", expected \"carrier\""
    );
    assert_eq!(scene.error("COPY f (id, nope) FROM STDIN").await.code.as_str(), "42703");
    assert_eq!(scene.error("COPY nobody FROM STDIN").await.code.as_str(), "42P01");
}

#[tokio::test]
async fn in_a_transaction_a_failed_copy_fails_it_and_a_good_one_waits_for_commit() {
    let mut scene = flights().await;
    scene.run("BEGIN; INSERT INTO f VALUES (1, 'a'); SAVEPOINT s").await;
    assert_eq!(
        copy_in(&mut scene, "COPY f (id, carrier) FROM STDIN (FORMAT csv)", "2,b\n", 2).await.unwrap(),
        "COPY 1"
    );
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Active);
    copy_in(&mut scene, "COPY f (id, carrier) FROM STDIN (FORMAT csv)", "3,c\n2,b\n", 2).await.unwrap_err();
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Failed);
    scene.run("ROLLBACK TO s").await;
    assert_eq!(
        copy_in(&mut scene, "COPY f (id, carrier) FROM STDIN (FORMAT csv)", "4,d\n", 2).await.unwrap(),
        "COPY 1"
    );
    scene.run("COMMIT").await;
    assert_eq!(scene.rows("SELECT id FROM f ORDER BY id").await, ["1", "4"]);
}

#[tokio::test]
async fn a_copy_that_is_dropped_or_given_up_changes_nothing() {
    let mut scene = flights().await;
    let sql = "COPY f (id, carrier) FROM STDIN (FORMAT csv)";
    // More than is gathered before it is looked at.
    let many: String = (0..20_000).map(|id| format!("{id},x\n")).collect();
    let mut copy = begin(&mut scene.session, sql).await;
    copy.write(&mut scene.session, many.clone().into()).await.unwrap();
    drop(copy);
    assert_eq!(scene.rows("SELECT count(*) FROM f").await, ["0"]);
    assert_eq!(scene.session.transaction_status(), TransactionStatus::Idle);

    scene.run("BEGIN; INSERT INTO f VALUES (1, 'kept')").await;
    let mut copy = begin(&mut scene.session, sql).await;
    copy.write(&mut scene.session, many.into_bytes().split_off(8).into()).await.unwrap();
    assert_eq!(scene.rows("SELECT count(*) FROM f").await, ["1"]);
    let error = copy.write(&mut scene.session, vec![b'x'; 100_000].into()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "57014");
    scene.run("ROLLBACK; BEGIN; INSERT INTO f VALUES (1, 'kept')").await;
    let mut copy = begin(&mut scene.session, sql).await;
    copy.write(&mut scene.session, Bytes::from_static(b"7,x\n")).await.unwrap();
    copy.abort(&mut scene.session);
    scene.run("COMMIT").await;
    assert_eq!(scene.rows("SELECT id FROM f").await, ["1"]);
}

#[tokio::test]
async fn columns_that_the_data_lacks_get_their_defaults_row_by_row() {
    let mut scene = Scene::empty();
    scene.run("CREATE TABLE n (text TEXT, tags TEXT[] DEFAULT '{a,b}', at DATE DEFAULT '2020-01-01')").await;
    let data: String = (0..3_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(copy_in(&mut scene, "COPY n (text) FROM STDIN", data, 1000).await.unwrap(), "COPY 3000");
    assert_eq!(
        scene
            .rows("SELECT count(DISTINCT _id), count(DISTINCT text), count(DISTINCT at), min(tags[2]) FROM n")
            .await,
        ["3000|3000|1|b"]
    );
    assert_eq!(
        copy_in(&mut scene, "COPY kv (key, value) FROM STDIN", "a:1\tx\nb:2\ty\n", 3).await.unwrap(),
        "COPY 2"
    );
    assert_eq!(scene.rows("SELECT value FROM kv WHERE key = 'b:2'").await, ["y"]);
}

#[tokio::test]
async fn what_goes_out_comes_in_again_in_both_formats() {
    let mut scene = Scene::empty();
    let columns = "(id UUID PRIMARY KEY, t TEXT, b BOOLEAN, i BIGINT, f DOUBLE PRECISION, n NUMERIC(6,2), ts TIMESTAMP, tz TIMESTAMPTZ, d DATE, j JSONB, x BYTEA, a TEXT[], na INTEGER[])";
    scene
        .run(&format!("CREATE TABLE s {columns}; CREATE TABLE csv {columns}; CREATE TABLE text {columns}"))
        .await;
    scene
        .run(
            "INSERT INTO s VALUES
             ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', E'tab\\tquote\" comma, back\\\\slash\\nline', true, -1, 0.1, -0.05,
              '2013-01-01 05:00:00.25', '2013-01-01 05:00:00+00', '2013-01-01', '{\"a\":\"\\\\\"}', '\\x00ff', ARRAY['a b','', 'null', '\"\\,', NULL], '{1,NULL}'),
             ('b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '', false, 9223372036854775807, 'NaN', 1234.5, '0001-01-01', '9999-12-31 23:59:59.999999Z', '1969-12-31', '[]', '', '{}', '{}'),
             ('c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\N', NULL, NULL, '-Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
             ('d0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\.', NULL, NULL, 1e300, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await;
    for (table, options) in [("csv", "(FORMAT csv, HEADER match)"), ("text", "")] {
        let out = copy_out(&mut scene, &format!("COPY s TO STDOUT {}", options.replace("match", ""))).await;
        assert_eq!(
            copy_in(&mut scene, &format!("COPY {table} FROM STDIN {options}"), &out, 11).await.unwrap(),
            "COPY 4"
        );
        let differences = format!(
            "SELECT count(*) FROM kv a JOIN kv b ON replace(a.key, 's:', '') = replace(b.key, '{table}:', '')
             WHERE a.key LIKE 's:%' AND b.key LIKE '{table}:%' AND a.value = b.value"
        );
        assert_eq!(scene.rows(&differences).await, ["4"], "{out}");
    }
    assert_eq!(
        copy_out(&mut scene, "COPY (SELECT b, i, f, n, ts, tz, d, x, a, na FROM s ORDER BY id LIMIT 2) TO STDOUT (FORMAT csv, NULL '-')").await,
        "t,-1,0.1,-0.05,2013-01-01 05:00:00.25,2013-01-01 05:00:00+00,2013-01-01,\\x00ff,\"{\"\"a b\"\",\"\"\"\",\"\"null\"\",\"\"\\\"\"\\\\,\"\",NULL}\",\"{1,NULL}\"\n\
         f,9223372036854775807,NaN,1234.50,0001-01-01 00:00:00,9999-12-31 23:59:59.999999+00,1969-12-31,\\x,{},{}\n"
    );
}

#[tokio::test]
async fn a_large_load_arrives_whole() {
    let mut scene = flights().await;
    let data: String = (0..60_000)
        .map(|id| format!("{id},carrier {id},{},2013-01-01 05:00:00,{}\n", id % 7, "note ".repeat(20)))
        .collect();
    assert_eq!(
        copy_in(&mut scene, "COPY f FROM STDIN (FORMAT csv)", data, 100_000).await.unwrap(),
        "COPY 60000"
    );
    assert_eq!(scene.rows("SELECT count(*), sum(id), sum(delay) FROM f").await, ["60000|1799970000|179994"]);
}

/// The header once named columns as the planner does, `count(*)`, while the same query's result set said `count`.
#[tokio::test]
async fn the_header_of_what_goes_out_names_columns_as_a_result_set_does() {
    let mut scene = Scene::users().await;
    let sql = "SELECT count(*), 1, 1 FROM user";
    let (columns, _) = scene.columns(sql).await;
    assert_eq!(columns, ["count", "?column?", "?column?"]);
    let out = copy_out(&mut scene, &format!("COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)")).await;
    assert_eq!(out.lines().next(), Some("count,?column?,?column?"));
}
