//! SHOW: settings, and lists that are also system tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col};

use super::{Call, Description};
use crate::dialect::{Argument, LogRange, ParsedStatement, Show};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::outcome::{Command, Outcome};
use crate::planning::{result_schema, run};
use crate::session::Session;
use crate::settings;
use crate::system;
use crate::view::View;

pub(super) async fn describe(
    session: &mut Session,
    parsed: &ParsedStatement,
    show: &Show,
) -> Result<Description, SqlError> {
    let schema = match show {
        Show::Setting { name, position } => setting(session, name, *position)?.schema(),
        Show::Settings => settings_schema(),
        // The columns are the same whatever the range.
        Show::Log(_) => result_schema(&list(&Arc::new(session.view()?), "log", None)?),
        other => result_schema(&system_list(&Arc::new(session.view()?), other)?),
    };
    // A range of commits takes names, which are text.
    Ok(Description { parameter_types: vec![DataType::Utf8; parsed.parameter_count()], schema: Some(schema) })
}

pub(super) async fn execute(session: &mut Session, call: Call<'_>, show: &Show) -> Result<Outcome, SqlError> {
    let batch = match show {
        Show::Setting { name, position } => setting(session, name, *position)?,
        Show::Settings => all_settings(session)?,
        list => {
            let view = Arc::new(session.view()?);
            let plan = match list {
                Show::Log(range) => log(session, call, &view, range)?,
                other => system_list(&view, other)?,
            };
            let stream = run(&session.context.state(), &plan, Some(call.parsed)).await?;
            return Ok(Outcome::Rows { schema: stream.schema(), stream, command: Command::Show });
        }
    };
    Ok(Outcome::of_batch(batch, Command::Show))
}

/// A list that is a system table, or some of its columns.
fn system_list(view: &Arc<View>, show: &Show) -> Result<LogicalPlan, SqlError> {
    match show {
        Show::Branches => list(view, "branches", None),
        Show::Tags => list(view, "tags", None),
        Show::Status => list(view, "status", None),
        Show::Types => list(view, "types", None),
        Show::Segments => list(view, "segments", None),
        Show::Tables => list(view, "types", Some(&["name", "rows"])),
        Show::Log(_) => list(view, "log", None),
        Show::Setting { .. } | Show::Settings => Err(SqlError::internal("a setting is not a list")),
    }
}

fn list(view: &Arc<View>, table: &str, columns: Option<&[&str]>) -> Result<LogicalPlan, SqlError> {
    let provider = system::table(view, table)
        .ok_or_else(|| SqlError::internal(format!("there is no system table \"{table}\"")))?;
    scan(table, provider, columns).map_err(|failure| planner_failure(&failure, None))
}

fn scan(
    table: &str,
    provider: Arc<dyn TableProvider>,
    columns: Option<&[&str]>,
) -> Result<LogicalPlan, DataFusionError> {
    let scan = LogicalPlanBuilder::scan(table, provider_as_source(provider), None)?;
    match columns {
        Some(names) => scan.project(names.iter().map(|name| col(*name)))?.build(),
        None => scan.build(),
    }
}

fn log(
    session: &Session,
    call: Call<'_>,
    view: &Arc<View>,
    range: &LogRange,
) -> Result<LogicalPlan, SqlError> {
    let resolve = |argument: &Argument| {
        let name = call.argument(session, argument)?;
        view.resolve(None, Some(&name)).map_err(|error| error.or_position(Some(argument.position)))
    };
    let (exclude, include) = match range {
        LogRange::Current => return list(view, "log", None),
        LogRange::From(revision) => (None, resolve(revision)?),
        LogRange::Between { exclude, include } => (Some(resolve(exclude)?), resolve(include)?),
    };
    let table = system::log_between(view, exclude, include);
    scan("log", Arc::new(table), None).map_err(|failure| planner_failure(&failure, Some(call.parsed)))
}

/// One row with one column, which is called like the setting.
fn setting(session: &Session, name: &str, position: usize) -> Result<RecordBatch, SqlError> {
    let value = session.setting(name).ok_or_else(|| settings::unknown(name).or_position(Some(position)))?;
    let schema = Schema::new(vec![Field::new(name, DataType::Utf8, false)]);
    batch(Arc::new(schema), vec![vec![value]])
}

fn settings_schema() -> SchemaRef {
    Arc::new(Schema::new(
        ["name", "setting", "description"].map(|name| Field::new(name, DataType::Utf8, false)).to_vec(),
    ))
}

fn all_settings(session: &Session) -> Result<RecordBatch, SqlError> {
    let (mut names, mut values, mut descriptions) = (Vec::new(), Vec::new(), Vec::new());
    for setting in session.settings() {
        names.push(setting.name);
        values.push(setting.value);
        descriptions.push(setting.description.to_owned());
    }
    batch(settings_schema(), vec![names, values, descriptions])
}

fn batch(schema: SchemaRef, columns: Vec<Vec<String>>) -> Result<RecordBatch, SqlError> {
    let columns = columns.into_iter().map(|values| Arc::new(StringArray::from(values)) as ArrayRef).collect();
    RecordBatch::try_new(schema, columns).map_err(|failure| SqlError::internal(failure.to_string()))
}
