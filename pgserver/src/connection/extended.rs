//! The extended protocol: Parse, Bind, Describe, Execute, Close, Sync.
//!
//! What runs between two Syncs is one transaction, as in PostgreSQL. To know whether an Execute is alone
//! before its Sync, the type of the message after it is looked at; a client cannot expect a result before it
//! has sent a Sync or a Flush, so waiting for one costs nothing.

use std::sync::Arc;

use arrow::datatypes::DataType;
use microprolly_sql::{Outcome, ParsedStatement, Prepared, SqlError, SqlState, TransactionStatus};
use pgwire::api::Type;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended,
    TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::EmptyQueryResponse;

use super::portal::{Portal, Progress, Statement, same_columns};
use super::rows::{Fetched, RowSource};
use super::{Connection, interruptible};
use crate::error::{Closed, Failure};
use crate::types::decode::parameter;
use crate::types::{Format, arrow_type, columns, known_type, pg_type_of, row_description};

/// What a numeric parameter has where the statement does not tell.
const NUMERIC_PRECISION: u8 = 38;
const NUMERIC_SCALE: i8 = 10;

impl Connection {
    /// Prepares a statement.
    pub(crate) async fn parse(&mut self, parse: Parse) -> Result<(), Failure> {
        let name = parse.name.unwrap_or_default();
        if name.is_empty() {
            self.statements.remove("");
        } else if self.statements.contains_key(&name) {
            return Err(SqlError::new(
                SqlState::DUPLICATE_PREPARED_STATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            )
            .into());
        } else if self.statements.len() >= self.limits.statements_max {
            return Err(limit("prepared statements", self.limits.statements_max).into());
        }
        let mut statements = self.session.parse(&parse.query)?;
        let parsed = statements.pop();
        if !statements.is_empty() {
            return Err(SqlError::syntax("cannot insert multiple commands into a prepared statement").into());
        }
        let statement = match parsed {
            None => Statement { prepared: None, parameters: declared(&parse.type_oids)?, columns: None },
            Some(parsed) => {
                self.check_not_failed(parsed.is_transaction_control())?;
                self.cancel.begin_statement();
                self.prepare(&parsed, &parse.type_oids).await?
            }
        };
        self.statements.insert(name, Arc::new(statement));
        self.outbound.put(PgWireBackendMessage::ParseComplete(ParseComplete::new()))?;
        Ok(())
    }

    async fn prepare(&mut self, parsed: &ParsedStatement, type_oids: &[u32]) -> Result<Statement, Failure> {
        let declared = declared(type_oids)?;
        let hints: Vec<Option<DataType>> = declared.iter().map(arrow_type).collect();
        let session = &mut self.session;
        let prepared = interruptible(&mut self.inbound, &mut self.cancel, async {
            let prepared = session.prepare(parsed, &hints).await?;
            // A numeric takes its precision and scale from where it is used, if that tells.
            let used = prepared.parameter_types();
            let untold = |index: usize| {
                declared.get(index) == Some(&Type::NUMERIC)
                    && used.get(index).is_none_or(|used| !used.is_numeric())
            };
            if !(0..declared.len()).any(untold) {
                return Ok(prepared);
            }
            let hint = |(index, hint): (usize, &Option<DataType>)| match untold(index) {
                true => Some(DataType::Decimal128(NUMERIC_PRECISION, NUMERIC_SCALE)),
                false => hint.clone(),
            };
            let hints: Vec<_> = hints.iter().enumerate().map(hint).collect();
            session.prepare(parsed, &hints).await
        })
        .await??;
        let parameters = parameter_types(&prepared, &declared);
        let columns = prepared.schema().map(|schema| columns(schema)).transpose()?;
        Ok(Statement { prepared: Some(prepared), parameters, columns })
    }

    /// Makes a portal of a statement and parameters.
    pub(crate) fn bind(&mut self, bind: Bind) -> Result<(), Failure> {
        let name = bind.portal_name.unwrap_or_default();
        if name.is_empty() {
            self.portals.remove("");
        } else if self.portals.contains_key(&name) {
            return Err(SqlError::new(
                SqlState::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already exists"),
            )
            .into());
        } else if self.portals.len() >= self.limits.portals_max {
            return Err(limit("portals", self.limits.portals_max).into());
        }
        let statement = self.statement(&bind.statement_name.unwrap_or_default())?;
        self.check_not_failed(statement.is_transaction_control())?;
        let wanted = statement.parameters.len();
        if bind.parameters.len() != wanted {
            return Err(SqlError::new(
                SqlState::PROTOCOL_VIOLATION,
                format!(
                    "bind message supplies {} parameters, but prepared statement requires {wanted}",
                    bind.parameters.len()
                ),
            )
            .into());
        }
        let formats = Format::for_each(&bind.parameter_format_codes, wanted, "parameter")?;
        let targets = statement.prepared.as_ref().map(Prepared::parameter_types).unwrap_or_default();
        let parameters = bind
            .parameters
            .iter()
            .zip(formats)
            .zip(statement.parameters.iter().zip(targets))
            .enumerate()
            .map(|(index, ((raw, format), (pg_type, target)))| {
                parameter(index, raw.as_deref(), format, pg_type, target)
            })
            .collect::<Result<_, _>>()?;
        let column_count = statement.columns.as_ref().map_or(0, Vec::len);
        let formats = match column_count {
            // Formats of a result that there is not are of no account.
            0 => Vec::new(),
            count => Format::for_each(&bind.result_column_format_codes, count, "result")?,
        };
        self.portals.insert(name, Portal { statement, parameters, formats, progress: Progress::Bound });
        self.outbound.put(PgWireBackendMessage::BindComplete(BindComplete::new()))?;
        Ok(())
    }

    /// Tells what a statement takes and gives, or what a portal gives.
    pub(crate) fn describe(&mut self, describe: &Describe) -> Result<(), Failure> {
        let name = describe.name.as_deref().unwrap_or_default();
        let (statement, formats) = if describe.target_type == TARGET_TYPE_BYTE_STATEMENT {
            let statement = self.statement(name)?;
            let types = statement.parameters.iter().map(Type::oid).collect();
            self.outbound
                .put(PgWireBackendMessage::ParameterDescription(ParameterDescription::new(types)))?;
            let formats = vec![Format::Text; statement.columns.as_ref().map_or(0, Vec::len)];
            (statement, formats)
        } else {
            let portal = self.portals.get(name).ok_or_else(|| unknown_portal(name))?;
            (Arc::clone(&portal.statement), portal.formats.clone())
        };
        self.outbound.put(match &statement.columns {
            Some(columns) => row_description(columns, &formats),
            None => PgWireBackendMessage::NoData(NoData::new()),
        })?;
        Ok(())
    }

    /// Runs a portal, or fetches more of its rows.
    pub(crate) async fn execute(&mut self, execute: &Execute) -> Result<(), Failure> {
        let name = execute.name.clone().unwrap_or_default();
        let rows_max = u64::try_from(execute.max_rows).ok().filter(|&rows| rows > 0);
        let portal = self.portals.get_mut(&name).ok_or_else(|| unknown_portal(&name))?;
        let progress = std::mem::replace(&mut portal.progress, Progress::Done);
        let statement = Arc::clone(&portal.statement);
        let formats = portal.formats.clone();
        self.check_not_failed(statement.is_transaction_control())?;
        self.cancel.begin_statement();
        let source = match progress {
            Progress::Bound => {
                let Some(prepared) = &statement.prepared else {
                    self.outbound.put(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new()))?;
                    return Ok(());
                };
                match self.start(&name, prepared, &statement).await? {
                    Some(source) => source,
                    None => return Ok(()),
                }
            }
            Progress::Suspended(source) => source,
            Progress::Exhausted(tag) => {
                self.complete(tag.clone())?;
                self.set_progress(&name, Progress::Exhausted(tag));
                return Ok(());
            }
            Progress::Done => {
                return Err(SqlError::new(
                    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("portal \"{name}\" cannot be run"),
                )
                .into());
            }
        };
        let command = source.command();
        match self.fetch(source, &formats, rows_max).await? {
            Fetched::Enough(source) => {
                self.set_progress(&name, Progress::Suspended(source));
                self.outbound.put(PgWireBackendMessage::PortalSuspended(PortalSuspended::new()))?;
            }
            Fetched::All(tag) => {
                self.complete(tag)?;
                self.set_progress(&name, Progress::Exhausted(command.tag(0)));
            }
        }
        Ok(())
    }

    /// Executes a portal's statement; `None` if it has no rows, in which case all has been sent.
    async fn start(
        &mut self,
        name: &str,
        prepared: &Prepared,
        statement: &Statement,
    ) -> Result<Option<RowSource>, Failure> {
        if let Some(tag) = self.deallocate(prepared.parsed()) {
            self.complete(tag)?;
            return Ok(None);
        }
        self.begin_pipeline_block(prepared).await?;
        let Some(portal) = self.portals.get(name) else { return Err(unknown_portal(name).into()) };
        let session = &mut self.session;
        let work = session.execute(prepared, &portal.parameters);
        let outcome = interruptible(&mut self.inbound, &mut self.cancel, work).await??;
        self.put_notices()?;
        let found = match &outcome {
            Outcome::Rows { schema, .. } => columns(schema)?,
            _ => Vec::new(),
        };
        if !same_columns(statement.columns.as_deref(), &outcome, &found) {
            return Err(SqlError::not_supported("cached plan must not change result type").into());
        }
        let tag = match outcome {
            Outcome::Rows { stream, command, .. } => {
                return Ok(Some(RowSource::new(stream, command, self.timezone()?)));
            }
            Outcome::Done { tag } => tag,
            Outcome::CopyIn(copy) => self.copy_in(copy).await?,
            Outcome::CopyOut(copy) => self.copy_out(copy).await?,
        };
        self.complete(tag)?;
        Ok(None)
    }

    /// Drops a statement or a portal, if there is one of that name.
    pub(crate) fn close(&mut self, close: &Close) -> Result<(), Failure> {
        let name = close.name.as_deref().unwrap_or_default();
        if close.target_type == TARGET_TYPE_BYTE_STATEMENT {
            self.statements.remove(name);
        } else {
            self.portals.remove(name);
        }
        self.outbound.put(PgWireBackendMessage::CloseComplete(CloseComplete::new()))?;
        Ok(())
    }

    /// Drops prepared statements of the protocol that a DEALLOCATE or DISCARD in SQL names, since clients do
    /// not tell the two kinds apart. Gives the tag if nothing is left to do.
    pub(crate) fn deallocate(&mut self, statement: &ParsedStatement) -> Option<String> {
        let (verb, name) = statement.text().split_once(|char: char| char.is_ascii_whitespace())?;
        let verb = verb.to_ascii_uppercase();
        let mut name = name.trim();
        if let Some((word, rest)) = name.split_once(|char: char| char.is_ascii_whitespace())
            && word.eq_ignore_ascii_case("PREPARE")
        {
            name = rest.trim_start();
        }
        let all = name.eq_ignore_ascii_case("ALL");
        match verb.as_str() {
            "DEALLOCATE" | "DISCARD" if all => self.statements.retain(|name, _| name.is_empty()),
            "DEALLOCATE" => {
                let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
                    Some(quoted) => quoted.replace("\"\"", "\""),
                    None => name.to_lowercase(),
                };
                return self.statements.remove(&name).map(|_| "DEALLOCATE".to_owned());
            }
            _ => {}
        }
        None
    }

    /// Ends a pipeline: what ran in it becomes durable, or has no effect if something failed.
    pub(crate) async fn sync(&mut self) -> Result<(), Closed> {
        if let Err(error) = self.end_pipeline_block().await {
            self.fail(&error).await?;
        }
        self.skipping_to_sync = false;
        self.ready().await
    }

    /// Makes the statements up to the next Sync one transaction, unless there is only this one.
    async fn begin_pipeline_block(&mut self, prepared: &Prepared) -> Result<(), Failure> {
        const SYNC: u8 = b'S';
        if self.in_pipeline_block
            || self.session.transaction_status() != TransactionStatus::Idle
            || prepared.parsed().is_transaction_control()
        {
            return Ok(());
        }
        let following = self.inbound.peek_kind().await.map_err(Closed::from)?;
        if !matches!(following, Some(SYNC) | None) {
            self.session.begin_implicit_block().await;
            self.in_pipeline_block = true;
        }
        Ok(())
    }

    /// Ends the transaction of a pipeline, if one was begun.
    pub(crate) async fn end_pipeline_block(&mut self) -> Result<(), SqlError> {
        if !std::mem::take(&mut self.in_pipeline_block) {
            return Ok(());
        }
        let succeeded = !self.skipping_to_sync;
        self.session.end_implicit_block(succeeded).await
    }

    fn statement(&self, name: &str) -> Result<Arc<Statement>, SqlError> {
        self.statements.get(name).cloned().ok_or_else(|| {
            let message = match name {
                "" => "unnamed prepared statement does not exist".to_owned(),
                name => format!("prepared statement \"{name}\" does not exist"),
            };
            SqlError::new(SqlState::INVALID_SQL_STATEMENT_NAME, message)
        })
    }

    fn set_progress(&mut self, name: &str, progress: Progress) {
        if let Some(portal) = self.portals.get_mut(name) {
            portal.progress = progress;
        }
    }
}

/// The types that the client declares; unknown where it leaves a type to the server.
fn declared(type_oids: &[u32]) -> Result<Vec<Type>, SqlError> {
    type_oids.iter().map(|&oid| if oid == 0 { Ok(Type::UNKNOWN) } else { known_type(oid) }).collect()
}

/// The types in which parameters come: as declared, else as the statement uses them.
fn parameter_types(prepared: &Prepared, declared: &[Type]) -> Vec<Type> {
    let of = |index: usize, used: &DataType| match declared.get(index) {
        Some(declared) if *declared != Type::UNKNOWN => declared.clone(),
        _ => pg_type_of(used),
    };
    prepared.parameter_types().iter().enumerate().map(|(index, used)| of(index, used)).collect()
}

fn unknown_portal(name: &str) -> SqlError {
    SqlError::new(SqlState::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}

fn limit(what: &str, max: usize) -> SqlError {
    SqlError::new(
        SqlState::CONFIGURATION_LIMIT_EXCEEDED,
        format!("a connection may hold {max} {what}; close some of them"),
    )
}
