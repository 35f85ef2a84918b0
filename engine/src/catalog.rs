//! The catalog tree: all durable state under one root.
//!
//! | key | value (JSON, with a version `v`) |
//! |---|---|
//! | `branch/<name>` | [`BranchRecord`] |
//! | `tag/<name>` | [`TagRecord`] |
//! | `type/<name>` | [`TypeRecord`] |
//! | `meta/next_type_id` | [`NextTypeId`] |
//! | `setting/automatic_collection` | [`AutomaticCollectionRecord`] |

use bytes::Bytes;
use microprolly_storage::{KeyRange, StorageError, Tree};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::environment::Timestamp;
use crate::error::{EngineError, Result};
use crate::schema::TypeDefinition;

/// The version of the records that this build writes, and the newest it reads.
const RECORD_VERSION: u32 = 1;

pub(crate) const BRANCH: &str = "branch/";
pub(crate) const TAG: &str = "tag/";
pub(crate) const TYPE: &str = "type/";
pub(crate) const AUTOMATIC_COLLECTION: &str = "setting/automatic_collection";
pub(crate) const NEXT_TYPE_ID: &str = "meta/next_type_id";

/// A branch as the catalog keeps it. Hashes are hexadecimal.
#[derive(Serialize, Deserialize)]
pub(crate) struct BranchRecord {
    /// Never given again; zero in records from before branches had one.
    #[serde(default)]
    pub(crate) id: u64,
    pub(crate) head: String,
    /// Root of the working state's tree; writes logged under `epoch` lie over it.
    pub(crate) working: String,
    pub(crate) epoch: u64,
}

/// A tag as the catalog keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct TagRecord {
    pub(crate) commit: String,
    pub(crate) message: String,
    pub(crate) tagger: String,
    pub(crate) created_micros: i64,
}

/// A type as the catalog keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct TypeRecord {
    pub(crate) definition: TypeDefinition,
    pub(crate) defined_by: String,
    pub(crate) defined_micros: i64,
}

impl TypeRecord {
    pub(crate) fn new(definition: TypeDefinition, by: &str, at: Timestamp) -> Self {
        Self { definition, defined_by: by.to_owned(), defined_micros: at.as_micros() }
    }
}

/// When garbage is collected unasked; absent, the default holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct AutomaticCollectionRecord {
    pub(crate) is_on: bool,
    pub(crate) growth: f64,
    pub(crate) bytes_min: u64,
}

/// The id for the next new type.
#[derive(Serialize, Deserialize)]
pub(crate) struct NextTypeId {
    pub(crate) next_type_id: u32,
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    record: T,
}

/// Encodes a record.
pub(crate) fn encode<T: Serialize>(record: T) -> Bytes {
    serde_json::to_vec(&Versioned { v: RECORD_VERSION, record })
        .expect("catalog records hold nothing that JSON cannot")
        .into()
}

/// Decodes the record under a key.
pub(crate) fn decode<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let what = || format!("catalog record {}", key.escape_ascii());
    let corrupt = |failure: serde_json::Error| StorageError::corrupt(what(), failure.to_string());
    let Version { v } = serde_json::from_slice(value).map_err(corrupt)?;
    if v > RECORD_VERSION {
        return Err(EngineError::Storage(StorageError::NewerFormat {
            what: what(),
            found: v,
            supported: RECORD_VERSION,
        }));
    }
    Ok(serde_json::from_slice(value).map_err(corrupt)?)
}

/// Every record under a prefix: the rest of its key, and the record.
pub(crate) fn records<T: DeserializeOwned>(catalog: &Tree, prefix: &str) -> Result<Vec<(String, T)>> {
    catalog
        .range(&KeyRange::prefix(prefix.as_bytes()))
        .map(|entry| {
            let (key, value) = entry?;
            let name = key
                .strip_prefix(prefix.as_bytes())
                .and_then(|name| std::str::from_utf8(name).ok())
                .ok_or_else(|| StorageError::corrupt("the catalog", "a name in it is not UTF-8"))?;
            Ok((name.to_owned(), decode(&key, &value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_later_version_is_refused_by_its_number() {
        let later = br#"{"v":2,"next_type_id":"of another kind"}"#;
        match decode::<NextTypeId>(b"meta/next_type_id", later) {
            Err(EngineError::Storage(StorageError::NewerFormat { what, found: 2, supported: 1 })) => {
                assert_eq!(what, "catalog record meta/next_type_id");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("a later version was read"),
        }
    }

    /// Branches had no id once, and definitions counted their changes.
    #[test]
    fn records_of_earlier_builds_are_read() {
        let branch: BranchRecord =
            decode(b"branch/main", br#"{"v":1,"head":"aa","working":"bb","epoch":18446744073709551615}"#)
                .unwrap();
        assert_eq!((branch.id, branch.epoch), (0, u64::MAX));
        let definition = r#"{"name":"t","id":16384,"revision":3,"columns":[],"primary_key":[]}"#;
        let record = format!(r#"{{"v":1,"definition":{definition},"defined_by":"ada","defined_micros":5}}"#);
        let found: TypeRecord = decode(b"type/t", record.as_bytes()).unwrap();
        assert_eq!((found.definition.id, found.defined_micros), (16_384, 5));
    }
}
