//! Walks over the tables that a tree refers to.

use std::collections::HashMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectNamePart, Query, TableFactor, VisitorMut, With};

use super::statement::TreeVisitor;

/// What a table reference refers to, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableReference {
    /// A table, projection or system table.
    Stored,
    /// A CTE of a `WITH` around it.
    Cte,
    /// A table function: `history('user')`.
    Function,
}

/// The name of an identifier: lower-cased, unless it is quoted.
pub(crate) fn identifier(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The CTEs of one query.
struct Scope {
    /// Their names, in order.
    names: Vec<String>,
    /// The address of each one's query while the walk is in it: which of the names it sees depends on that.
    queries: HashMap<usize, usize>,
    /// `WITH RECURSIVE`: each sees itself too.
    recursive: bool,
    /// How many of the names are seen by what is being walked.
    visible: usize,
}

impl Scope {
    fn new(names: Vec<String>) -> Self {
        Scope { visible: names.len(), names, queries: HashMap::new(), recursive: false }
    }

    fn of(query: &Query) -> Self {
        query.with.as_ref().map_or_else(|| Scope::new(Vec::new()), Self::of_with)
    }

    fn of_with(with: &With) -> Self {
        let mut scope = Scope::new(with.cte_tables.iter().map(|cte| identifier(&cte.alias.name)).collect());
        scope.recursive = with.recursive;
        scope.queries =
            with.cte_tables.iter().enumerate().map(|(index, cte)| (address(&cte.query), index)).collect();
        scope
    }

    fn sees(&self, name: &str) -> bool {
        self.names.iter().take(self.visible).any(|cte| cte == name)
    }
}

/// A query is known by where it lies: the walk moves nothing.
fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

/// Calls `visit` for every `TableFactor::Table` in a tree, at any depth, with what it refers to; the first error
/// ends the walk.
pub(crate) struct Walk<F> {
    visit: F,
    scopes: Vec<Scope>,
}

impl<F> Walk<F> {
    /// Nothing walked yet.
    pub(crate) fn new(visit: F) -> Self {
        Walk { visit, scopes: Vec::new() }
    }
}

impl<F, E> TreeVisitor for Walk<F>
where
    F: FnMut(&mut TableFactor, TableReference) -> Result<(), E>,
{
    fn enter_with(&mut self, with: &With) {
        self.scopes.push(Scope::of_with(with));
    }

    fn leave_with(&mut self) {
        self.scopes.pop();
    }
}

impl<F, E> VisitorMut for Walk<F>
where
    F: FnMut(&mut TableFactor, TableReference) -> Result<(), E>,
{
    type Break = E;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<E> {
        if let Some(around) = self.scopes.last_mut()
            && let Some(&index) = around.queries.get(&address(query))
        {
            // In the query of a CTE only those before it are seen, and itself if it is recursive.
            around.visible = index + usize::from(around.recursive);
        }
        self.scopes.push(Scope::of(query));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<E> {
        self.scopes.pop();
        if let Some(around) = self.scopes.last_mut()
            && around.queries.contains_key(&address(query))
        {
            around.visible = around.names.len();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<E> {
        let TableFactor::Table { name, args, .. } = &*table else { return ControlFlow::Continue(()) };
        let reference = match name.0.as_slice() {
            _ if args.is_some() => TableReference::Function,
            [ObjectNamePart::Identifier(ident)] => {
                let name = identifier(ident);
                match self.scopes.iter().any(|scope| scope.sees(&name)) {
                    true => TableReference::Cte,
                    false => TableReference::Stored,
                }
            }
            _ => TableReference::Stored,
        };
        match (self.visit)(table, reference) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}
