//! UPDATE: the changed rows of a query, put in the place of those that they were.

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use futures::StreamExt;

use super::assignments::{Assignments, Updater};
use super::parameters::Parameters;
use super::returning::{Changed, Returning};
use super::syntax;
use super::target::Target;
use super::{Call, Description, scope};
use crate::dialect::{ParsedStatement, Update};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::outcome::{Command, Outcome};
use crate::planning::{plan_query, result_schema, run};
use crate::scope::Scope;
use crate::session::{Session, blocking};

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Update,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let prepared = Prepared::new(session, parsed, statement, Parameters::described(parsed, given)).await?;
    let Prepared { scope, target, plan, parameters } = prepared;
    let returned = returning(parsed, statement).plan(&scope, &target, Vec::new(), &parameters)?;
    let schema = returned.as_ref().map(result_schema);
    let plans: Vec<LogicalPlan> = [plan].into_iter().chain(returned).collect();
    Ok(Description { parameter_types: parameters.told_by(&plans, parsed)?, schema })
}

/// The query whose rows are the keys of the rows to be changed, and what they
/// will be.
pub(super) async fn plan(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Update,
    parameters: &[ScalarValue],
) -> Result<LogicalPlan, SqlError> {
    Ok(Prepared::new(session, parsed, statement, Parameters::given(parameters)).await?.plan)
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    statement: &Update,
) -> Result<Outcome, SqlError> {
    session.begin_write()?;
    let Call { parsed, parameters } = call;
    let prepared = Prepared::new(session, parsed, statement, Parameters::given(parameters)).await?;
    let Prepared { scope, target, plan, parameters } = prepared;
    let mut changed = Changed::new(statement.returning.as_ref());
    let mut updater = Updater::new(&target, !statement.from.is_empty());
    let mut stream = run(&scope.state, &plan, Some(parsed)).await?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| planner_failure(&error, Some(parsed)))?;
        let transaction = &mut session.writable()?.transaction;
        blocking(|| updater.apply(transaction, &batch, &mut changed))?;
    }
    let transaction = &mut session.writable()?.transaction;
    blocking(|| updater.finish(transaction))?;
    session.end_write();
    let clause = returning(parsed, statement);
    changed.outcome(&scope, &target, &clause, &parameters, Command::Update).await
}

/// What an UPDATE is before it runs.
struct Prepared {
    scope: Scope,
    target: Target,
    /// With the parameters in place, as far as they are known.
    plan: LogicalPlan,
    parameters: Parameters,
}

impl Prepared {
    async fn new(
        session: &Session,
        parsed: &ParsedStatement,
        statement: &Update,
        mut parameters: Parameters,
    ) -> Result<Self, SqlError> {
        // The target is needed to write the query, which is needed to find all
        // the tables that are read.
        let view = session.view()?;
        let target = Target::find(&view, &statement.target)?;
        let assignments = Assignments::new(&target, &statement.assignments, &mut parameters)?;
        let name = name(statement);
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
        Ok(Self { scope, target, plan, parameters })
    }
}

/// How the statement calls the table.
fn name(statement: &Update) -> &str {
    statement.alias.as_ref().map_or(&statement.target.name, |alias| &alias.value)
}

fn returning<'a>(parsed: &'a ParsedStatement, statement: &'a Update) -> Returning<'a> {
    Returning { parsed, items: statement.returning.as_ref(), name: name(statement) }
}
