//! COLLECT GARBAGE: gives back what nothing leads to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{self as engine, CollectionOptions, CollectionReport, ColumnType};

use super::background::in_background;
use super::settle_implicit;
use crate::dialect::CollectGarbage;
use crate::error::{SqlError, SqlState};
use crate::outcome::{Command, Outcome};
use crate::session::Session;

const TAG: &str = "COLLECT GARBAGE";

const COLUMNS: [&str; 5] =
    ["objects_removed", "bytes_reclaimed", "objects_live", "segments_removed", "segments_written"];

pub(super) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> =
        LazyLock::new(|| Arc::new(Schema::new(COLUMNS.map(|name| ColumnType::BigInt.field(name)).to_vec())));
    SCHEMA.clone()
}

pub(super) async fn execute(session: &mut Session, collect: CollectGarbage) -> Result<Outcome, SqlError> {
    if !collect.dry_run {
        session.require_read_write(TAG)?;
    }
    settle_implicit(session, TAG)?;
    let options = CollectionOptions { dry_run: collect.dry_run, ..CollectionOptions::default() };
    let mut wish = Wish::new(session.engine.clone());
    let (engine, is_wanted) = (session.engine.clone(), wish.is_wanted.clone());
    let work = move || is_wanted.load(Ordering::Relaxed).then(|| engine.collect_garbage(&options));
    let collected = in_background(work).await;
    wish.is_over = true;
    let report = collected?.ok_or_else(|| {
        SqlError::new(SqlState::QUERY_CANCELED, "the collection was given up before it began")
    })??;
    Ok(Outcome::of_batch(row(&report)?, Command::Other(TAG)))
}

/// Somebody's wish that garbage be collected. A collection does not notice that
/// nobody waits for it any more, so it is told to give up when this is dropped
/// before it is over.
struct Wish {
    engine: engine::Session,
    is_wanted: Arc<AtomicBool>,
    is_over: bool,
}

impl Wish {
    fn new(engine: engine::Session) -> Self {
        Self { engine, is_wanted: Arc::new(AtomicBool::new(true)), is_over: false }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if !self.is_over {
            self.is_wanted.store(false, Ordering::Relaxed);
            self.engine.cancel_collection();
        }
    }
}

fn row(report: &CollectionReport) -> Result<RecordBatch, SqlError> {
    let values = [
        report.objects_removed,
        report.bytes_reclaimed,
        report.objects_live,
        report.segments_removed,
        report.segments_written,
    ];
    let column = |value: u64| Arc::new(Int64Array::from(vec![i64::try_from(value).ok()])) as ArrayRef;
    RecordBatch::try_new(schema(), values.map(column).to_vec())
        .map_err(|failure| SqlError::internal(failure.to_string()))
}
