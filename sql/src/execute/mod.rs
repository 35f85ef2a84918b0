//! Running statements, one file each.

mod alter_database;
mod alter_table;
mod assign;
mod assignments;
mod background;
mod branch;
mod change;
mod check_database;
mod collect_garbage;
mod commit_message;
mod copy;
mod create_table;
mod delete;
mod diff;
mod drop_table;
mod explain;
mod insert;
mod insert_rows;
mod inspect;
mod on_conflict;
mod parameters;
mod prepared;
mod query;
mod repair_database;
mod returning;
mod setting;
mod show;
mod syntax;
mod tag;
pub(crate) mod target;
mod transaction;
mod update;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::scalar::ScalarValue;

use crate::dialect::{ParsedStatement, Statement};
use crate::error::{SqlError, SqlState};
use crate::normalize::normalized;
use crate::outcome::Outcome;
use crate::scope::Scope;
use crate::session::{Block, Session};

/// What is known of a statement before it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    /// The types of `$1`, `$2`, …
    pub(crate) parameter_types: Vec<DataType>,
    /// The result columns; none where there is no result set.
    pub(crate) schema: Option<SchemaRef>,
}

/// A statement on its way, with what it was given.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) parsed: &'a ParsedStatement,
    pub(crate) parameters: &'a [ScalarValue],
}

/// Finds a statement's parameters and result columns.
pub(crate) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Statement,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let statement = &normalized(parsed, statement)?;
    match statement {
        Statement::Query(query) => query::describe(session, parsed, query, given).await,
        Statement::Insert(insert) => insert::describe(session, parsed, insert, given).await,
        Statement::Update(update) => update::describe(session, parsed, update, given).await,
        Statement::Delete(delete) => delete::describe(session, parsed, delete, given).await,
        Statement::Explain(explain) => explain::describe(session, parsed, explain, given).await,
        Statement::Show(show) => show::describe(session, parsed, show).await,
        Statement::Diff(diff) => diff::describe(session, parsed, diff, given).await,
        Statement::Execute(execute) => prepared::describe(session, execute).await,
        Statement::CollectGarbage(_) => Ok(fixed(parsed, collect_garbage::schema())),
        Statement::CheckDatabase => Ok(fixed(parsed, crate::diagnosis::check_schema())),
        Statement::RepairDatabase => Ok(fixed(parsed, crate::diagnosis::repair_schema())),
        Statement::Inspect(inspect) => Ok(fixed(parsed, inspect::schema(inspect))),
        // The arguments of the others are names and messages, which are text.
        _ => Ok(Description {
            parameter_types: given.iter().map(|given| given.clone().unwrap_or(DataType::Utf8)).collect(),
            schema: None,
        }),
    }
}

/// The description of a statement whose columns are always the same, and whose
/// arguments are names, which are text.
fn fixed(parsed: &ParsedStatement, schema: SchemaRef) -> Description {
    Description { parameter_types: vec![DataType::Utf8; parsed.parameter_count()], schema: Some(schema) }
}

/// Runs a statement.
pub(crate) async fn execute(
    session: &mut Session,
    parsed: &ParsedStatement,
    parameters: &[ScalarValue],
) -> Result<Outcome, SqlError> {
    let ends_failure = matches!(
        parsed.statement(),
        Statement::Commit { .. } | Statement::Rollback { .. } | Statement::RollbackTo(_)
    );
    if !ends_failure && session.transaction.as_ref().is_some_and(|open| open.failed) {
        return Err(SqlError::new(
            SqlState::IN_FAILED_SQL_TRANSACTION,
            "current transaction is aborted, commands ignored until end of transaction block",
        ));
    }
    let parsed = &parsed.with_statement(normalized(parsed, parsed.statement())?);
    let (call, statement) = (Call { parsed, parameters }, parsed.statement());
    if !is_transactional(statement) {
        return run(session, call, statement).await;
    }
    // A statement on its own is a transaction of its own.
    let own = session.transaction.is_none();
    if own && (writes(statement) || session.block == Block::Implicit) {
        session.start_transaction(true, false)?;
    }
    if writes(statement)
        && let Some(open) = &mut session.transaction
        && open.first_write.is_none()
    {
        open.first_write = Some(parsed.text().to_owned());
    }
    let outcome = run(session, call, statement).await?;
    if own && session.block == Block::None && session.transaction.as_ref().is_some_and(|open| open.implicit) {
        // COPY FROM goes on after this: it commits when its data ends.
        if !matches!(outcome, Outcome::CopyIn(_)) {
            session.commit_transaction()?;
        }
    }
    Ok(outcome)
}

async fn run(session: &mut Session, call: Call<'_>, statement: &Statement) -> Result<Outcome, SqlError> {
    match statement {
        Statement::Query(query) => query::execute(session, call, query).await,
        Statement::Insert(insert) => insert::execute(session, call, insert).await,
        Statement::Update(update) => update::execute(session, call, update).await,
        Statement::Delete(delete) => delete::execute(session, call, delete).await,
        Statement::Explain(explain) => explain::execute(session, call, explain).await,
        Statement::Begin(begin) => transaction::begin(session, begin),
        Statement::Commit { chain } => transaction::commit(session, *chain),
        Statement::Rollback { chain } => transaction::rollback(session, *chain),
        Statement::Savepoint(name) => transaction::savepoint(session, name),
        Statement::RollbackTo(name) => transaction::rollback_to(session, name),
        Statement::Release(name) => transaction::release(session, name),
        Statement::SetTransaction(set) => transaction::set_transaction(session, set),
        Statement::Set(set) => setting::set(session, set),
        Statement::Reset(reset) => setting::reset(session, reset),
        Statement::Discard(discard) => setting::discard(session, discard),
        Statement::Show(show) => show::execute(session, call, show).await,
        Statement::Prepare(prepare) => prepared::prepare(session, call, prepare).await,
        Statement::Execute(execute) => prepared::execute(session, execute).await,
        Statement::Deallocate(deallocate) => prepared::deallocate(session, deallocate),
        Statement::CloseAll => Ok(Outcome::Done { tag: "CLOSE CURSOR ALL".to_owned() }),
        Statement::Unlisten => Ok(Outcome::Done { tag: "UNLISTEN".to_owned() }),
        Statement::CreateTable(create) => create_table::execute(session, create),
        Statement::AlterTable(alter) => alter_table::execute(session, alter),
        Statement::DropTable(drop) => drop_table::drop_table(session, drop),
        Statement::Truncate(truncate) => drop_table::truncate(session, truncate),
        Statement::CopyFrom(copy) => copy::from_stdin(session, call, copy).await,
        Statement::CopyTo(copy) => copy::to_stdout(session, call, copy).await,
        Statement::CreateBranch(create) => branch::create(session, call, create),
        Statement::DropBranch(drop) => branch::drop_branch(session, call, drop),
        Statement::RenameBranch(rename) => branch::rename(session, call, rename),
        Statement::UseBranch(switch) => branch::switch(session, call, switch).await,
        Statement::CreateTag(create) => tag::create(session, call, create),
        Statement::DropTag(drop) => tag::drop_tag(session, call, drop),
        Statement::CommitMessage(commit) => commit_message::execute(session, call, commit),
        Statement::Diff(diff) => diff::execute(session, call, diff).await,
        Statement::CollectGarbage(collect) => collect_garbage::execute(session, *collect).await,
        Statement::CheckDatabase => check_database::execute(session).await,
        Statement::RepairDatabase => repair_database::execute(session).await,
        Statement::Inspect(inspect) => inspect::execute(session, call, inspect).await,
        Statement::AlterDatabase(alter) => alter_database::execute(session, alter),
    }
}

/// Whether a statement reads or writes rows or definitions, and so belongs to
/// a transaction. The others govern transactions, or are true at once.
fn is_transactional(statement: &Statement) -> bool {
    writes(statement)
        || matches!(
            statement,
            Statement::Query(_)
                | Statement::Explain(_)
                | Statement::CopyTo(_)
                | Statement::Show(_)
                | Statement::Diff(_)
                | Statement::Execute(_)
        )
}

fn writes(statement: &Statement) -> bool {
    match statement {
        Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::CreateTable(_)
        | Statement::AlterTable(_)
        | Statement::DropTable(_)
        | Statement::Truncate(_)
        | Statement::CopyFrom(_)
        // What was prepared may write.
        | Statement::Execute(_) => true,
        Statement::Explain(explain) => explain.analyze && writes(&explain.statement),
        _ => false,
    }
}

/// Puts what an implicit block has done so far behind it, for a statement that
/// is true at once.
pub(crate) fn settle_implicit(session: &mut Session, what: &str) -> Result<(), SqlError> {
    session.require_no_transaction(what)?;
    session.commit_transaction()
}

impl Call<'_> {
    /// The names of the statement, as the session sees them now.
    pub(crate) async fn scope(
        &self,
        session: &Session,
        statement: &sqlparser::ast::Statement,
    ) -> Result<Scope, SqlError> {
        let parameters = self.parameters.iter().cloned().map(Some).collect();
        scope(session, Some(self.parsed), statement, parameters).await
    }

    /// A name or message that the statement was given.
    pub(crate) fn argument(
        &self,
        session: &Session,
        argument: &crate::dialect::Argument,
    ) -> Result<String, SqlError> {
        let parameters = self.parameters.iter().cloned().map(Some).collect();
        let view = std::sync::Arc::new(session.view()?);
        let scope = Scope::new(
            view,
            session.context.state(),
            Some(self.parsed),
            parameters,
            std::collections::HashMap::new(),
        );
        scope.argument(argument)?.ok_or_else(|| SqlError::internal("a parameter has no value"))
    }
}

/// The names of a statement.
pub(crate) async fn scope(
    session: &Session,
    parsed: Option<&ParsedStatement>,
    statement: &sqlparser::ast::Statement,
    parameters: Vec<Option<ScalarValue>>,
) -> Result<Scope, SqlError> {
    let state = session.context.state();
    let others = crate::planning::other_tables(&state, statement).await?;
    let view = std::sync::Arc::new(session.view()?);
    Ok(Scope::new(view, state, parsed, parameters, others))
}

/// What the default of a new column gives, as JSON, for the rows that are
/// there already; none without a default, or where it gives null.
///
/// # Errors
/// For a default that would give each row another value, besides those of its evaluation.
fn default_json(session: &Session, column: &microprolly_engine::Column) -> Result<Option<String>, SqlError> {
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::ColumnarValue;

    let Some(text) = &column.default else { return Ok(None) };
    let state = session.context.state();
    let expression = crate::scope::default_expression(&std::sync::Arc::new(session.view()?), &state, text)?;
    if expression.is_volatile() {
        let name = &column.name;
        return Err(SqlError::not_supported(format!(
            "column \"{name}\" cannot be added with a default that is another for every row: {text}"
        ))
        .with_hint(format!("Add it without a default; then ALTER COLUMN {name} SET DEFAULT {text}, and UPDATE the rows that are there.")));
    }
    let schema = DFSchema::empty();
    let expression = assign::assign(expression, &schema, &column.name, &column.column_type)?;
    let one_row = arrow::array::RecordBatch::try_new_with_options(
        std::sync::Arc::new(schema.as_arrow().clone()),
        Vec::new(),
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(1)),
    )
    .map_err(|error| SqlError::internal(error.to_string()))?;
    let array = state
        .create_physical_expr(expression, &schema)
        .and_then(|expression| expression.evaluate(&one_row))
        .and_then(|value: ColumnarValue| value.into_array(1))
        .map_err(|error| crate::failure::planner_failure(&error, None))?;
    let value = microprolly_engine::Value::at(&*array, 0, &column.column_type);
    if value.is_null() {
        return Ok(None);
    }
    let mut json = Vec::new();
    value.write_json(&mut json);
    String::from_utf8(json).map(Some).map_err(|error| SqlError::internal(error.to_string()))
}
