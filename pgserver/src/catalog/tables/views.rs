//! The system views over the tables, in the words of people.

use super::super::definition::Kind::{Bool, Int2, Int4, Int8, Name, Oid, Oids, Text, Texts, Timestamptz};
use super::super::definition::{Definition, row};
use super::super::functions::index_definition;
use super::super::relations::{all_relations, user_relations};

pub(super) const PG_TABLES: Definition = Definition {
    name: "pg_tables",
    columns: &[
        ("schemaname", Name),
        ("tablename", Name),
        ("tableowner", Name),
        ("tablespace", Name),
        ("hasindexes", Bool),
        ("hasrules", Bool),
        ("hastriggers", Bool),
        ("rowsecurity", Bool),
    ],
    rows: |view| {
        let relations = all_relations(view)?;
        let tables = relations.iter().filter(|relation| relation.kind == "r").map(|relation| {
            row! {
                schemaname: relation.schema.clone(),
                tablename: relation.name.clone(),
                tableowner: view.user(),
                hasindexes: relation.primary_key.is_some(),
            }
        });
        Ok(tables.collect())
    },
};

pub(super) const PG_VIEWS: Definition = Definition {
    name: "pg_views",
    columns: &[("schemaname", Name), ("viewname", Name), ("viewowner", Name), ("definition", Text)],
    rows: |view| {
        let relations = all_relations(view)?;
        let views = relations.iter().filter(|relation| relation.kind == "v").map(|relation| {
            row! {
                schemaname: relation.schema.clone(),
                viewname: relation.name.clone(),
                viewowner: view.user(),
            }
        });
        Ok(views.collect())
    },
};

pub(super) const PG_INDEXES: Definition = Definition {
    name: "pg_indexes",
    columns: &[
        ("schemaname", Name),
        ("tablename", Name),
        ("indexname", Name),
        ("tablespace", Name),
        ("indexdef", Text),
    ],
    rows: |view| {
        let relations = user_relations(view)?;
        let indexes = relations.iter().filter_map(|table| {
            let key = table.primary_key.as_ref()?;
            Some(row! {
                schemaname: table.schema.clone(),
                tablename: table.name.clone(),
                indexname: key.name.clone(),
                indexdef: index_definition(table, key),
            })
        });
        Ok(indexes.collect())
    },
};

pub(super) const PG_STAT_USER_TABLES: Definition = Definition {
    name: "pg_stat_user_tables",
    columns: &[
        ("relid", Oid),
        ("schemaname", Name),
        ("relname", Name),
        ("seq_scan", Int8),
        ("idx_scan", Int8),
        ("n_live_tup", Int8),
        ("n_dead_tup", Int8),
        ("last_vacuum", Timestamptz),
        ("last_analyze", Timestamptz),
    ],
    rows: |view| {
        let relations = user_relations(view)?;
        let tables = relations.iter().filter(|relation| relation.kind == "r").map(|relation| {
            row! {
                relid: relation.oid,
                schemaname: relation.schema.clone(),
                relname: relation.name.clone(),
                n_live_tup: relation.estimated_rows.unwrap_or_default() as i64,
            }
        });
        Ok(tables.collect())
    },
};

pub(super) const PG_MATVIEWS: Definition = Definition::empty(
    "pg_matviews",
    &[
        ("schemaname", Name),
        ("matviewname", Name),
        ("matviewowner", Name),
        ("tablespace", Name),
        ("hasindexes", Bool),
        ("ispopulated", Bool),
        ("definition", Text),
    ],
);

pub(super) const PG_SEQUENCES: Definition = Definition::empty(
    "pg_sequences",
    &[
        ("schemaname", Name),
        ("sequencename", Name),
        ("sequenceowner", Name),
        ("data_type", Text),
        ("start_value", Int8),
        ("min_value", Int8),
        ("max_value", Int8),
        ("increment_by", Int8),
        ("cycle", Bool),
        ("cache_size", Int8),
        ("last_value", Int8),
    ],
);

pub(super) const PG_LOCKS: Definition = Definition::empty(
    "pg_locks",
    &[
        ("locktype", Text),
        ("database", Oid),
        ("relation", Oid),
        ("page", Int4),
        ("tuple", Int2),
        ("virtualxid", Text),
        ("transactionid", Int8),
        ("classid", Oid),
        ("objid", Oid),
        ("objsubid", Int2),
        ("virtualtransaction", Text),
        ("pid", Int4),
        ("mode", Text),
        ("granted", Bool),
        ("fastpath", Bool),
        ("waitstart", Timestamptz),
    ],
);

pub(super) const PG_STAT_SSL: Definition = Definition::empty(
    "pg_stat_ssl",
    &[("pid", Int4), ("ssl", Bool), ("version", Text), ("cipher", Text), ("bits", Int4)],
);

pub(super) const PG_PREPARED_STATEMENTS: Definition = Definition::empty(
    "pg_prepared_statements",
    &[
        ("name", Text),
        ("statement", Text),
        ("prepare_time", Timestamptz),
        ("parameter_types", Oids),
        ("from_sql", Bool),
    ],
);

pub(super) const PG_USER_MAPPINGS: Definition = Definition::empty(
    "pg_user_mappings",
    &[
        ("umid", Oid),
        ("srvid", Oid),
        ("srvname", Name),
        ("umuser", Oid),
        ("usename", Name),
        ("umoptions", Texts),
    ],
);
