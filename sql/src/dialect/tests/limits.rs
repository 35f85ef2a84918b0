use super::{error, parse, parse_script};
use crate::dialect::limits::*;

/// Parses on a thread with the stack that a worker of tokio has, in a build without optimization.
#[allow(clippy::disallowed_methods, reason = "a test of stacks makes its own")]
fn on_a_small_stack(sql: String) -> Result<usize, (String, Option<usize>)> {
    let parse = move || match parse_script(&sql) {
        Ok(statements) => {
            // Copies and walks recurse too.
            for parsed in &statements {
                parsed.with_stack(|| {
                    let mut copy = parsed.statement().clone();
                    assert!(copy == *parsed.statement());
                    let walked: Result<(), ()> = copy.visit_tables(|_, _| Ok(()));
                    assert_eq!(walked, Ok(()));
                });
            }
            Ok(statements.len())
        }
        Err(error) => Err((error.code.as_str().to_owned(), error.position)),
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(parse).unwrap().join().unwrap()
}

fn refused(sql: String) {
    match on_a_small_stack(sql) {
        Err((code, Some(_))) => assert_eq!(code, "54001"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ten_thousand_of_anything_nested_or_chained_is_refused_with_a_position() {
    let n = 10_000;
    let chain = |operator: &str| format!("SELECT {}", vec!["1"; n].join(operator));
    for operator in [" + ", " || ", " AND ", " OR ", " = ", " AND 1 = ", "::int + ", " IS NULL AND "] {
        refused(chain(operator));
    }
    for (open, close) in [
        ("(", ")"),
        ("abs(", ")"),
        ("ARRAY[", "]"),
        ("CASE WHEN true THEN ", " END"),
        ("(SELECT ", ")"),
        ("1 + (", ")"),
    ] {
        refused(format!("SELECT {}1{}", open.repeat(n), close.repeat(n)));
        refused(format!("SELECT {}", open.repeat(n)));
    }
    for prefix in ["NOT ", "- ", "+ ", "~ ", "@ "] {
        refused(format!("SELECT {}1", prefix.repeat(n)));
    }
    for postfix in ["::int", " IS NULL", "[1]", " COLLATE \"C\"", " AT TIME ZONE 'x'", " !"] {
        refused(format!("SELECT 1{}", postfix.repeat(n)));
    }
    refused(format!("SELECT 1::int{}", "[]".repeat(n)));
    for operator in ["UNION", "UNION ALL", "EXCEPT", "INTERSECT"] {
        refused(format!("SELECT 1{}", format!(" {operator} SELECT 1").repeat(n)));
        refused(format!(
            "{}SELECT 1{}",
            "(".repeat(60),
            format!("{})", format!(" {operator} SELECT 1").repeat(4)).repeat(60)
        ));
    }
    refused(format!("SELECT * FROM t{}", " CROSS JOIN t".repeat(n)));
    refused(format!("SELECT * FROM t{}", " JOIN t ON true".repeat(n)));
    refused(format!("SELECT * FROM t{}", " JOIN t".repeat(n)));
    refused(format!("SELECT * FROM t{}", ", t".repeat(n)));
    refused(format!("SELECT * FROM {}t{}", "(".repeat(n), ")".repeat(n)));
    refused(format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(n), ") x".repeat(n)));
    let ctes: Vec<_> = (0..n).map(|i| format!("c{i} AS (SELECT 1)")).collect();
    refused(format!("WITH {} SELECT 1", ctes.join(", ")));
    assert_eq!(on_a_small_stack("EXPLAIN ".repeat(n)), Err(("42601".to_owned(), Some(9))));
    assert_eq!(
        on_a_small_stack("SELECT interval ".to_owned() + &"interval ".repeat(n)).unwrap_err().0,
        "42601"
    );
    assert_eq!(on_a_small_stack(format!("SELECT CAST(1 AS {})", "ARRAY<".repeat(n))).unwrap_err().0, "42601");
}

#[test]
fn chains_as_programs_write_them_pass() {
    let chain = |n: usize, term: &str, operator: &str| vec![term; n].join(operator);
    for where_clause in [
        chain(500, "a = 1", " AND "),
        chain(500, "(a = 1 AND b = 2)", " OR "),
        chain(250, "a LIKE 'x' AND b IS NOT NULL", " AND "),
        format!("a IN ({})", chain(50_000, "1", ", ")),
        chain(500, "1", " + ") + " > 0",
        format!("{}a{} = 1", "(".repeat(60), ")".repeat(60)),
        format!("{}a{} = 1", "abs(".repeat(60), ")".repeat(60)),
        format!("{}a{} = 1", "coalesce(".repeat(12), ", 1)".repeat(12)),
    ] {
        assert_eq!(on_a_small_stack(format!("SELECT * FROM t WHERE {where_clause}")), Ok(1));
    }
    assert_eq!(
        on_a_small_stack(format!("INSERT INTO t VALUES {}", chain(20_000, "(1, 'x', -2.5)", ", "))),
        Ok(1)
    );
    assert_eq!(on_a_small_stack(chain(150, "SELECT 1", " UNION ALL ")), Ok(1));
    assert_eq!(
        on_a_small_stack(format!("SELECT * FROM t {}", " JOIN u ON t.a = u.a AND t.b = u.b".repeat(60))),
        Ok(1)
    );
    let select = chain(1_000, "a + b * c AS x", ", ");
    assert_eq!(on_a_small_stack(format!("SELECT {select} FROM t")), Ok(1));
    assert_eq!(on_a_small_stack("SELECT 1; ".repeat(5_000)), Ok(5_000));
}

#[test]
fn the_limits_are_exact() {
    let sum = |operators: usize| format!("SELECT {}", vec!["1"; operators + 1].join("+"));
    parse(&sum(EXPRESSION_DEPTH_MAX));
    let over = error(&sum(EXPRESSION_DEPTH_MAX + 1));
    // The last operator is the one too many.
    let position = "SELECT ".len() + 2 * EXPRESSION_DEPTH_MAX + 2;
    assert_eq!((over.code.as_str(), over.position), ("54001", Some(position)));
    let nested = |depth: usize| format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(on_a_small_stack(nested(NESTING_DEPTH_MAX)), Ok(1));
    assert_eq!(
        on_a_small_stack(nested(NESTING_DEPTH_MAX + 1)),
        Err(("54001".to_owned(), Some("SELECT ".len() + NESTING_DEPTH_MAX + 1)))
    );
}

#[test]
fn the_deepest_of_every_kind_that_is_let_through_does_not_overflow_a_small_stack() {
    let n = NESTING_DEPTH_MAX;
    for (before, open, inner, close) in [
        ("SELECT ", "(", "1", ")"),
        ("SELECT ", "abs(", "1", ")"),
        ("SELECT ", "nullif(1, ", "1", ")"),
        ("SELECT ", "CASE WHEN true THEN ", "1", " END"),
        ("SELECT ", "ARRAY[", "1", "]"),
        ("SELECT * FROM ", "(SELECT * FROM ", "t", ") x"),
        ("SELECT * FROM ", "(", "t", " CROSS JOIN t)"),
        ("", "WITH x AS (", "SELECT 1", ") SELECT 1"),
        ("", "(", "SELECT 1", " UNION SELECT 2)"),
    ] {
        let sql = format!("{before}{}{inner}{}", open.repeat(n), close.repeat(n));
        assert_eq!(on_a_small_stack(sql), Ok(1), "{open}");
    }
    let chain = |term: &str, operator: &str| vec![term; EXPRESSION_DEPTH_MAX - 20].join(operator);
    for expression in [
        chain("1", " + "),
        chain("a = 1", " AND "),
        chain("a", " || "),
        format!("{}true", "NOT ".repeat(EXPRESSION_DEPTH_MAX)),
    ] {
        assert_eq!(on_a_small_stack(format!("SELECT {expression}")), Ok(1), "{}", &expression[..20]);
    }
    assert_eq!(on_a_small_stack(vec!["SELECT 1"; SET_OPERATIONS_MAX].join(" EXCEPT ")), Ok(1));
    let both = format!("{}{}{}", "(".repeat(n - 1), chain("1", " + "), ")".repeat(n - 1));
    assert_eq!(on_a_small_stack(format!("SELECT {}", both.replacen("1 + ", "", n))), Ok(1));
}

#[test]
fn text_that_the_parser_would_read_again_and_again_is_cut_short() {
    // Each level would double the work.
    let doubling = |n: usize| {
        format!("SELECT * FROM {}t{}", "((SELECT * FROM ".repeat(n), ") x CROSS JOIN y)".repeat(n))
    };
    parse(&doubling(4));
    refused(doubling(40));
    refused(format!("SELECT {}1{}", "1 IN ((SELECT ".repeat(30), "), 2)".repeat(30)));
    // These are read in linear time.
    parse(&format!("SELECT * FROM {}t{}", "(".repeat(40), " CROSS JOIN t)".repeat(40)));
    parse(&format!("SELECT {}1{}", "abs(f(".repeat(30), "))".repeat(30)));
    parse(&format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(40), ") x".repeat(40)));
}

#[test]
fn sub_queries_and_coalesce_that_double_the_planners_work_are_refused_beyond_a_dozen() {
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        on_a_small_stack(format!("SELECT {}{inner}{}", open.repeat(n), close.repeat(n)))
            .map_err(|(code, _)| code)
    };
    for (open, inner, close) in [
        ("(SELECT ", "1", ")"),
        ("1 IN (SELECT ", "1", ")"),
        ("EXISTS (SELECT ", "1", ")"),
        ("coalesce(1, ", "1", ")"),
        ("1 + COALESCE(", "1", ", 2)"),
    ] {
        assert_eq!(nested(open, inner, close, DOUBLING_DEPTH_MAX), Ok(1), "{open}");
        assert_eq!(nested(open, inner, close, DOUBLING_DEPTH_MAX + 1), Err("54001".to_owned()), "{open}");
    }
    // Side by side they double nothing.
    parse(&format!("SELECT {}", vec!["coalesce((SELECT 1), 2)"; 100].join(", ")));
}

#[test]
fn too_much_text_is_refused() {
    let long = format!("SELECT '{}'", "x".repeat(SCRIPT_BYTES_MAX));
    assert_eq!(error(&long).code.as_str(), "54000");
}
