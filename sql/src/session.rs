//! A session: a principal at work with SQL.

mod deadline;
mod prepared;
mod transaction;
mod unfinished;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use microprolly_engine::{self as engine, Principal, TypeDefinition, Version};

use deadline::Deadline;
pub(crate) use prepared::NamedStatement;
pub use prepared::Prepared;
pub use transaction::TransactionStatus;
pub(crate) use transaction::{ActiveTransaction, Block, blocking};

use crate::cancellation::YieldAfterJoins;
use crate::casts::UuidComparisons;
use crate::catalog::{CatalogExtension, SessionFacts};
use crate::database::Database;
use crate::database_setting;
use crate::dialect::{ParsedStatement, parse_script};
use crate::error::{SqlError, SqlState};
use crate::execute;
use crate::normalize::SubQueriesAsValues;
use crate::outcome::{Notice, Outcome};
use crate::settings::{self, OFF, ON, SettingInfo, Settings};
use crate::system;
use crate::view::View;

/// The name under which DataFusion knows the catalog of a session.
pub(crate) const CATALOG: &str = "microprolly";

/// One connection's or shell's work: a branch, settings, perhaps a
/// transaction. Statements run one after the other; the rows of an earlier one
/// may still be read while the next runs.
pub struct Session {
    pub(crate) engine: engine::Session,
    pub(crate) context: SessionContext,
    pub(crate) extension: Option<Arc<dyn CatalogExtension>>,
    pub(crate) settings: Settings,
    pub(crate) transaction: Option<ActiveTransaction>,
    /// Whether several statements are under way as one.
    pub(crate) block: Block,
    /// The revision that the session reads instead of the present, as it was
    /// named and as it resolved.
    pub(crate) as_of: Option<(String, Version)>,
    /// The statements that PREPARE has named.
    pub(crate) prepared: HashMap<String, NamedStatement>,
    /// A statement that has begun to write and not ended; the next takes it back.
    unfinished_write: Option<unfinished::UnfinishedWrite>,
    /// How many statements have written.
    writes: u64,
    pub(crate) notices: Vec<Notice>,
    facts: Arc<SessionFacts>,
}

impl Session {
    pub(crate) fn begin(
        database: &Database,
        principal: Principal,
        extension: Option<Arc<dyn CatalogExtension>>,
    ) -> Result<Self, SqlError> {
        let engine = database.engine().session(principal)?;
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, crate::scope::PUBLIC)
            .with_information_schema(false);
        config.options_mut().sql_parser.default_null_ordering = "nulls_max".to_owned();
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        // Scans come in partitions where that pays; spreading one partition over
        // more would lose its order, and read on when only a few rows are wanted.
        config.options_mut().optimizer.enable_round_robin_repartition = false;
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(database.runtime().clone())
            .with_expr_planners(vec![Arc::new(UuidComparisons)])
            .with_default_features()
            .with_analyzer_rule(Arc::new(SubQueriesAsValues))
            .with_physical_optimizer_rule(Arc::new(YieldAfterJoins))
            .build();
        let context = SessionContext::new_with_state(state);
        let facts = Arc::new(SessionFacts::new(engine.clone()));
        if let Some(extension) = &extension {
            extension.install(&context, facts.clone())?;
        }
        let session = Self {
            engine,
            context,
            extension,
            settings: Settings::default(),
            transaction: None,
            block: Block::None,
            as_of: None,
            prepared: HashMap::new(),
            unfinished_write: None,
            writes: 0,
            notices: Vec::new(),
            facts,
        };
        session.refresh_facts();
        Ok(session)
    }

    /// Splits a script into statements. Text without one gives none.
    ///
    /// # Errors
    /// What is not SQL, with its position.
    pub fn parse(&self, sql: &str) -> Result<Vec<ParsedStatement>, SqlError> {
        parse_script(sql)
    }

    /// Finds the parameters and the result columns of a statement, as they are
    /// now.
    ///
    /// # Errors
    /// Unknown names, types that do not fit. The session's transaction is not
    /// failed by it.
    pub async fn prepare(
        &mut self,
        statement: &ParsedStatement,
        parameter_types: &[Option<DataType>],
    ) -> Result<Prepared, SqlError> {
        self.undo_unfinished();
        Prepared::new(self, statement, parameter_types).await
    }

    /// Runs a statement with values for its parameters.
    ///
    /// # Errors
    /// Any; nothing was changed then, and an open transaction has failed.
    pub async fn execute(
        &mut self,
        prepared: &Prepared,
        parameters: &[ScalarValue],
    ) -> Result<Outcome, SqlError> {
        self.execute_with(prepared.parsed(), parameters).await
    }

    /// Runs a statement without parameters, which need not be prepared.
    ///
    /// # Errors
    /// As for [`Session::execute`], and 42P02 for a statement with parameters.
    pub async fn execute_parsed(&mut self, parsed: &ParsedStatement) -> Result<Outcome, SqlError> {
        if parsed.parameter_count() > 0 {
            self.fail_transaction();
            return Err(SqlError::new(SqlState::UNDEFINED_PARAMETER, "there is no parameter $1"));
        }
        self.execute_with(parsed, &[]).await
    }

    /// Parses and runs a script, one statement after the other.
    ///
    /// # Errors
    /// The first statement's that fails; those before it have been run.
    pub async fn run(&mut self, sql: &str) -> Result<Vec<Outcome>, SqlError> {
        let mut outcomes = Vec::new();
        for statement in self.parse(sql)? {
            outcomes.push(self.execute_parsed(&statement).await?);
        }
        Ok(outcomes)
    }

    async fn execute_with(
        &mut self,
        parsed: &ParsedStatement,
        parameters: &[ScalarValue],
    ) -> Result<Outcome, SqlError> {
        self.undo_unfinished();
        let timeout = self.set_to(settings::STATEMENT_TIMEOUT).and_then(settings::timeout);
        let work = parsed.on_stack(execute::execute(self, parsed, parameters));
        let outcome = match timeout.map(Deadline::after) {
            None => work.await,
            Some(mut deadline) => {
                let outcome = deadline.limit(work).await;
                outcome.map(|outcome| deadline.limit_rows(outcome))
            }
        };
        if outcome.is_err() {
            self.fail_transaction();
        }
        self.refresh_facts();
        outcome
    }

    /// The branch that the session works on.
    pub fn branch(&self) -> String {
        self.engine.branch().to_string()
    }

    /// The revision that the session reads instead of the present.
    pub fn as_of(&self) -> Option<String> {
        self.as_of.as_ref().map(|(text, _)| text.clone())
    }

    /// Whether the branch has changes that no version records.
    ///
    /// # Errors
    /// When the branch has been dropped, or data cannot be read.
    pub fn is_dirty(&self) -> Result<bool, SqlError> {
        Ok(self.engine.is_dirty()?)
    }

    /// Goes over to another branch.
    ///
    /// # Errors
    /// When there is no such branch, or a transaction is open.
    pub async fn use_branch(&mut self, name: &str) -> Result<(), SqlError> {
        self.undo_unfinished();
        self.require_no_transaction("USE BRANCH")?;
        self.engine.switch_branch(name)?;
        self.as_of = None;
        self.refresh_facts();
        Ok(())
    }

    /// Goes over to a branch, or reads a tag or commit from now on, which
    /// cannot be written to.
    ///
    /// # Errors
    /// When there is no such revision, or a transaction is open.
    pub async fn use_revision(&mut self, revision: &str) -> Result<(), SqlError> {
        self.undo_unfinished();
        self.require_no_transaction("a change of branch")?;
        match self.engine.resolve(revision)? {
            Version::Working(branch) => self.use_branch(branch.as_str()).await,
            version @ Version::Commit(_) => {
                self.as_of = Some((revision.to_owned(), version));
                self.refresh_facts();
                Ok(())
            }
        }
    }

    /// The value of a setting, as SHOW gives it.
    pub fn setting(&self, name: &str) -> Option<String> {
        match name.to_lowercase().as_str() {
            "microprolly.branch" => Some(self.branch()),
            "microprolly.as_of" => Some(self.as_of().unwrap_or_default()),
            "transaction_read_only" => Some(if self.is_read_only() { ON } else { OFF }.to_owned()),
            other => {
                let of_database = database_setting::value(&self.engine, other);
                of_database.or_else(|| self.set_to(other).map(str::to_owned))
            }
        }
    }

    /// What a setting is set to, for the transaction or else for the session.
    fn set_to(&self, name: &str) -> Option<&str> {
        let local = self.transaction.as_ref().and_then(|open| open.local_settings.given(name));
        local.or_else(|| self.settings.get(name))
    }

    /// Whether a switch is on, for the transaction or else for the session.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.set_to(name) == Some(ON)
    }

    /// Every setting with its value, as SHOW ALL gives them.
    pub fn settings(&self) -> Vec<SettingInfo> {
        self.present_settings().all()
    }

    /// The settings with the values that [`Session::setting`] gives.
    fn present_settings(&self) -> Settings {
        let mut present = self.settings.clone();
        if let Some(open) = &self.transaction {
            present.lay_over(&open.local_settings);
        }
        for name in [
            "microprolly.branch",
            "microprolly.as_of",
            "transaction_read_only",
            database_setting::COMPRESSION,
            database_setting::GARBAGE_COLLECTION,
        ] {
            if let Some(value) = self.setting(name) {
                present.put(name, value);
            }
        }
        present
    }

    /// Changes a setting, as SET does. `microprolly.branch` and
    /// `microprolly.as_of` say what the session reads; `transaction_read_only`
    /// is of the transaction that is open.
    ///
    /// # Errors
    /// Unknown settings and values.
    pub fn set_setting(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        self.change_setting(name, Some(value))
    }

    pub(crate) fn change_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), SqlError> {
        self.undo_unfinished();
        match name.to_lowercase().as_str() {
            "microprolly.branch" => {
                self.require_no_transaction("SET microprolly.branch")?;
                self.engine.switch_branch(value.unwrap_or(engine::DEFAULT_BRANCH))?;
            }
            "microprolly.as_of" => {
                self.require_no_transaction("SET microprolly.as_of")?;
                self.as_of = match value {
                    None | Some("") => None,
                    Some(revision) => Some((revision.to_owned(), self.engine.resolve(revision)?)),
                };
            }
            "transaction_read_only" => {
                let mut given = Settings::default();
                given.set(name, value)?;
                let read_only = value.map_or_else(|| self.reads_only_by_default(), |_| given.is_on(name));
                self.set_transaction_read_only(Some(read_only))?;
            }
            _ => {
                self.settings.set(name, value)?;
                // It holds on when the transaction ends, unlike what SET LOCAL set before.
                if let Some(open) = &mut self.transaction {
                    open.local_settings.set(name, None)?;
                }
            }
        }
        self.refresh_facts();
        Ok(())
    }

    /// Changes a setting for the transaction that is open, as SET LOCAL does.
    pub(crate) fn change_local_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), SqlError> {
        match name.to_lowercase().as_str() {
            "transaction_read_only" => return self.change_setting(name, value),
            "microprolly.branch" | "microprolly.as_of" => {
                return Err(SqlError::not_supported(format!("\"{name}\" cannot be set for one transaction"))
                    .with_hint("AS OF and ON BRANCH behind a table's name hold for one statement."));
            }
            _ => {}
        }
        let default = Settings::default().get(name).unwrap_or_default().to_owned();
        let value = value.unwrap_or(&default);
        match self.block_transaction()? {
            Some(open) => open.local_settings.set(name, Some(value))?,
            None => {
                // Of no effect; but it must be a setting, and a value of it.
                Settings::default().set(name, Some(value))?;
                self.notice(
                    SqlState::NO_ACTIVE_SQL_TRANSACTION,
                    "SET LOCAL can only be used in transaction blocks",
                );
            }
        }
        self.refresh_facts();
        Ok(())
    }

    /// Messages that have come up since the last call.
    pub fn drain_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub(crate) fn notice(&mut self, code: SqlState, message: impl Into<String>) {
        let severity = if code == SqlState::WARNING
            || code == SqlState::ACTIVE_SQL_TRANSACTION
            || code == SqlState::NO_ACTIVE_SQL_TRANSACTION
        {
            "WARNING"
        } else {
            "NOTICE"
        };
        self.notices.push(Notice { severity, code: code.as_str(), message: message.into(), hint: None });
    }

    /// Names that may stand in FROM: tables, then system tables with their schema.
    pub fn table_names(&self) -> Vec<String> {
        let types = self.types();
        let mut names: Vec<String> = types.iter().map(|definition| definition.name.clone()).collect();
        names.push(crate::scope::KEY_VALUES.to_owned());
        names.extend(system::TABLES.iter().map(|name| format!("{}.{name}", crate::scope::SYSTEM)));
        names
    }

    /// Names of all branches, in order.
    pub fn branch_names(&self) -> Vec<String> {
        self.engine.branch_names().iter().map(ToString::to_string).collect()
    }

    /// Names of a table's columns, in order; none if there is no such table.
    pub fn column_names(&self, table: &str) -> Vec<String> {
        let types = self.types();
        let Some(definition) = types.iter().find(|definition| definition.name == table) else {
            return Vec::new();
        };
        definition.arrow_schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The types as the transaction, or else the database, has them.
    pub(crate) fn types(&self) -> Arc<[Arc<TypeDefinition>]> {
        match &self.transaction {
            Some(open) => open.transaction.types().cloned().collect(),
            None => self.engine.types().into(),
        }
    }

    /// What a statement reads now.
    pub(crate) fn view(&self) -> Result<View, SqlError> {
        let (current, fixed_at) = match (&self.as_of, &self.transaction) {
            (Some((_, version)), _) => {
                (self.engine.snapshot(version)?, Some(self.engine.commit_of(version)?))
            }
            (None, Some(open)) => (open.transaction.snapshot(), None),
            (None, None) => (self.engine.working()?, None),
        };
        Ok(View {
            engine: self.engine.clone(),
            current,
            types: self.types(),
            fixed_at,
            in_transaction: self.transaction.is_some() && self.as_of.is_none(),
        })
    }

    pub(crate) fn refresh_facts(&self) {
        self.facts.refresh(self.engine.clone(), self.types(), self.present_settings());
    }
}
