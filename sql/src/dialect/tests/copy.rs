use super::{fails, hints, statement};
use crate::dialect::*;

fn from(sql: &str) -> CopyFrom {
    match statement(sql) {
        Statement::CopyFrom(copy) => copy,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn the_defaults_are_those_of_the_format() {
    let text = from("COPY t FROM STDIN").options;
    assert_eq!((text.format, text.delimiter, text.null.as_str()), (CopyFormat::Text, b'\t', "\\N"));
    let csv = from("COPY user (id, name) FROM STDIN (FORMAT csv, HEADER)");
    assert_eq!(csv.columns.len(), 2);
    assert_eq!(
        csv.options,
        CopyOptions {
            format: CopyFormat::Csv,
            header: CopyHeader::Yes,
            delimiter: b',',
            null: String::new(),
            quote: b'"',
            escape: b'"'
        }
    );
}

#[test]
fn options_are_read_in_both_notations() {
    let expected = CopyOptions {
        format: CopyFormat::Csv,
        header: CopyHeader::Yes,
        delimiter: b';',
        null: "NA".to_owned(),
        quote: b'\'',
        escape: b'\\',
    };
    for sql in [
        "COPY t FROM STDIN WITH (FORMAT csv, HEADER true, DELIMITER ';', NULL 'NA', QUOTE '''', ESCAPE E'\\\\')",
        "COPY t FROM STDIN (FORMAT 'CSV', HEADER 1, DELIMITER ';', NULL 'NA', QUOTE '''', ESCAPE '\\', ENCODING 'UTF8')",
        "COPY t FROM STDIN WITH DELIMITER AS ';' NULL AS 'NA' CSV HEADER QUOTE AS '''' ESCAPE AS '\\'",
        "copy t from stdin csv header delimiter ';' null 'NA' quote '''' escape '\\'",
    ] {
        assert_eq!(from(sql).options, expected, "{sql}");
    }
    assert_eq!(from("COPY t FROM STDIN (HEADER match, FORMAT csv)").options.header, CopyHeader::Match);
    assert_eq!(from("COPY t FROM STDIN (HEADER off)").options.header, CopyHeader::No);
    assert_eq!(from("COPY t FROM STDIN (DELIMITER '|')").options.delimiter, b'|');
}

#[test]
fn copy_to_is_a_query() {
    let to = |sql| match statement(sql) {
        Statement::CopyTo(copy) => copy.query.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(to("COPY t TO STDOUT"), "SELECT * FROM \"t\"");
    assert_eq!(
        to("COPY public.user (id, \"Na\", user) TO STDOUT CSV"),
        "SELECT \"id\", \"Na\", \"user\" FROM \"public\".\"user\""
    );
    assert_eq!(to("COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv)"), "SELECT 1 AS a");
    assert_eq!(to("COPY (TABLE t) TO STDOUT"), "SELECT * FROM t");
    fails("COPY (DELETE FROM t RETURNING *) TO STDOUT", "0A000", "DELETE");
    fails("COPY (SELECT 1) FROM STDIN", "42601", "FROM");
}

#[test]
fn files_programs_and_binary_are_refused() {
    hints("COPY t FROM '/etc/passwd'", "0A000", "'/etc", "STDIN");
    hints("COPY t TO PROGRAM 'cat'", "0A000", "PROGRAM", "STDOUT");
    hints("COPY (SELECT 1) TO '/tmp/x'", "0A000", "'/tmp", "\\copy");
    fails("COPY t FROM STDIN (FORMAT binary)", "0A000", "binary");
    fails("COPY t FROM STDIN BINARY", "0A000", "BINARY");
    fails("COPY BINARY t FROM STDIN", "0A000", "BINARY");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    fails("COPY t FROM STDIN (FORMAT csv, FORMAT text)", "42601", "text");
    fails("COPY t FROM STDIN (HEADER, HEADER)", "42601", "HEADER)");
    fails("COPY t FROM STDIN (FORMAT parquet)", "22023", "parquet");
    fails("COPY t FROM STDIN (DELIMITER 'ab')", "22023", "DELIMITER");
    fails("COPY t FROM STDIN (DELIMITER 'ü')", "22023", "DELIMITER");
    fails("COPY t FROM STDIN (DELIMITER 'a')", "22023", "DELIMITER");
    fails("COPY t FROM STDIN (FORMAT csv, DELIMITER '\"')", "22023", "DELIMITER");
    fails("COPY t FROM STDIN (QUOTE 'x')", "0A000", "QUOTE");
    fails("COPY t FROM STDIN (FORMAT csv, NULL 'a,b')", "22023", "NULL");
    fails("COPY t FROM STDIN (FORCE_NULL (a))", "0A000", "FORCE_NULL");
    fails("COPY t FROM STDIN (ENCODING 'LATIN1')", "0A000", "ENCODING");
    fails("COPY t FROM STDIN (FOO 1)", "42601", "FOO");
    fails("COPY t FROM STDIN WHERE a > 1", "0A000", "WHERE");
    fails("COPY t FROM STDIN (FORMAT csv", "42601", "");
    fails("COPY t FROM STDIN garbage", "42601", "garbage");
    fails("COPY t", "42601", "");
}
