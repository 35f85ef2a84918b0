//! What result columns are called.
//!
//! The planner takes no two columns of one name, and calls a column that has
//! none as it writes the expression itself. So every expression gets the name
//! that Postgres gives it; and where that name is taken or may be, a hidden
//! one, which says it and goes on with what nobody is shown.

use std::collections::HashSet;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sqlparser::ast::{
    Expr, Ident, ObjectNamePart, Query, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    TableWithJoins, Value, VisitorMut, visit_expressions,
};

use super::column_name::name_of;
use crate::dialect::{TreeVisitor, identifier};

/// Where in a hidden name begins what nobody is shown: a character that users
/// do not write in names.
const HIDDEN: char = '\u{1}';

/// Names the columns of every query in a statement.
#[derive(Default)]
pub(super) struct Columns {
    /// How many hidden names there are: no two are alike in a whole statement,
    /// since a sub-query's columns may come to stand beside those around it.
    hidden: usize,
}

impl TreeVisitor for Columns {}

impl VisitorMut for Columns {
    type Break = Infallible;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        let ordered = query.order_by.is_some();
        self.name_body(&mut query.body, ordered);
        ControlFlow::Continue(())
    }
}

impl Columns {
    /// Names the items of a RETURNING.
    pub(super) fn name_returning(&mut self, items: &mut [SelectItem]) {
        self.name_items(items, true, false);
    }

    /// A query in parentheses is visited by itself.
    fn name_body(&mut self, body: &mut SetExpr, ordered: bool) {
        match body {
            SetExpr::Select(select) => {
                let one_table = is_one_table(&select.from);
                self.name_items(&mut select.projection, one_table, ordered);
            }
            SetExpr::SetOperation { left, right, .. } => {
                // An ORDER BY behind it sees the names of the columns and
                // nothing else, as in Postgres.
                self.name_body(left, false);
                self.name_body(right, false);
            }
            _ => {}
        }
    }

    /// `one_table` says whether there is one table that they are of; `ordered`
    /// whether an ORDER BY speaks of that table's columns and of theirs alike.
    /// To the planner it would mean theirs, and to Postgres the table's, in
    /// `SELECT at::DATE FROM t ORDER BY date_trunc('hour', at)`.
    fn name_items(&mut self, items: &mut [SelectItem], one_table: bool, ordered: bool) {
        let wildcards = Wildcards::of(items, one_table);
        let mut taken = HashSet::new();
        for item in items.iter_mut() {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => {
                    let name = identifier(alias);
                    if taken.contains(&name) {
                        *alias = self.hide(&name);
                    } else {
                        taken.insert(name);
                    }
                }
                SelectItem::UnnamedExpr(expression) => {
                    let Some(parts) = column_parts(expression) else { continue };
                    let name = name_of(expression);
                    if wildcards.cover(parts) || taken.contains(&name) {
                        let alias = self.hide(&name);
                        *item = named(expression, alias);
                    } else {
                        taken.insert(name);
                    }
                }
                _ => {}
            }
        }
        for item in items {
            let SelectItem::UnnamedExpr(expression) = item else { continue };
            if column_parts(expression).is_some() {
                continue;
            }
            let name = name_of(expression);
            let hides =
                wildcards.any() || taken.contains(&name) || (ordered && has_column(expression, &name));
            let alias = if hides { self.hide(&name) } else { Ident::with_quote('"', name.as_str()) };
            taken.insert(name);
            *item = named(expression, alias);
        }
    }

    fn hide(&mut self, name: &str) -> Ident {
        self.hidden += 1;
        Ident::with_quote('"', format!("{name}{HIDDEN}{}", self.hidden))
    }
}

/// Takes an expression from where it stands and gives it a name.
fn named(expression: &mut Expr, alias: Ident) -> SelectItem {
    SelectItem::ExprWithAlias { expr: std::mem::replace(expression, Expr::value(Value::Null)), alias }
}

/// The names in an expression that is a column and nothing else.
fn column_parts(expression: &Expr) -> Option<&[Ident]> {
    match expression {
        Expr::Identifier(column) => Some(std::slice::from_ref(column)),
        Expr::CompoundIdentifier(parts) => Some(parts),
        Expr::Nested(inner) => column_parts(inner),
        _ => None,
    }
}

/// Whether there is a column of this name in an expression.
fn has_column(expression: &Expr, name: &str) -> bool {
    let found = visit_expressions(expression, |part| match column_parts(part).and_then(<[Ident]>::last) {
        Some(column) if identifier(column) == name => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn is_one_table(from: &[TableWithJoins]) -> bool {
    matches!(from, [table] if table.joins.is_empty()
        && !matches!(table.relation, TableFactor::NestedJoin { .. }))
}

/// The `*` and `t.*` among some items.
struct Wildcards {
    /// Whether there is one for all columns of all tables.
    all: bool,
    /// The tables of the others.
    tables: Vec<String>,
}

impl Wildcards {
    fn of(items: &[SelectItem], one_table: bool) -> Self {
        let mut found = Self { all: false, tables: Vec::new() };
        for item in items {
            match item {
                SelectItem::Wildcard(_) => found.all = true,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), _) => {
                    found.all |= one_table;
                    found.tables.extend(table.0.last().and_then(ObjectNamePart::as_ident).map(identifier));
                }
                _ => {}
            }
        }
        found
    }

    fn any(&self) -> bool {
        self.all || !self.tables.is_empty()
    }

    /// Whether this column is among theirs for sure.
    fn cover(&self, parts: &[Ident]) -> bool {
        let of_table =
            |table: &Ident| self.tables.iter().any(|with_wildcard| *with_wildcard == identifier(table));
        self.all || matches!(parts, [.., table, _] if of_table(table))
    }
}

/// What Postgres calls the result columns of a normalized query; none where the query alone does not tell, as with `*`.
pub(crate) fn result_names(query: &Query) -> Option<Vec<String>> {
    items(query)?
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expression) => Some(name_of(expression)),
            SelectItem::ExprWithAlias { alias, .. } => Some(shown(&identifier(alias)).to_owned()),
            _ => None,
        })
        .collect()
}

/// The items after which the columns of a query are called: those of its first SELECT.
pub(super) fn items(query: &Query) -> Option<&[SelectItem]> {
    let mut body = &*query.body;
    loop {
        match body {
            SetExpr::Select(select) => return Some(&select.projection),
            SetExpr::Query(inner) => body = &inner.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}

/// What is shown of a name that may be hidden.
pub(super) fn shown(name: &str) -> &str {
    name.split(HIDDEN).next().unwrap_or(name)
}

/// The schema with these names, if there are as many, and else with its own as they are shown.
pub(crate) fn renamed(schema: &SchemaRef, names: Option<&[String]>) -> SchemaRef {
    let names = names.filter(|names| names.len() == schema.fields().len());
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let name = match names.and_then(|names| names.get(index)) {
                Some(name) => name.as_str(),
                None => shown(field.name()),
            };
            Field::clone(field).with_name(name)
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The stream with these names of columns.
pub(crate) fn rename_stream(
    stream: SendableRecordBatchStream,
    names: Option<&[String]>,
) -> SendableRecordBatchStream {
    let schema = renamed(&stream.schema(), names);
    let to = schema.clone();
    let renamed = stream.map(move |batch| {
        let batch = batch?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(to.clone(), batch.columns().to_vec(), &rows)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, renamed))
}
