//! What clients' catalog queries contain that DataFusion does not plan, turned into what it does.
//!
//! Names, casts and operators that say `pg_catalog` are plain SQL in disguise, and are rewritten in every
//! statement. The rest changes the shape of a query, and only queries that read catalog tables are touched.

mod arrays;
mod correlated;
mod empty;
mod names;
mod table_oid;

use std::ops::ControlFlow;

use datafusion_pg_catalog::sql::rules::{
    AliasDuplicatedProjectionRewrite, ResolveUnqualifiedIdentifier, RewriteArrayAnyAllOperation,
    SqlStatementRewriteRule,
};
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, Statement, Visit, VisitMut, Visitor, VisitorMut};

/// Rewrites a statement before it is planned.
pub(super) fn rewrite(mut statement: Statement) -> Statement {
    visit(&mut statement, &mut names::Names);
    if !matches!(statement, Statement::Query(_) | Statement::Explain { .. }) || !reads_catalog(&statement) {
        return statement;
    }
    visit(&mut statement, &mut table_oid::TableOids);
    visit(&mut statement, &mut empty::EmptyTables);
    visit(&mut statement, &mut arrays::Arrays);
    visit(&mut statement, &mut correlated::Correlated::default());
    let rules: [&dyn SqlStatementRewriteRule; 3] =
        [&RewriteArrayAnyAllOperation, &AliasDuplicatedProjectionRewrite, &ResolveUnqualifiedIdentifier];
    rules.iter().fold(statement, |statement, rule| rule.rewrite(statement))
}

/// Walks through a tree and changes it; no visitor breaks off.
fn visit<V: VisitorMut<Break = ()>>(node: &mut impl VisitMut, visitor: &mut V) {
    let (ControlFlow::Continue(()) | ControlFlow::Break(())) = node.visit(visitor);
}

/// Walks through a tree up to what the visitor looks for; says whether it was found.
fn find<V: Visitor<Break = ()>>(node: &impl Visit, visitor: &mut V) -> bool {
    node.visit(visitor).is_break()
}

/// Whether a table of `pg_catalog` or `information_schema` is read.
fn reads_catalog(statement: &Statement) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let found = match idents(relation).as_slice() {
                [name] => name.value.starts_with("pg_"),
                [.., schema, _] => is_catalog_schema(schema),
                [] => false,
            };
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    find(statement, &mut Finder)
}

fn is_catalog_schema(name: &Ident) -> bool {
    ["pg_catalog", "information_schema"].iter().any(|schema| name.value.eq_ignore_ascii_case(schema))
}

/// The parts of a name that are plain identifiers, which all parts of names in PostgreSQL are.
fn idents(name: &ObjectName) -> Vec<&Ident> {
    name.0
        .iter()
        .filter_map(|part| match part {
            ObjectNamePart::Identifier(ident) => Some(ident),
            ObjectNamePart::Function(_) => None,
        })
        .collect()
}

/// The last part of a name, in lower case.
fn last_part(name: &ObjectName) -> Option<String> {
    idents(name).last().map(|ident| ident.value.to_lowercase())
}
