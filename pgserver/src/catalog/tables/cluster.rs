//! What PostgreSQL has once for all databases: branches as databases, roles, settings.

use microprolly_sql::{CatalogView, SettingInfo, SqlError};

use super::super::definition::Kind::{Bool, Char, Int4, Int8, Name, Oid, Text, Texts, Timestamptz};
use super::super::definition::{Definition, Row, row};
use super::super::oids::{self, Derived};
use super::super::session;

/// `pg_encoding` of UTF-8.
const UTF8: i32 = 6;

pub(super) const PG_DATABASE: Definition = Definition {
    name: "pg_database",
    columns: &[
        ("oid", Oid),
        ("datname", Name),
        ("datdba", Oid),
        ("encoding", Int4),
        ("datlocprovider", Char),
        ("datistemplate", Bool),
        ("datallowconn", Bool),
        ("datconnlimit", Int4),
        ("datfrozenxid", Int8),
        ("datminmxid", Int8),
        ("dattablespace", Oid),
        ("datcollate", Text),
        ("datctype", Text),
        ("daticulocale", Text),
        ("datcollversion", Text),
        ("datacl", Texts),
    ],
    rows: databases,
};

/// Every branch; and the present version, if the session is at a tag or a commit.
fn databases(view: &dyn CatalogView) -> Result<Vec<Row>, SqlError> {
    let mut names = view.branches()?;
    let current = session::database(view);
    if !names.contains(&current) {
        names.push(current);
    }
    let database = |name: String| {
        row! {
            oid: oids::derived(Derived::Database, &name),
            datname: name,
            datdba: oids::USER,
            encoding: UTF8,
            datlocprovider: "c",
            datallowconn: true,
            datconnlimit: -1,
            dattablespace: oids::PG_DEFAULT,
            datcollate: "C",
            datctype: "C.UTF-8",
        }
    };
    Ok(names.into_iter().map(database).collect())
}

pub(super) const PG_NAMESPACE: Definition = Definition {
    name: "pg_namespace",
    columns: &[("oid", Oid), ("nspname", Name), ("nspowner", Oid), ("nspacl", Texts)],
    rows: |_| {
        let namespace = |name: &str| {
            row! { oid: oids::of_schema(name).unwrap_or_default(), nspname: name, nspowner: oids::USER }
        };
        Ok(["pg_catalog", "public", "information_schema", "prolly"].map(namespace).into())
    },
};

pub(super) const PG_ROLES: Definition = Definition {
    name: "pg_roles",
    columns: &[
        ("rolname", Name),
        ("rolsuper", Bool),
        ("rolinherit", Bool),
        ("rolcreaterole", Bool),
        ("rolcreatedb", Bool),
        ("rolcanlogin", Bool),
        ("rolreplication", Bool),
        ("rolconnlimit", Int4),
        ("rolpassword", Text),
        ("rolvaliduntil", Timestamptz),
        ("rolbypassrls", Bool),
        ("rolconfig", Texts),
        ("oid", Oid),
    ],
    rows: roles,
};

pub(super) const PG_AUTHID: Definition = Definition {
    name: "pg_authid",
    columns: &[
        ("oid", Oid),
        ("rolname", Name),
        ("rolsuper", Bool),
        ("rolinherit", Bool),
        ("rolcreaterole", Bool),
        ("rolcreatedb", Bool),
        ("rolcanlogin", Bool),
        ("rolreplication", Bool),
        ("rolbypassrls", Bool),
        ("rolconnlimit", Int4),
        ("rolpassword", Text),
        ("rolvaliduntil", Timestamptz),
    ],
    rows: roles,
};

/// The session's user, who may do everything.
fn roles(view: &dyn CatalogView) -> Result<Vec<Row>, SqlError> {
    Ok(vec![row! {
        oid: oids::USER,
        rolname: view.user(),
        rolsuper: true,
        rolinherit: true,
        rolcreaterole: true,
        rolcreatedb: true,
        rolcanlogin: true,
        rolbypassrls: true,
        rolconnlimit: -1,
    }])
}

pub(super) const PG_USER: Definition = Definition {
    name: "pg_user",
    columns: &[
        ("usename", Name),
        ("usesysid", Oid),
        ("usecreatedb", Bool),
        ("usesuper", Bool),
        ("userepl", Bool),
        ("usebypassrls", Bool),
        ("passwd", Text),
        ("valuntil", Timestamptz),
        ("useconfig", Texts),
    ],
    rows: |view| {
        Ok(vec![row! {
            usename: view.user(),
            usesysid: oids::USER,
            usecreatedb: true,
            usesuper: true,
            usebypassrls: true,
        }])
    },
};

pub(super) const PG_STAT_ACTIVITY: Definition = Definition {
    name: "pg_stat_activity",
    columns: &[
        ("datid", Oid),
        ("datname", Name),
        ("pid", Int4),
        ("usesysid", Oid),
        ("usename", Name),
        ("application_name", Text),
        ("client_addr", Text),
        ("client_port", Int4),
        ("backend_start", Timestamptz),
        ("query_start", Timestamptz),
        ("state", Text),
        ("query", Text),
        ("backend_type", Text),
    ],
    // Other sessions are none of a session's business; of its own it knows where it is.
    rows: |view| {
        let database = session::database(view);
        Ok(vec![row! {
            datid: oids::derived(Derived::Database, &database),
            datname: database,
            usesysid: oids::USER,
            usename: view.user(),
            state: "active",
            backend_type: "client backend",
        }])
    },
};

pub(super) const PG_SETTINGS: Definition = Definition {
    name: "pg_settings",
    columns: &[
        ("name", Text),
        ("setting", Text),
        ("unit", Text),
        ("category", Text),
        ("short_desc", Text),
        ("extra_desc", Text),
        ("context", Text),
        ("vartype", Text),
        ("source", Text),
        ("min_val", Text),
        ("max_val", Text),
        ("enumvals", Texts),
        ("boot_val", Text),
        ("reset_val", Text),
        ("sourcefile", Text),
        ("sourceline", Int4),
        ("pending_restart", Bool),
    ],
    rows: |view| {
        let setting = |setting: SettingInfo| {
            row! {
                name: setting.name,
                setting: setting.value,
                category: if setting.is_fixed { "Preset Options" } else { "Client Connection Defaults" },
                short_desc: setting.description,
                context: if setting.is_fixed { "internal" } else { "user" },
                vartype: "string",
                source: "default",
            }
        };
        Ok(view.settings().into_iter().map(setting).collect())
    },
};
