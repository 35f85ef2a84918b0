//! From changes to batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::SchemaRef;
use microprolly_engine::{Change, StatusKind, TypeDefinition, decode_rows};

use super::columns::{DiffColumn, Origin, Side};
use crate::error::SqlError;
use crate::system::{claimed_by, text_of};
use crate::view::View;

/// Changes as a batch with these columns.
pub(super) fn batch_of(
    view: &View,
    definition: Option<&TypeDefinition>,
    columns: &[DiffColumn],
    schema: &SchemaRef,
    changes: &[Change],
) -> Result<RecordBatch, SqlError> {
    let mut fields = Fields::decode(definition, columns, changes)?;
    let arrays = columns
        .iter()
        .map(|column| match column.origin {
            Origin::Kind => Ok(text(changes, |change| Some(kind(change).into()))),
            Origin::Key => Ok(text(changes, |change| Some(text_of(&change.key)))),
            Origin::Table => Ok(text(changes, |change| claimed_by(view, &change.key).map(Into::into))),
            Origin::Value(side) => Ok(text(changes, |change| value(change, side).map(text_of))),
            Origin::Field(side, _) => fields
                .next(side)
                .ok_or_else(|| SqlError::internal("a column of a difference was not decoded")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(changes.len()));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
        .map_err(|failure| SqlError::internal(failure.to_string()))
}

fn kind(change: &Change) -> &'static str {
    StatusKind::of(change.from.as_ref(), change.to.as_ref()).as_str()
}

fn value(change: &Change, side: Side) -> Option<&[u8]> {
    match side {
        Side::From => change.from.as_deref(),
        Side::To => change.to.as_deref(),
        Side::Either => change.to.as_deref().or(change.from.as_deref()),
    }
}

fn text<'a>(changes: &'a [Change], of: impl Fn(&'a Change) -> Option<std::borrow::Cow<'a, str>>) -> ArrayRef {
    Arc::new(changes.iter().map(of).collect::<StringArray>())
}

/// The wanted columns of the type, decoded once for each side.
struct Fields {
    sides: [(Side, std::vec::IntoIter<ArrayRef>); 3],
}

impl Fields {
    fn decode(
        definition: Option<&TypeDefinition>,
        columns: &[DiffColumn],
        changes: &[Change],
    ) -> Result<Self, SqlError> {
        let decode = |side: Side| {
            let positions: Vec<usize> = columns
                .iter()
                .filter_map(|column| match column.origin {
                    Origin::Field(wanted, position) if wanted == side => Some(position),
                    _ => None,
                })
                .collect();
            let arrays = match definition {
                Some(definition) if !positions.is_empty() => {
                    let rows = changes.iter().map(|change| Some((&change.key, value(change, side)?)));
                    decode_rows(definition, &positions, rows)?
                }
                _ => Vec::new(),
            };
            Ok::<_, SqlError>((side, arrays.into_iter()))
        };
        Ok(Self { sides: [decode(Side::From)?, decode(Side::To)?, decode(Side::Either)?] })
    }

    /// The next column of a side, in the order of the wanted ones.
    fn next(&mut self, side: Side) -> Option<ArrayRef> {
        self.sides.iter_mut().find(|(of, _)| *of == side)?.1.next()
    }
}
