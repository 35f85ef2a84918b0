//! Bytes in casts.

use std::ops::ControlFlow;

use microprolly_engine::{ColumnType, Value};
use sqlparser::ast::{self, DataType, Expr, TypedString, ValueWithSpan, VisitorMut};

use crate::dialect::{ParsedStatement, TreeVisitor};
use crate::error::SqlError;
use crate::failure::value_failure;

/// Writes `'\x00ff'::BYTEA` as the planner's `X'00ff'`: its own cast would
/// take the bytes of the text.
pub(super) struct Bytes<'a> {
    /// The statement around the trees, where there is one.
    parsed: Option<&'a ParsedStatement>,
}

impl<'a> Bytes<'a> {
    pub(super) fn of(parsed: Option<&'a ParsedStatement>) -> Self {
        Self { parsed }
    }
}

impl TreeVisitor for Bytes<'_> {}

impl VisitorMut for Bytes<'_> {
    type Break = SqlError;

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<SqlError> {
        let literal = match &*expression {
            Expr::Cast { expr, data_type: DataType::Bytea, .. } => literal_of(expr),
            Expr::TypedString(TypedString { data_type: DataType::Bytea, value, .. }) => Some(value),
            _ => None,
        };
        let Some(literal) = literal else { return ControlFlow::Continue(()) };
        let Some(text) = text_of(literal) else { return ControlFlow::Continue(()) };
        let digits = match Value::from_text(text, &ColumnType::Bytea) {
            Ok(value) => hex_digits(&value),
            Err(failure) => {
                let position = self.parsed.and_then(|parsed| parsed.position_of(literal.span));
                let error = value_failure(failure, &ColumnType::Bytea);
                return ControlFlow::Break(error.or_position(position));
            }
        };
        *expression = Expr::value(ast::Value::HexStringLiteral(digits));
        ControlFlow::Continue(())
    }
}

fn literal_of(expression: &Expr) -> Option<&ValueWithSpan> {
    match expression {
        Expr::Value(literal) => Some(literal),
        Expr::Nested(inner) => literal_of(inner),
        _ => None,
    }
}

/// The text of a string literal in any of its notations.
fn text_of(literal: &ValueWithSpan) -> Option<&str> {
    match &literal.value {
        ast::Value::SingleQuotedString(text)
        | ast::Value::EscapedStringLiteral(text)
        | ast::Value::UnicodeStringLiteral(text) => Some(text),
        ast::Value::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}

fn hex_digits(value: &Value<'_>) -> String {
    match value {
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => String::new(),
    }
}
