//! What Postgres calls a column that is an expression.

use sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, DataType, ExactNumberInfo, Expr, ObjectName, ObjectNamePart, SelectItem,
    TimezoneInfo, TrimWhereField, Value,
};

use super::columns::{items, shown};
use crate::dialect::identifier;

/// The name of what nothing gives a name to.
const UNNAMED: &str = "?column?";

/// The name of a column that is this expression.
pub(super) fn name_of(expression: &Expr) -> String {
    match find(expression) {
        Some(Found::Own(name) | Found::Makeshift(name)) => name,
        None => UNNAMED.to_owned(),
    }
}

/// A name that was found in an expression.
enum Found {
    /// A column's or a function's: it goes for a cast of the expression too.
    Own(String),
    /// A type's, or one of the like: that of a cast around it goes before it.
    Makeshift(String),
}

fn own(name: &str) -> Option<Found> {
    Some(Found::Own(name.to_owned()))
}

fn makeshift(name: &str) -> Option<Found> {
    Some(Found::Makeshift(name.to_owned()))
}

fn find(expression: &Expr) -> Option<Found> {
    match expression {
        Expr::Identifier(ident) => own(&identifier(ident)),
        Expr::CompoundIdentifier(parts) => own(&identifier(parts.last()?)),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let field = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(field)) => own(&identifier(field)),
                _ => None,
            });
            field.or_else(|| find(root))
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => find(inner),
        Expr::Cast { expr, data_type, .. } => match find(expr) {
            Some(Found::Own(name)) => own(&name),
            _ => makeshift(&type_name(data_type)),
        },
        Expr::TypedString(literal) => makeshift(&type_name(&literal.data_type)),
        Expr::Interval(_) => makeshift("interval"),
        Expr::Value(value) if matches!(value.value, Value::Boolean(_)) => makeshift("bool"),
        Expr::Case { else_result, .. } => match else_result.as_deref().and_then(find) {
            Some(Found::Own(name)) => own(&name),
            _ => makeshift("case"),
        },
        Expr::Subquery(query) => own(&match items(query).and_then(<[SelectItem]>::first) {
            Some(SelectItem::ExprWithAlias { alias, .. }) => shown(&identifier(alias)).to_owned(),
            Some(SelectItem::UnnamedExpr(item)) => name_of(item),
            _ => UNNAMED.to_owned(),
        }),
        Expr::Function(function) => own(&last_part(&function.name)?),
        Expr::AtTimeZone { .. } => own("timezone"),
        Expr::Ceil { .. } => own("ceil"),
        Expr::Extract { .. } => own("extract"),
        Expr::Floor { .. } => own("floor"),
        Expr::Overlay { .. } => own("overlay"),
        Expr::Position { .. } => own("position"),
        Expr::Substring { shorthand, .. } => own(if *shorthand { "substr" } else { "substring" }),
        Expr::Trim { trim_where, .. } => own(match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "btrim",
        }),
        Expr::Exists { negated: false, .. } => own("exists"),
        Expr::Array(_) => own("array"),
        Expr::Tuple(_) => own("row"),
        _ => None,
    }
}

fn last_part(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(ObjectNamePart::as_ident).map(identifier)
}

/// The name that a type has in `pg_type`.
fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Bool | DataType::Boolean => "bool",
        DataType::SmallInt(_) | DataType::Int2(_) => "int2",
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4",
        DataType::BigInt(_) | DataType::Int8(_) => "int8",
        DataType::Real | DataType::Float4 | DataType::Float(ExactNumberInfo::Precision(1..=24)) => "float4",
        DataType::Float(_) | DataType::Float8 | DataType::Double(_) | DataType::DoublePrecision => "float8",
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => "numeric",
        DataType::Char(_) | DataType::Character(_) => "bpchar",
        DataType::Varchar(_) | DataType::CharVarying(_) | DataType::CharacterVarying(_) => "varchar",
        DataType::BitVarying(_) | DataType::VarBit(_) => "varbit",
        DataType::Bit(_) => "bit",
        DataType::Time(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timetz",
        DataType::Time(_, _) => "time",
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timestamptz",
        DataType::Timestamp(_, _) => "timestamp",
        DataType::Interval { .. } => "interval",
        DataType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => return type_name(element),
        DataType::Custom(name, _) => return last_part(name).unwrap_or_else(|| UNNAMED.to_owned()),
        other => return other.to_string().to_lowercase(),
    };
    name.to_owned()
}
