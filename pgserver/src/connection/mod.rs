//! A connection: from the first packet to the last.
//!
//! [`serve`] greets the client ([`startup`]), makes its session, and handles one message after the other:
//! simple queries ([`simple`]), the extended protocol ([`extended`]), COPY ([`copy`]). Everything that may
//! take long runs under [`Connection::interruptible`], which drops it when the client cancels or goes away.

mod copy;
mod extended;
mod outbound;
mod portal;
mod rows;
mod settings;
mod simple;
mod startup;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use microprolly_sql::{Database, Session, SqlError, SqlState, TransactionStatus};
use pgwire::messages::response::{ReadyForQuery, TransactionStatus as WireStatus};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use self::outbound::Outbound;
use self::portal::{Portal, Statement};
use self::settings::ReportedSettings;
use crate::cancel::{CancelRegistry, CancelSlot};
use crate::error::{Closed, Failure, Severity, error_response, notice_response};
use crate::frame::{Frame, FrameReader, decode};
use crate::options::Limits;

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) database: Database,
    pub(crate) limits: Limits,
    pub(crate) cancels: Arc<CancelRegistry>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Serves one client until it leaves or is sent away. `refused` says that the server is full.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>, refused: bool) -> Result<(), Closed> {
    stream.set_nodelay(true)?;
    let (input, output) = stream.into_split();
    let mut inbound = FrameReader::new(input, &shared.limits);
    let mut outbound = Outbound::new(output, shared.limits.send_bytes);
    let outcome = match startup::greet(&mut inbound, &mut outbound, &shared, refused).await {
        Ok(Some(greeted)) => {
            let mut connection = Connection {
                inbound,
                outbound,
                session: greeted.session,
                cancel: greeted.cancel,
                statements: HashMap::new(),
                portals: HashMap::new(),
                skipping_to_sync: false,
                in_pipeline_block: false,
                reported: greeted.reported,
                stopping: shared.stopping.clone(),
                limits: shared.limits.clone(),
            };
            let outcome = connection.run().await;
            outbound = connection.outbound;
            outcome
        }
        Ok(None) => return Ok(()),
        Err(closed) => Err(closed),
    };
    if let Err(closed) = &outcome
        && let Some(error) = closed.farewell()
    {
        outbound.put(error_response(&error, Severity::Fatal))?;
        // A client that does not read must not hold the connection.
        let patience = std::time::Duration::from_millis(shared.limits.startup_ms_max);
        match tokio::time::timeout(patience, outbound.close()).await {
            Ok(sent) => sent?,
            Err(_) => tracing::debug!("the client did not read its last message"),
        }
    }
    outcome
}

/// A session and the client that it belongs to.
struct Connection {
    inbound: FrameReader<OwnedReadHalf>,
    outbound: Outbound<OwnedWriteHalf>,
    session: Session,
    cancel: CancelSlot,
    /// Prepared statements by name; the unnamed one has the empty name.
    statements: HashMap<String, Arc<Statement>>,
    /// Portals by name; the unnamed one has the empty name.
    portals: HashMap<String, Portal>,
    /// After an error in the extended protocol, everything up to the next Sync is passed over.
    skipping_to_sync: bool,
    /// Whether the statements since the last Sync are one transaction of the session's.
    in_pipeline_block: bool,
    reported: ReportedSettings,
    stopping: watch::Receiver<bool>,
    limits: Limits,
}

/// Whether a connection goes on after a message.
#[derive(PartialEq, Eq)]
enum Next {
    Message,
    Close,
}

impl Connection {
    async fn run(&mut self) -> Result<(), Closed> {
        loop {
            let frame = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stopping| *stopping) => return Err(Closed::Shutdown),
                frame = self.inbound.frame() => frame?,
            };
            let Some(frame) = frame else { return Ok(()) };
            match self.handle(frame).await {
                Ok(Next::Message) => {}
                Ok(Next::Close) => return Ok(()),
                Err(Failure::Connection(closed)) => return Err(closed),
                Err(Failure::Statement(error)) => {
                    self.fail(&error).await?;
                    self.skipping_to_sync = true;
                }
            }
        }
    }

    /// Handles one message. An error in a statement of the extended protocol is returned; one in a simple
    /// query has been told already.
    async fn handle(&mut self, frame: Frame) -> Result<Next, Failure> {
        const SYNC: u8 = b'S';
        const TERMINATE: u8 = b'X';
        const QUERY: u8 = b'Q';
        if self.skipping_to_sync && !matches!(frame.kind, SYNC | TERMINATE) {
            return Ok(Next::Message);
        }
        let kind = frame.kind;
        let message = match decode(frame).map_err(Failure::from) {
            Err(Failure::Statement(error)) if kind == QUERY => {
                self.fail(&error).await?;
                self.ready().await?;
                return Ok(Next::Message);
            }
            decoded => decoded?,
        };
        match message {
            PgWireFrontendMessage::Query(query) => self.simple_query(&query.query).await?,
            PgWireFrontendMessage::Parse(parse) => self.parse(parse).await?,
            PgWireFrontendMessage::Bind(bind) => self.bind(bind)?,
            PgWireFrontendMessage::Describe(describe) => self.describe(&describe)?,
            PgWireFrontendMessage::Execute(execute) => self.execute(&execute).await?,
            PgWireFrontendMessage::Close(close) => self.close(&close)?,
            PgWireFrontendMessage::Flush(_) => self.outbound.flush().await?,
            PgWireFrontendMessage::Sync(_) => self.sync().await?,
            PgWireFrontendMessage::Terminate(_) => return Ok(Next::Close),
            // What is left of a COPY that failed.
            PgWireFrontendMessage::CopyData(_)
            | PgWireFrontendMessage::CopyDone(_)
            | PgWireFrontendMessage::CopyFail(_) => {}
            _ => return Err(Closed::Protocol(format!("invalid frontend message type {kind}")).into()),
        }
        Ok(Next::Message)
    }

    /// Tells the client of an error, and marks an open transaction as failed.
    async fn fail(&mut self, error: &SqlError) -> Result<(), Closed> {
        self.put_notices()?;
        self.outbound.put(error_response(error, Severity::Error))?;
        self.session.fail_transaction();
        Ok(())
    }

    /// Ends a cycle: settings that changed, then the state of the transaction.
    async fn ready(&mut self) -> Result<(), Closed> {
        self.put_notices()?;
        for status in self.reported.changes(&self.session) {
            self.outbound.put(status)?;
        }
        let status = match self.session.transaction_status() {
            TransactionStatus::Idle => WireStatus::Idle,
            TransactionStatus::Active => WireStatus::Transaction,
            TransactionStatus::Failed => WireStatus::Error,
        };
        if self.session.transaction_status() == TransactionStatus::Idle {
            // As in PostgreSQL, portals live as long as their transaction.
            self.portals.clear();
        }
        self.outbound.put(PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(status)))?;
        self.outbound.flush().await
    }

    fn put_notices(&mut self) -> Result<(), Closed> {
        self.session.drain_notices().iter().try_for_each(|notice| self.outbound.put(notice_response(notice)))
    }

    /// Refuses what cannot run in a transaction that has failed.
    fn check_not_failed(&self, is_transaction_control: bool) -> Result<(), SqlError> {
        if self.session.transaction_status() == TransactionStatus::Failed && !is_transaction_control {
            return Err(SqlError::new(
                SqlState::IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    /// The zone in which timestamps are shown.
    fn timezone(&self) -> Result<Tz, SqlError> {
        let name = self.session.setting("TimeZone").unwrap_or_else(|| "UTC".to_owned());
        name.parse().map_err(|_| {
            SqlError::new(SqlState::INVALID_PARAMETER_VALUE, format!("time zone \"{name}\" is not known"))
        })
    }
}

/// Waits for `work`, unless the client cancels or goes away first: then the work is dropped.
async fn interruptible<T>(
    inbound: &mut FrameReader<OwnedReadHalf>,
    cancel: &mut CancelSlot,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = cancel.requested() => Err(canceled().into()),
        () = inbound.disconnected() => Err(Closed::ByClient.into()),
        done = work => Ok(done),
    }
}

fn canceled() -> SqlError {
    SqlError::new(SqlState::QUERY_CANCELED, "canceling statement due to user request")
}
