//! What the names in one statement mean.
//!
//! DataFusion's planner asks this module, and nothing else, for tables. Every
//! name resolves once, to one version, for the whole statement.
//!
//! The planner itself pays no heed to the version of a table: it would read
//! the present and say nothing. [`VersionPlanner`] therefore takes every table
//! with a version before the planner sees it, and fails on one that it does
//! not know.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, DataFusionError, Diagnostic, Result, Span, TableReference};
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::{
    ContextProvider, ExprPlanner, PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
    TypePlanner,
};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlanBuilder, ScalarUDF, TableSource, WindowUDF,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::scalar::ScalarValue;
use microprolly_engine::{EngineError, Kind, Snapshot, TypeDefinition};
use parking_lot::Mutex;
use sqlparser::ast::{Spanned, TableFactor};

use crate::casts;
use crate::dialect::{Argument, ArgumentValue, ParsedStatement, VersionClause, version_index};
use crate::error::{SqlError, SqlState};
use crate::system;
use crate::table::{KeyValues, TypedTable};
use crate::view::View;

/// The schema of types and `kv`.
pub(crate) const PUBLIC: &str = "public";

/// The schema of system tables.
pub(crate) const SYSTEM: &str = "prolly";

/// The table of all keys.
pub(crate) const KEY_VALUES: &str = "kv";

/// The names of one statement.
pub(crate) struct Scope {
    pub(crate) view: Arc<View>,
    pub(crate) state: SessionState,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
    tables: Arc<Tables>,
}

/// Tables that have been asked for, so that a name means the same throughout.
struct Tables {
    view: Arc<View>,
    versions: Vec<VersionClause>,
    parameters: Vec<Option<ScalarValue>>,
    /// Rows that stand for a table in this statement: those that a RETURNING
    /// or an ON CONFLICT speaks of.
    stand_ins: HashMap<String, Arc<dyn TableProvider>>,
    /// Tables of other schemas, such as `pg_catalog`, by schema and name.
    others: HashMap<(String, String), Arc<dyn TableProvider>>,
    resolved: Mutex<HashMap<VersionedName, Arc<dyn TableSource>>>,
}

/// A table's name, and which of the statement's versions it has.
type VersionedName = (String, Option<usize>);

impl Scope {
    /// The scope of a statement. `parameters` are the values of `$1`, `$2`, …
    /// as far as they are known.
    pub(crate) fn new(
        view: Arc<View>,
        state: SessionState,
        statement: Option<&ParsedStatement>,
        parameters: Vec<Option<ScalarValue>>,
        others: HashMap<(String, String), Arc<dyn TableProvider>>,
    ) -> Self {
        let versions = statement.map(|statement| statement.versions().to_vec()).unwrap_or_default();
        Self::assemble(view, state, versions, parameters, HashMap::new(), others)
    }

    /// The same scope in which some names stand for given rows.
    pub(crate) fn with_stand_ins(&self, stand_ins: HashMap<String, Arc<dyn TableProvider>>) -> Self {
        Self::assemble(
            self.view.clone(),
            self.state.clone(),
            self.tables.versions.clone(),
            self.tables.parameters.clone(),
            stand_ins,
            self.tables.others.clone(),
        )
    }

    fn assemble(
        view: Arc<View>,
        state: SessionState,
        versions: Vec<VersionClause>,
        parameters: Vec<Option<ScalarValue>>,
        stand_ins: HashMap<String, Arc<dyn TableProvider>>,
        others: HashMap<(String, String), Arc<dyn TableProvider>>,
    ) -> Self {
        let tables = Arc::new(Tables {
            view: view.clone(),
            versions,
            parameters,
            stand_ins,
            others,
            resolved: Mutex::default(),
        });
        let mut relation_planners: Vec<Arc<dyn RelationPlanner>> =
            vec![Arc::new(VersionPlanner { tables: tables.clone() })];
        relation_planners.extend(state.relation_planners().iter().cloned());
        Self { view, state, relation_planners, tables }
    }

    /// The value of a name, revision or message that a statement was given.
    /// None where it is a parameter whose value is not known yet.
    pub(crate) fn argument(&self, argument: &Argument) -> std::result::Result<Option<String>, SqlError> {
        self.tables.argument(argument)
    }
}

pub(crate) fn unknown_table(view: &View, name: &str) -> SqlError {
    let names = view.types.iter().map(|definition| definition.name.as_str());
    SqlError::from(EngineError::not_found(Kind::Type, name, names.chain([KEY_VALUES])))
}

impl Tables {
    fn argument(&self, argument: &Argument) -> std::result::Result<Option<String>, SqlError> {
        let number = match &argument.value {
            ArgumentValue::Text(text) => return Ok(Some(text.clone())),
            ArgumentValue::Parameter(number) => *number,
        };
        match number.checked_sub(1).and_then(|index| self.parameters.get(index)) {
            Some(Some(value)) => match value.try_as_str() {
                Some(Some(text)) => Ok(Some(text.to_owned())),
                _ => Err(SqlError::new(
                    SqlState::NULL_VALUE_NOT_ALLOWED,
                    format!("parameter ${number} must be text, not null"),
                )
                .with_position(argument.position)),
            },
            Some(None) => Ok(None),
            None => {
                Err(SqlError::new(SqlState::UNDEFINED_PARAMETER, format!("there is no parameter ${number}"))
                    .with_position(argument.position))
            }
        }
    }

    /// The keys that a version clause means.
    fn snapshot(&self, version: Option<usize>) -> std::result::Result<Snapshot, SqlError> {
        let Some(index) = version else { return Ok(self.view.current.clone()) };
        let clause = self.versions.get(index).ok_or_else(|| {
            SqlError::internal("a table carries a version that the statement does not have")
        })?;
        let value = |argument: &Option<Argument>| match argument {
            Some(argument) => self.argument(argument),
            None => Ok(None),
        };
        let branch = value(&clause.branch)?;
        let as_of = value(&clause.as_of)?;
        let locate = |error: SqlError| error.or_position(Some(clause.position));
        let version = self.view.resolve(branch.as_deref(), as_of.as_deref()).map_err(locate)?;
        self.view.snapshot(&version).map_err(locate)
    }

    fn source(
        &self,
        name: &TableReference,
        version: Option<usize>,
    ) -> std::result::Result<Arc<dyn TableSource>, SqlError> {
        let key = (name.to_string(), version);
        if let Some(source) = self.resolved.lock().get(&key) {
            return Ok(source.clone());
        }
        let source = provider_as_source(self.provider(name, version)?);
        self.resolved.lock().insert(key, source.clone());
        Ok(source)
    }

    fn provider(
        &self,
        name: &TableReference,
        version: Option<usize>,
    ) -> std::result::Result<Arc<dyn TableProvider>, SqlError> {
        let table = name.table();
        if name.schema().is_none()
            && let Some(stand_in) = self.stand_ins.get(table)
        {
            return Ok(stand_in.clone());
        }
        if matches!(name.schema(), None | Some(PUBLIC)) {
            if let Some(definition) = self.view.find_type(table) {
                let snapshot = self.snapshot(version)?;
                return Ok(Arc::new(TypedTable::new(definition.clone(), snapshot, self.view.cache())));
            }
            if table == KEY_VALUES {
                return Ok(Arc::new(KeyValues::new(self.snapshot(version)?)));
            }
        }
        if let Some(schema) = name.schema()
            && schema != PUBLIC
        {
            let provider = match schema {
                SYSTEM => system::table(&self.view, table),
                _ => self.others.get(&(schema.to_owned(), table.to_owned())).cloned(),
            };
            return match provider {
                Some(_) if version.is_some() => Err(SqlError::not_supported(format!(
                    "\"{schema}.{table}\" has no versions: it cannot be read AS OF a revision or ON BRANCH"
                ))),
                Some(provider) => Ok(provider),
                None => Err(SqlError::new(
                    SqlState::UNDEFINED_TABLE,
                    format!("table \"{schema}.{table}\" does not exist"),
                )),
            };
        }
        // Unqualified names of pg_catalog are visible everywhere, as in Postgres.
        if name.schema().is_none()
            && let Some(other) = self.others.get(&("pg_catalog".to_owned(), table.to_owned()))
        {
            return Ok(other.clone());
        }
        Err(unknown_table(&self.view, table))
    }
}

/// The default of each column that has one, as an expression.
///
/// # Errors
/// For a default that cannot be planned, be it that an earlier version let it
/// pass.
pub(crate) fn column_defaults(
    view: &Arc<View>,
    state: &SessionState,
    definition: &TypeDefinition,
) -> std::result::Result<HashMap<String, Expr>, SqlError> {
    let mut defaults = HashMap::new();
    if definition.has_generated_key() {
        let generated = default_expression(view, state, "uuid()")?;
        defaults.insert(microprolly_engine::GENERATED_KEY_COLUMN.to_owned(), generated);
    }
    for column in &definition.columns {
        let Some(text) = &column.default else { continue };
        let expression = default_expression(view, state, text).map_err(|error| {
            let hint = format!(
                "It is the default of column \"{column}\": ALTER TABLE {table} ALTER {column} DROP DEFAULT takes it away.",
                column = column.name,
                table = definition.name,
            );
            // The text is not the statement's.
            SqlError { position: None, ..error }.with_hint(hint)
        })?;
        defaults.insert(column.name.clone(), expression);
    }
    Ok(defaults)
}

/// Plans the text of a default, which sees no columns and no tables: one that
/// read its own table would never come to an end.
///
/// # Errors
/// What does not plan, and what a default may not hold, with the position in
/// `text` where that is known.
pub(crate) fn default_expression(
    view: &Arc<View>,
    state: &SessionState,
    text: &str,
) -> std::result::Result<Expr, SqlError> {
    let mut parsed = *crate::dialect::parse_expression(text)?;
    crate::dialect::check_default(&parsed, text)?;
    crate::normalize::normalize_expression(&mut parsed)?;
    let scope = Scope::new(view.clone(), state.clone(), None, Vec::new(), HashMap::new());
    crate::planning::plan_expression(&scope, parsed, &DFSchema::empty())
}

impl ContextProvider for Scope {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        Ok(self.tables.source(&name, None)?)
    }

    fn get_table_function_source(&self, name: &str, arguments: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let context = SimplifyContext::builder()
            .with_config_options(self.state.config_options().clone())
            .with_query_execution_start_time(self.state.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        let schema = DFSchema::empty();
        let arguments = arguments
            .into_iter()
            .map(|argument| {
                simplifier.coerce(argument, &schema).and_then(|argument| simplifier.simplify(argument))
            })
            .collect::<Result<Vec<_>>>()?;
        if let Some(provider) = system::function(&self.view, name, &arguments, &self.tables.parameters)? {
            return Ok(provider_as_source(provider));
        }
        let Some(function) = self.state.table_functions().get(name) else {
            return Err(SqlError::new(
                SqlState::UNDEFINED_FUNCTION,
                format!("function {name}() does not exist"),
            )
            .into());
        };
        let call = datafusion::catalog::TableFunctionArgs::new(&arguments, &self.state);
        Ok(provider_as_source(function.function().call_with_args(call)?))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        let table = datafusion::datasource::cte_worktable::CteWorkTable::new(name, schema);
        Ok(provider_as_source(Arc::new(table)))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(crate::types::PostgresTypes))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned().or_else(|| casts::function(name))
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn get_variable_field(&self, _: &[String]) -> Option<FieldRef> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

/// Plans every table with a version, and refuses versions that it does not know.
struct VersionPlanner {
    tables: Arc<Tables>,
}

impl std::fmt::Debug for VersionPlanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VersionPlanner")
    }
}

impl RelationPlanner for VersionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let TableFactor::Table { version: Some(_), .. } = &relation else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let index = version_index(&relation);
        let TableFactor::Table { name, alias, args: None, .. } = relation else {
            return Err(unbound());
        };
        let Some(index) = index else { return Err(unbound()) };
        let span = Span::try_from_sqlparser_span(name.span());
        let reference = context.object_name_to_table_reference(name)?;
        let source = self.tables.source(&reference, Some(index)).map_err(|error| {
            // As the planner does for tables without a version.
            let diagnostic = Diagnostic::new_error(error.message.clone(), span);
            DataFusionError::from(error).with_diagnostic(diagnostic)
        })?;
        let plan = LogicalPlanBuilder::scan(reference, source, None)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

fn unbound() -> DataFusionError {
    SqlError::not_supported("this table cannot be read in another version").into()
}
