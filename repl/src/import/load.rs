//! The second reading of the file: the table, its rows and the commit in one transaction.

use std::time::{Duration, Instant};

use microprolly_sql::{Outcome, Session, SqlError, TransactionStatus};

use super::plan::{Plan, quoted_literal};
use super::progress::Progress;
use super::request::ImportRequest;
use super::source::CsvFile;
use crate::console::say;
use crate::failure::Failure;
use crate::runner::{CopySource, FileChunks, Runner};

/// Runs the plan. If anything fails, the commit included, nothing has changed, not even the table is there.
pub(super) async fn load(
    runner: &mut Runner,
    file: &CsvFile,
    plan: &Plan,
    request: &ImportRequest,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let was_dirty = runner.session.is_dirty()?;
    if let Some(create_table) = &plan.create_table {
        say(create_table);
    }
    let progress = Progress::begin("loading", file)?;
    let end = |rows: u64| end_statement(request, rows > 0 || was_dirty);
    let loaded = transaction(&mut runner.session, file, plan, &progress, end).await;
    progress.clear();
    runner.say_notices();
    let rows = loaded?;
    if was_dirty && !request.no_commit {
        say(format_args!(
            "WARNING: the commit also holds changes that were uncommitted on the branch '{}' before",
            runner.session.branch()
        ));
    }
    say(summary(&request.table, rows, begun.elapsed()));
    Ok(())
}

/// What ends the transaction: a version, if one is wanted and there is anything to record.
fn end_statement(request: &ImportRequest, has_changes: bool) -> String {
    if request.no_commit || !has_changes {
        return "COMMIT".to_owned();
    }
    // The rows may be those that the last version has, deleted since: the import is recorded all the same.
    format!("COMMIT MESSAGE {} ALLOW EMPTY", quoted_literal(&request.commit_message()))
}

/// Makes the table, loads the rows and ends the transaction with the statement that `end` gives for their
/// number. Gives their number.
async fn transaction(
    session: &mut Session,
    file: &CsvFile,
    plan: &Plan,
    progress: &Progress,
    end: impl FnOnce(u64) -> String,
) -> Result<u64, Failure> {
    session.run("BEGIN").await?;
    let result = match fill(session, file, plan, progress).await {
        Ok(rows) => session.run(&end(rows)).await.map(|_| rows).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    // A commit that conflicts has ended the transaction itself.
    if result.is_err()
        && session.transaction_status() != TransactionStatus::Idle
        && let Err(error) = session.run("ROLLBACK").await
    {
        // The end of the session rolls back as well.
        say(format_args!("WARNING: the transaction was not rolled back in good order: {error}"));
    }
    result
}

/// Makes the table and loads the rows. Gives their number.
async fn fill(
    session: &mut Session,
    file: &CsvFile,
    plan: &Plan,
    progress: &Progress,
) -> Result<u64, Failure> {
    if let Some(create_table) = &plan.create_table {
        session.run(create_table).await?;
    }
    let mut outcomes = session.run(&plan.copy).await?;
    let Some(Outcome::CopyIn(mut copy)) = outcomes.pop() else {
        return Err(SqlError::internal("COPY FROM STDIN does not ask for data").into());
    };
    let mut chunks = FileChunks::new(file.path().to_path_buf(), progress.open(file)?);
    while let Some(chunk) = chunks.next_chunk()? {
        copy.write(session, chunk).await.map_err(|error| in_file(error, file))?;
    }
    let tag = copy.finish(session).await.map_err(|error| in_file(error, file))?;
    let rows = tag.strip_prefix("COPY ").and_then(|rows| rows.parse().ok());
    rows.ok_or_else(|| SqlError::internal(format!("COPY FROM STDIN ended with \"{tag}\"")).into())
}

/// The error of a row, with the file's name. Its position would point into a statement that nobody wrote.
fn in_file(error: SqlError, file: &CsvFile) -> SqlError {
    SqlError { message: format!("{}: {}", file.path().display(), error.message), position: None, ..error }
}

/// `flights: 27004 rows in 0.8 s (33755 rows/s)`.
fn summary(table: &str, rows: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let noun = if rows == 1 { "row" } else { "rows" };
    let rate = if seconds > 0.0 { rows as f64 / seconds } else { 0.0 };
    format!("{table}: {rows} {noun} in {seconds:.1} s ({rate:.0} rows/s)")
}
