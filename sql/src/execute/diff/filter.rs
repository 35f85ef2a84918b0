//! The WHERE of a DIFF: it holds on the row before or on the row after.

use std::collections::HashSet;
use std::ops::ControlFlow;

use microprolly_engine::TypeDefinition;
use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, Value, VisitMut, VisitorMut};

use crate::dialect::identifier;
use crate::system::{DIFF_TYPE, FROM, TO};

/// A filter over the columns of a difference: as it is where it speaks of
/// `diff_type`, the key, or one side by name; else once for the row before and
/// once for the row after, and either will do. Columns inside sub-queries are
/// left alone: they are those of the sub-query's own tables.
pub(super) fn on_either_side(filter: &Expr, table: &str, definition: Option<&TypeDefinition>) -> Expr {
    let sided = match definition {
        Some(definition) => definition
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| *name != DIFF_TYPE && !definition.primary_key.iter().any(|key| key == name))
            .collect(),
        None => HashSet::from(["value"]),
    };
    let (mut plain, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conjuncts(filter) {
        let side = |prefix: &'static str| {
            let mut renamed = condition.clone();
            let mut renaming = Renaming { table, sided: &sided, prefix, depth: 0, found: false };
            // It never breaks off.
            let ControlFlow::Continue(()) = renamed.visit(&mut renaming);
            renaming.found.then_some(renamed)
        };
        match (side(FROM), side(TO)) {
            (Some(on_before), Some(on_after)) => {
                before.push(on_before);
                after.push(on_after);
            }
            _ => plain.push(condition.clone()),
        }
    }
    if !before.is_empty() {
        // A row that is not there fulfils nothing, not even `role IS NULL`.
        before.push(is_not("added"));
        after.push(is_not("removed"));
        plain.push(nested(
            joined(before, BinaryOperator::And),
            BinaryOperator::Or,
            joined(after, BinaryOperator::And),
        ));
    }
    joined(plain, BinaryOperator::And)
}

/// The conditions that `AND` joins, in order.
fn conjuncts(filter: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut rest = vec![filter];
    while let Some(next) = rest.pop() {
        match next {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                rest.push(right);
                rest.push(left);
            }
            Expr::Nested(inner) => rest.push(inner),
            condition => found.push(condition),
        }
    }
    found
}

fn joined(conditions: Vec<Expr>, operator: BinaryOperator) -> Expr {
    conditions
        .into_iter()
        .map(|condition| Expr::Nested(Box::new(condition)))
        .reduce(|left, right| binary(left, operator.clone(), right))
        .unwrap_or_else(|| Expr::value(Value::Boolean(true)))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn nested(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    binary(Expr::Nested(Box::new(left)), op, Expr::Nested(Box::new(right)))
}

fn is_not(kind: &str) -> Expr {
    let diff_type = Expr::Identifier(Ident::with_quote('"', DIFF_TYPE));
    binary(diff_type, BinaryOperator::NotEq, Expr::value(Value::SingleQuotedString(kind.to_owned())))
}

/// Makes columns of the table those of one side.
struct Renaming<'a> {
    table: &'a str,
    sided: &'a HashSet<&'a str>,
    prefix: &'static str,
    /// How many sub-queries the walk is in.
    depth: usize,
    found: bool,
}

impl Renaming<'_> {
    fn rename(&mut self, column: &mut Ident) {
        let name = identifier(column);
        if self.sided.contains(name.as_str()) {
            column.value = format!("{}{name}", self.prefix);
            column.quote_style = Some('"');
            self.found = true;
        }
    }
}

impl VisitorMut for Renaming<'_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expression {
            Expr::Identifier(column) => self.rename(column),
            Expr::CompoundIdentifier(parts) => {
                if let [table, column] = parts.as_mut_slice()
                    && identifier(table) == self.table
                {
                    self.rename(column);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
