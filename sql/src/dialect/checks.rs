//! What the tree of a query must not contain: clauses that the planner would pass over in silence, and shapes
//! that would make the plan too deep.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Fetch, JoinConstraint, JoinOperator, LimitClause, Query, Select, SetExpr, Spanned, TableFactor,
    TableWithJoins, Value, ValueWithSpan, Visit, Visitor, VisitorMut,
};
use sqlparser::tokenizer::Span;

use super::cursor::is_reserved;
use super::limits;
use super::source::LineStarts;
use super::statement::{Statement, TreeVisitor};
use crate::SqlError;

/// Checks every query in a statement. `FETCH FIRST n ROWS ONLY`, which the planner does not know, becomes
/// `LIMIT n`.
///
/// # Errors
/// 0A000, 42601 or 54001, with the position.
pub(crate) fn check(statement: &mut Statement, lines: &LineStarts) -> Result<(), SqlError> {
    let mut checks = Checks { lines, doubling: 0 };
    let joins = match statement {
        Statement::Update(update) => checks.check_joins(&update.from),
        Statement::Delete(delete) => checks.check_joins(&delete.using),
        _ => ControlFlow::Continue(()),
    };
    if let ControlFlow::Break(error) = joins {
        return Err(error);
    }
    match statement.visit_trees(&mut checks) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Checks<'a> {
    lines: &'a LineStarts,
    /// How many expressions are around that double the planner's work.
    doubling: usize,
}

impl Checks<'_> {
    /// Every join must have its condition.
    fn check_joins(&self, tables: &[TableWithJoins]) -> ControlFlow<SqlError> {
        let mut joins = tables.iter().flat_map(|table| &table.joins);
        match joins.find(|join| needs_condition(&join.join_operator)) {
            Some(join) => {
                let error = SqlError::syntax("a JOIN needs ON or USING").with_hint(
                    "every pair of rows is CROSS JOIN; ON BRANCH 'b' names a version of the table",
                );
                self.refuse(error, join.relation.span())
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn refuse(&self, error: SqlError, span: Span) -> ControlFlow<SqlError> {
        ControlFlow::Break(error.or_position(self.lines.start_of(span)))
    }
}

impl TreeVisitor for Checks<'_> {}

impl VisitorMut for Checks<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if matches!(
            *query.body,
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
        ) {
            let error = SqlError::not_supported("INSERT, UPDATE and DELETE inside a query are not supported")
                .with_hint("run it as a statement of its own, in the same transaction");
            return self.refuse(error, query.span());
        }
        if let Some(with) = &query.with
            && with.cte_tables.len() > limits::CTES_MAX
        {
            let error = limits::too_many("queries in one WITH", limits::CTES_MAX);
            return self.refuse(error, with.with_token.0.span);
        }
        if let Some(lock) = query.locks.first() {
            let error = SqlError::not_supported(format!("{lock} is not supported")).with_hint(
                "rows are not locked: of two transactions that change the same row, the first to commit wins and \
                 the other is to be run again (40001)",
            );
            return self.refuse(error, query.span());
        }
        if let Some(fetch) = query.fetch.take()
            && let Err(error) = fetch_to_limit(fetch, &mut query.limit_clause)
        {
            return self.refuse(error, query.span());
        }
        let foreign = query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty();
        if foreign {
            return self.refuse(SqlError::syntax("a clause that PostgreSQL does not know"), query.span());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        if let Some(into) = &select.into {
            let error = SqlError::not_supported("SELECT … INTO is not supported")
                .with_hint("create the table, then INSERT INTO … SELECT");
            return self.refuse(error, into.span());
        }
        if select.from.len() > limits::JOINS_MAX {
            let error = limits::too_many("tables in one FROM", limits::JOINS_MAX);
            return self.refuse(error, select.select_token.0.span);
        }
        self.check_joins(&select.from)
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if doubles(expr) {
            self.doubling += 1;
            if self.doubling > limits::DOUBLING_DEPTH_MAX {
                let what = "sub-queries or calls of coalesce inside each other";
                let error = limits::too_many(what, limits::DOUBLING_DEPTH_MAX);
                return self.refuse(error, expr.span());
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        self.doubling -= usize::from(doubles(expr));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<SqlError> {
        if let TableFactor::Table { name, .. } = &*table
            && let Some(ident) = name.0.first().and_then(|part| part.as_ident())
            && is_reserved(ident.quote_style, &ident.value)
        {
            let error = SqlError::syntax(format!("syntax error at or near \"{}\"", ident.value))
                .with_detail("expected the name of a table");
            return self.refuse(error, ident.span);
        }
        let what = match &*table {
            TableFactor::NestedJoin { table_with_joins, .. } => {
                return self.check_joins(std::slice::from_ref(table_with_joins));
            }
            TableFactor::Table { sample: Some(_), .. } => "TABLESAMPLE",
            TableFactor::Table { with_ordinality: true, .. }
            | TableFactor::Function { with_ordinality: true, .. }
            | TableFactor::UNNEST { with_ordinality: true, .. } => "WITH ORDINALITY",
            TableFactor::Table { with_hints, .. } if !with_hints.is_empty() => "WITH (…) behind a table",
            TableFactor::Table { json_path: Some(_), .. } => "a path behind a table",
            _ => return ControlFlow::Continue(()),
        };
        self.refuse(SqlError::not_supported(format!("{what} is not supported")), table.span())
    }
}

/// Checks the expression of a default, which gives a value without looking at any row. `text` is what it was
/// read from.
///
/// # Errors
/// 0A000, with the position in `text`.
pub(crate) fn check_default(expression: &Expr, text: &str) -> Result<(), SqlError> {
    match expression.visit(&mut DefaultCheck) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break((what, span)) => {
            Err(SqlError::not_supported(format!("cannot use {what} in DEFAULT expression"))
                .or_position(LineStarts::new(text).start_of(span)))
        }
    }
}

struct DefaultCheck;

impl Visitor for DefaultCheck {
    type Break = (&'static str, Span);

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        ControlFlow::Break(("subquery", query.span()))
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        let what = match expression {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => "column reference",
            Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }) => "parameter",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break((what, expression.span()))
    }
}

/// Whether the planner works twice on what the expression holds.
fn doubles(expr: &Expr) -> bool {
    match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
        Expr::Function(function) => {
            function.name.0.last().and_then(|part| part.as_ident()).is_some_and(|name| {
                ["coalesce", "nvl", "nvl2", "ifnull"]
                    .iter()
                    .any(|twice| name.value.eq_ignore_ascii_case(twice))
            })
        }
        _ => false,
    }
}

/// Whether it is a join that PostgreSQL takes with a condition only, and has none.
fn needs_condition(operator: &JoinOperator) -> bool {
    matches!(
        operator,
        JoinOperator::Join(JoinConstraint::None)
            | JoinOperator::Inner(JoinConstraint::None)
            | JoinOperator::Left(JoinConstraint::None)
            | JoinOperator::LeftOuter(JoinConstraint::None)
            | JoinOperator::Right(JoinConstraint::None)
            | JoinOperator::RightOuter(JoinConstraint::None)
            | JoinOperator::FullOuter(JoinConstraint::None)
    )
}

/// Turns `FETCH` into `LIMIT`.
fn fetch_to_limit(fetch: Fetch, clause: &mut Option<LimitClause>) -> Result<(), SqlError> {
    if fetch.percent || fetch.with_ties {
        return Err(SqlError::not_supported("FETCH … PERCENT and WITH TIES are not supported"));
    }
    let quantity = fetch.quantity.unwrap_or_else(|| Expr::value(Value::Number("1".to_owned(), false)));
    match clause {
        None => {
            *clause =
                Some(LimitClause::LimitOffset { limit: Some(quantity), offset: None, limit_by: Vec::new() });
        }
        Some(LimitClause::LimitOffset { limit: limit @ None, .. }) => *limit = Some(quantity),
        Some(_) => return Err(SqlError::syntax("multiple LIMIT clauses not allowed")),
    }
    Ok(())
}
