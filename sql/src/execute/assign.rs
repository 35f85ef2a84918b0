//! Assigning a value to a column: what a cast would do, but as PostgreSQL
//! does it for INSERT and UPDATE. Text is read by the rules of text input,
//! numbers are rounded, and a type that does not go with the column's is an
//! error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use microprolly_engine::{ColumnType, Value, column_of};

use crate::error::{SqlError, SqlState};
use crate::failure::{planner_failure, value_failure};
use crate::text::write_text;

/// The value of `expression`, over rows of `schema`, as a column takes it.
///
/// # Errors
/// When values of the expression's type cannot be assigned to the column.
pub(super) fn assign(
    expression: Expr,
    schema: &DFSchema,
    column: &str,
    column_type: &ColumnType,
) -> std::result::Result<Expr, SqlError> {
    let from = expression.get_type(schema).map_err(|error| planner_failure(&error, None))?;
    let plain_text = matches!(column_type, ColumnType::Text { chars_max: None });
    let checked = matches!(column_type, ColumnType::Text { .. } | ColumnType::Uuid | ColumnType::Jsonb)
        || matches!(column_type, ColumnType::Array(_));
    if from == column_type.arrow() && (plain_text || !checked) {
        return Ok(expression);
    }
    if !is_assignable(&from, column_type) {
        return Err(SqlError::new(
            SqlState::DATATYPE_MISMATCH,
            format!(
                "column \"{column}\" is of type {column_type} but expression is of type {}",
                type_name(&from)
            ),
        )
        .with_hint("You will need to rewrite or cast the expression."));
    }
    let function = ScalarUDF::from(Assign {
        name: column_type.to_string(),
        column_type: column_type.clone(),
        signature: Signature::any(1, Volatility::Immutable),
    });
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(function), vec![expression])))
}

/// The conversion to one column type, as a function in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Assign {
    /// What EXPLAIN shows.
    name: String,
    column_type: ColumnType,
    signature: Signature,
}

impl ScalarUDFImpl for Assign {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.column_type.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(ColumnarValue::Array(array)) => {
                Ok(ColumnarValue::Array(convert(&array, &self.column_type)?))
            }
            Some(ColumnarValue::Scalar(scalar)) => {
                let converted = convert(&scalar.to_array()?, &self.column_type)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&converted, 0)?))
            }
            None => Err(SqlError::internal("an assignment without a value").into()),
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _))
}

/// Whether values of a type may be assigned to a column at all.
fn is_assignable(from: &DataType, to: &ColumnType) -> bool {
    if is_text(from) || from.is_null() {
        return true;
    }
    match (from, to) {
        (DataType::Dictionary(_, value), to) => is_assignable(value, to),
        // Everything has a text.
        (_, ColumnType::Text { .. }) => true,
        (DataType::Boolean, to) => *to == ColumnType::Boolean,
        (
            from,
            ColumnType::SmallInt
            | ColumnType::Integer
            | ColumnType::BigInt
            | ColumnType::Real
            | ColumnType::DoublePrecision
            | ColumnType::Numeric { .. },
        ) => from.is_numeric(),
        (from, ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Date) => is_time(from),
        (from, ColumnType::Bytea) => {
            matches!(
                from,
                DataType::Binary
                    | DataType::LargeBinary
                    | DataType::BinaryView
                    | DataType::FixedSizeBinary(_)
            )
        }
        (
            DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _),
            ColumnType::Array(to),
        ) => is_assignable(element.data_type(), &to.column_type()),
        _ => false,
    }
}

/// The same values as the column's type has them.
fn convert(array: &ArrayRef, to: &ColumnType) -> std::result::Result<ArrayRef, SqlError> {
    let target = to.arrow();
    match array.data_type() {
        DataType::Null => Ok(new_null_array(&target, array.len())),
        from if is_text(from) => {
            let text = cast(array, &DataType::Utf8, to)?;
            if matches!(to, ColumnType::Text { chars_max: None }) {
                Ok(text)
            } else {
                read(text.as_string(), to)
            }
        }
        DataType::Dictionary(_, value) => convert(&cast(array, value, to)?, to),
        _ if matches!(to, ColumnType::Text { .. }) => read(&written(array)?, to),
        DataType::List(_) => {
            let ColumnType::Array(element) = to else { return cast(array, &target, to) };
            let list = array.as_list::<i32>();
            let element_type = element.column_type();
            let values = convert(list.values(), &element_type)?;
            let field = Arc::new(Field::new_list_field(element_type.arrow(), true));
            let list = ListArray::try_new(field, list.offsets().clone(), values, list.nulls().cloned())
                .map_err(|error| SqlError::internal(error.to_string()))?;
            Ok(Arc::new(list))
        }
        DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            convert(&cast(array, &DataType::List(element.clone()), to)?, to)
        }
        from if from.is_floating()
            && matches!(to, ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt) =>
        {
            let floats = cast(array, &DataType::Float64, to)?;
            let rounded = floats.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round);
            cast(&(Arc::new(rounded) as ArrayRef), &target, to)
        }
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale)
            if *scale > 0
                && matches!(to, ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt) =>
        {
            cast(&cast(array, &DataType::Decimal128(38, 0), to)?, &target, to)
        }
        _ => cast(array, &target, to),
    }
}

fn cast(
    array: &ArrayRef,
    to: &DataType,
    column_type: &ColumnType,
) -> std::result::Result<ArrayRef, SqlError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &options).map_err(|_| {
        let code = match column_type {
            ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Date => {
                SqlState::DATETIME_FIELD_OVERFLOW
            }
            _ => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
        };
        SqlError::new(code, format!("{column_type} out of range"))
    })
}

/// Text read as values of a type.
fn read(text: &StringArray, to: &ColumnType) -> std::result::Result<ArrayRef, SqlError> {
    let values = text
        .iter()
        .map(|text| match text {
            Some(text) => Value::from_text(text, to).map_err(|failure| value_failure(failure, to)),
            None => Ok(Value::Null),
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    column_of(values, to).map_err(SqlError::from)
}

/// Values as text.
fn written(array: &ArrayRef) -> std::result::Result<StringArray, SqlError> {
    let mut texts = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.push(None);
            continue;
        }
        let mut text = Vec::new();
        write_text(array, row, &mut text)?;
        texts.push(Some(String::from_utf8(text).map_err(|error| SqlError::internal(error.to_string()))?));
    }
    Ok(StringArray::from(texts))
}

/// A type's name in a message.
fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint",
        DataType::Int32 | DataType::UInt16 => "integer",
        DataType::Int64 | DataType::UInt32 => "bigint",
        DataType::Float16 | DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        other if other.is_numeric() => "numeric",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(_, None) => "timestamp without time zone",
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone",
        DataType::Time32(_) | DataType::Time64(_) => "time without time zone",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea"
        }
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            return format!("{}[]", type_name(element.data_type()));
        }
        text if is_text(text) => "text",
        DataType::Struct(_) => "record",
        other => return other.to_string(),
    };
    name.to_owned()
}
