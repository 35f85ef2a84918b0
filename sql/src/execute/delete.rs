//! DELETE: the keys that a query gives.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use microprolly_engine::Transaction;
use sqlparser::ast::SelectItem;

use super::change::{Change, name_of, next_rows};
use super::parameters::Parameters;
use super::returning::{Changed, Returning};
use super::syntax;
use super::target::Target;
use super::{Call, Description, scope};
use crate::dialect::{Delete, ParsedStatement};
use crate::error::SqlError;
use crate::outcome::{Command, Outcome};
use crate::planning::{plan_query, run};
use crate::session::{Session, blocking};

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Delete,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let change = change(session, parsed, statement, Parameters::described(parsed, given)).await?;
    change.description(parsed, None, &returning(parsed, statement))
}

/// The query whose rows are the keys to be deleted; with RETURNING, and the
/// rows under them.
pub(super) async fn plan(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Delete,
    parameters: &[ScalarValue],
) -> Result<LogicalPlan, SqlError> {
    Ok(change(session, parsed, statement, Parameters::given(parameters)).await?.plan)
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    statement: &Delete,
) -> Result<Outcome, SqlError> {
    session.begin_write()?;
    let Call { parsed, parameters } = call;
    let change = change(session, parsed, statement, Parameters::given(parameters)).await?;
    let mut changed = Changed::new(statement.returning.as_ref());
    let repeats = !statement.using.is_empty();
    let mut stream = run(&change.scope.state, &change.plan, Some(parsed)).await?;
    while let Some(batch) = next_rows(&mut stream, parsed).await? {
        let transaction = &mut session.writable()?.transaction;
        blocking(|| delete_rows(&change.target, &batch, transaction, repeats, &mut changed))?;
    }
    change.end(session, changed, &returning(parsed, statement), Command::Delete).await
}

fn delete_rows(
    target: &Target,
    batch: &RecordBatch,
    transaction: &mut Transaction,
    repeats: bool,
    changed: &mut Changed,
) -> Result<(), SqlError> {
    let (keys, columns) = batch.columns().split_at(target.key_positions().len());
    let mut deleted = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let key = target.stored_key(keys, row, transaction)?;
        // A row that USING finds twice is deleted, and counts, once.
        if repeats && transaction.get(&key)?.is_none() {
            continue;
        }
        transaction.delete(key)?;
        deleted.push(row as u64);
    }
    if changed.keeps() {
        changed.take(&target.batch(columns.to_vec())?, &deleted)
    } else {
        changed.take(batch, &deleted)
    }
}

async fn change(
    session: &Session,
    parsed: &ParsedStatement,
    statement: &Delete,
    parameters: Parameters,
) -> Result<Change, SqlError> {
    let view = session.view()?;
    let target = Target::find(&view, &statement.target)?;
    let name = name_of(&statement.target, statement.alias.as_ref());
    let keys = target.key_positions().iter().map(|position| {
        let column = target.column(*position);
        SelectItem::ExprWithAlias {
            expr: syntax::column(name, column),
            alias: syntax::quoted(&format!("__key_{column}")),
        }
    });
    let columns = target
        .schema()
        .fields()
        .iter()
        .filter(|_| statement.returning.is_some())
        .map(|field| SelectItem::UnnamedExpr(syntax::column(name, field.name())));
    let items = keys.chain(columns).collect();
    let from =
        [syntax::table(&target.path(), name)].into_iter().chain(statement.using.iter().cloned()).collect();
    let query = syntax::query(
        statement.with.clone(),
        syntax::select(items, from, statement.filter.as_deref().cloned()),
    );
    let tables = syntax::mentioning(Some(&query), [], statement.returning.as_ref());
    let scope = scope(session, Some(parsed), &tables, parameters.values()).await?;
    let plan = plan_query(&scope, Some(parsed), query, &parameters.types)?;
    let plan = parameters.bind(plan, parsed)?;
    Ok(Change { scope, target, plan, parameters })
}

fn returning<'a>(parsed: &'a ParsedStatement, statement: &'a Delete) -> Returning<'a> {
    let name = name_of(&statement.target, statement.alias.as_ref());
    Returning { parsed, items: statement.returning.as_ref(), name }
}
