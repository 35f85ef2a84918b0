use super::{fails, hints, statement};
use crate::dialect::*;

#[test]
fn insert_keeps_source_conflict_and_returning() {
    let Statement::Insert(insert) = statement(
        "INSERT INTO user AS u (id, name) VALUES ('1', DEFAULT), ('2', 'x') \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = DEFAULT WHERE u.role <> 'x' RETURNING id, name AS n",
    ) else {
        panic!()
    };
    assert_eq!(insert.target, TableName { schema: None, name: "user".to_owned(), position: 13 });
    assert_eq!(insert.alias.unwrap().value, "u");
    assert_eq!(insert.columns.iter().map(|column| column.value.as_str()).collect::<Vec<_>>(), ["id", "name"]);
    assert_eq!(insert.columns[1].position, 28);
    let source = insert.source.unwrap();
    let sqlparser::ast::SetExpr::Values(values) = &*source.body else { panic!() };
    assert!(is_default(&values.rows[0][1]) && !is_default(&values.rows[1][1]));
    let on_conflict = insert.on_conflict.unwrap();
    assert_eq!(on_conflict.columns[0].value, "id");
    let ConflictAction::Update { assignments, filter } = on_conflict.action else { panic!() };
    assert!(assignments[0].value.is_some() && assignments[1].value.is_none() && filter.is_some());
    assert_eq!(insert.returning.unwrap().len(), 2);
}

#[test]
fn insert_in_its_other_forms() {
    let insert = |sql| match statement(sql) {
        Statement::Insert(insert) => insert,
        other => panic!("{other:?}"),
    };
    assert_eq!(insert("INSERT INTO t DEFAULT VALUES").source, None);
    assert!(insert("INSERT INTO t SELECT * FROM u").columns.is_empty());
    assert_eq!(insert("INSERT INTO t (a) (SELECT 1)").columns.len(), 1);
    assert_eq!(
        insert("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING").on_conflict.unwrap().action,
        ConflictAction::Nothing
    );
    let with = insert("WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM x");
    assert_eq!(with.source.unwrap().with.unwrap().cte_tables.len(), 1);
    let both = insert("WITH x AS (SELECT 1 AS a) INSERT INTO t WITH y AS (SELECT * FROM x) SELECT a FROM y");
    assert_eq!(both.source.unwrap().with.unwrap().cte_tables.len(), 2);
    fails("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "42601", "INSERT");
    hints(
        "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT pk DO NOTHING",
        "0A000",
        "pk",
        "ON CONFLICT (id)",
    );
    hints("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "42601", "INSERT", "ON CONFLICT");
    fails("INSERT t VALUES (1)", "42601", "INSERT");
    fails("INSERT INTO t (a, b VALUES (1)", "42601", "VALUES");
    fails("INSERT INTO t VALUES (1", "42601", "");
    fails("INSERT INTO t", "42601", "");
}

#[test]
fn update_keeps_its_clauses() {
    let Statement::Update(update) = statement(
        "UPDATE public.user u SET name = 'x', (a, b) = (1, DEFAULT), c = DEFAULT FROM t, s JOIN r ON true \
         WHERE u.id = t.id RETURNING *",
    ) else {
        panic!()
    };
    assert_eq!(update.target.to_string(), "public.user");
    assert_eq!(update.alias.unwrap().value, "u");
    let columns: Vec<_> =
        update.assignments.iter().map(|set| (set.column.value.as_str(), set.value.is_some())).collect();
    assert_eq!(columns, [("name", true), ("a", true), ("b", false), ("c", false)]);
    assert_eq!(update.from.len(), 2);
    assert!(update.filter.is_some() && update.returning.is_some());
    assert!(matches!(statement("WITH x AS (SELECT 1) UPDATE t SET a = 1"), Statement::Update(_)));
    fails("UPDATE t SET (a, b) = (1, 2, 3)", "42601", "a, b");
    fails("UPDATE t SET (a, b) = (SELECT 1, 2)", "0A000", "a, b");
    hints("UPDATE t SET t.a = 1", "42601", "t.a", "without its table");
    fails("UPDATE t SET", "42601", "");
    fails("UPDATE t a = 1", "42601", "=");
    fails("UPDATE t JOIN u ON true SET a = 1", "42601", "t JOIN");
    fails("UPDATE (SELECT 1) x SET a = 1", "42601", "UPDATE");
    fails("UPDATE t SET a = 1 LIMIT 1", "42601", "UPDATE");
}

#[test]
fn delete_keeps_its_clauses() {
    let Statement::Delete(delete) =
        statement("DELETE FROM user AS u USING t WHERE u.id = t.id AND t.x IN (SELECT 1) RETURNING u.id")
    else {
        panic!()
    };
    assert_eq!(delete.target.name, "user");
    assert_eq!(delete.using.len(), 1);
    assert!(delete.filter.is_some() && delete.returning.is_some());
    let Statement::Delete(delete) = statement("DELETE FROM t WHERE false") else { panic!() };
    assert_eq!(delete.filter.unwrap().to_string(), "false");
    fails("DELETE t", "42601", "");
    fails("DELETE FROM t, u", "42601", "DELETE");
    fails("DELETE FROM t LIMIT 1", "42601", "DELETE");
    fails("DELETE FROM t WHERE", "42601", "");
}

#[test]
fn what_the_planner_would_pass_over_is_refused() {
    fails("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "0A000", "DELETE");
    fails("SELECT * INTO u FROM t", "0A000", "u FROM");
    fails("SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "0A000", "t TABLE");
    fails("SELECT * FROM generate_series(1, 2) WITH ORDINALITY", "0A000", "generate_series");
    fails("SELECT * FROM a JOIN b", "42601", "b");
    fails("SELECT * FROM (a LEFT JOIN b) JOIN c ON true", "42601", "b)");
    fails("UPDATE t SET a = 1 FROM a JOIN b", "42601", "b");
    fails("SELECT * FROM t FETCH FIRST 10 PERCENT ROWS ONLY", "0A000", "SELECT");
    hints("SELECT * FROM t FOR UPDATE", "0A000", "SELECT", "first to commit");
    hints("INSERT INTO t SELECT * FROM u FOR SHARE", "0A000", "SELECT", "first to commit");
    statement("SELECT * FROM a NATURAL JOIN b CROSS JOIN c JOIN d USING (x)");
}

#[test]
fn fetch_first_is_limit() {
    let Statement::Query(query) = statement("SELECT 1 OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY") else {
        panic!()
    };
    assert_eq!(query.limit_clause.unwrap().to_string().trim(), "LIMIT 3 OFFSET 5 ROWS");
    assert!(query.fetch.is_none());
    let Statement::Query(query) = statement("SELECT 1 FETCH NEXT ROW ONLY") else { panic!() };
    assert_eq!(query.limit_clause.unwrap().to_string().trim(), "LIMIT 1");
}
