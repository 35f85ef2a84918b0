//! Statements at the limits of what is let through, and beyond, all the way through a session.

use microprolly_sql::SqlState;

use crate::scene::Scene;

fn chain(n: usize, term: impl Fn(usize) -> String, operator: &str) -> String {
    (0..n).map(term).collect::<Vec<_>>().join(operator)
}

#[tokio::test]
async fn long_chains_and_deep_nests_as_programs_write_them_run() {
    let mut scene = Scene::users().await;
    let ands = chain(500, |i| format!("age <> {i}"), " AND ");
    assert_eq!(scene.rows(&format!("SELECT id FROM user WHERE {ands} OR id = '1'")).await, ["1"]);
    let ors = chain(500, |i| format!("(id = '{i}' AND role <> 'x{i}')"), " OR ");
    assert_eq!(scene.rows(&format!("SELECT id FROM user WHERE {ors} ORDER BY id")).await, ["1", "2", "3"]);
    let sum = chain(500, |_| "age".to_owned(), " + ");
    assert_eq!(scene.rows(&format!("SELECT {sum} FROM user WHERE id = '3'")).await, ["3500"]);
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let parentheses = nested("(", "age", ")", 60);
    assert_eq!(scene.rows(&format!("SELECT {parentheses} FROM user WHERE id = '3'")).await, ["7"]);
    let calls = nested("coalesce(", "age", ", 1)", 60);
    assert_eq!(scene.rows(&format!("SELECT {calls} FROM user WHERE id = '2'")).await, ["1"]);
    let cases = nested("CASE WHEN age > 0 THEN ", "age", " END", 60);
    assert_eq!(scene.rows(&format!("SELECT {cases} FROM user WHERE id = '3'")).await, ["7"]);
    let tables = nested("(SELECT * FROM ", "user", ") x", 60);
    assert_eq!(scene.rows(&format!("SELECT count(*) FROM {tables}")).await, ["3"]);
    let unions = chain(150, |i| format!("SELECT {i}"), " UNION ALL ");
    assert_eq!(scene.rows(&format!("SELECT count(*) FROM ({unions}) x")).await, ["150"]);
    let joins = chain(20, |i| format!("JOIN user u{i} ON u{i}.id = u.id"), " ");
    assert_eq!(scene.rows(&format!("SELECT count(*) FROM user u {joins}")).await, ["3"]);
}

#[tokio::test]
async fn ten_thousand_of_anything_is_an_error_and_the_session_lives_on() {
    let mut scene = Scene::users().await;
    for sql in [
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT {}", chain(10_000, |_| "1".to_owned(), "+")),
        format!("SELECT {}", chain(10_000, |_| "true".to_owned(), " AND ")),
        chain(10_000, |_| "SELECT 1".to_owned(), " UNION "),
    ] {
        let error = scene.error(&sql).await;
        assert_eq!(error.code, SqlState::STATEMENT_TOO_COMPLEX);
        assert!(error.position.is_some());
    }
    assert_eq!(scene.error("SELECT 'a\0'").await.code, SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    assert_eq!(scene.rows("SELECT 1").await, ["1"]);
}

#[allow(clippy::disallowed_methods)]
#[test]
fn probe() {
    let Ok(case) = std::env::var("CASE") else { return };
    let kb: usize = std::env::var("KB").unwrap().parse().unwrap();
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let sql = match case.as_str() {
        "and" => format!("SELECT id FROM user WHERE {}", chain(500, |i| format!("age <> {i}"), " AND ")),
        "or" => format!("SELECT id FROM user WHERE {}", chain(500, |i| format!("(id = '{i}' AND role <> 'x{i}')"), " OR ")),
        "sum" => format!("SELECT {} FROM user", chain(500, |_| "age".to_owned(), " + ")),
        "paren" => format!("SELECT {} FROM user", nested("(", "age", ")", 60)),
        "call" => format!("SELECT {} FROM user", nested("abs(", "age", ")", 60)),
        "case" => format!("SELECT {} FROM user", nested("CASE WHEN age > 0 THEN ", "age", " END", 60)),
        "sub" => format!("SELECT * FROM {}", nested("(SELECT * FROM ", "user", ") x", 60)),
        "scalar" => format!("SELECT {}", nested("(SELECT ", "1", ")", 60)),
        "in" => format!("SELECT 1 {}", nested("WHERE 1 IN (SELECT 1 ", "", ")", 60)),
        "union" => chain(150, |i| format!("SELECT {i}"), " UNION ALL "),
        "join" => format!("SELECT count(*) FROM user u {}", chain(20, |i| format!("JOIN user u{i} ON u{i}.id = u.id"), " ")),
        "plain" => "SELECT * FROM user u JOIN user v ON u.id = v.id WHERE u.age > 3 AND v.name LIKE 'x%' ORDER BY u.id".to_owned(),
        _ => panic!(),
    };
    std::thread::Builder::new()
        .stack_size(kb << 10)
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut scene = Scene::users().await;
                let t = std::time::Instant::now();
                let r = scene.try_rows(&sql).await;
                println!("{:?} {:?}", r.map(|r| r.len()), t.elapsed());
            });
        })
        .unwrap()
        .join()
        .unwrap();
}
