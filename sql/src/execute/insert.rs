//! INSERT: the rows of a query, put into the transaction.

use std::collections::HashSet;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use bytes::Bytes;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use microprolly_engine::{Entry, Transaction};
use sqlparser::ast::Expr;

use super::change::{Change, name_of, next_rows};
use super::insert_rows::plan_rows;
use super::on_conflict::OnConflictUpdate;
use super::parameters::Parameters;
use super::returning::{Changed, Returning};
use super::syntax;
use super::target::Target;
use super::{Call, Description, scope};
use crate::dialect::{ConflictAction, Insert, ParsedStatement};
use crate::error::{SqlError, SqlState};
use crate::outcome::{Command, Outcome};
use crate::planning::run;
use crate::session::{Session, blocking};

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Insert,
    given: &[Option<DataType>],
) -> Result<Description, SqlError> {
    let mut change = change(session, parsed, statement, Parameters::described(parsed, given)).await?;
    let further = match OnConflictUpdate::of(statement, &change.target, &mut change.parameters)? {
        Some(update) => Some(update.plan(&change.scope, parsed, &change.target, None, &change.parameters)?),
        None => None,
    };
    change.description(parsed, further, &returning(parsed, statement))
}

/// The query whose rows are inserted.
pub(super) async fn plan(
    session: &mut Session,
    parsed: &ParsedStatement,
    statement: &Insert,
    parameters: &[ScalarValue],
) -> Result<LogicalPlan, SqlError> {
    Ok(change(session, parsed, statement, Parameters::given(parameters)).await?.plan)
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    statement: &Insert,
) -> Result<Outcome, SqlError> {
    session.begin_write()?;
    let Call { parsed, parameters } = call;
    let mut change = change(session, parsed, statement, Parameters::given(parameters)).await?;
    let update = OnConflictUpdate::of(statement, &change.target, &mut change.parameters)?;
    let Change { scope, target, plan, parameters } = &change;
    let mut inserter = Inserter {
        target,
        on_duplicate: match statement.on_conflict.as_ref().map(|on_conflict| &on_conflict.action) {
            None => OnDuplicate::Fail,
            Some(ConflictAction::Nothing) => OnDuplicate::Skip,
            Some(ConflictAction::Update { .. }) => OnDuplicate::Update,
        },
        touched: HashSet::new(),
        changed: Changed::new(statement.returning.as_ref()),
    };
    let mut stream = run(&scope.state, plan, Some(parsed)).await?;
    while let Some(batch) = next_rows(&mut stream, parsed).await? {
        let batch = target.batch(batch.columns().to_vec())?;
        let transaction = &mut session.writable()?.transaction;
        let conflicts = blocking(|| inserter.apply(transaction, &batch))?;
        if let (Some(update), false) = (&update, conflicts.rows.is_empty()) {
            let transaction = &mut session.writable()?.transaction;
            let stored = target.stored_rows(&conflicts.stored)?;
            let rows = Some((stored, &batch, conflicts.rows.as_slice()));
            let plan = update.plan(scope, parsed, target, rows, parameters)?;
            let plan = parameters.bind(plan, parsed)?;
            let state = &scope.state;
            update.apply(state, parsed, target, &plan, transaction, &mut inserter.changed).await?;
        }
    }
    change.end(session, inserter.changed, &returning(parsed, statement), Command::Insert).await
}

async fn change(
    session: &Session,
    parsed: &ParsedStatement,
    statement: &Insert,
    mut parameters: Parameters,
) -> Result<Change, SqlError> {
    let mut expressions: Vec<&Expr> = Vec::new();
    if let Some(ConflictAction::Update { assignments, filter }) =
        statement.on_conflict.as_ref().map(|on_conflict| &on_conflict.action)
    {
        expressions.extend(assignments.iter().filter_map(|assignment| assignment.value.as_deref()));
        expressions.extend(filter.as_deref());
    }
    let tables = syntax::mentioning(statement.source.as_deref(), expressions, statement.returning.as_ref());
    let scope = scope(session, Some(parsed), &tables, parameters.values()).await?;
    let target = Target::find(&scope.view, &statement.target)?;
    if let Some(on_conflict) = &statement.on_conflict {
        check_columns(&target, &on_conflict.columns)?;
    }
    let plan = plan_rows(&scope, parsed, statement, &target, &mut parameters)?;
    let plan = parameters.bind(plan, parsed)?;
    Ok(Change { scope, target, plan, parameters })
}

fn returning<'a>(parsed: &'a ParsedStatement, statement: &'a Insert) -> Returning<'a> {
    let name = name_of(&statement.target, statement.alias.as_ref());
    Returning { parsed, items: statement.returning.as_ref(), name }
}

/// Rows conflict by the primary key only, so that is what a conflict may name.
fn check_columns(target: &Target, columns: &[crate::dialect::Name]) -> Result<(), SqlError> {
    let Some(first) = columns.first() else { return Ok(()) };
    let mut positions =
        columns.iter().map(|column| target.position_of(column)).collect::<Result<Vec<_>, _>>()?;
    let mut key = target.key_positions().to_vec();
    positions.sort_unstable();
    positions.dedup();
    key.sort_unstable();
    if positions == key {
        return Ok(());
    }
    let names: Vec<&str> = target.key_positions().iter().map(|position| target.column(*position)).collect();
    Err(SqlError::new(
        SqlState::INVALID_COLUMN_REFERENCE,
        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
    )
    .with_hint(format!("The primary key of \"{}\" is ({}).", target.name(), names.join(", ")))
    .with_position(first.position))
}

/// What is done with a row whose key is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDuplicate {
    Fail,
    Skip,
    Update,
}

/// Rows of a batch whose keys were taken.
#[derive(Default)]
struct Conflicts {
    /// What is stored under those keys.
    stored: Vec<Entry>,
    /// The rows, in the same order.
    rows: Vec<u64>,
}

struct Inserter<'a> {
    target: &'a Target,
    on_duplicate: OnDuplicate,
    /// The keys that the statement has written, where a row may be changed
    /// after it was written: that would be once too often.
    touched: HashSet<Bytes>,
    changed: Changed,
}

impl Inserter<'_> {
    /// Puts the rows whose keys are free, and gives back the others if they
    /// are to be updated.
    fn apply(&mut self, transaction: &mut Transaction, batch: &RecordBatch) -> Result<Conflicts, SqlError> {
        let mut conflicts = Conflicts::default();
        let mut inserted = Vec::with_capacity(batch.num_rows());
        // A value of `kv` may be given as text and is shown as bytes too.
        let shown_otherwise = self.target.definition().is_none();
        let mut stored_rows = Vec::new();
        for row in 0..batch.num_rows() {
            let new = self.target.new_row(batch, row, None)?;
            let stored = transaction.get(new.key())?;
            if self.on_duplicate == OnDuplicate::Update && !self.touched.insert(new.key().clone()) {
                return Err(SqlError::new(
                    SqlState::CARDINALITY_VIOLATION,
                    "ON CONFLICT DO UPDATE command cannot affect row a second time",
                )
                .with_hint(
                    "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
                ));
            }
            match (stored, self.on_duplicate) {
                (None, _) => {
                    if shown_otherwise {
                        stored_rows.push((new.key().clone(), new.value().clone()));
                    } else {
                        inserted.push(row as u64);
                    }
                    new.put(transaction)?;
                }
                (Some(_), OnDuplicate::Fail) => return Err(self.target.duplicate(batch, row)),
                (Some(_), OnDuplicate::Skip) => {}
                (Some(stored), OnDuplicate::Update) => {
                    conflicts.stored.push((new.key().clone(), stored));
                    conflicts.rows.push(row as u64);
                }
            }
        }
        self.changed.take(batch, &inserted)?;
        self.changed.take_stored(self.target, &stored_rows)?;
        Ok(conflicts)
    }
}
