//! Pieces of sqlparser's trees. A change is planned as a query, and the query
//! is put together from these: never printed and parsed again.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Query, Select, SelectFlavor, SelectItem, SetExpr, SetOperator,
    SetQuantifier, Statement, TableAlias, TableFactor, TableWithJoins, Value, ValueWithSpan, With,
};

/// A name that means just these characters.
pub(super) fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// `"table"."column"`.
pub(super) fn column(table: &str, name: &str) -> Expr {
    Expr::CompoundIdentifier(vec![quoted(table), quoted(name)])
}

/// `"schema"."table" AS "alias"`.
pub(super) fn table(name: &[&str], alias: &str) -> TableWithJoins {
    let relation = TableFactor::Table {
        name: ObjectName::from(name.iter().map(|part| quoted(part)).collect::<Vec<_>>()),
        alias: Some(TableAlias { explicit: true, name: quoted(alias), columns: Vec::new(), at: None }),
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    };
    TableWithJoins { relation, joins: Vec::new() }
}

/// `SELECT items FROM from WHERE filter`.
pub(super) fn select(items: Vec<SelectItem>, from: Vec<TableWithJoins>, filter: Option<Expr>) -> SetExpr {
    SetExpr::Select(Box::new(Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: items,
        exclude: None,
        into: None,
        from,
        lateral_views: Vec::new(),
        prewhere: None,
        selection: filter,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }))
}

/// `left UNION ALL right UNION ALL …`, as flat a tree as there is; none of nothing.
pub(super) fn union_all(mut queries: Vec<SetExpr>) -> Option<SetExpr> {
    while queries.len() > 1 {
        let mut pairs = Vec::with_capacity(queries.len().div_ceil(2));
        let mut rest = queries.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => SetExpr::SetOperation {
                    op: SetOperator::Union,
                    set_quantifier: SetQuantifier::All,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                None => left,
            });
        }
        queries = pairs;
    }
    queries.pop()
}

/// A query with nothing but a body.
pub(super) fn query(with: Option<With>, body: SetExpr) -> Query {
    Query {
        with,
        body: Box::new(body),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

/// `NULL`.
pub(super) fn null() -> Expr {
    Expr::Value(ValueWithSpan::from(Value::Null))
}

/// The `n` of an expression that is `$n` and nothing else, from 1.
pub(super) fn parameter(expression: &Expr) -> Option<usize> {
    match expression {
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) => {
            name.strip_prefix('$')?.parse().ok()
        }
        Expr::Nested(inner) => parameter(inner),
        _ => None,
    }
}

/// A statement that names every table that these do, for looking them up.
pub(super) fn mentioning<'a>(
    query: Option<&Query>,
    expressions: impl IntoIterator<Item = &'a Expr>,
    items: Option<&Vec<SelectItem>>,
) -> Statement {
    let query_item = query.map(|query| SelectItem::UnnamedExpr(Expr::Subquery(Box::new(query.clone()))));
    let expressions = expressions.into_iter().map(|expression| SelectItem::UnnamedExpr(expression.clone()));
    let items = items.into_iter().flatten().cloned();
    let items = query_item.into_iter().chain(expressions).chain(items).collect();
    Statement::Query(Box::new(self::query(None, select(items, Vec::new(), None))))
}
