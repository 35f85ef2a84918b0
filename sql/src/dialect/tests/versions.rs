use sqlparser::ast::TableFactor;

use super::{error, fails, hints, parse};
use crate::dialect::{ArgumentValue, ParsedStatement, TableReference, version_index};

/// Every stored table of a statement: name, alias, branch, revision; in the order of the tree.
fn tables(parsed: &ParsedStatement) -> Vec<String> {
    let text = |value: &ArgumentValue| match value {
        ArgumentValue::Text(text) => text.clone(),
        ArgumentValue::Parameter(number) => format!("${number}"),
    };
    let mut seen = Vec::new();
    let walked: Result<(), ()> = parsed.statement().clone().visit_tables(|table, reference| {
        let TableFactor::Table { name, alias, version, .. } = &*table else { return Ok(()) };
        if reference != TableReference::Stored {
            return Ok(());
        }
        assert_eq!(version.is_some(), version_index(table).is_some());
        let clause = version_index(table).map(|index| &parsed.versions()[index]);
        let mut line = name.to_string();
        if let Some(alias) = alias {
            line += &format!(" {}", alias.name.value);
        }
        if let Some(branch) = clause.and_then(|clause| clause.branch.as_ref()) {
            line += &format!(" on {}", text(&branch.value));
        }
        if let Some(as_of) = clause.and_then(|clause| clause.as_of.as_ref()) {
            line += &format!(" at {}", text(&as_of.value));
        }
        seen.push(line);
        Ok(())
    });
    walked.unwrap();
    seen
}

fn tables_of(sql: &str) -> Vec<String> {
    tables(&parse(sql))
}

#[test]
fn as_of_and_on_branch_stand_behind_a_table_in_every_notation() {
    assert_eq!(tables_of("SELECT * FROM user AS OF 'abc123' WHERE role = 'admin'"), ["user at abc123"]);
    assert_eq!(tables_of("SELECT * FROM user ON BRANCH 'feature-x' WHERE a = 1"), ["user on feature-x"]);
    for as_of in ["AS OF", "FOR SYSTEM_TIME AS OF", "FOR VERSION AS OF", "VERSION AS OF", "TIMESTAMP AS OF"] {
        assert_eq!(tables_of(&format!("SELECT * FROM t {as_of} 'v'")), ["t at v"], "{as_of}");
        assert_eq!(tables_of(&format!("SELECT * FROM s.t {as_of} $1 AS x")), ["s.t x at $1"], "{as_of}");
    }
    assert_eq!(tables_of("SELECT * FROM t AT BRANCH 'b'"), ["t on b"]);
    assert_eq!(tables_of("SELECT * FROM t on branch 'b' as of 'r' x"), ["t x on b at r"]);
    assert_eq!(tables_of("SELECT * FROM t AS OF 'r' ON BRANCH 'b'"), ["t on b at r"]);
    assert_eq!(tables_of("SELECT * FROM t AS OF TIMESTAMP '2026-01-31'"), ["t at 2026-01-31"]);
    assert_eq!(tables_of("SELECT * FROM \"Order\" AS OF 'it''s' o"), ["\"Order\" o at it's"]);
    assert_eq!(tables_of("SELECT * FROM t AS OF $$v1$$, u AS OF E'\\x41'"), ["t at v1", "u at A"]);
    assert_eq!(tables_of("TABLE t AS OF 'v1'"), ["t at v1"]);
}

#[test]
fn two_versions_of_a_table_are_joined() {
    assert_eq!(
        tables_of(
            "SELECT * FROM user ON BRANCH 'feature-x' AS OF '2026-01-31' u \
             JOIN user AS OF 'v1.0' v ON u.id = v.id LEFT JOIN t AS OF 'a' USING (id), k AS OF 'b' CROSS JOIN z AS OF 'c'"
        ),
        ["user u on feature-x at 2026-01-31", "user v at v1.0", "t at a", "k at b", "z at c"]
    );
    assert_eq!(
        tables_of("SELECT * FROM t ON BRANCH 'b' JOIN u ON BRANCH 'c' ON t.branch = u.branch"),
        ["t on b", "u on c"]
    );
    assert_eq!(
        tables_of("SELECT * FROM ((t AS OF 'a' JOIN u ON true) JOIN v AS OF 'b' ON true)"),
        ["t at a", "u", "v at b"]
    );
}

#[test]
fn versions_hold_in_sub_queries_of_every_kind_and_statement() {
    assert_eq!(
        tables_of(
            "WITH x AS (SELECT * FROM a AS OF '1') SELECT (SELECT max(i) FROM b AS OF '2') FROM x \
             WHERE EXISTS (SELECT 1 FROM c AS OF '3') AND i IN (SELECT i FROM d AS OF '4') \
             UNION ALL SELECT * FROM (SELECT * FROM e AS OF '5') y ORDER BY (SELECT 1 FROM f AS OF '6')"
        )
        .len(),
        6
    );
    assert_eq!(tables_of("INSERT INTO t SELECT * FROM t AS OF 'old'"), ["t at old"]);
    assert_eq!(
        tables_of("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = (SELECT a FROM u AS OF 'x')"),
        ["u at x"]
    );
    assert_eq!(tables_of("UPDATE t SET a = o.a FROM t AS OF 'old' o WHERE t.id = o.id"), ["t o at old"]);
    assert_eq!(tables_of("UPDATE t SET a = (SELECT a FROM t AS OF 'x' o WHERE o.id = t.id)"), ["t o at x"]);
    assert_eq!(
        tables_of("DELETE FROM t USING t AS OF 'old' o WHERE t.id = o.id RETURNING *"),
        ["t o at old"]
    );
    assert_eq!(tables_of("EXPLAIN ANALYZE SELECT * FROM t AS OF 'x'"), ["t at x"]);
    assert_eq!(tables_of("COPY t AS OF 'v1' TO STDOUT"), ["\"t\" at v1"]);
    assert_eq!(tables_of("COPY (SELECT * FROM t AS OF 'v1') TO STDOUT"), ["t at v1"]);
    assert_eq!(tables_of("PREPARE p AS SELECT * FROM t AS OF $1"), ["t at $1"]);
}

#[test]
fn the_words_mean_what_they_always_did_without_a_literal_behind_them() {
    assert_eq!(tables_of("SELECT a AS of FROM t"), ["t"]);
    assert_eq!(tables_of("SELECT * FROM t AS of"), ["t of"]);
    assert_eq!(tables_of("SELECT * FROM t AS of JOIN u ON of.id = u.id"), ["t of", "u"]);
    assert_eq!(tables_of("SELECT branch FROM t JOIN u ON branch = 'x'"), ["t", "u"]);
    assert_eq!(tables_of("SELECT * FROM t JOIN u ON branch IN ('x')"), ["t", "u"]);
    assert_eq!(tables_of("SELECT * FROM branch AS OF 'x' branch"), ["branch branch at x"]);
    assert_eq!(tables_of("SELECT * FROM version AS OF 'x'"), ["version at x"]);
    assert_eq!(tables_of("SELECT * FROM t version"), ["t version"]);
    assert_eq!(tables_of("SELECT 'AS OF ''x''' FROM t -- AS OF 'x'"), ["t"]);
    assert_eq!(tables_of("SELECT * FROM t at"), ["t at"]);
}

#[test]
fn user_is_the_table_where_a_table_stands_and_the_function_where_a_value_does() {
    assert_eq!(tables_of("SELECT user.id, USER.name FROM user JOIN USER u ON user.id = u.id").len(), 2);
    assert_eq!(tables_of("SELECT user.* FROM user"), ["user"]);
    let super::Statement::Query(query) = super::statement("SELECT user.id, user FROM user") else { panic!() };
    let debug = format!("{:?}", query.body.as_select().unwrap().projection);
    assert!(debug.contains("CompoundIdentifier"), "{debug}");
    assert!(debug.contains("Function"), "{debug}");
    for sql in [
        "INSERT INTO user VALUES (1)",
        "INSERT INTO user (id) SELECT id FROM user",
        "INSERT INTO user SELECT * FROM user AS OF 'x'",
        "UPDATE user SET name = 'x' WHERE user.id = 1",
        "DELETE FROM user WHERE user.id = 1",
        "DELETE FROM user USING user u",
        "CREATE TABLE user (id TEXT PRIMARY KEY)",
        "ALTER TABLE user ADD COLUMN age BIGINT",
        "DROP TABLE user",
        "TRUNCATE user",
        "COPY user FROM STDIN",
        "COPY user TO STDOUT",
        "DIFF 'a' 'b' ON user WHERE user.role = 'x'",
    ] {
        parse(sql);
    }
}

#[test]
fn a_version_of_a_cte_a_sub_query_or_a_function_is_refused() {
    hints("WITH c AS (SELECT 1) SELECT * FROM c AS OF 'x'", "0A000", "AS OF", "in that query");
    fails("WITH c AS (SELECT 1) SELECT * FROM (SELECT * FROM C AS OF 'x') y", "0A000", "AS OF");
    fails("WITH c AS (SELECT 1) UPDATE t SET a = 1 FROM c AS OF 'x'", "0A000", "AS OF");
    fails("WITH c AS (SELECT 1) INSERT INTO t SELECT * FROM c AS OF 'x'", "0A000", "AS OF");
    hints("SELECT * FROM (SELECT 1) AS OF 'x'", "0A000", "AS OF", "inside a sub-query");
    fails("SELECT * FROM (SELECT 1) s ON BRANCH 'x'", "42601", "ON BRANCH");
    fails("SELECT * FROM history('t') AS OF 'x'", "0A000", "AS OF");
    fails("SELECT * FROM (a JOIN b ON true) AS OF 'x'", "0A000", "AS OF");
    fails("VALUES (1) AS OF 'x'", "0A000", "AS OF");
}

#[test]
fn a_cte_hides_a_table_only_where_it_is_in_scope() {
    assert_eq!(
        tables_of("WITH t AS (SELECT * FROM t AS OF 'x') SELECT * FROM t"),
        ["t at x"],
        "inside its own query the name is the table"
    );
    fails("WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t AS OF 'x') SELECT 1", "0A000", "AS OF");
    fails("WITH a AS (SELECT 1), b AS (SELECT * FROM a AS OF 'x') SELECT 1", "0A000", "AS OF");
    assert_eq!(tables_of("WITH a AS (SELECT * FROM b AS OF 'x'), b AS (SELECT 1) SELECT 1"), ["b at x"]);
    assert_eq!(tables_of("SELECT (WITH t AS (SELECT 1) SELECT 1 FROM t), i FROM t AS OF 'x'"), ["t at x"]);
    assert_eq!(tables_of("WITH t AS (SELECT 1) SELECT * FROM public.t AS OF 'x'"), ["public.t at x"]);
    assert_eq!(tables_of("WITH \"T\" AS (SELECT 1) SELECT * FROM t AS OF 'x'"), ["t at x"]);
}

#[test]
fn writing_to_a_past_version_or_another_branch_is_refused() {
    for sql in [
        "INSERT INTO t AS OF 'x' VALUES (1)",
        "UPDATE t AS OF 'x' SET a = 1",
        "UPDATE t AS OF 'x' u SET a = 1 FROM t AS OF 'y'",
        "DELETE FROM public.t AS OF 'x' WHERE a = 1",
        "COPY t AS OF 'x' FROM STDIN",
        "TRUNCATE t AS OF 'x'",
        "DROP TABLE t AS OF 'x'",
        "ALTER TABLE t AS OF 'x' ADD COLUMN a INT",
        "EXPLAIN DELETE FROM t AS OF 'x'",
    ] {
        let error = fails(sql, "25006", "AS OF");
        assert!(error.message.contains("past version"), "{error}");
    }
    let error = fails("INSERT INTO t ON BRANCH 'b' VALUES (1)", "25006", "ON BRANCH");
    assert!(error.hint.unwrap().contains("USE BRANCH"));
}

#[test]
fn a_version_where_no_table_stands_is_refused_and_never_ignored() {
    fails("SELECT a AS OF 'x' FROM t", "42601", "AS OF");
    fails("SELECT 1 WHERE a AS OF 'x' = 1", "42601", "AS OF");
    hints("SELECT * FROM t u AS OF 'x'", "42601", "AS OF", "name AS OF '…' alias");
    fails("SELECT * FROM t AS OF 'x' AS OF 'y'", "42601", "AS OF 'y'");
    fails("SELECT * FROM t AS OF 'x' WHERE a AS OF 'y'", "42601", "AS OF 'y'");
    fails("DIFF 'a' 'b' ON t AS OF 'x'", "42601", "AS OF");
    hints("SELECT * FROM t AS OF v1", "42601", "v1", "single quotes");
    hints("SELECT * FROM t AS OF 5", "42601", "5", "single quotes");
    hints("SELECT * FROM t ON BRANCH x", "42601", "ON", "single quotes");
    hints("SELECT * FROM t JOIN u ON BRANCH x", "42601", "x", "single quotes");
    hints("SELECT * FROM t JOIN u ON branch 'x'", "42601", "u ON", "CROSS JOIN");
    assert_eq!(error("SELECT * FROM t AS OF now()").code.as_str(), "42601");
}

#[test]
fn diff_history_and_blame_are_table_functions() {
    let parsed =
        parse("SELECT diff_type FROM diff('main', 'b', 'user') d JOIN history('user') h ON true, blame('t')");
    let mut functions = 0;
    let walked: Result<(), ()> = parsed.statement().clone().visit_tables(|_, reference| {
        functions += usize::from(reference == TableReference::Function);
        Ok(())
    });
    walked.unwrap();
    assert_eq!(functions, 3);
}
