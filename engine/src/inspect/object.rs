//! One object: a node of a tree, a commit or a large value, raw and taken apart.

use bytes::Bytes;
use microprolly_storage::{
    ChunkContent, ChunkHash, ChunkKind, ChunkStore, LeafValue, NodeChild, StorageError,
};
use serde_json::{Value, json};

use crate::commit::{Commit, CommitId};
use crate::database::Shared;
use crate::error::{EngineError, Kind, Result};
use crate::revision::{COMMIT_PREFIX_DIGITS_MIN, hash_prefix};
use crate::session::Session;

/// Entries of a node that are listed; the rest is in the raw bytes alone.
const LISTED_MAX: usize = 1_000;

/// An object, as [`Session::dump_object`] finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectInspection {
    /// Its address.
    pub hash: ChunkHash,
    /// What it is.
    pub kind: ChunkKind,
    /// Its encoding, of which `hash` is the hash: not compressed.
    pub bytes: Bytes,
    /// What it holds. Of a leaf the keys and values, of an internal node the
    /// children, 1,000 of them at most; of a commit its fields; of a large value its
    /// length. Keys and values that are no UTF-8 are escaped.
    pub parsed: Value,
}

impl Session {
    /// Looks at one object: `name` is its hash, or the first digits of it, 8 or more.
    ///
    /// # Errors
    /// When no object has this name, or more than one has; when it is damaged.
    pub fn dump_object(&self, name: &str) -> Result<ObjectInspection> {
        let shared = &self.database.shared;
        let hash = shared.object_named(name)?;
        let bytes = shared.store.read(&hash)?;
        let kind = ChunkKind::of(&bytes)
            .ok_or_else(|| StorageError::corrupt(format!("chunk {hash}"), "its kind was never in use"))?;
        let parsed = match ChunkContent::decode(&hash, &bytes)? {
            Some(content) => content_json(&content),
            None => {
                let id = CommitId::from(hash);
                commit_json(id, &Commit::decode(id, bytes.clone())?)
            }
        };
        Ok(ObjectInspection { hash, kind, bytes, parsed })
    }
}

impl Shared {
    fn object_named(&self, name: &str) -> Result<ChunkHash> {
        let Some((bytes, digit)) = hash_prefix(name) else {
            let reason = format!("it is not {COMMIT_PREFIX_DIGITS_MIN} to 64 hexadecimal digits");
            return Err(EngineError::InvalidName { kind: Kind::Object, name: name.to_owned(), reason });
        };
        // One more than one is enough to know that it is not the only one.
        match self.store.hashes_with_prefix(&bytes, digit, 2)?[..] {
            [hash] => Ok(hash),
            [] => Err(EngineError::not_found(Kind::Object, name, [])),
            _ => Err(EngineError::Refused {
                reason: format!("more than one object begins with \"{name}\""),
                hint: Some("Give more digits of its hash.".to_owned()),
            }),
        }
    }
}

fn content_json(content: &ChunkContent) -> Value {
    match content {
        ChunkContent::Leaf(entries) => {
            let listed: Vec<Value> =
                entries.iter().take(LISTED_MAX).map(|(key, value)| entry_json(key, value)).collect();
            json!({ "keys": entries.len(), "entries": listed })
        }
        ChunkContent::Internal { level, children } => {
            let keys: u64 = children.iter().map(|child| child.entries).sum();
            let listed: Vec<Value> = children.iter().take(LISTED_MAX).map(child_json).collect();
            json!({ "level": level, "keys": keys, "children": listed })
        }
        ChunkContent::Blob(value) => json!({ "bytes": value.len() }),
    }
}

fn entry_json(key: &[u8], value: &LeafValue) -> Value {
    match value {
        LeafValue::Inline(value) => json!({ "key": readable(key), "value": readable(value) }),
        LeafValue::Blob { hash, bytes } => {
            json!({ "key": readable(key), "object": hash.to_string(), "bytes": bytes })
        }
    }
}

fn child_json(child: &NodeChild) -> Value {
    json!({
        "last_key": readable(&child.last_key),
        "object": child.hash.to_string(),
        "keys": child.entries,
    })
}

fn commit_json(id: CommitId, commit: &Commit) -> Value {
    let metadata = match commit.metadata.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    json!({
        "id": id.to_string(),
        "root": commit.root.to_string(),
        "parents": commit.parents.iter().map(CommitId::to_string).collect::<Vec<_>>(),
        "author": commit.author,
        "committer": commit.committer,
        "message": commit.message,
        "metadata": metadata,
        "time": commit.timestamp.to_string(),
        "generation": commit.generation,
        "depth": commit.depth,
        "jump": commit.jump.map(|jump| json!({ "id": jump.id.to_string(), "depth": jump.depth })),
        "salt": commit.salt.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    })
}

/// Bytes as text: as they are where they are UTF-8, else escaped.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
