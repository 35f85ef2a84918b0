//! What a session shows of itself to `pg_catalog`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::SessionContext;
use microprolly_engine::{self as engine, GENERATED_KEY_COLUMN, TypeDefinition};
use parking_lot::Mutex;

use crate::error::SqlError;
use crate::scope::{KEY_VALUES, PUBLIC, SYSTEM};
use crate::settings::{SettingInfo, Settings};
use crate::system;
use crate::table::key_value_schema;

/// How a server adds schemas, such as `pg_catalog`, to a session.
pub trait CatalogExtension: Send + Sync {
    /// Adds schemas and functions to a new session's context.
    fn install(&self, context: &SessionContext, view: Arc<dyn CatalogView>) -> Result<(), SqlError>;

    /// Rewrites a parsed statement before it is planned.
    fn rewrite(&self, statement: sqlparser::ast::Statement) -> Result<sqlparser::ast::Statement, SqlError> {
        Ok(statement)
    }
}

/// Live facts about a session, for the tables of `pg_catalog`.
pub trait CatalogView: Send + Sync {
    /// Names of all branches, in order.
    fn branches(&self) -> Result<Vec<String>, SqlError>;
    /// The session's branch.
    fn current_branch(&self) -> String;
    /// The session's user.
    fn user(&self) -> String;
    /// Tables of the schemas `public` and `prolly`.
    fn tables(&self) -> Result<Vec<TableInfo>, SqlError>;
    /// Every setting with its value in the session.
    fn settings(&self) -> Vec<SettingInfo>;
}

/// A table as `pg_catalog` shows it.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// `public` or `prolly`.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// A number that stays the same for the life of the table.
    pub oid: u32,
    /// Its columns in order.
    pub columns: Vec<ColumnInfo>,
    /// Names of the primary key's columns, in key order.
    pub primary_key: Vec<String>,
    /// How many rows, where that is known without counting.
    pub estimated_rows: Option<u64>,
}

/// A column as `pg_catalog` shows it.
#[derive(Clone, Debug)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its Arrow field; the metadata entry `pg_type` names the SQL type where Arrow's is ambiguous.
    pub field: Field,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The default, as SQL text.
    pub default: Option<String>,
}

/// The facts of one session, kept up to date by it after every statement.
pub(crate) struct SessionFacts {
    current: Mutex<Facts>,
}

struct Facts {
    engine: engine::Session,
    types: Arc<[Arc<TypeDefinition>]>,
    settings: Settings,
}

impl SessionFacts {
    pub(crate) fn new(engine: engine::Session) -> Self {
        let types = engine.types().into();
        Self { current: Mutex::new(Facts { engine, types, settings: Settings::default() }) }
    }

    pub(crate) fn refresh(
        &self,
        engine: engine::Session,
        types: Arc<[Arc<TypeDefinition>]>,
        settings: Settings,
    ) {
        *self.current.lock() = Facts { engine, types, settings };
    }
}

impl CatalogView for SessionFacts {
    fn branches(&self) -> Result<Vec<String>, SqlError> {
        Ok(self.current.lock().engine.branch_names().iter().map(ToString::to_string).collect())
    }

    fn current_branch(&self) -> String {
        self.current.lock().engine.branch().to_string()
    }

    fn user(&self) -> String {
        self.current.lock().engine.principal().name().to_owned()
    }

    fn settings(&self) -> Vec<SettingInfo> {
        self.current.lock().settings.all()
    }

    fn tables(&self) -> Result<Vec<TableInfo>, SqlError> {
        let (engine, types) = {
            let current = self.current.lock();
            (current.engine.clone(), current.types.clone())
        };
        let snapshot = engine.working()?;
        let mut tables = Vec::new();
        for definition in types.iter() {
            tables.push(TableInfo {
                estimated_rows: Some(snapshot.count(&definition.key_range())?),
                ..typed_table(definition)
            });
        }
        tables.push(TableInfo {
            schema: PUBLIC.to_owned(),
            name: KEY_VALUES.to_owned(),
            oid: KEY_VALUES_OID,
            columns: columns(&key_value_schema(), &["key"]),
            primary_key: vec!["key".to_owned()],
            estimated_rows: Some(snapshot.count(&engine::KeyRange::all())?),
        });
        for (oid, name) in (FIRST_SYSTEM_OID..).zip(system::TABLES) {
            if let Some(schema) = system::schema(name) {
                tables.push(TableInfo {
                    schema: SYSTEM.to_owned(),
                    name: (*name).to_owned(),
                    oid,
                    columns: columns(&schema, &[]),
                    primary_key: Vec::new(),
                    estimated_rows: None,
                });
            }
        }
        Ok(tables)
    }
}

/// OIDs of tables that nobody defines, below those of types.
const KEY_VALUES_OID: u32 = 16_000;
const FIRST_SYSTEM_OID: u32 = 16_001;

fn typed_table(definition: &TypeDefinition) -> TableInfo {
    let generated = definition.has_generated_key().then(|| ColumnInfo {
        name: GENERATED_KEY_COLUMN.to_owned(),
        field: Field::new(GENERATED_KEY_COLUMN, DataType::Utf8, false),
        not_null: true,
        default: Some("uuid()".to_owned()),
    });
    let declared = definition.columns.iter().map(|column| ColumnInfo {
        name: column.name.clone(),
        field: column.column_type.field(&column.name),
        not_null: column.required,
        default: column.default.clone(),
    });
    let primary_key = match definition.primary_key.as_slice() {
        [] => vec![GENERATED_KEY_COLUMN.to_owned()],
        names => names.to_vec(),
    };
    TableInfo {
        schema: PUBLIC.to_owned(),
        name: definition.name.clone(),
        oid: definition.id,
        columns: generated.into_iter().chain(declared).collect(),
        primary_key,
        estimated_rows: None,
    }
}

fn columns(schema: &Schema, not_null: &[&str]) -> Vec<ColumnInfo> {
    let describe = |field: &Arc<Field>| ColumnInfo {
        name: field.name().clone(),
        field: Field::clone(field),
        not_null: not_null.contains(&field.name().as_str()),
        default: None,
    };
    schema.fields().iter().map(describe).collect()
}
