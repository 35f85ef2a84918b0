//! Statements at the limits of what is let through, and beyond, all the way through a session.

use microprolly_sql::SqlState;

use crate::scene::Scene;

/// A build without optimization takes more stack to compute a long chain than the thread of a test has; a server
/// gives its workers as much.
const STACK_BYTES: usize = 16 << 20;

#[allow(clippy::disallowed_methods, reason = "a test of stacks makes its own")]
fn on_a_stack_as_of_a_server(test: impl AsyncFnOnce(&mut Scene) + Send + 'static) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { test(&mut Scene::users().await).await });
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

fn chain(n: usize, term: impl Fn(usize) -> String, operator: &str) -> String {
    (0..n).map(term).collect::<Vec<_>>().join(operator)
}

fn nested(n: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(n), close.repeat(n))
}

#[test]
fn long_chains_as_programs_write_them_run() {
    on_a_stack_as_of_a_server(async |scene: &mut Scene| {
        let ands = chain(500, |i| format!("age <> {}", i + 100), " AND ");
        assert_eq!(scene.rows(&format!("SELECT id FROM user WHERE {ands} ORDER BY id")).await, ["1", "3"]);
        let ors = chain(500, |i| format!("(id = '{i}' AND role <> 'x{i}')"), " OR ");
        assert_eq!(
            scene.rows(&format!("SELECT id FROM user WHERE {ors} ORDER BY id")).await,
            ["1", "2", "3"]
        );
        let sum = chain(500, |_| "age".to_owned(), " + ");
        assert_eq!(scene.rows(&format!("SELECT {sum} FROM user WHERE id = '3'")).await, ["3500"]);
        let unions = chain(150, |i| format!("SELECT {i}"), " UNION ALL ");
        assert_eq!(scene.rows(&format!("SELECT count(*) FROM ({unions}) x")).await, ["150"]);
        let joins = chain(20, |i| format!("JOIN user u{i} ON u{i}.id = u.id"), " ");
        assert_eq!(scene.rows(&format!("SELECT count(*) FROM user u {joins}")).await, ["3"]);
    });
}

#[test]
fn deep_nests_run() {
    on_a_stack_as_of_a_server(async |scene: &mut Scene| {
        let parentheses = nested(60, "(", "age", ")");
        assert_eq!(scene.rows(&format!("SELECT {parentheses} FROM user WHERE id = '3'")).await, ["7"]);
        let cases = nested(60, "CASE WHEN age > 0 THEN ", "age", " END");
        assert_eq!(scene.rows(&format!("SELECT {cases} FROM user WHERE id = '3'")).await, ["7"]);
        let tables = nested(60, "(SELECT * FROM ", "user", ") x");
        assert_eq!(scene.rows(&format!("SELECT count(*) FROM {tables}")).await, ["3"]);
        let calls = nested(10, "coalesce(", "age", ", 1)");
        assert_eq!(scene.rows(&format!("SELECT {calls} FROM user WHERE id = '2'")).await, ["1"]);
        let queries = nested(8, "(SELECT ", "1", ")");
        assert_eq!(scene.rows(&format!("SELECT {queries}")).await, ["1"]);
    });
}

#[tokio::test]
async fn ten_thousand_of_anything_is_an_error_and_the_session_lives_on() {
    let mut scene = Scene::users().await;
    for sql in [
        format!("SELECT {}", nested(10_000, "(", "1", ")")),
        format!("SELECT {}", chain(10_000, |_| "1".to_owned(), "+")),
        format!("SELECT {}", chain(10_000, |_| "true".to_owned(), " AND ")),
        chain(10_000, |_| "SELECT 1".to_owned(), " UNION "),
        format!("SELECT {}", nested(40, "(SELECT ", "1", ")")),
    ] {
        let error = scene.error(&sql).await;
        assert_eq!(error.code, SqlState::STATEMENT_TOO_COMPLEX);
        assert!(error.position.is_some());
    }
    assert_eq!(scene.error("SELECT 'a\0'").await.code, SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    assert_eq!(scene.rows("SELECT 1").await, ["1"]);
}
