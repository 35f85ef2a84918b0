//! The simple protocol: a text of any number of statements, one result after the other.

use microprolly_sql::{Outcome, ParsedStatement, SqlError};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use super::rows::{Fetched, RowSource};
use super::{Connection, interruptible};
use crate::error::{Closed, Failure, wire_text};
use crate::types::{Format, columns, row_description};

impl Connection {
    /// Runs a Query message to its ReadyForQuery.
    pub(crate) async fn simple_query(&mut self, text: &str) -> Result<(), Closed> {
        self.cancel.begin_statement();
        // A simple query destroys the unnamed statement and portal.
        self.statements.remove("");
        self.portals.remove("");
        if let Err(error) = self.end_pipeline_block().await {
            self.fail(&error).await?;
            return self.ready().await;
        }
        match self.simple_statements(text).await {
            Ok(()) => {}
            Err(Failure::Statement(error)) => self.fail(&error).await?,
            Err(Failure::Connection(closed)) => return Err(closed),
        }
        self.ready().await
    }

    async fn simple_statements(&mut self, text: &str) -> Result<(), Failure> {
        let statements = self.session.parse(text)?;
        let Some((last, others)) = statements.split_last() else {
            self.outbound.put(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new()))?;
            return Ok(());
        };
        if others.is_empty() {
            let tag = self.simple_statement(last).await?;
            return Ok(self.complete(tag)?);
        }
        self.session.begin_implicit_block().await;
        let outcome = self.simple_block(others, last).await;
        match outcome {
            Ok(tag) => {
                // The last statement is not complete before all of them are durable.
                self.session.end_implicit_block(true).await?;
                Ok(self.complete(tag)?)
            }
            Err(failure) => {
                if let Err(error) = self.session.end_implicit_block(false).await {
                    tracing::warn!(%error, "a failed script could not be rolled back");
                }
                Err(failure)
            }
        }
    }

    async fn simple_block(
        &mut self,
        others: &[ParsedStatement],
        last: &ParsedStatement,
    ) -> Result<String, Failure> {
        for statement in others {
            let tag = self.simple_statement(statement).await?;
            self.complete(tag)?;
        }
        self.simple_statement(last).await
    }

    /// Runs one statement; its result has been sent, its tag has not.
    async fn simple_statement(&mut self, statement: &ParsedStatement) -> Result<String, Failure> {
        self.check_not_failed(statement.is_transaction_control())?;
        if let Some(tag) = self.deallocate(statement) {
            return Ok(tag);
        }
        let session = &mut self.session;
        let work = session.execute_parsed(statement);
        let outcome = interruptible(&mut self.inbound, &mut self.cancel, work).await??;
        self.put_notices()?;
        match outcome {
            Outcome::Done { tag } => Ok(tag),
            Outcome::Rows { schema, stream, command } => {
                let columns = columns(&schema)?;
                let formats = vec![Format::Text; columns.len()];
                self.outbound.put(row_description(&columns, &formats))?;
                let source = RowSource::new(stream, command, self.timezone()?);
                match self.fetch(source, &formats, None).await? {
                    Fetched::All(tag) => Ok(tag),
                    Fetched::Enough(_) => Err(SqlError::internal("a fetch without a limit stopped").into()),
                }
            }
            Outcome::CopyIn(copy) => self.copy_in(copy).await,
            Outcome::CopyOut(copy) => self.copy_out(copy).await,
        }
    }

    /// Tells the client that a statement is complete.
    pub(crate) fn complete(&mut self, tag: String) -> Result<(), Closed> {
        self.put_notices()?;
        self.outbound.put(PgWireBackendMessage::CommandComplete(CommandComplete::new(wire_text(&tag))))
    }
}
