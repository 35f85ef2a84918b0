//! Queries of catalog tables that never have rows.
//!
//! psql and others ask for policies, triggers, publications, inheritance and the like in queries that
//! DataFusion cannot always plan. A join with a table that never has a row has none either, so such a SELECT
//! is replaced by one with the same columns and no row.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, JoinOperator, Query, Select,
    SelectItem, SetExpr, TableFactor, TableWithJoins, Value, Visitor, VisitorMut,
};

use super::super::statics::ALWAYS_EMPTY;
use super::{find, idents, last_part};

/// A column of `pg_class` that says nothing, since tables have no options.
const ALWAYS_NULL: &str = "reloptions";

/// Replaces SELECTs that have no row whatever the data.
pub(super) struct EmptyTables;

impl VisitorMut for EmptyTables {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut()
            && replace(select)
        {
            // No row needs an order, which may be by what is no longer there.
            query.order_by = None;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        replace(select);
        ControlFlow::Continue(())
    }
}

/// Replaces a SELECT if it can have no row; says whether it did.
fn replace(select: &mut Select) -> bool {
    let is_empty = select.from.iter().any(never_has_rows);
    if !is_empty || makes_a_row_of_none(select) {
        return false;
    }
    let Some(projection) = nulls(&select.projection) else { return false };
    select.projection = projection;
    select.from = Vec::new();
    select.distinct = None;
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    select.selection = Some(Expr::Value(Value::Boolean(false).into()));
    true
}

fn never_has_rows(table: &TableWithJoins) -> bool {
    use JoinOperator::{CrossJoin, Inner, Join, Left, LeftOuter};
    let mut empty = is_empty_table(&table.relation);
    for join in &table.joins {
        empty = match &join.join_operator {
            Join(_) | Inner(_) | CrossJoin(_) => empty || is_empty_table(&join.relation),
            Left(_) | LeftOuter(_) => empty,
            _ => return false,
        };
    }
    empty
}

fn is_empty_table(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => {
            let is_catalog = match idents(name).as_slice() {
                [_] => true,
                [schema, _] => schema.value.eq_ignore_ascii_case("pg_catalog"),
                _ => false,
            };
            is_catalog && last_part(name).is_some_and(|name| ALWAYS_EMPTY.contains(&name.as_str()))
        }
        // The elements of an array that is always null.
        TableFactor::Table { name, args: Some(arguments), .. } => {
            last_part(name).as_deref() == Some("unnest")
                && matches!(arguments.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))]
                    if column_name(array) == ALWAYS_NULL)
        }
        TableFactor::NestedJoin { table_with_joins, .. } => never_has_rows(table_with_joins),
        _ => false,
    }
}

/// Whether it aggregates all rows into one, which is there without rows too.
fn makes_a_row_of_none(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(expressions, _) => !expressions.is_empty(),
    };
    !grouped && has_aggregate(&select.projection)
}

/// Whether a projection aggregates; subqueries in it may.
pub(super) fn has_aggregate(projection: &Vec<SelectItem>) -> bool {
    #[derive(Default)]
    struct Finder {
        queries: usize,
    }
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if self.queries == 0 && is_aggregate(function) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    find(projection, &mut Finder::default())
}

/// Whether a call aggregates rows.
fn is_aggregate(function: &Function) -> bool {
    function.over.is_none()
        && last_part(&function.name).is_some_and(|name| {
            matches!(
                name.as_str(),
                "count"
                    | "sum"
                    | "avg"
                    | "min"
                    | "max"
                    | "array_agg"
                    | "string_agg"
                    | "bool_and"
                    | "bool_or"
                    | "every"
            )
        })
}

/// NULL for every column, under its name; `None` if a wildcard hides the names.
fn nulls(projection: &[SelectItem]) -> Option<Vec<SelectItem>> {
    let mut names = HashSet::new();
    projection
        .iter()
        .map(|item| {
            let alias = match item {
                SelectItem::UnnamedExpr(expr) => Ident::with_quote('"', column_name(expr)),
                SelectItem::ExprWithAlias { alias, .. } => alias.clone(),
                _ => return None,
            };
            let mut unique = alias;
            while !names.insert(unique.value.clone()) {
                // Names must differ, and nobody reads those of the later ones.
                unique.value.push('_');
            }
            Some(SelectItem::ExprWithAlias { expr: Expr::Value(Value::Null.into()), alias: unique })
        })
        .collect()
}

/// What PostgreSQL calls a column without an alias.
fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.clone()).unwrap_or_default(),
        Expr::Function(function) => last_part(&function.name).unwrap_or_default(),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => column_name(expr),
        Expr::Case { .. } => "case".to_owned(),
        _ => "?column?".to_owned(),
    }
}
