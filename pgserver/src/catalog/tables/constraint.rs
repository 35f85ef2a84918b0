//! Primary keys, as indexes and as constraints.

use super::super::definition::Kind::{Bool, Char, Int2, Int2s, Name, Oid, Oids, Text};
use super::super::definition::{Definition, row};
use super::super::relations::user_relations;

/// An ascending order with nulls last, in `indoption`.
const ASCENDING: i16 = 0;

pub(super) const PG_INDEX: Definition = Definition {
    name: "pg_index",
    columns: &[
        ("indexrelid", Oid),
        ("indrelid", Oid),
        ("indnatts", Int2),
        ("indnkeyatts", Int2),
        ("indisunique", Bool),
        ("indnullsnotdistinct", Bool),
        ("indisprimary", Bool),
        ("indisexclusion", Bool),
        ("indimmediate", Bool),
        ("indisclustered", Bool),
        ("indisvalid", Bool),
        ("indcheckxmin", Bool),
        ("indisready", Bool),
        ("indislive", Bool),
        ("indisreplident", Bool),
        ("indkey", Int2s),
        ("indcollation", Oids),
        ("indclass", Oids),
        ("indoption", Int2s),
        ("indexprs", Text),
        ("indpred", Text),
    ],
    rows: |view| {
        let relations = user_relations(view)?;
        let indexes = relations.iter().filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            let count = key.columns.len();
            let collations = key.columns.iter().map(|number| {
                let column = table.columns.iter().find(|column| column.number == *number);
                column.map_or(0, |column| column.collation())
            });
            Some(row! {
                indexrelid: key.index_oid,
                indrelid: table.oid,
                indnatts: count as i16,
                indnkeyatts: count as i16,
                indisunique: true,
                indisprimary: true,
                indimmediate: true,
                indisvalid: true,
                indisready: true,
                indislive: true,
                indkey: key.columns.clone(),
                indcollation: collations.collect::<Vec<u32>>(),
                indclass: vec![0_u32; count],
                indoption: vec![ASCENDING; count],
            })
        });
        Ok(indexes.collect())
    },
};

pub(super) const PG_CONSTRAINT: Definition = Definition {
    name: "pg_constraint",
    columns: &[
        ("oid", Oid),
        ("conname", Name),
        ("connamespace", Oid),
        ("contype", Char),
        ("condeferrable", Bool),
        ("condeferred", Bool),
        ("convalidated", Bool),
        ("conrelid", Oid),
        ("contypid", Oid),
        ("conindid", Oid),
        ("conparentid", Oid),
        ("confrelid", Oid),
        ("confupdtype", Char),
        ("confdeltype", Char),
        ("confmatchtype", Char),
        ("conislocal", Bool),
        ("coninhcount", Int2),
        ("connoinherit", Bool),
        ("conkey", Int2s),
        ("confkey", Int2s),
        ("conpfeqop", Oids),
        ("conppeqop", Oids),
        ("conffeqop", Oids),
        ("confdelsetcols", Int2s),
        ("conexclop", Oids),
        ("conbin", Text),
    ],
    rows: |view| {
        let relations = user_relations(view)?;
        let constraints = relations.iter().filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            Some(row! {
                oid: key.constraint_oid,
                conname: key.name.clone(),
                connamespace: table.namespace,
                contype: "p",
                convalidated: true,
                conrelid: table.oid,
                conindid: key.index_oid,
                confupdtype: " ",
                confdeltype: " ",
                confmatchtype: " ",
                conislocal: true,
                connoinherit: true,
                conkey: key.columns.clone(),
            })
        });
        Ok(constraints.collect())
    },
};
