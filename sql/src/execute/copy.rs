//! COPY.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::common::DFSchema;
use futures::StreamExt;

use super::assign::assign;
use super::target::Target;
use super::{Call, query, scope, syntax};
use crate::copy::{CopyIn, CopyOut, DefaultColumn, LineWriter, Loader};
use crate::dialect::{CopyFrom, CopyTo};
use crate::error::SqlError;
use crate::failure::planner_failure;
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) async fn from_stdin(
    session: &mut Session,
    call: Call<'_>,
    copy: &CopyFrom,
) -> Result<Outcome, SqlError> {
    session.writable()?;
    let scope = scope(session, Some(call.parsed), &syntax::mentioning(None, [], None), Vec::new()).await?;
    let target = Target::find(&scope.view, &copy.table)?;
    let positions = match copy.columns.as_slice() {
        [] => target.declared_positions(),
        columns => target.positions_of(columns)?,
    };
    let given = target.defaults(&scope)?;
    let mut defaults = Vec::new();
    for position in (0..target.schema().fields().len()).filter(|position| !positions.contains(position)) {
        let name = target.column(position);
        let Some(default) = given.get(name) else { continue };
        let schema = DFSchema::empty();
        let value = assign(default.clone(), &schema, name, target.column_type(position))?;
        let expression = scope
            .state
            .create_physical_expr(value, &schema)
            .map_err(|error| planner_failure(&error, Some(call.parsed)))?;
        defaults.push(DefaultColumn::new(position, expression));
    }
    let loader = Box::new(Loader::new(target, positions, defaults, &copy.options));
    let id = session.begin_write()?;
    Ok(Outcome::CopyIn(CopyIn { id, loader }))
}

pub(super) async fn to_stdout(
    session: &mut Session,
    call: Call<'_>,
    copy: &CopyTo,
) -> Result<Outcome, SqlError> {
    let mut batches = query::rows(session, call, &copy.query).await?;
    let schema = batches.schema();
    let rows = Arc::new(AtomicU64::new(0));
    let counted = rows.clone();
    let mut writer = LineWriter::new(&copy.options);
    let header = writer.header(&schema).map(|line| Ok(Bytes::from(line)));
    let lines = futures::stream::poll_fn(move |context| batches.poll_next_unpin(context)).map(move |batch| {
        let batch = batch.map_err(|error| SqlError::from(&error))?;
        let lines = writer.lines(&batch)?;
        counted.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        Ok(Bytes::from(lines))
    });
    let stream = futures::stream::iter(header).chain(lines).boxed();
    Ok(Outcome::CopyOut(CopyOut { column_count: schema.fields().len(), stream, rows }))
}
