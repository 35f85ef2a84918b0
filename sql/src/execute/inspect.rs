//! INSPECT: what commits, trees and objects are made of, as properties and values.
//! What it shows has been published: an open transaction's own writes are in no tree.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use microprolly_engine::{
    ChunkKind, ColumnType, CommitId, CommitInspection, LiveSegment, ObjectInspection, TreeInspection, Value,
};

use super::Call;
use super::background::in_background;
use crate::dialect::{Argument, Inspect};
use crate::error::SqlError;
use crate::outcome::{Command, Outcome};
use crate::session::Session;

pub(super) fn schema(inspect: &Inspect) -> SchemaRef {
    static SEGMENTS: LazyLock<SchemaRef> = LazyLock::new(|| {
        let number = |name| ColumnType::BigInt.field(name);
        Arc::new(Schema::new(vec![
            ColumnType::TEXT.field("name"),
            number("chunks"),
            number("chunk_bytes"),
            number("live_chunks"),
            number("live_bytes"),
        ]))
    });
    if *inspect == Inspect::Segments { SEGMENTS.clone() } else { properties_schema() }
}

fn properties_schema() -> SchemaRef {
    static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![ColumnType::TEXT.field("property"), ColumnType::TEXT.field("value")]))
    });
    COLUMNS.clone()
}

pub(super) async fn execute(
    session: &mut Session,
    call: Call<'_>,
    inspect: &Inspect,
) -> Result<Outcome, SqlError> {
    let engine = session.engine.clone();
    let properties = match inspect {
        Inspect::Commit(revision) => {
            let name = call.argument(session, revision)?;
            let found = in_background(move || engine.inspect_commit(&name)).await?;
            of_commit(&found.map_err(|error| at(revision, error))?)
        }
        Inspect::Tree { revision, compared_with } => {
            let name = call.argument(session, revision)?;
            let other = compared_with.as_ref().map(|other| call.argument(session, other)).transpose()?;
            let names_other = other.as_ref().map(|other| format!("\"{other}\""));
            let found = in_background(move || engine.inspect_tree(&name, other.as_deref())).await?;
            of_tree(&found.map_err(|error| {
                let text = error.to_string();
                let is_other = names_other.is_some_and(|name| text.contains(&name));
                at(compared_with.as_ref().filter(|_| is_other).unwrap_or(revision), error)
            })?)
        }
        Inspect::Object(hash) => {
            let name = call.argument(session, hash)?;
            let found = in_background(move || engine.dump_object(&name)).await?;
            of_object(&found.map_err(|error| at(hash, error))?)
        }
        Inspect::Segments => {
            let segments = in_background(move || engine.live_segments()).await??;
            let numbers = |number: fn(&LiveSegment) -> u64| -> ArrayRef {
                let numbers = segments.iter().map(|segment| i64::try_from(number(segment)).ok());
                Arc::new(numbers.collect::<Int64Array>())
            };
            let columns: Vec<ArrayRef> = vec![
                Arc::new(StringArray::from_iter_values(segments.iter().map(|segment| &segment.name))),
                numbers(|segment| segment.chunks),
                numbers(|segment| segment.chunk_bytes),
                numbers(|segment| segment.live_chunks),
                numbers(|segment| segment.live_bytes),
            ];
            return result(schema(inspect), columns);
        }
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(properties.iter().map(|(property, _)| property))),
        Arc::new(properties.iter().map(|(_, value)| value.as_deref()).collect::<StringArray>()),
    ];
    result(properties_schema(), columns)
}

fn result(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<Outcome, SqlError> {
    let batch =
        RecordBatch::try_new(schema, columns).map_err(|failure| SqlError::internal(failure.to_string()))?;
    Ok(Outcome::of_batch(batch, Command::Other("INSPECT")))
}

fn at(argument: &Argument, error: microprolly_engine::EngineError) -> SqlError {
    SqlError::from(error).or_position(Some(argument.position))
}

type Properties = Vec<(String, Option<String>)>;

fn property(name: &str, value: impl ToString) -> (String, Option<String>) {
    (name.to_owned(), Some(value.to_string()))
}

fn of_commit(found: &CommitInspection) -> Properties {
    let commit = &found.commit;
    let parents: Vec<String> = commit.parents.iter().map(CommitId::to_string).collect();
    let optional = |name: &str, value: Option<String>| (name.to_owned(), value);
    vec![
        property("commit_id", found.id),
        property("root", commit.root),
        optional("parents", Some(parents.join(", ")).filter(|parents| !parents.is_empty())),
        property("author", &commit.author),
        property("committer", &commit.committer),
        property("committed_at", commit.timestamp),
        property("message", &commit.message),
        optional("metadata", Some(commit.metadata.clone()).filter(|metadata| !metadata.is_empty())),
        property("generation", commit.generation),
        property("depth", commit.depth),
        optional("jump", commit.jump.map(|jump| jump.id.to_string())),
        optional("jump_depth", commit.jump.map(|jump| jump.depth.to_string())),
        property("keys", found.keys),
    ]
}

fn of_tree(found: &TreeInspection) -> Properties {
    let statistics = &found.statistics;
    let mut properties = vec![
        property("root", found.root),
        property("keys", statistics.entries),
        property("pending_keys", found.pending),
        property("depth", statistics.depth),
        property("nodes", statistics.nodes),
        property("leaves", statistics.leaves),
        property("bytes", statistics.bytes),
        property("leaf_bytes", statistics.leaf_bytes),
        property("large_values", statistics.blobs),
        property("large_value_bytes", statistics.blob_bytes),
        property("fill", format!("{:.3}", statistics.fill())),
    ];
    for (bytes, nodes) in statistics.histogram() {
        properties.push(property(&format!("nodes_from_{bytes}_bytes"), nodes));
    }
    if let Some(comparison) = &found.comparison {
        properties.push(property("compared_root", comparison.root));
        properties.push(property("shared_nodes", comparison.shared.nodes));
        properties.push(property("shared_bytes", comparison.shared.bytes));
    }
    properties
}

fn of_object(found: &ObjectInspection) -> Properties {
    let kind = match found.kind {
        ChunkKind::Leaf => "leaf",
        ChunkKind::Internal => "internal node",
        ChunkKind::Commit => "commit",
        ChunkKind::Blob => "large value",
    };
    vec![
        property("hash", found.hash),
        property("kind", kind),
        property("bytes", found.bytes.len()),
        property("parsed", &found.parsed),
        property("raw", Value::Bytes(found.bytes.to_vec()).to_text()),
    ]
}
