//! `regclass`, `regtype` and their like: names as object identifiers, and back.
//!
//! Casts to these types are rewritten to calls of the functions by which PostgreSQL itself does them:
//! `regclassin` and so on from names, `regclassout` and so on to names.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use microprolly_sql::{CatalogView, SqlError, SqlState};
use pgwire::api::Type;

use super::super::oids;
use super::super::relations::{Relation, quote_ident};
use super::super::statics;
use super::{CatalogFunction, oid, oid_value, relation_function, sql_type_name, text, text_value};

pub(super) fn functions(view: &Arc<dyn CatalogView>) -> Vec<CatalogFunction> {
    let kinds = [
        ("regclassin", "to_regclass", "regclassout", Kind::Class),
        ("regtypein", "to_regtype", "regtypeout", Kind::Type),
        ("regprocin", "to_regproc", "regprocout", Kind::Function),
        ("regnamespacein", "to_regnamespace", "regnamespaceout", Kind::Namespace),
        ("regrolein", "to_regrole", "regroleout", Kind::Role),
    ];
    kinds
        .into_iter()
        .flat_map(|(input, lenient, output, kind)| {
            [lookup(input, kind, view, true), lookup(lenient, kind, view, false), show(output, kind, view)]
        })
        .collect()
}

/// What is named.
#[derive(Clone, Copy)]
enum Kind {
    Class,
    Type,
    Function,
    Namespace,
    Role,
}

/// Name to identifier; a name that is a number is that identifier.
fn lookup(name: &'static str, kind: Kind, view: &Arc<dyn CatalogView>, strict: bool) -> CatalogFunction {
    let user = Arc::clone(view);
    relation_function(name, 1..=1, DataType::Int64, view, move |relations, arguments| {
        let Some(text) = text(arguments, 0)? else { return Ok(oid_value(None)) };
        if let Ok(number) = text.trim().parse::<u32>() {
            return Ok(oid_value(Some(number)));
        }
        if text == "-" {
            return Ok(oid_value(Some(0)));
        }
        match kind.find(&parts(&text), &text, relations, &user.user())? {
            None if strict => Err(kind.unknown(&text)),
            found => Ok(oid_value(found)),
        }
    })
}

/// Identifier to name; one that names nothing shows as the number.
fn show(name: &'static str, kind: Kind, view: &Arc<dyn CatalogView>) -> CatalogFunction {
    let user = Arc::clone(view);
    relation_function(name, 1..=1, DataType::Utf8, view, move |relations, arguments| {
        // Some columns of this kind have been exported as names already.
        if let Some(text) = text(arguments, 0)?
            && text.trim().parse::<i64>().is_err()
        {
            return Ok(text_value(Some(text)));
        }
        let Some(oid) = oid(arguments, 0)? else { return Ok(text_value(None)) };
        let name = match oid {
            0 => "-".to_owned(),
            oid => kind.name(oid, relations, &user.user())?.unwrap_or_else(|| oid.to_string()),
        };
        Ok(text_value(Some(name)))
    })
}

impl Kind {
    fn find(
        self,
        parts: &[String],
        text: &str,
        relations: &[Relation],
        user: &str,
    ) -> Result<Option<u32>, SqlError> {
        let (schema, name) = match parts {
            [name] => (None, name.as_str()),
            [schema, name] | [_, schema, name] => (Some(schema.as_str()), name.as_str()),
            _ => return Ok(None),
        };
        Ok(match self {
            Self::Class => relations
                .iter()
                .filter(|relation| relation.name == name)
                .filter(|relation| match schema {
                    Some(schema) => relation.schema == schema,
                    None => relation.is_visible(),
                })
                // A user's table comes before one of pg_catalog, as in the lookup of names.
                .min_by_key(|relation| relation.namespace != oids::PUBLIC)
                .map(|relation| relation.oid),
            Self::Type => find_type(text)?,
            Self::Function => static_oid("pg_proc", "proname", name)?,
            Self::Namespace => oids::of_schema(name),
            Self::Role => (name == user).then_some(oids::USER),
        })
    }

    fn name(self, oid: u32, relations: &[Relation], user: &str) -> Result<Option<String>, SqlError> {
        Ok(match self {
            Self::Class => relations.iter().find(|relation| relation.oid == oid).map(|relation| {
                let name = quote_ident(&relation.name);
                if relation.is_visible() { name } else { format!("{}.{name}", quote_ident(&relation.schema)) }
            }),
            Self::Type => Type::from_oid(oid).map(|pg_type| sql_type_name(&pg_type, -1)),
            Self::Function => static_name("pg_proc", "proname", oid)?,
            Self::Namespace => ["pg_catalog", "public", "information_schema", "prolly"]
                .into_iter()
                .find(|name| oids::of_schema(name) == Some(oid))
                .map(str::to_owned),
            Self::Role => (oid == oids::USER).then(|| quote_ident(user)),
        })
    }

    fn unknown(self, name: &str) -> SqlError {
        let (code, what) = match self {
            Self::Class => (SqlState::UNDEFINED_TABLE, "relation"),
            Self::Type => (SqlState::UNDEFINED_OBJECT, "type"),
            Self::Function => (SqlState::UNDEFINED_FUNCTION, "function"),
            Self::Namespace => (SqlState::INVALID_SCHEMA_NAME, "schema"),
            Self::Role => (SqlState::UNDEFINED_OBJECT, "role"),
        };
        SqlError::new(code, format!("{what} \"{name}\" does not exist"))
    }
}

/// The parts of a qualified name: folded to lower case unless quoted.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.trim().chars().peekable();
    while let Some(char) = chars.next() {
        let Some(part) = parts.last_mut() else { break };
        match char {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            char if quoted => part.push(char),
            char => part.extend(char.to_lowercase()),
        }
    }
    parts
}

/// A type by its name in SQL or in `pg_type`.
fn find_type(text: &str) -> Result<Option<u32>, SqlError> {
    let lower = text.trim().to_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    let (base, is_array) = match lower.strip_suffix("[]") {
        Some(base) => (base.trim_end(), true),
        None => (lower, false),
    };
    // A modifier does not change which type it is.
    let base = base.split_once('(').map_or(base, |(name, _)| name.trim_end()).trim_matches('"');
    let base = match base {
        "boolean" => "bool",
        "smallint" => "int2",
        "integer" | "int" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "decimal" => "numeric",
        "character varying" => "varchar",
        "character" => "bpchar",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        other => other,
    };
    let name = if is_array { format!("_{base}") } else { base.to_owned() };
    static_oid("pg_type", "typname", &name)
}

fn static_oid(table: &str, column: &str, name: &str) -> Result<Option<u32>, SqlError> {
    scan(table, column, |_, candidate| candidate == name).map(|found| found.map(|(oid, _)| oid))
}

fn static_name(table: &str, column: &str, oid: u32) -> Result<Option<String>, SqlError> {
    scan(table, column, |candidate, _| candidate == oid).map(|found| found.map(|(_, name)| name))
}

/// The first object of a built-in table that is wanted, with its identifier and name.
fn scan(
    table: &str,
    column: &str,
    wanted: impl Fn(u32, &str) -> bool,
) -> Result<Option<(u32, String)>, SqlError> {
    let internal = || SqlError::internal(format!("the built-in {table} has another form than expected"));
    let tables = statics::tables()?;
    let batch = tables.get(table).ok_or_else(internal)?;
    let column_of = |name: &str, data_type: &DataType| {
        let array = batch.column_by_name(name).ok_or_else(internal)?;
        cast(array, data_type).map_err(|_| internal())
    };
    let oids = column_of("oid", &DataType::Int64)?;
    let oids = oids.as_primitive::<Int64Type>();
    let names = column_of(column, &DataType::Utf8)?;
    let names = names.as_string::<i32>();
    Ok((0..batch.num_rows())
        .filter(|&row| oids.is_valid(row) && names.is_valid(row))
        .map(|row| (oids.value(row) as u32, names.value(row)))
        .find(|(oid, name)| wanted(*oid, name))
        .map(|(oid, name)| (oid, name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names_come_apart_at_dots_outside_quotes() {
        assert_eq!(parts("Public.Flights"), ["public", "flights"]);
        assert_eq!(parts("\"a.B\"\".c\""), ["a.B\".c"]);
    }

    #[test]
    fn types_are_found_by_either_name() {
        for (name, oid) in [
            ("integer", 23),
            ("int4", 23),
            ("pg_catalog.text", 25),
            ("numeric(10,2)", 1700),
            ("text[]", 1009),
            ("timestamp with time zone", 1184),
        ] {
            assert_eq!(find_type(name).unwrap(), Some(oid), "{name}");
        }
        assert_eq!(find_type("nosuch").unwrap(), None);
    }
}
