//! Settings that the client is kept informed of.

use microprolly_sql::Session;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::startup::ParameterStatus;

use crate::error::wire_text;

/// Those settings, by the names under which clients know them.
const REPORTED: [&str; 11] = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "application_name",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
    "is_superuser",
    "default_transaction_read_only",
];

/// What the client was told last.
#[derive(Debug, Default)]
pub(crate) struct ReportedSettings {
    values: Vec<String>,
}

impl ReportedSettings {
    /// The messages that every session starts with.
    pub(crate) fn initial(&mut self, session: &Session, user: &str) -> Vec<PgWireBackendMessage> {
        let fixed = [("session_authorization", user), ("in_hot_standby", "off")];
        let fixed = fixed.into_iter().map(|(name, value)| status(name, value));
        fixed.chain(self.changes(session)).collect()
    }

    /// The messages for settings that have another value than the client was told.
    pub(crate) fn changes(&mut self, session: &Session) -> Vec<PgWireBackendMessage> {
        let values: Vec<String> =
            REPORTED.iter().map(|name| session.setting(name).unwrap_or_default()).collect();
        let changed = REPORTED
            .iter()
            .zip(&values)
            .enumerate()
            .filter(|(index, (_, value))| self.values.get(*index) != Some(value))
            .map(|(_, (name, value))| status(name, value))
            .collect();
        self.values = values;
        changed
    }
}

fn status(name: &str, value: &str) -> PgWireBackendMessage {
    PgWireBackendMessage::ParameterStatus(ParameterStatus::new(name.to_owned(), wire_text(value)))
}
