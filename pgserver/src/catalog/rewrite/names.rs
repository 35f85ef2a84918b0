//! `pg_catalog.f(…)`, `OPERATOR(pg_catalog.~)`, `COLLATE pg_catalog.default`, `x::pg_catalog.regclass`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, DataType, ExactNumberInfo, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, TableFactor, TimezoneInfo,
    Value, VisitorMut,
};

use super::{idents, is_catalog_schema, last_part};

/// Takes qualifiers off, and turns casts to types that only a catalog has into function calls.
pub(super) struct Names;

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                unqualify(name)
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => unqualify(&mut function.name),
            Expr::BinaryOp { op, .. } => unqualify_operator(op),
            Expr::Collate { expr: inner, collation } if is_plain_collation(collation) => {
                *expr = std::mem::replace(inner, Expr::Value(Value::Null.into()));
            }
            Expr::Cast { expr: inner, data_type, .. } => {
                if let Some(kind) = reg_kind(data_type) {
                    let direction = if is_name(inner) { "in" } else { "out" };
                    let inner = std::mem::replace(inner.as_mut(), Expr::Value(Value::Null.into()));
                    *expr = call(&format!("{kind}{direction}"), vec![inner]);
                } else {
                    plain_type(data_type);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Takes `pg_catalog` or `information_schema` off a function's name.
fn unqualify(name: &mut ObjectName) {
    if let [schema, _] = idents(name).as_slice()
        && is_catalog_schema(schema)
    {
        name.0.remove(0);
    }
}

fn unqualify_operator(operator: &mut BinaryOperator) {
    let BinaryOperator::PGCustomBinaryOperator(parts) = &*operator else { return };
    let [schema, name] = parts.as_slice() else { return };
    if !schema.eq_ignore_ascii_case("pg_catalog") {
        return;
    }
    *operator = match name.as_str() {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "||" => BinaryOperator::StringConcat,
        _ => return,
    };
}

/// Collations by which text is in the order of its bytes, which all text here is.
fn is_plain_collation(collation: &ObjectName) -> bool {
    last_part(collation).is_some_and(|name| matches!(name.as_str(), "default" | "c" | "posix" | "ucs_basic"))
}

/// Text and parameters are names to be looked up; anything else is an identifier to be shown.
fn is_name(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => {
            matches!(
                value.value,
                Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Placeholder(_)
            )
        }
        Expr::Nested(inner) => is_name(inner),
        Expr::Cast { expr, data_type, .. } => matches!(data_type, DataType::Text) && is_name(expr),
        _ => false,
    }
}

/// The identifier type that a cast names, as the beginning of its functions' names.
fn reg_kind(data_type: &DataType) -> Option<&'static str> {
    let name = match data_type {
        DataType::Regclass => return Some("regclass"),
        DataType::Custom(name, arguments) if arguments.is_empty() => last_part(name)?,
        _ => return None,
    };
    Some(match name.as_str() {
        "regclass" => "regclass",
        "regtype" => "regtype",
        "regproc" | "regprocedure" => "regproc",
        "regnamespace" => "regnamespace",
        "regrole" => "regrole",
        _ => return None,
    })
}

/// Gives a built-in type that is written with its schema, or that only catalogs use, its plain name.
fn plain_type(data_type: &mut DataType) {
    let plain = match data_type {
        DataType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => return plain_type(element),
        DataType::Custom(name, arguments) if arguments.is_empty() => {
            let qualified = idents(name).len() == 2
                && idents(name).first().is_some_and(|schema| is_catalog_schema(schema));
            let Some(last) = last_part(name) else { return };
            match last.as_str() {
                "oid" | "xid" | "cid" | "xid8" => DataType::BigInt(None),
                "name" | "\"char\"" | "cstring" | "sql_identifier" | "character_data" | "yes_or_no" => {
                    DataType::Text
                }
                "char"
                    if idents(name).last().is_some_and(|ident| ident.quote_style.is_some()) || qualified =>
                {
                    DataType::Text
                }
                "cardinal_number" => DataType::Integer(None),
                _ if !qualified => return,
                "text" | "varchar" | "bpchar" => DataType::Text,
                "bool" => DataType::Boolean,
                "int2" => DataType::SmallInt(None),
                "int4" => DataType::Integer(None),
                "int8" => DataType::BigInt(None),
                "float4" => DataType::Real,
                "float8" => DataType::DoublePrecision,
                "numeric" => DataType::Numeric(ExactNumberInfo::None),
                "bytea" => DataType::Bytea,
                "date" => DataType::Date,
                "timestamp" => DataType::Timestamp(None, TimezoneInfo::None),
                "timestamptz" => DataType::Timestamp(None, TimezoneInfo::WithTimeZone),
                "uuid" => DataType::Uuid,
                "json" => DataType::JSON,
                "jsonb" => DataType::JSONB,
                _ => return,
            }
        }
        _ => return,
    };
    *data_type = plain;
}

/// A call of a function.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments
                .into_iter()
                .map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)))
                .collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
