//! Values of types that are text to the planner: UUID, JSONB and VARCHAR(n).
//!
//! Its own cast to one of them would give the text as it is, so such a cast is
//! put into a function that reads the text as Postgres does; and text that is
//! compared with a UUID is read as one, however it is written.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use microprolly_engine::{ColumnType, PG_TYPE_METADATA, Value};
use sqlparser::ast::{self, BinaryOperator, CastKind, CharacterLength, VisitMut, visit_expressions_mut};

use crate::error::{SqlError, SqlState};

/// Puts every cast to one of these types into the function that reads the text.
pub(crate) fn read_texts<V: VisitMut>(tree: &mut V) {
    let visited: ControlFlow<()> = visit_expressions_mut(tree, |expression| {
        if let Some(name) = function_name(expression) {
            let cast = std::mem::replace(expression, ast::Expr::value(ast::Value::Null));
            *expression = call(name, cast);
        }
        ControlFlow::Continue(())
    });
    debug_assert!(visited.is_continue(), "nothing stops the walk");
}

/// What the function for a cast is called; none for any other expression. No
/// function of a user can be called so by chance.
fn function_name(expression: &ast::Expr) -> Option<String> {
    let data_type = match expression {
        ast::Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, data_type, array: false, .. } => {
            data_type
        }
        ast::Expr::TypedString(literal) => &literal.data_type,
        _ => return None,
    };
    match data_type {
        ast::DataType::Uuid => Some("::uuid".to_owned()),
        ast::DataType::JSON | ast::DataType::JSONB => Some("::jsonb".to_owned()),
        ast::DataType::Varchar(Some(CharacterLength::IntegerLength { length, .. })) => {
            Some(format!("::varchar({length})"))
        }
        _ => None,
    }
}

fn call(name: String, argument: ast::Expr) -> ast::Expr {
    ast::Expr::Function(ast::Function {
        name: ast::ObjectName::from(ast::Ident::with_quote('"', name)),
        uses_odbc_syntax: false,
        parameters: ast::FunctionArguments::None,
        args: ast::FunctionArguments::List(ast::FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument))],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The function of this name, if it is one of those.
pub(crate) fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    let column_type = match name.strip_prefix("::")? {
        "uuid" => ColumnType::Uuid,
        "jsonb" => ColumnType::Jsonb,
        varchar => {
            let length = varchar.strip_prefix("varchar(")?.strip_suffix(')')?;
            ColumnType::Text { chars_max: Some(length.parse().ok()?) }
        }
    };
    Some(Arc::new(ScalarUDF::from(ReadText {
        name: name.to_owned(),
        column_type,
        signature: Signature::any(1, Volatility::Immutable),
    })))
}

/// Reads text as values of a type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ReadText {
    name: String,
    column_type: ColumnType,
    signature: Signature,
}

impl ReadText {
    fn read(&self, texts: &ArrayRef) -> std::result::Result<ArrayRef, SqlError> {
        let Some(texts) = texts.as_string_opt::<i32>() else {
            return Err(SqlError::internal(format!("{} is given {}", self.name, texts.data_type())));
        };
        let read = texts
            .iter()
            .map(|text| text.map(|text| self.read_one(text)).transpose())
            .collect::<std::result::Result<StringArray, SqlError>>()?;
        Ok(Arc::new(read))
    }

    fn read_one<'a>(&self, text: &'a str) -> std::result::Result<Cow<'a, str>, SqlError> {
        // Unlike an assignment, a cast cuts off what is too long.
        if let ColumnType::Text { chars_max: Some(max) } = &self.column_type {
            let end = usize::try_from(*max).ok().and_then(|max| text.char_indices().nth(max));
            return Ok(Cow::Borrowed(end.map_or(text, |(end, _)| &text[..end])));
        }
        canonical(text, &self.column_type).map(Cow::Owned)
    }
}

impl ScalarUDFImpl for ReadText {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.column_type.arrow())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(self.column_type.field(&self.name)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(ColumnarValue::Array(texts)) => Ok(ColumnarValue::Array(self.read(&texts)?)),
            Some(ColumnarValue::Scalar(text)) => {
                let read = self.read(&text.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&read, 0)?))
            }
            None => Err(SqlError::internal("a cast without a value").into()),
        }
    }
}

/// Text as a type's values are written.
fn canonical(text: &str, column_type: &ColumnType) -> std::result::Result<String, SqlError> {
    match Value::from_text(text, column_type) {
        Ok(value) => Ok(value.to_text().into_owned()),
        Err(failure) => Err(SqlError::new(SqlState::INVALID_TEXT_REPRESENTATION, failure.reason)),
    }
}

/// Plans comparisons of a UUID with a literal.
#[derive(Debug)]
pub(crate) struct UuidComparisons;

impl ExprPlanner for UuidComparisons {
    fn plan_binary_op(
        &self,
        mut comparison: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let compares = matches!(
            comparison.op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
        );
        if compares && is_uuid(&comparison.left, schema) {
            comparison.right = uuid_literal(comparison.right)?;
        } else if compares && is_uuid(&comparison.right, schema) {
            comparison.left = uuid_literal(comparison.left)?;
        }
        Ok(PlannerResult::Original(comparison))
    }
}

/// Whether an expression is a column of UUIDs.
fn is_uuid(expression: &Expr, schema: &DFSchema) -> bool {
    matches!(expression, Expr::Column(_) | Expr::OuterReferenceColumn(..))
        && expression.to_field(schema).is_ok_and(|(_, field)| {
            field.metadata().get(PG_TYPE_METADATA).is_some_and(|pg_type| pg_type == "uuid")
        })
}

/// A string literal as UUIDs are written; anything else as it is.
fn uuid_literal(expression: Expr) -> Result<Expr> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &expression else { return Ok(expression) };
    let text = canonical(text, &ColumnType::Uuid)?;
    Ok(Expr::Literal(ScalarValue::Utf8(Some(text)), None))
}
