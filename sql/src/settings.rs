//! What SET changes and SHOW shows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::database_setting::{COMPRESSION, GARBAGE_COLLECTION};
use crate::error::{SqlError, SqlState};

/// A setting as SHOW ALL lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingInfo {
    /// Its name, in lower case.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// What it does, in one sentence; empty for one that the client made up.
    pub description: &'static str,
    /// Whether SET cannot change it.
    pub is_fixed: bool,
}

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
    /// A time, in milliseconds or with its unit; `0` for none.
    Time,
    /// Shown, never set.
    Fixed,
}

use SettingKind::{Fixed, OneOf, Switch, Text, Time};

/// How long a statement may take.
pub(crate) const STATEMENT_TIMEOUT: &str = "statement_timeout";

/// Every setting, by name.
const SETTINGS: &[Definition] = &[
    define("application_name", "", Text, "Sets the application name to be reported."),
    define("block_size", "8192", Fixed, "Shows the size of a disk block, of which there are none here."),
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
    define("max_index_keys", "32", Fixed, "Shows the maximum number of columns of an index."),
    define(
        "microprolly.as_of",
        "",
        Text,
        "The revision that tables without a version read; empty for the present.",
    ),
    define("microprolly.auto_version", "off", Switch, "Makes every transaction a version."),
    define("microprolly.branch", "main", Text, "The branch that the session works on."),
    define(
        COMPRESSION,
        "zstd(1)",
        Fixed,
        "Shows how what is written is stored; ALTER DATABASE SET compression changes it.",
    ),
    define(
        GARBAGE_COLLECTION,
        "100%",
        Fixed,
        "Shows by how much the database grows until garbage is collected; ALTER DATABASE SET garbage_collection changes it.",
    ),
    define(
        "search_path",
        "public",
        Text,
        "Sets the schema search order; names are looked up in public, then pg_catalog.",
    ),
    define("server_encoding", "UTF8", Fixed, "Shows the server's character set encoding."),
    define(
        "server_version",
        concat!("15.0 (MicroProlly ", env!("CARGO_PKG_VERSION"), ")"),
        Fixed,
        "Shows the version of Postgres whose protocol is spoken.",
    ),
    define("server_version_num", "150000", Fixed, "Shows that version as a number."),
    define(
        "standard_conforming_strings",
        "on",
        OneOf(&["on"]),
        "Backslashes in ordinary strings are ordinary.",
    ),
    define(
        STATEMENT_TIMEOUT,
        "0",
        Time,
        "Sets how long a statement may take to its last row, in milliseconds; 0 for as long as it likes.",
    ),
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

    /// The value of a setting that has been set here, be it to its default.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        self.values.get(name.as_str()).or_else(|| self.custom.get(&name)).map(String::as_str)
    }

    /// Sets everything that has been set there.
    pub(crate) fn lay_over(&mut self, others: &Self) {
        self.values.extend(others.values.iter().map(|(name, value)| (*name, value.clone())));
        self.custom.extend(others.custom.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Puts the value of a setting that something else governs in its place.
    pub(crate) fn put(&mut self, name: &'static str, value: String) {
        self.values.insert(name, value);
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some(ON)
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
            Time => match duration(value) {
                Some(_) => value.to_owned(),
                None => {
                    let hint = "It takes milliseconds, or a number with \"us\", \"ms\", \"s\", \"min\", \"h\" or \"d\".";
                    return Err(refuse(hint.to_owned()));
                }
            },
            Fixed => {
                let error = SqlError::new(
                    SqlState::CANT_CHANGE_RUNTIME_PARAM,
                    format!("parameter \"{}\" cannot be changed", setting.name),
                );
                return Err(match setting.name {
                    COMPRESSION | GARBAGE_COLLECTION => {
                        error.with_hint("ALTER DATABASE SET changes it for the whole database.")
                    }
                    _ => error,
                });
            }
        };
        self.values.insert(setting.name, value);
        Ok(())
    }

    /// Every setting, by name, and behind them those that the client made up.
    pub(crate) fn all(&self) -> Vec<SettingInfo> {
        let defined = SETTINGS.iter().map(|setting| SettingInfo {
            name: setting.name.to_owned(),
            value: self.values.get(setting.name).map_or(setting.default, String::as_str).to_owned(),
            description: setting.description,
            is_fixed: matches!(setting.kind, Fixed),
        });
        let custom = self.custom.iter().map(|(name, value)| SettingInfo {
            name: name.clone(),
            value: value.clone(),
            description: "",
            is_fixed: false,
        });
        defined.chain(custom).collect()
    }
}

fn find(name: &str) -> Option<&'static Definition> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// What the value of a switch is.
pub(crate) const ON: &str = "on";
pub(crate) const OFF: &str = "off";

fn switch(value: &str) -> Option<&'static str> {
    match value.to_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Some(ON),
        "off" | "false" | "no" | "0" | "f" | "n" => Some(OFF),
        _ => None,
    }
}

/// The time that the value of such a setting gives; none for as long as it takes.
pub(crate) fn timeout(value: &str) -> Option<Duration> {
    duration(value).filter(|limit| !limit.is_zero())
}

/// A time as Postgres reads it: `1500`, `1.5s`, `2 min`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_seconds = match unit.trim_start() {
        "us" => 1e-6,
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit_seconds).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [
            ("0", 0),
            ("1500", 1_500),
            (" 1.5s ", 1_500),
            ("2 min", 120_000),
            ("1h", 3_600_000),
            ("250us", 0),
        ] {
            assert_eq!(duration(text).unwrap().as_millis(), milliseconds, "{text}");
        }
        for text in ["", "s", "-1", "1x", "1.2.3", "99999999999999999999d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
