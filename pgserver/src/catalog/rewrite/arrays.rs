//! Arrays: `ARRAY(SELECT …)`, `_pg_expandarray`, fields of what is not a column; and EXISTS as a value.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, FunctionArgumentClause, FunctionArguments, OrderByKind, Query, Select,
    SelectItem, SetExpr, Value, VisitorMut,
};

use super::last_part;
use super::names::call;

/// Rewrites array constructors and field access.
pub(super) struct Arrays;

impl VisitorMut for Arrays {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
                continue;
            };
            exists_as_value(expr);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if last_part(&function.name).as_deref() == Some("array") => {
                if let FunctionArguments::Subquery(query) = &function.args
                    && let Some(aggregated) = aggregate(query)
                {
                    *expr = call("pg_array_or_empty", vec![Expr::Subquery(Box::new(aggregated))]);
                }
            }
            Expr::Function(function) if last_part(&function.name).as_deref() == Some("_pg_expandarray") => {
                let list = std::mem::replace(expr, Expr::Value(Value::Null.into()));
                *expr = call("unnest", vec![list]);
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                if let [AccessExpr::Dot(Expr::Identifier(field))] = access_chain.as_slice() {
                    let field = Expr::Value(Value::SingleQuotedString(field.value.clone()).into());
                    let root = match std::mem::replace(root.as_mut(), Expr::Value(Value::Null.into())) {
                        Expr::Nested(inner) => *inner,
                        other => other,
                    };
                    *expr = call("get_field", vec![root, field]);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// `SELECT x … ORDER BY y` as `SELECT array_agg(x ORDER BY y) …`; `None` if it is not of that shape.
fn aggregate(query: &Query) -> Option<Query> {
    let mut query = query.clone();
    if query.limit_clause.is_some() || query.with.is_some() {
        return None;
    }
    let order = match query.order_by.take() {
        None => Vec::new(),
        Some(order) => match order.kind {
            OrderByKind::Expressions(expressions) => expressions,
            OrderByKind::All(_) => return None,
        },
    };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] =
        select.projection.as_slice()
    else {
        return None;
    };
    let mut aggregated = call("array_agg", vec![item.clone()]);
    if let Expr::Function(function) = &mut aggregated
        && let FunctionArguments::List(arguments) = &mut function.args
        && !order.is_empty()
    {
        // `ORDER BY 1` is by the only column.
        let order = order
            .into_iter()
            .map(|mut by| {
                if matches!(&by.expr, Expr::Value(value) if matches!(value.value, Value::Number(..))) {
                    by.expr = item.clone();
                }
                by
            })
            .collect();
        arguments.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    select.projection = vec![SelectItem::UnnamedExpr(aggregated)];
    Some(query)
}

/// `EXISTS (SELECT …)` in a projection as `(SELECT count(*) …) > 0`: it is planned in a WHERE only.
fn exists_as_value(expr: &mut Expr) {
    match expr {
        Expr::Exists { subquery, negated } => {
            let mut query = subquery.as_ref().clone();
            let SetExpr::Select(select) = query.body.as_mut() else { return };
            let one = Expr::Value(Value::Number("1".into(), false).into());
            select.projection = vec![SelectItem::UnnamedExpr(call("count", vec![one]))];
            select.distinct = None;
            let operator = if *negated { BinaryOperator::Eq } else { BinaryOperator::Gt };
            *expr = Expr::BinaryOp {
                left: Box::new(Expr::Subquery(Box::new(query))),
                op: operator,
                right: Box::new(Expr::Value(Value::Number("0".into(), false).into())),
            };
        }
        Expr::BinaryOp { left, right, .. } => {
            exists_as_value(left);
            exists_as_value(right);
        }
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => exists_as_value(expr),
        Expr::Case { conditions, else_result, .. } => {
            for condition in conditions {
                exists_as_value(&mut condition.condition);
                exists_as_value(&mut condition.result);
            }
            if let Some(otherwise) = else_result {
                exists_as_value(otherwise);
            }
        }
        _ => {}
    }
}
