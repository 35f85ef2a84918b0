//! `prolly.stats`: sizes, and counters since the database was opened.

use std::sync::{Arc, LazyLock};

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::ColumnType;

use super::{SystemTable, one_batch};
use crate::error::SqlError;
use crate::table::Rows;
use crate::view::View;

pub(super) const TABLE: SystemTable = SystemTable { name: "stats", columns, rows };

fn columns() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            ColumnType::BigInt.field("value"),
            ColumnType::TEXT.field("description"),
        ]))
    });
    COLUMNS.clone()
}

fn rows(view: &View) -> Result<Rows, SqlError> {
    let store = view.engine.store_statistics()?;
    let collection = view.engine.collection_progress();
    let stats = [
        ("cache_column_bytes", view.cache().bytes(), "Memory that decoded columns take, in bytes."),
        ("chunk_reads", store.chunk_reads, "Chunks read since the database was opened, from memory or disk."),
        ("chunk_reads_cached", store.chunk_reads_cached, "Those of them that were in memory."),
        ("chunk_writes", store.chunk_writes, "Chunks added since the database was opened."),
        ("chunk_writes_present", store.chunk_writes_present, "Chunks written that were there already."),
        ("chunks", store.chunks, "Chunks on disk."),
        (
            "collection_done",
            collection.map_or(0, |at| at.done),
            "Chunks that the collection under way has seen.",
        ),
        (
            "collection_total",
            collection.map_or(0, |at| at.total),
            "Chunks that it may have to see; 0 if there is none.",
        ),
        ("disk_bytes", store.bytes, "Bytes on disk."),
        (
            "disk_bytes_after_collection",
            store.bytes_after_collection,
            "Bytes after garbage was last collected.",
        ),
        ("nodes_read", view.engine.nodes_read(), "Tree nodes asked for since the database was opened."),
        ("syncs", store.syncs, "Times that the disk was waited for since the database was opened."),
    ];
    one_batch(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(stats.iter().map(|(name, ..)| name))),
            Arc::new(stats.iter().map(|(_, value, _)| i64::try_from(*value).ok()).collect::<Int64Array>()),
            Arc::new(StringArray::from_iter_values(stats.iter().map(|(_, _, description)| description))),
        ],
    )
}
