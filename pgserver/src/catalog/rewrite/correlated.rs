//! Correlated subqueries that look one value up, as joins.
//!
//! `SELECT a.x, (SELECT d.y FROM d WHERE d.z = a.z) FROM a` is planned by DataFusion only if the subquery
//! aggregates. Since it looks up one row at most, it is the same as
//! `SELECT a.x, s.y FROM a LEFT JOIN (SELECT d.y, d.z FROM d) s ON s.z = a.z`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, Query, Select, SelectFlavor, SelectItem,
    SetExpr, TableAlias, TableFactor, TableWithJoins, Visitor, VisitorMut,
};

use super::empty::has_aggregate;
use super::{find, idents, visit};

/// Turns lookups into joins; each gets a number of its own.
#[derive(Default)]
pub(super) struct Correlated {
    joins: usize,
}

impl VisitorMut for Correlated {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        let outer = table_names(&select.from);
        if grouped || outer.is_empty() || !select.from.iter().all(is_plain) {
            return ControlFlow::Continue(());
        }
        let mut lookups = Lookups { outer, joins: &mut self.joins, found: Vec::new() };
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                lookups.replace_in(expr);
            }
        }
        if let Some(condition) = &mut select.selection {
            lookups.replace_in(condition);
        }
        let found = lookups.found;
        if !found.is_empty() {
            join(&mut select.from, found);
        }
        ControlFlow::Continue(())
    }
}

/// The lookups of one SELECT.
struct Lookups<'a> {
    /// Names by which the SELECT's own tables go.
    outer: BTreeSet<String>,
    joins: &'a mut usize,
    found: Vec<Join>,
}

impl Lookups<'_> {
    /// Replaces lookups in an expression, but not in the subqueries of it that are none.
    fn replace_in(&mut self, expr: &mut Expr) {
        struct Replacer<'a, 'b>(&'a mut Lookups<'b>);
        impl VisitorMut for Replacer<'_, '_> {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                if let Expr::Subquery(query) = expr
                    && let Some(value) = self.0.lookup(query)
                {
                    *expr = value;
                }
                ControlFlow::Continue(())
            }
        }
        visit(expr, &mut Replacer(self));
    }

    /// The value that stands for a lookup, whose join is added; `None` for any other query.
    fn lookup(&mut self, query: &Query) -> Option<Expr> {
        let select = simple_select(query)?;
        let [SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. }] =
            select.projection.as_slice()
        else {
            return None;
        };
        let inner = table_names(&select.from);
        let condition = select.selection.as_ref()?;
        let mut columns =
            InnerColumns { inner: &inner, outer: &self.outer, found: BTreeSet::new(), correlated: false };
        if find(value, &mut columns) || find(condition, &mut columns) {
            return None;
        }
        if !columns.correlated || columns.found.is_empty() {
            return None;
        }
        let columns = columns.found;
        *self.joins += 1;
        let name = format!("lookup_{}", self.joins);
        let mut rename = Rename { name: &name, inner: &inner };
        let (mut value, mut condition) = (value.clone(), condition.clone());
        visit(&mut value, &mut rename);
        visit(&mut condition, &mut rename);
        let projection = columns
            .iter()
            .map(|(table, column)| SelectItem::ExprWithAlias {
                expr: Expr::CompoundIdentifier(vec![
                    Ident::with_quote('"', table),
                    Ident::with_quote('"', column),
                ]),
                alias: Ident::with_quote('"', joined_name(table, column)),
            })
            .collect();
        let derived = plain_select(projection, select.from.clone());
        self.found.push(Join {
            relation: TableFactor::Derived {
                lateral: false,
                subquery: Box::new(Query {
                    body: Box::new(SetExpr::Select(Box::new(derived))),
                    ..query.clone()
                }),
                alias: Some(TableAlias {
                    explicit: true,
                    name: Ident::with_quote('"', name.as_str()),
                    columns: Vec::new(),
                    at: None,
                }),
                sample: None,
            },
            global: false,
            join_operator: JoinOperator::Left(JoinConstraint::On(condition)),
        });
        Some(value)
    }
}

/// What a column of an inner table is called after the join.
fn joined_name(table: &str, column: &str) -> String {
    format!("{table}.{column}")
}

/// The SELECT of a query that is nothing but a SELECT of one plain value.
fn simple_select(query: &Query) -> Option<&Select> {
    if query.with.is_some()
        || query.order_by.is_some()
        || query.limit_clause.is_some()
        || query.fetch.is_some()
    {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let plain = !grouped
        && select.distinct.is_none()
        && select.having.is_none()
        && !select.from.is_empty()
        && select.from.iter().all(is_plain)
        && !has_aggregate(&select.projection);
    plain.then_some(select)
}

/// Whether all tables are named tables or derived ones, joined so that more joins can follow.
fn is_plain(table: &TableWithJoins) -> bool {
    use JoinOperator::{CrossJoin, Inner, Join, Left, LeftOuter};
    let named = |factor: &TableFactor| {
        matches!(factor, TableFactor::Table { .. } | TableFactor::Derived { alias: Some(_), .. })
    };
    named(&table.relation)
        && table.joins.iter().all(|join| {
            named(&join.relation)
                && matches!(join.join_operator, Join(_) | Inner(_) | CrossJoin(_) | Left(_) | LeftOuter(_))
        })
}

/// The names by which tables go.
fn table_names(from: &[TableWithJoins]) -> BTreeSet<String> {
    let factors = from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    factors
        .filter_map(|factor| match factor {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } => Some(alias.name.value.clone()),
            TableFactor::Table { name, .. } => idents(name).last().map(|ident| ident.value.clone()),
            _ => None,
        })
        .collect()
}

/// Collects the inner tables' columns that an expression uses. Breaks off where it cannot be told whose a
/// column is, and at a query within.
struct InnerColumns<'a> {
    inner: &'a BTreeSet<String>,
    outer: &'a BTreeSet<String>,
    found: BTreeSet<(String, String)>,
    /// A column of an outer table is used.
    correlated: bool,
}

impl Visitor for InnerColumns<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] if self.inner.contains(&table.value) => {
                    self.found.insert((table.value.clone(), column.value.clone()));
                }
                [table, _] if self.outer.contains(&table.value) => self.correlated = true,
                _ => return ControlFlow::Break(()),
            },
            Expr::Identifier(column) => match only(self.inner) {
                Some(table) => {
                    self.found.insert((table.clone(), column.value.clone()));
                }
                None => return ControlFlow::Break(()),
            },
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                return ControlFlow::Break(());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Makes columns of inner tables columns of the join.
struct Rename<'a> {
    name: &'a str,
    inner: &'a BTreeSet<String>,
}

impl VisitorMut for Rename<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let renamed = match expr {
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] if self.inner.contains(&table.value) => {
                    joined_name(&table.value, &column.value)
                }
                _ => return ControlFlow::Continue(()),
            },
            Expr::Identifier(column) => match only(self.inner) {
                Some(table) => joined_name(table, &column.value),
                None => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        *expr = Expr::CompoundIdentifier(vec![
            Ident::with_quote('"', self.name),
            Ident::with_quote('"', renamed),
        ]);
        ControlFlow::Continue(())
    }
}

/// The only name, if there is but one.
fn only(names: &BTreeSet<String>) -> Option<&String> {
    names.first().filter(|_| names.len() == 1)
}

/// Adds joins behind all tables of a FROM, which a comma would leave out of their sight.
fn join(from: &mut Vec<TableWithJoins>, joins: Vec<Join>) {
    let mut tables = std::mem::take(from).into_iter();
    let Some(mut first) = tables.next() else { return };
    for table in tables {
        first.joins.push(Join {
            relation: table.relation,
            global: false,
            join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
        });
        first.joins.extend(table.joins);
    }
    first.joins.extend(joins);
    from.push(first);
}

/// `SELECT projection FROM tables`.
fn plain_select(projection: Vec<SelectItem>, from: Vec<TableWithJoins>) -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from,
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
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
    }
}
