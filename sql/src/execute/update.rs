//! UPDATE: the changed rows of a query, put in the place of those that they were.

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;

use super::assignments::{Assignments, Updater};
use super::change::{Change, name_of, next_rows};
use super::parameters::Parameters;
use super::returning::{Changed, Returning};
use super::syntax;
use super::target::Target;
use super::{Call, Description, scope};
use crate::dialect::{ParsedStatement, Update};
use crate::error::SqlError;
use crate::outcome::{Command, Outcome};
use crate::planning::{plan_query, run};
use crate::session::{Session, blocking};

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Update,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let change = change(session, parsed, statement, Parameters::described(parsed, given)).await?;
    change.description(parsed, None, &returning(parsed, statement))
}

/// The query whose rows are the keys of the rows to be changed, and what they
/// will be.
pub(super) async fn plan(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Update,
    parameters: &[ScalarValue],
) -> Result<LogicalPlan, SqlError> {
    Ok(change(session, parsed, statement, Parameters::given(parameters)).await?.plan)
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    statement: &Update,
) -> Result<Outcome, SqlError> {
    session.begin_write()?;
    let Call { parsed, parameters } = call;
    let change = change(session, parsed, statement, Parameters::given(parameters)).await?;
    let mut changed = Changed::new(statement.returning.as_ref());
    let mut updater = Updater::new(&change.target, !statement.from.is_empty());
    let mut stream = run(&change.scope.state, &change.plan, Some(parsed)).await?;
    while let Some(batch) = next_rows(&mut stream, parsed).await? {
        let transaction = &mut session.writable()?.transaction;
        blocking(|| updater.apply(transaction, &batch, &mut changed))?;
    }
    let transaction = &mut session.writable()?.transaction;
    blocking(|| updater.finish(transaction))?;
    change.end(session, changed, &returning(parsed, statement), Command::Update).await
}

async fn change(
    session: &Session,
    parsed: &ParsedStatement,
    statement: &Update,
    mut parameters: Parameters,
) -> Result<Change, SqlError> {
    // The target is needed to write the query, which is needed to find all
    // the tables that are read.
    let view = session.view()?;
    let target = Target::find(&view, &statement.target)?;
    let assignments = Assignments::new(&target, &statement.assignments, &mut parameters)?;
    let name = name_of(&statement.target, statement.alias.as_ref());
    let from =
        [syntax::table(&target.path(), name)].into_iter().chain(statement.from.iter().cloned()).collect();
    let filter = statement.filter.as_deref().cloned();
    let body = syntax::select(assignments.select_items(&target, name), from, filter);
    let query = syntax::query(statement.with.clone(), body);
    let tables = syntax::mentioning(Some(&query), [], statement.returning.as_ref());
    let scope = scope(session, Some(parsed), &tables, parameters.values()).await?;
    let source = plan_query(&scope, Some(parsed), query, &parameters.types)?;
    let plan = assignments.plan(&scope, parsed, &target, source)?;
    let plan = parameters.bind(plan, parsed)?;
    Ok(Change { scope, target, plan, parameters })
}

fn returning<'a>(parsed: &'a ParsedStatement, statement: &'a Update) -> Returning<'a> {
    let name = name_of(&statement.target, statement.alias.as_ref());
    Returning { parsed, items: statement.returning.as_ref(), name }
}
