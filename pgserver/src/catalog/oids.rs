//! Object identifiers: those that every PostgreSQL has, and stable ones for what only exists here.

/// The schemas.
pub(super) const PG_CATALOG: u32 = 11;
pub(super) const PUBLIC: u32 = 2200;
pub(super) const INFORMATION_SCHEMA: u32 = 13_000;
pub(super) const PROLLY: u32 = 13_001;

/// The session's user, who owns everything: the bootstrap superuser's number.
pub(super) const USER: u32 = 10;

/// The tablespace that everything is in.
pub(super) const PG_DEFAULT: u32 = 1663;

/// Access methods of tables and of indexes.
pub(super) const HEAP: u32 = 2;
pub(super) const BTREE: u32 = 403;

/// The collation of text: there is no other.
pub(super) const DEFAULT_COLLATION: u32 = 100;

/// What an identifier is derived for.
#[derive(Clone, Copy)]
pub(super) enum Derived {
    Database,
    Index,
    Constraint,
    ColumnDefault,
    SystemTable,
    NewTable,
}

/// A number that depends on nothing but what it is for: the same in every session and every process. Derived
/// numbers are in the second quarter of the range, so that they show as positive in 32 bits with a sign.
pub(super) fn derived(kind: Derived, name: &str) -> u32 {
    const QUARTER: u32 = 0x4000_0000;
    let tag = [kind as u8];
    // FNV-1a, which is enough to spread a few thousand names.
    let hash = tag.iter().chain(name.as_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let folded = (hash ^ (hash >> 32)) as u32;
    QUARTER | (folded & (QUARTER - 1))
}

/// The schema's number; none if there is no such schema.
pub(super) fn of_schema(name: &str) -> Option<u32> {
    Some(match name {
        "pg_catalog" => PG_CATALOG,
        "public" => PUBLIC,
        "information_schema" => INFORMATION_SCHEMA,
        "prolly" => PROLLY,
        _ => return None,
    })
}

/// A table of `pg_catalog` or `information_schema`.
pub(super) fn of_system_table(schema: &str, name: &str) -> u32 {
    match name {
        "pg_type" => 1247,
        "pg_attribute" => 1249,
        "pg_proc" => 1255,
        "pg_class" => 1259,
        "pg_authid" => 1260,
        "pg_database" => 1262,
        "pg_tablespace" => 1213,
        "pg_am" => 2601,
        "pg_attrdef" => 2604,
        "pg_constraint" => 2606,
        "pg_description" => 2609,
        "pg_index" => 2610,
        "pg_namespace" => 2615,
        "pg_operator" => 2617,
        _ => derived(Derived::SystemTable, &format!("{schema}.{name}")),
    }
}
