//! The second reading of the file: everything into the table in one transaction, then the commit.

use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray};
use futures::StreamExt;
use microprolly_sql::{Outcome, Session, SqlError};

use super::plan::{Plan, quoted_literal};
use super::progress::Progress;
use super::request::ImportRequest;
use super::source::CsvFile;
use crate::console::say;
use crate::failure::Failure;
use crate::runner::{CopySource, FileChunks, Runner, stream_error};

/// Runs the plan. If anything fails before the commit, nothing has changed, not even the table is there.
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
    let loaded = transaction(&mut runner.session, file, plan, &progress).await;
    progress.clear();
    runner.say_notices();
    let tag = loaded?;
    let rows = tag.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
    let summary = summary(&request.table, rows, &tag, begun.elapsed());
    if request.no_commit || !runner.session.is_dirty()? {
        say(summary);
        return Ok(());
    }
    if was_dirty {
        say(format_args!(
            "WARNING: the commit also takes in changes that were uncommitted on the branch '{}' before",
            runner.session.branch()
        ));
    }
    let statement = format!("COMMIT MESSAGE {}", quoted_literal(&request.commit_message()));
    let committed = commit(&mut runner.session, &statement).await;
    runner.say_notices();
    match committed {
        Ok(Some(id)) => say(format_args!("{summary}, commit {id}")),
        Ok(None) => say(summary),
        Err(error) => {
            say(format_args!("{summary}, not committed"));
            return Err(error);
        }
    }
    Ok(())
}

/// Makes the table and loads the rows, and gives the tag of the COPY.
async fn transaction(
    session: &mut Session,
    file: &CsvFile,
    plan: &Plan,
    progress: &Progress,
) -> Result<String, Failure> {
    session.run("BEGIN").await?;
    let result = match fill(session, file, plan, progress).await {
        Ok(tag) => session.run("COMMIT").await.map(|_| tag).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if result.is_err()
        && let Err(error) = session.run("ROLLBACK").await
    {
        // The end of the session rolls back as well.
        say(format_args!("WARNING: the transaction was not rolled back in good order: {error}"));
    }
    result
}

async fn fill(
    session: &mut Session,
    file: &CsvFile,
    plan: &Plan,
    progress: &Progress,
) -> Result<String, Failure> {
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
    Ok(copy.finish(session).await.map_err(|error| in_file(error, file))?)
}

/// The error of a row, with the file's name. Its position would point into a statement that nobody wrote.
fn in_file(error: SqlError, file: &CsvFile) -> SqlError {
    SqlError { message: format!("{}: {}", file.path().display(), error.message), position: None, ..error }
}

/// Commits, and gives the id of the commit if the statement tells.
async fn commit(session: &mut Session, statement: &str) -> Result<Option<String>, Failure> {
    let mut id = None;
    for outcome in session.run(statement).await? {
        let Outcome::Rows { mut stream, .. } = outcome else { continue };
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(stream_error)?;
            let column = batch.column_by_name("commit_id").and_then(|column| column.as_string_opt::<i32>());
            if let Some(column) = column
                && !column.is_empty()
            {
                id = Some(column.value(0).to_owned());
            }
        }
    }
    Ok(id)
}

/// `flights: 27004 rows in 0.8 s (33755 rows/s)`.
fn summary(table: &str, rows: Option<u64>, tag: &str, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match rows {
        Some(rows) => {
            let noun = if rows == 1 { "row" } else { "rows" };
            let rate = if seconds > 0.0 { rows as f64 / seconds } else { 0.0 };
            format!("{table}: {rows} {noun} in {seconds:.1} s ({rate:.0} rows/s)")
        }
        None => format!("{table}: {tag} in {seconds:.1} s"),
    }
}
