//! `diff('a', 'b', 't')`: what differs between two versions.

mod arguments;
mod batch;
mod columns;
mod scan;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use microprolly_engine::{KeyRange, Snapshot, TypeDefinition, Version};

use columns::DiffColumn;
pub(crate) use columns::{DIFF_TYPE, FROM, TO};

use crate::error::{SqlError, SqlState};
use crate::scope::{KEY_VALUES, PUBLIC, SYSTEM, unknown_table};
use crate::view::View;

/// The keys that differ between two versions, in key order: of one type with
/// its columns before and after, or of all types with the values as they are.
#[derive(Clone)]
pub(crate) struct DiffTable {
    view: Arc<View>,
    /// The type; none for every key.
    definition: Option<Arc<TypeDefinition>>,
    columns: Vec<DiffColumn>,
    schema: SchemaRef,
    /// The state before and the state after; none while a revision is a
    /// parameter without a value.
    sides: Option<(Snapshot, Snapshot)>,
}

/// The two revisions of a difference, as far as they are known.
pub(crate) struct Revisions<'a> {
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    /// From the commit at which they parted, rather than from `from` itself.
    pub(crate) since_parting: bool,
}

impl DiffTable {
    /// What differs in one type, or in every key if none is given.
    ///
    /// # Errors
    /// Unknown revisions; versions without a common past; a type two of whose
    /// columns would have one name here.
    pub(crate) fn new(
        view: &Arc<View>,
        revisions: &Revisions<'_>,
        definition: Option<Arc<TypeDefinition>>,
    ) -> Result<Self, SqlError> {
        let columns = match &definition {
            Some(definition) => DiffColumn::of_type(definition),
            None => DiffColumn::of_keys(),
        };
        let schema = Schema::new(columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>());
        let mut names = HashSet::new();
        if let Some(twice) =
            columns.iter().map(|column| column.field.name()).find(|name| !names.insert(*name))
        {
            return Err(SqlError::new(
                SqlState::DUPLICATE_COLUMN,
                format!("the difference would have two columns called \"{twice}\""),
            )
            .with_hint("Rename that column of the table, or compare every key without naming the table."));
        }
        let sides = sides(view, revisions)?;
        Ok(Self { view: view.clone(), definition, columns, schema: Arc::new(schema), sides })
    }

    /// The type that a difference is asked of; none means every key, which
    /// `kv` is another name for.
    ///
    /// # Errors
    /// Unknown tables, and tables without versions.
    pub(crate) fn find_type(
        view: &View,
        schema: Option<&str>,
        name: &str,
    ) -> Result<Option<Arc<TypeDefinition>>, SqlError> {
        match schema {
            None | Some(PUBLIC) => match view.find_type(name) {
                Some(definition) => Ok(Some(definition.clone())),
                None if name == KEY_VALUES => Ok(None),
                None => Err(unknown_table(view, name)),
            },
            Some(SYSTEM) => {
                Err(SqlError::not_supported(format!("\"{SYSTEM}.{name}\" has no versions to compare")))
            }
            Some(schema) => Err(SqlError::new(
                SqlState::UNDEFINED_TABLE,
                format!("table \"{schema}.{name}\" does not exist"),
            )),
        }
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &SchemaRef {
        &self.schema
    }

    /// The keys that it may hold.
    fn range(&self) -> KeyRange {
        self.definition.as_ref().map_or_else(KeyRange::all, |definition| definition.key_range())
    }
}

fn sides(view: &View, revisions: &Revisions<'_>) -> Result<Option<(Snapshot, Snapshot)>, SqlError> {
    let (Some(from_name), Some(to_name)) = (revisions.from, revisions.to) else { return Ok(None) };
    let mut from = view.resolve(None, Some(from_name))?;
    let to = view.resolve(None, Some(to_name))?;
    if revisions.since_parting {
        from = match view.engine.common_ancestor(&from, &to)? {
            Some(commit) => Version::Commit(commit),
            None => {
                return Err(SqlError::new(
                    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("\"{from_name}\" and \"{to_name}\" have no commit in common"),
                ));
            }
        };
    }
    Ok(Some((view.snapshot(&from)?, view.snapshot(&to)?)))
}

/// The table that a call of the function gives.
///
/// # Errors
/// Arguments that it does not take, and those of [`DiffTable::new`].
pub(super) fn call(
    view: &Arc<View>,
    arguments: &[Expr],
    parameters: &[Option<ScalarValue>],
) -> Result<DiffTable, SqlError> {
    let arguments = arguments::Arguments::read(arguments, parameters)?;
    let definition = match &arguments.table {
        None => None,
        Some(table) => {
            let (schema, name) = match table.split_once('.') {
                Some((schema @ (PUBLIC | SYSTEM), name)) => (Some(schema), name),
                _ => (None, table.as_str()),
            };
            DiffTable::find_type(view, schema, name)?
        }
    };
    DiffTable::new(view, &arguments.revisions(), definition)
}
