//! What SET changes and SHOW shows.

use std::collections::BTreeMap;

use crate::error::{SqlError, SqlState};

/// A setting: its name, what it is without being set, whether SET may change
/// it, and what it does.
struct Definition {
    name: &'static str,
    default: &'static str,
    kind: SettingKind,
    description: &'static str,
}

enum SettingKind {
    /// Any text.
    Text,
    /// `on` or `off`.
    Switch,
    /// One of these, whatever the case.
    OneOf(&'static [&'static str]),
    /// Shown, never set.
    Fixed,
}

use SettingKind::{Fixed, OneOf, Switch, Text};

/// Every setting, by name.
const SETTINGS: &[Definition] = &[
    define("application_name", "", Text, "Sets the application name to be reported."),
    define("bytea_output", "hex", OneOf(&["hex"]), "Sets the output format for bytea."),
    define(
        "client_encoding",
        "UTF8",
        OneOf(&["UTF8", "UTF-8", "unicode", "SQL_ASCII"]),
        "Sets the client's character set encoding.",
    ),
    define("client_min_messages", "notice", Text, "Sets the message levels that are sent to the client."),
    define("datestyle", "ISO, MDY", Text, "Sets the display format for date and time values; always ISO."),
    define("default_transaction_isolation", "repeatable read", Text, "Transactions see one snapshot."),
    define("default_transaction_read_only", "off", Switch, "Sets whether new transactions are read-only."),
    define("extra_float_digits", "1", Text, "Floats are always shown with as many digits as they need."),
    define(
        "idle_in_transaction_session_timeout",
        "0",
        Text,
        "Accepted for clients that set it; without effect.",
    ),
    define("integer_datetimes", "on", Fixed, "Shows whether datetimes are integer based."),
    define("intervalstyle", "postgres", Text, "Sets the display format for interval values."),
    define("is_superuser", "on", Fixed, "Shows whether the current user is a superuser."),
    define("lc_collate", "C", Fixed, "Shows the collation order: bytes."),
    define("lc_ctype", "C.UTF-8", Fixed, "Shows the character classification."),
    define("lock_timeout", "0", Text, "Accepted for clients that set it; nothing waits for locks."),
    define("max_identifier_length", "63", Fixed, "Shows the maximum identifier length in bytes."),
    define(
        "microprolly.as_of",
        "",
        Text,
        "The revision that tables without a version read; empty for the present.",
    ),
    define("microprolly.auto_version", "off", Switch, "Makes every transaction a version."),
    define("microprolly.branch", "main", Text, "The branch that the session works on."),
    define(
        "search_path",
        "public",
        Text,
        "Sets the schema search order; names are looked up in public, then pg_catalog.",
    ),
    define("server_encoding", "UTF8", Fixed, "Shows the server's character set encoding."),
    define("server_version", "15.0", Fixed, "Shows the version of Postgres whose protocol is spoken."),
    define("server_version_num", "150000", Fixed, "Shows that version as a number."),
    define(
        "standard_conforming_strings",
        "on",
        OneOf(&["on"]),
        "Backslashes in ordinary strings are ordinary.",
    ),
    define("statement_timeout", "0", Text, "Accepted for clients that set it; without effect."),
    define("synchronous_commit", "on", Text, "Commits always wait for the disk."),
    define(
        "timezone",
        "UTC",
        OneOf(&["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "0", "+00", "+00:00"]),
        "The time zone for displaying time stamps: UTC.",
    ),
    define(
        "transaction_isolation",
        "repeatable read",
        Text,
        "Shows the isolation level: one snapshot per transaction.",
    ),
    define("transaction_read_only", "off", Switch, "Sets whether the present transaction is read-only."),
];

const fn define(
    name: &'static str,
    default: &'static str,
    kind: SettingKind,
    description: &'static str,
) -> Definition {
    Definition { name, default, kind, description }
}

/// The settings of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, String>,
    /// Names with a dot that nobody defined, which Postgres also takes.
    custom: BTreeMap<String, String>,
}

impl Settings {
    /// The value of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        match find(&name) {
            Some(setting) => Some(self.values.get(setting.name).map_or(setting.default, String::as_str)),
            None => self.custom.get(&name).map(String::as_str),
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("on")
    }

    /// Sets a value; none sets the default.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), SqlError> {
        let name = name.to_lowercase();
        let Some(setting) = find(&name) else {
            if name.contains('.') && !name.starts_with("microprolly.") {
                match value {
                    Some(value) => self.custom.insert(name, value.to_owned()),
                    None => self.custom.remove(&name),
                };
                return Ok(());
            }
            return Err(unknown(&name));
        };
        let Some(value) = value else {
            self.values.remove(setting.name);
            return Ok(());
        };
        let refuse = |hint: String| {
            SqlError::new(
                SqlState::INVALID_PARAMETER_VALUE,
                format!("invalid value for parameter \"{}\": \"{value}\"", setting.name),
            )
            .with_hint(hint)
        };
        let value = match setting.kind {
            Text => value.to_owned(),
            Switch => {
                switch(value).ok_or_else(|| refuse("Available values: on, off.".to_owned()))?.to_owned()
            }
            OneOf(values) => {
                if !values.iter().any(|allowed| allowed.eq_ignore_ascii_case(value)) {
                    return Err(refuse(format!("Available values: {}.", values.join(", "))));
                }
                // The first is the name by which all of them go.
                values.first().copied().unwrap_or(value).to_owned()
            }
            Fixed => {
                return Err(SqlError::new(
                    SqlState::CANT_CHANGE_RUNTIME_PARAM,
                    format!("parameter \"{}\" cannot be changed", setting.name),
                ));
            }
        };
        self.values.insert(setting.name, value);
        Ok(())
    }

    /// Every setting: name, value, description.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let defined = SETTINGS.iter().map(|setting| {
            (
                setting.name,
                self.values.get(setting.name).map_or(setting.default, String::as_str),
                setting.description,
            )
        });
        defined.chain(self.custom.iter().map(|(name, value)| (name.as_str(), value.as_str(), "")))
    }
}

fn find(name: &str) -> Option<&'static Definition> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

fn switch(value: &str) -> Option<&'static str> {
    match value.to_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Some("on"),
        "off" | "false" | "no" | "0" | "f" | "n" => Some("off"),
        _ => None,
    }
}

/// An unknown name, with the one that it resembles.
pub(crate) fn unknown(name: &str) -> SqlError {
    let error =
        SqlError::new(SqlState::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\""));
    let near = SETTINGS
        .iter()
        .map(|setting| (strsim::jaro_winkler(setting.name, name), setting.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, near)) => error.with_hint(format!("Did you mean \"{near}\"?")),
        None => error,
    }
}
