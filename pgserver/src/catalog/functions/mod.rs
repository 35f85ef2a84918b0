//! The functions of `pg_catalog` that clients call.
//!
//! They are computed row by row: catalogs are small, and a plain closure says what a function does.

mod definitions;
mod identifiers;
mod names;
mod session;
mod standing;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use datafusion_pg_catalog::pg_catalog::array_bounds_udf::{create_array_lower_udf, create_array_upper_udf};
use datafusion_pg_catalog::pg_catalog::generate_series_arg_coercion::CoerceIntArgsToBigInt;
use datafusion_pg_catalog::pg_catalog::quote_ident_udf::create_parse_ident_udf;
use microprolly_sql::{CatalogView, SqlError, SqlState};

use super::relations::{Relation, all_relations};
use super::statics;

pub(super) use definitions::index_definition;
pub(super) use names::sql_type_name;

/// Registers all of them.
pub(super) fn register(
    context: &SessionContext,
    view: &Arc<dyn CatalogView>,
    pid: i32,
) -> Result<(), SqlError> {
    let all = [
        definitions::functions(view),
        identifiers::functions(view),
        names::functions(),
        session::functions(view, pid),
        standing::functions(view),
    ];
    for function in all.into_iter().flatten() {
        context.register_udf(ScalarUDF::from(function));
    }
    context.register_udf(create_array_upper_udf());
    context.register_udf(create_array_lower_udf());
    context.register_udf(create_parse_ident_udf());
    context.register_udtf("pg_get_keywords", statics::keywords()?);
    // Bounds of arrays are 32 bits wide, and DataFusion's series wants 64.
    CoerceIntArgsToBigInt::widen(context);
    Ok(())
}

/// What a function gives for the arguments of one row.
#[derive(Clone)]
enum Apply {
    /// From the arguments alone.
    Row(Arc<OfRow>),
    /// From what there is, which is looked up once for all rows of a batch.
    Relations(Arc<dyn CatalogView>, Arc<OfRelations>),
}

type OfRow = dyn Fn(&[ScalarValue]) -> Result<ScalarValue, SqlError> + Send + Sync;

type OfRelations = dyn Fn(&[Relation], &[ScalarValue]) -> Result<ScalarValue, SqlError> + Send + Sync;

/// A function of the catalog.
#[derive(Clone)]
struct CatalogFunction {
    name: &'static str,
    signature: Signature,
    returns: Returns,
    apply: Apply,
}

#[derive(Clone)]
enum Returns {
    Type(DataType),
    /// Depends on the arguments' types.
    Of(fn(&[DataType]) -> DataType),
}

/// A function of so many arguments, of any type. What it reads may change between two statements, so its
/// result is not computed while planning.
fn function(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    returns: DataType,
    apply: impl Fn(&[ScalarValue]) -> Result<ScalarValue, SqlError> + Send + Sync + 'static,
) -> CatalogFunction {
    catalog_function(name, arguments, returns, Apply::Row(Arc::new(apply)))
}

/// A function that looks at what there is.
fn relation_function(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    returns: DataType,
    view: &Arc<dyn CatalogView>,
    apply: impl Fn(&[Relation], &[ScalarValue]) -> Result<ScalarValue, SqlError> + Send + Sync + 'static,
) -> CatalogFunction {
    catalog_function(name, arguments, returns, Apply::Relations(Arc::clone(view), Arc::new(apply)))
}

fn catalog_function(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    returns: DataType,
    apply: Apply,
) -> CatalogFunction {
    let counts = arguments.map(|count| match count {
        0 => TypeSignature::Nullary,
        count => TypeSignature::Any(count),
    });
    CatalogFunction {
        name,
        signature: Signature::one_of(counts.collect(), Volatility::Volatile),
        returns: Returns::Type(returns),
        apply,
    }
}

/// A function of one text that gives text.
fn text_function(name: &'static str, apply: fn(&str) -> String) -> CatalogFunction {
    function(name, 1..=1, DataType::Utf8, move |arguments| {
        Ok(text_value(text(arguments, 0)?.map(|text| apply(&text))))
    })
}

/// An argument as text; `None` for NULL and for one that was not given.
fn text(arguments: &[ScalarValue], index: usize) -> Result<Option<String>, SqlError> {
    match argument(arguments, index, &DataType::Utf8)? {
        Some(ScalarValue::Utf8(text)) => Ok(text),
        _ => Ok(None),
    }
}

/// An argument as a number; `None` for NULL and for one that was not given.
fn number(arguments: &[ScalarValue], index: usize) -> Result<Option<i64>, SqlError> {
    match argument(arguments, index, &DataType::Int64)? {
        Some(ScalarValue::Int64(number)) => Ok(number),
        _ => Ok(None),
    }
}

/// An argument as an object identifier.
fn oid(arguments: &[ScalarValue], index: usize) -> Result<Option<u32>, SqlError> {
    // Identifiers of built-in objects are kept in 32 bits with a sign.
    Ok(number(arguments, index)?.map(|number| number as u32))
}

fn boolean(arguments: &[ScalarValue], index: usize) -> Result<Option<bool>, SqlError> {
    match argument(arguments, index, &DataType::Boolean)? {
        Some(ScalarValue::Boolean(boolean)) => Ok(boolean),
        _ => Ok(None),
    }
}

fn argument(
    arguments: &[ScalarValue],
    index: usize,
    wanted: &DataType,
) -> Result<Option<ScalarValue>, SqlError> {
    let Some(argument) = arguments.get(index).filter(|argument| !argument.is_null()) else {
        return Ok(None);
    };
    let converted = argument.cast_to(wanted).map_err(|_| {
        SqlError::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("invalid argument: {argument}"))
    })?;
    Ok(Some(converted))
}

fn text_value(text: Option<String>) -> ScalarValue {
    ScalarValue::Utf8(text)
}

fn oid_value(oid: Option<u32>) -> ScalarValue {
    ScalarValue::Int64(oid.map(i64::from))
}

impl fmt::Debug for CatalogFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CatalogFunction").field(&self.name).finish()
    }
}

impl PartialEq for CatalogFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CatalogFunction {}

impl Hash for CatalogFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for CatalogFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match &self.returns {
            Returns::Type(data_type) => data_type.clone(),
            Returns::Of(of) => of(arguments),
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let external = |error: SqlError| DataFusionError::External(Box::new(error));
        let relations = match &self.apply {
            Apply::Row(_) => Vec::new(),
            Apply::Relations(view, _) => all_relations(view.as_ref()).map_err(external)?,
        };
        let apply = |row: &[ScalarValue]| {
            match &self.apply {
                Apply::Row(apply) => apply(row),
                Apply::Relations(_, apply) => apply(&relations, row),
            }
            .map_err(external)
        };
        let scalars: Option<Vec<ScalarValue>> = arguments
            .args
            .iter()
            .map(|argument| match argument {
                ColumnarValue::Scalar(scalar) => Some(scalar.clone()),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        if let Some(scalars) = scalars {
            return Ok(ColumnarValue::Scalar(apply(&scalars)?));
        }
        let rows = (0..arguments.number_rows)
            .map(|row| {
                let values = arguments
                    .args
                    .iter()
                    .map(|argument| match argument {
                        ColumnarValue::Scalar(scalar) => Ok(scalar.clone()),
                        ColumnarValue::Array(array) => ScalarValue::try_from_array(array, row),
                    })
                    .collect::<Result<Vec<_>>>()?;
                apply(&values)
            })
            .collect::<Result<Vec<_>>>()?;
        if rows.is_empty() {
            let empty = arrow::array::new_empty_array(arguments.return_field.data_type());
            return Ok(ColumnarValue::Array(empty));
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(rows)?))
    }
}
