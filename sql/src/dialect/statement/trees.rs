//! The trees of sqlparser inside our statements: one walk that reaches all of them.

use std::ops::ControlFlow;

use sqlparser::ast::{TableFactor, VisitMut, VisitorMut, With};

use super::alter_table::{AlterTable, AlterTableOperation};
use super::assignment::Assignment;
use super::create_table::{CheckConstraint, ColumnDefinition, Expression};
use super::insert::ConflictAction;
use super::name::TableName;
use super::{Delete, Insert, Statement, Update};
use crate::dialect::tables::{TableReference, Walk};

/// A visitor that is also told of a `WITH` in front of `UPDATE` and `DELETE`, whose names hold for the rest of
/// the statement.
pub(crate) trait TreeVisitor: VisitorMut {
    /// Its names hold from now on.
    fn enter_with(&mut self, _with: &With) {}
    /// They hold no longer.
    fn leave_with(&mut self) {}
}

impl Statement {
    /// Calls `visit` for every table that the statement reads from, with what it refers to. Targets of writes
    /// are not among them.
    ///
    /// # Errors
    /// The first one that `visit` gives; the walk ends there.
    pub fn visit_tables<E>(
        &mut self,
        visit: impl FnMut(&mut TableFactor, TableReference) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.visit_trees(&mut Walk::new(visit)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// The tables that the statement writes to or changes.
    pub fn write_targets(&self) -> Vec<&TableName> {
        match self {
            Statement::Insert(insert) => vec![&insert.target],
            Statement::Update(update) => vec![&update.target],
            Statement::Delete(delete) => vec![&delete.target],
            Statement::CopyFrom(copy) => vec![&copy.table],
            Statement::CreateTable(table) => vec![&table.name],
            Statement::AlterTable(table) => vec![&table.name],
            Statement::DropTable(drop) => drop.names.iter().collect(),
            Statement::Truncate(truncate) => truncate.names.iter().collect(),
            Statement::Explain(explain) => explain.statement.write_targets(),
            Statement::Prepare(prepare) => prepare.statement.write_targets(),
            _ => Vec::new(),
        }
    }

    /// Shows every tree in the statement to a visitor.
    pub(crate) fn visit_trees<V: TreeVisitor>(&mut self, visitor: &mut V) -> ControlFlow<V::Break> {
        match self {
            Statement::Query(query) => query.visit(visitor),
            Statement::Insert(insert) => visit_insert(insert, visitor),
            Statement::Update(update) => visit_update(update, visitor),
            Statement::Delete(delete) => visit_delete(delete, visitor),
            Statement::Explain(explain) => explain.statement.visit_trees(visitor),
            Statement::Prepare(prepare) => prepare.statement.visit_trees(visitor),
            Statement::Execute(execute) => execute.arguments.visit(visitor),
            Statement::CopyTo(copy) => copy.query.visit(visitor),
            Statement::Diff(diff) => diff.filter.visit(visitor),
            Statement::CreateTable(table) => {
                visit_all(&mut table.columns, |column| visit_column(column, visitor))?;
                visit_all(&mut table.checks, |check| visit_check(check, visitor))
            }
            Statement::AlterTable(AlterTable { operations, .. }) => {
                visit_all(operations, |operation| visit_operation(operation, visitor))
            }
            Statement::Begin(_)
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint(_)
            | Statement::RollbackTo(_)
            | Statement::Release(_)
            | Statement::SetTransaction(_)
            | Statement::Set(_)
            | Statement::Reset(_)
            | Statement::Show(_)
            | Statement::Discard(_)
            | Statement::Deallocate(_)
            | Statement::CloseAll
            | Statement::Unlisten
            | Statement::DropTable(_)
            | Statement::Truncate(_)
            | Statement::CopyFrom(_)
            | Statement::CreateBranch(_)
            | Statement::DropBranch(_)
            | Statement::RenameBranch(_)
            | Statement::UseBranch(_)
            | Statement::CreateTag(_)
            | Statement::DropTag(_)
            | Statement::CommitMessage(_)
            | Statement::CollectGarbage(_)
            | Statement::CheckDatabase
            | Statement::RepairDatabase
            | Statement::Inspect(_)
            | Statement::AlterDatabase(_) => ControlFlow::Continue(()),
        }
    }
}

fn visit_all<T, B>(items: &mut [T], mut visit: impl FnMut(&mut T) -> ControlFlow<B>) -> ControlFlow<B> {
    items.iter_mut().try_for_each(&mut visit)
}

fn visit_insert<V: TreeVisitor>(insert: &mut Insert, visitor: &mut V) -> ControlFlow<V::Break> {
    insert.source.visit(visitor)?;
    if let Some(on_conflict) = &mut insert.on_conflict
        && let ConflictAction::Update { assignments, filter } = &mut on_conflict.action
    {
        visit_assignments(assignments, visitor)?;
        filter.visit(visitor)?;
    }
    insert.returning.visit(visitor)
}

fn visit_update<V: TreeVisitor>(update: &mut Update, visitor: &mut V) -> ControlFlow<V::Break> {
    let Update { with, assignments, from, filter, returning, .. } = update;
    within(with, visitor, |visitor| {
        visit_assignments(assignments, visitor)?;
        from.visit(visitor)?;
        filter.visit(visitor)?;
        returning.visit(visitor)
    })
}

fn visit_delete<V: TreeVisitor>(delete: &mut Delete, visitor: &mut V) -> ControlFlow<V::Break> {
    let Delete { with, using, filter, returning, .. } = delete;
    within(with, visitor, |visitor| {
        using.visit(visitor)?;
        filter.visit(visitor)?;
        returning.visit(visitor)
    })
}

/// Visits a `WITH`, and then what its names hold for.
fn within<V: TreeVisitor>(
    with: &mut Option<With>,
    visitor: &mut V,
    rest: impl FnOnce(&mut V) -> ControlFlow<V::Break>,
) -> ControlFlow<V::Break> {
    let Some(with) = with else { return rest(visitor) };
    visitor.enter_with(with);
    with.visit(visitor)?;
    rest(visitor)?;
    visitor.leave_with();
    ControlFlow::Continue(())
}

fn visit_assignments<V: VisitorMut>(
    assignments: &mut [Assignment],
    visitor: &mut V,
) -> ControlFlow<V::Break> {
    visit_all(assignments, |assignment| assignment.value.visit(visitor))
}

fn visit_column<V: VisitorMut>(column: &mut ColumnDefinition, visitor: &mut V) -> ControlFlow<V::Break> {
    column.default.as_mut().map_or(ControlFlow::Continue(()), |default| visit_expression(default, visitor))
}

fn visit_check<V: VisitorMut>(check: &mut CheckConstraint, visitor: &mut V) -> ControlFlow<V::Break> {
    visit_expression(&mut check.expression, visitor)
}

fn visit_expression<V: VisitorMut>(expression: &mut Expression, visitor: &mut V) -> ControlFlow<V::Break> {
    expression.expr.visit(visitor)
}

fn visit_operation<V: VisitorMut>(
    operation: &mut AlterTableOperation,
    visitor: &mut V,
) -> ControlFlow<V::Break> {
    match operation {
        AlterTableOperation::AddColumn { column, checks, .. } => {
            visit_column(column, visitor)?;
            visit_all(checks, |check| visit_check(check, visitor))
        }
        AlterTableOperation::SetDefault { default, .. } => visit_expression(default, visitor),
        AlterTableOperation::AddCheck(check) => visit_check(check, visitor),
        AlterTableOperation::DropColumn { .. }
        | AlterTableOperation::RenameColumn { .. }
        | AlterTableOperation::RenameTable { .. }
        | AlterTableOperation::SetType { .. }
        | AlterTableOperation::DropDefault { .. }
        | AlterTableOperation::SetNotNull { .. }
        | AlterTableOperation::DropNotNull { .. }
        | AlterTableOperation::AddUnique(_)
        | AlterTableOperation::DropConstraint { .. } => ControlFlow::Continue(()),
    }
}
