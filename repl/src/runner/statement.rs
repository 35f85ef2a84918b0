//! Running one statement and showing what it gives.

use std::io::Write;
use std::time::{Duration, Instant};

use futures::StreamExt;
use microprolly_sql::{Command, Outcome, SqlError};

use super::{CopySource, Origin, Runner, Statement};
use crate::console::say;
use crate::failure::{Failure, StatementError};
use crate::output::{ResultWriter, Settings};

impl Runner {
    /// Runs a statement. Its result set goes to the sink; its tag, notices and time to stderr.
    ///
    /// `data` feeds a COPY FROM STDIN; `copy_out` receives a COPY TO STDOUT instead of the sink.
    pub(crate) async fn run_statement(
        &mut self,
        statement: &Statement,
        origin: Origin,
        data: &mut dyn CopySource,
        copy_out: Option<&mut dyn Write>,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        // Taken out for as long as the statement borrows everything else.
        let mut interrupts = self.interrupts.take();
        // Boxed because it is large, and scripts that include each other stack up what calls this.
        let run = Box::pin(self.run_text(statement, data, copy_out));
        let result = match &mut interrupts {
            Some(interrupts) => interrupts.or_interrupted(run).await,
            None => run.await,
        };
        self.interrupts = interrupts;
        self.say_notices();
        if result.is_err() {
            // The session knows of its own failures, but not of rows that failed on the way, nor of a Ctrl-C.
            self.session.fail_transaction();
            // Rows written so far come before the error; that the flush fails too would not be news.
            drop(self.sink.writer().flush());
        }
        result.map_err(|failure| match failure {
            Failure::Database(error) => Failure::Statement(Box::new(StatementError {
                error: *error,
                text: statement.text.clone(),
                origin,
            })),
            other => other,
        })?;
        if self.timing {
            say(format_args!("Time: {}", milliseconds(begun.elapsed())));
        }
        Ok(())
    }

    async fn run_text(
        &mut self,
        statement: &Statement,
        data: &mut dyn CopySource,
        mut copy_out: Option<&mut dyn Write>,
    ) -> Result<(), Failure> {
        let mut settings = self.settings.clone();
        settings.expanded |= statement.expanded;
        for parsed in self.session.parse(&statement.text)? {
            let outcome = self.session.execute_parsed(&parsed).await?;
            let tag = match outcome {
                Outcome::Done { tag } => Some(tag),
                Outcome::CopyIn(copy) => Some(self.copy_in(copy, data).await?),
                Outcome::CopyOut(copy) => {
                    // Reborrowed by hand: the trait object's lifetime does not shrink behind an Option.
                    let out = copy_out.as_mut().map(|out| &mut **out as &mut dyn Write);
                    Some(self.copy_out(copy, out).await?)
                }
                rows @ Outcome::Rows { .. } => self.show_rows(rows, &settings).await?,
            };
            if let Some(tag) = tag {
                say(tag);
            }
        }
        Ok(())
    }

    /// Writes a result set. The tag of one that changed something is given back, to be said.
    async fn show_rows(&mut self, rows: Outcome, settings: &Settings) -> Result<Option<String>, Failure> {
        let Outcome::Rows { schema, mut stream, command } = rows else { return Ok(None) };
        let out = self.sink.writer();
        let mut writer = ResultWriter::begin(settings, &schema, out).map_err(Failure::output)?;
        let mut count = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| SqlError::from(&error))?;
            count += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            writer.write(&batch, out).map_err(Failure::output)?;
        }
        writer.finish(out).map_err(Failure::output)?;
        out.flush().map_err(Failure::output)?;
        Ok(match command {
            Command::Insert | Command::Update | Command::Delete => Some(command.tag(count)),
            Command::Select | Command::Show | Command::Explain | Command::Other(_) => None,
        })
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}
