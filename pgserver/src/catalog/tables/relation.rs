//! Tables, views and indexes, and their columns.

use microprolly_sql::{CatalogView, SqlError};
use pgwire::api::Type;

use super::super::definition::Kind::{Bool, Char, Float4, Int2, Int4, Int8, Name, Oid, Text, Texts};
use super::super::definition::{Definition, Row, row};
use super::super::oids::{self, Derived};
use super::super::relations::{Attribute, Relation, all_relations, user_relations};

pub(super) const PG_CLASS: Definition = Definition {
    name: "pg_class",
    columns: &[
        ("oid", Oid),
        ("relname", Name),
        ("relnamespace", Oid),
        ("reltype", Oid),
        ("reloftype", Oid),
        ("relowner", Oid),
        ("relam", Oid),
        ("relfilenode", Oid),
        ("reltablespace", Oid),
        ("relpages", Int4),
        ("reltuples", Float4),
        ("relallvisible", Int4),
        ("reltoastrelid", Oid),
        ("relhasindex", Bool),
        ("relisshared", Bool),
        ("relpersistence", Char),
        ("relkind", Char),
        ("relnatts", Int2),
        ("relchecks", Int2),
        ("relhasrules", Bool),
        ("relhastriggers", Bool),
        ("relhassubclass", Bool),
        ("relrowsecurity", Bool),
        ("relforcerowsecurity", Bool),
        ("relispopulated", Bool),
        ("relreplident", Char),
        ("relispartition", Bool),
        ("relrewrite", Oid),
        ("relfrozenxid", Int8),
        ("relminmxid", Int8),
        ("relacl", Texts),
        ("reloptions", Texts),
        ("relpartbound", Text),
    ],
    rows: |view| Ok(all_relations(view)?.iter().map(class).collect()),
};

fn class(relation: &Relation) -> Row {
    row! {
        oid: relation.oid,
        relname: relation.name.clone(),
        relnamespace: relation.namespace,
        relowner: oids::USER,
        relam: match relation.kind {
            "r" => oids::HEAP,
            "i" => oids::BTREE,
            _ => 0,
        },
        relfilenode: if relation.kind == "v" { 0 } else { relation.oid },
        reltuples: relation.estimated_rows.map_or(-1.0, |rows| rows as f32),
        relhasindex: relation.primary_key.is_some(),
        relpersistence: "p",
        relkind: relation.kind,
        relnatts: relation.columns.len() as i16,
        relispopulated: true,
        relreplident: "d",
    }
}

pub(super) const PG_ATTRIBUTE: Definition = Definition {
    name: "pg_attribute",
    columns: &[
        ("attrelid", Oid),
        ("attname", Name),
        ("atttypid", Oid),
        ("attstattarget", Int4),
        ("attlen", Int2),
        ("attnum", Int2),
        ("attndims", Int4),
        ("attcacheoff", Int4),
        ("atttypmod", Int4),
        ("attbyval", Bool),
        ("attalign", Char),
        ("attstorage", Char),
        ("attcompression", Char),
        ("attnotnull", Bool),
        ("atthasdef", Bool),
        ("atthasmissing", Bool),
        ("attidentity", Char),
        ("attgenerated", Char),
        ("attisdropped", Bool),
        ("attislocal", Bool),
        ("attinhcount", Int4),
        ("attcollation", Oid),
        ("attacl", Texts),
        ("attoptions", Texts),
        ("attfdwoptions", Texts),
        ("attmissingval", Text),
    ],
    rows: attributes,
};

fn attributes(view: &dyn CatalogView) -> Result<Vec<Row>, SqlError> {
    let relations = all_relations(view)?;
    let of = |relation: &Relation| {
        let oid = relation.oid;
        relation.columns.iter().map(move |column| attribute(oid, column)).collect::<Vec<_>>()
    };
    Ok(relations.iter().flat_map(of).collect())
}

fn attribute(relation: u32, column: &Attribute) -> Row {
    let bytes = column.bytes();
    row! {
        attrelid: relation,
        attname: column.name.clone(),
        atttypid: column.pg_type.oid(),
        attstattarget: -1,
        attlen: bytes,
        attnum: column.number,
        attndims: column.dimensions,
        attcacheoff: -1,
        atttypmod: column.modifier,
        attbyval: matches!(bytes, 1..=8),
        attalign: match bytes {
            1 => "c",
            2 => "s",
            8 => "d",
            _ => "i",
        },
        attstorage: match column.pg_type {
            Type::NUMERIC => "m",
            _ if bytes > 0 => "p",
            _ => "x",
        },
        attnotnull: column.not_null,
        atthasdef: column.default.is_some(),
        attislocal: true,
        attcollation: column.collation(),
    }
}

pub(super) const PG_ATTRDEF: Definition = Definition {
    name: "pg_attrdef",
    columns: &[("oid", Oid), ("adrelid", Oid), ("adnum", Int2), ("adbin", Text)],
    rows: |view| {
        let relations = user_relations(view)?;
        let defaults = relations.iter().flat_map(|relation| {
            relation.columns.iter().filter_map(|column| {
                let default = column.default.clone()?;
                let identity = format!("{}.{}", relation.oid, column.number);
                Some(row! {
                    oid: oids::derived(Derived::ColumnDefault, &identity),
                    adrelid: relation.oid,
                    adnum: column.number,
                    adbin: default,
                })
            })
        });
        Ok(defaults.collect())
    },
};
