//! The tables of `pg_catalog` that show what is in this database.

mod cluster;
mod constraint;
mod relation;
mod views;

use super::definition::Definition;

/// All of them.
pub(super) fn definitions() -> &'static [Definition] {
    const DEFINITIONS: [Definition; 22] = [
        cluster::PG_AUTHID,
        cluster::PG_DATABASE,
        cluster::PG_NAMESPACE,
        cluster::PG_ROLES,
        cluster::PG_SETTINGS,
        cluster::PG_STAT_ACTIVITY,
        cluster::PG_USER,
        constraint::PG_CONSTRAINT,
        constraint::PG_INDEX,
        relation::PG_ATTRDEF,
        relation::PG_ATTRIBUTE,
        relation::PG_CLASS,
        views::PG_INDEXES,
        views::PG_LOCKS,
        views::PG_MATVIEWS,
        views::PG_SEQUENCES,
        views::PG_STAT_SSL,
        views::PG_STAT_USER_TABLES,
        views::PG_TABLES,
        views::PG_VIEWS,
        views::PG_PREPARED_STATEMENTS,
        views::PG_USER_MAPPINGS,
    ];
    &DEFINITIONS
}
