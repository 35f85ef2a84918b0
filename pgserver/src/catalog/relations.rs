//! What there is: tables, their columns, their primary keys' indexes, in the form the catalog tables share.

use arrow::datatypes::Schema;
use microprolly_sql::{CatalogView, ColumnInfo, SqlError, TableInfo};
use pgwire::api::Type;

use super::definition::Definition;
use super::oids::{self, Derived};
use super::{information_schema, statics, tables};
use crate::types::{pg_type, type_bytes, type_modifier};

/// A table, a view, or an index.
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) namespace: u32,
    pub(super) name: String,
    /// `pg_class.relkind`: `r` table, `v` view, `i` index.
    pub(super) kind: &'static str,
    pub(super) columns: Vec<Attribute>,
    pub(super) estimated_rows: Option<u64>,
    pub(super) primary_key: Option<PrimaryKey>,
}

/// A column of a relation.
pub(super) struct Attribute {
    /// From 1.
    pub(super) number: i16,
    pub(super) name: String,
    pub(super) pg_type: Type,
    pub(super) modifier: i32,
    pub(super) dimensions: i32,
    pub(super) not_null: bool,
    /// Its SQL text.
    pub(super) default: Option<String>,
}

/// The primary key of a table, which shows as an index and a constraint.
pub(super) struct PrimaryKey {
    pub(super) index_oid: u32,
    pub(super) constraint_oid: u32,
    pub(super) name: String,
    /// Numbers of the columns, in key order.
    pub(super) columns: Vec<i16>,
}

impl Relation {
    /// Names of the primary key's columns, in key order.
    pub(super) fn key_names(&self) -> Vec<String> {
        let numbers = self.primary_key.iter().flat_map(|key| &key.columns);
        numbers
            .filter_map(|number| self.columns.iter().find(|column| column.number == *number))
            .map(|column| column.name.clone())
            .collect()
    }

    /// `(a, b)`, quoted where they must be.
    pub(super) fn key_list(&self) -> String {
        let names: Vec<String> = self.key_names().iter().map(|name| quote_ident(name)).collect();
        format!("({})", names.join(", "))
    }

    /// Whether an unqualified name means this relation.
    pub(super) fn is_visible(&self) -> bool {
        matches!(self.namespace, oids::PUBLIC | oids::PG_CATALOG)
    }
}

impl Attribute {
    /// Bytes of each value, or -1.
    pub(super) fn bytes(&self) -> i16 {
        type_bytes(&self.pg_type)
    }

    /// The collation of text, 0 for what has none.
    pub(super) fn collation(&self) -> u32 {
        match self.pg_type {
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::TEXT_ARRAY | Type::VARCHAR_ARRAY => {
                oids::DEFAULT_COLLATION
            }
            _ => 0,
        }
    }
}

/// The tables that a user made, and the system tables of `prolly`.
pub(super) fn user_relations(view: &dyn CatalogView) -> Result<Vec<Relation>, SqlError> {
    Ok(view.tables()?.into_iter().filter_map(from_table).collect())
}

/// Everything, with the catalogs themselves and with indexes.
pub(super) fn all_relations(view: &dyn CatalogView) -> Result<Vec<Relation>, SqlError> {
    let mut relations = user_relations(view)?;
    let indexes: Vec<Relation> = relations.iter().filter_map(index_relation).collect();
    relations.extend(indexes);
    let live = |schema, definitions: &'static [Definition]| {
        definitions.iter().map(move |definition| from_schema(schema, definition.name, &definition.schema()))
    };
    relations.extend(live("pg_catalog", tables::definitions()));
    relations.extend(live("information_schema", information_schema::definitions()));
    for (name, batch) in statics::tables()?.iter() {
        if !tables::definitions().iter().any(|definition| definition.name == *name) {
            relations.push(from_schema("pg_catalog", name, &batch.schema()));
        }
    }
    Ok(relations)
}

fn from_table(table: TableInfo) -> Option<Relation> {
    let namespace = oids::of_schema(&table.schema)?;
    // A table gets its number when the transaction that makes it commits.
    let oid = match table.oid {
        0 => oids::derived(Derived::NewTable, &table.name),
        oid => oid,
    };
    let columns: Vec<Attribute> =
        (1..).zip(&table.columns).map(|(number, column)| attribute(number, column)).collect();
    let number_of =
        |name: &String| columns.iter().find(|column| column.name == *name).map(|column| column.number);
    let key: Vec<i16> = table.primary_key.iter().filter_map(number_of).collect();
    let primary_key = (!key.is_empty() && table.schema == "public").then(|| {
        let identity = oid.to_string();
        PrimaryKey {
            index_oid: oids::derived(Derived::Index, &identity),
            constraint_oid: oids::derived(Derived::Constraint, &identity),
            name: format!("{}_pkey", table.name),
            columns: key,
        }
    });
    Some(Relation {
        oid,
        namespace,
        kind: if table.schema == "public" { "r" } else { "v" },
        schema: table.schema,
        name: table.name,
        columns,
        estimated_rows: table.estimated_rows,
        primary_key,
    })
}

fn attribute(number: i16, column: &ColumnInfo) -> Attribute {
    let mut dimensions = 0;
    let mut data_type = column.field.data_type();
    while let arrow::datatypes::DataType::List(element) = data_type {
        dimensions += 1;
        data_type = element.data_type();
    }
    Attribute {
        number,
        name: column.name.clone(),
        pg_type: pg_type(&column.field),
        modifier: type_modifier(&column.field),
        dimensions,
        not_null: column.not_null,
        default: column.default.clone(),
    }
}

/// The index that a primary key shows as.
fn index_relation(table: &Relation) -> Option<Relation> {
    let key = table.primary_key.as_ref()?;
    let columns = (1..)
        .zip(&key.columns)
        .filter_map(|(number, column)| {
            let column = table.columns.iter().find(|candidate| candidate.number == *column)?;
            Some(Attribute {
                number,
                name: column.name.clone(),
                pg_type: column.pg_type.clone(),
                modifier: column.modifier,
                dimensions: column.dimensions,
                not_null: false,
                default: None,
            })
        })
        .collect();
    Some(Relation {
        oid: key.index_oid,
        schema: table.schema.clone(),
        namespace: table.namespace,
        name: key.name.clone(),
        kind: "i",
        columns,
        estimated_rows: table.estimated_rows,
        primary_key: None,
    })
}

fn from_schema(schema: &str, name: &str, columns: &Schema) -> Relation {
    let columns = (1..)
        .zip(columns.fields())
        .map(|(number, field)| Attribute {
            number,
            name: field.name().clone(),
            pg_type: pg_type(field),
            modifier: type_modifier(field),
            dimensions: 0,
            not_null: false,
            default: None,
        })
        .collect();
    Relation {
        oid: oids::of_system_table(schema, name),
        schema: schema.to_owned(),
        namespace: oids::of_schema(schema).unwrap_or_default(),
        name: name.to_owned(),
        kind: if schema == "pg_catalog" { "r" } else { "v" },
        columns,
        estimated_rows: None,
        primary_key: None,
    }
}

/// A name as it must be written in SQL.
pub(super) fn quote_ident(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
        && !is_reserved(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Words that cannot name a table or column without quotes.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 77] = [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "current_catalog",
        "current_date",
        "current_role",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "grant",
        "group",
        "having",
        "in",
        "initially",
        "intersect",
        "into",
        "lateral",
        "leading",
        "limit",
        "localtime",
        "localtimestamp",
        "not",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "placing",
        "primary",
        "references",
        "returning",
        "select",
        "session_user",
        "some",
        "symmetric",
        "system_user",
        "table",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "when",
        "where",
        "window",
    ];
    RESERVED.binary_search(&name).is_ok() || name == "with"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for plain in ["flights", "dep_time", "_x1"] {
            assert_eq!(quote_ident(plain), plain);
        }
        assert_eq!(quote_ident("user"), "\"user\"");
        assert_eq!(quote_ident("Order"), "\"Order\"");
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_ident("1st"), "\"1st\"");
        assert_eq!(quote_ident(""), "\"\"");
    }
}
