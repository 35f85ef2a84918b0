use super::{fails, parse, parse_script};

fn texts(script: &str) -> Vec<(String, usize)> {
    let statements = parse_script(script).unwrap();
    statements.iter().map(|statement| (statement.text().to_owned(), statement.position())).collect()
}

#[test]
fn a_script_is_cut_at_semicolons_and_empty_statements_vanish() {
    assert_eq!(texts(""), []);
    assert_eq!(texts(" ; ;; -- nothing\n;"), []);
    assert_eq!(
        texts("SELECT 1; ; SELECT 2 -- two\n;"),
        [("SELECT 1".to_owned(), 0), ("SELECT 2".to_owned(), 12)]
    );
}

#[test]
fn semicolons_in_strings_dollar_quotes_names_and_comments_do_not_cut() {
    let script = r#"SELECT ';' /* ; /* ; */ */, "a;b", $$ ; ' $$, $x$ ; $$ ; $x$, E'\';' -- ;
FROM t; SELECT 'é'; SELECT 3"#;
    let texts = texts(script);
    assert_eq!(texts.len(), 3);
    assert!(texts[0].0.ends_with("FROM t"));
    assert_eq!(texts[2], ("SELECT 3".to_owned(), script.len() - 8));
}

#[test]
fn positions_count_characters_of_the_whole_script() {
    fails("SELECT 'é'; SELECT * FORM t", "42601", "t");
    fails("SELECT 1;\nSELECT 'äöü' +", "42601", "");
    fails("SELECT 1;\r\n\tSELEC 2", "42601", "SELEC 2");
}

#[test]
fn spans_of_the_tree_are_positions_in_the_script() {
    use sqlparser::ast::Spanned;
    let script = "SELECT 'é';\nSELECT zug FROM t";
    let statements = parse_script(script).unwrap();
    let super::Statement::Query(query) = statements[1].statement() else { panic!() };
    let select = query.body.as_select().unwrap();
    let position = statements[1].position_of(select.projection[0].span());
    assert_eq!(position, Some(20));
}

#[test]
fn errors_read_as_postgres_words_them() {
    let error = fails("SELECT * FROM", "42601", "");
    assert_eq!(error.message, "syntax error at end of input");
    let error = fails("SELECT * FROM WHERE", "42601", "WHERE");
    assert_eq!(error.message, "syntax error at or near \"WHERE\"");
    fails("SELECT * FROM a JOIN ON true", "42601", "ON");
    fails("INSERT INTO VALUES SELECT 1", "42601", "VALUES");
    fails("UPDATE SET a = 1", "42601", "=");
    fails("CREATE TABLE order (a INT)", "42601", "order");
    let error = fails("SELECT 1 2", "42601", "2");
    assert_eq!(error.message, "syntax error at or near \"2\"");
    let error = fails("SELECT (1", "42601", "");
    assert_eq!(error.message, "syntax error at end of input");
    let error = fails("SELECT a FROM t WHERE", "42601", "");
    assert_eq!(error.detail.as_deref(), Some("expected an expression"));
    let error = fails("foo", "42601", "foo");
    assert_eq!(error.message, "syntax error at or near \"foo\"");
    let error = fails("SELECT a FROM t WHERE )", "42601", ")");
    assert_eq!(error.detail.as_deref(), Some("expected an expression"));
}

#[test]
fn a_misspelt_statement_is_told_what_it_may_have_meant() {
    super::hints("SELCT 1", "42601", "SELCT", "did you mean SELECT?");
    super::hints("COMIT", "42601", "COMIT", "did you mean COMMIT?");
    super::hints("UDPATE t SET a = 1", "42601", "UDPATE", "did you mean UPDATE?");
    assert_eq!(fails("xyzzy", "42601", "xyzzy").hint, None);
    let error = fails("CREATE TABEL t (a INT)", "42601", "TABEL");
    assert_eq!(error.detail.as_deref(), Some("expected TABLE, BRANCH or TAG"));
}

#[test]
fn text_that_does_not_end_is_an_error_where_it_begins() {
    let error = fails("SELECT 'abc", "42601", "'abc");
    assert_eq!(error.message, "unterminated quoted string");
    assert_eq!(super::error("SELECT $$abc").message, "unterminated dollar-quoted string");
    assert_eq!(super::error("SELECT 1 /* abc").message, "unterminated /* comment");
    assert_eq!(super::error("SELECT \"abc").message, "unterminated quoted identifier");
}

#[test]
fn nul_characters_are_refused_raw_and_escaped() {
    fails("SELECT 'a\0b'", "22021", "\0");
    fails("SELECT \0", "22021", "\0");
    assert!(parse_script(r"SELECT E'\000'").is_err());
}

#[test]
fn parameters_are_counted() {
    assert_eq!(parse("SELECT 1").parameter_count(), 0);
    let parsed = parse("SELECT $2, $1 FROM t AS OF $3 WHERE a = $2");
    assert_eq!(parsed.parameter_count(), 3);
    assert_eq!(parsed.text_parameters(), [3]);
    assert_eq!(parse("COMMIT MESSAGE $1 AUTHOR $2").text_parameters(), [1, 2]);
    // They are of the statement that EXECUTE runs.
    assert_eq!(parse("PREPARE p AS SELECT $1").parameter_count(), 0);
    fails("SELECT $0", "42601", "$0");
    fails("SELECT $70000", "42601", "$70000");
    fails("SELECT $x", "42601", "$x");
}
