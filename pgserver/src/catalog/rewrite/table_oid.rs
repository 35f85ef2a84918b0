//! `c.tableoid`: the table that a row is of, which is a hidden column in PostgreSQL.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Select, SelectItem, TableFactor, Value, VisitorMut};

use super::super::oids;
use super::{idents, last_part, visit};

/// Replaces `tableoid` of catalog tables by the table's number.
pub(super) struct TableOids;

impl VisitorMut for TableOids {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let factors = select.from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        });
        let tables = factors
            .filter_map(|factor| {
                let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
                let table = last_part(name).filter(|table| table.starts_with("pg_"))?;
                let known_as = alias.as_ref().map_or_else(|| table.clone(), |alias| alias.name.value.clone());
                let schema = match idents(name).as_slice() {
                    [schema, _] => schema.value.to_lowercase(),
                    _ => "pg_catalog".to_owned(),
                };
                Some((known_as, oids::of_system_table(&schema, &table)))
            })
            .collect();
        let mut replace = Replace { tables };
        let projection = select.projection.iter_mut().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        });
        projection.chain(&mut select.selection).for_each(|expr| visit(expr, &mut replace));
        visit(&mut select.from, &mut replace);
        ControlFlow::Continue(())
    }
}

struct Replace {
    /// Numbers by the names that tables go by.
    tables: BTreeMap<String, u32>,
}

impl VisitorMut for Replace {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [table, column] = parts.as_slice()
            && column.value.eq_ignore_ascii_case("tableoid")
            && let Some(oid) = self.tables.get(&table.value)
        {
            *expr = Expr::Value(Value::Number(oid.to_string(), false).into());
        }
        ControlFlow::Continue(())
    }
}
