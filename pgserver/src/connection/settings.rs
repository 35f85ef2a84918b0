//! Settings that the client is kept informed of.

use microprolly_sql::Session;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::startup::ParameterStatus;

use crate::error::wire_text;

/// The version of PostgreSQL whose catalogs and behaviour are offered.
pub(crate) const POSTGRES_VERSION: &str = "15.0";

/// What `server_version` says: tools read the number and show the rest.
pub(crate) fn server_version() -> String {
    format!("{POSTGRES_VERSION} (MicroProlly {})", env!("CARGO_PKG_VERSION"))
}

/// Settings that a session can change, with what holds if it does not say.
const CHANGEABLE: [(&str, &str); 5] = [
    ("application_name", ""),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
];

/// What the client was told last.
#[derive(Debug, Default)]
pub(crate) struct ReportedSettings {
    values: Vec<String>,
}

impl ReportedSettings {
    /// The messages that every session starts with.
    pub(crate) fn initial(&mut self, session: &Session, user: &str) -> Vec<PgWireBackendMessage> {
        let fixed = [
            ("server_version", server_version()),
            ("server_encoding", "UTF8".to_owned()),
            ("integer_datetimes", "on".to_owned()),
            ("standard_conforming_strings", "on".to_owned()),
            ("is_superuser", "on".to_owned()),
            ("session_authorization", user.to_owned()),
            ("in_hot_standby", "off".to_owned()),
            ("default_transaction_read_only", "off".to_owned()),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| status(name, &value));
        fixed.chain(self.changes(session)).collect()
    }

    /// The messages for settings that have another value than the client was told.
    pub(crate) fn changes(&mut self, session: &Session) -> Vec<PgWireBackendMessage> {
        let values: Vec<String> = CHANGEABLE
            .iter()
            .map(|(name, default)| session.setting(name).unwrap_or_else(|| (*default).to_owned()))
            .collect();
        let changed = CHANGEABLE
            .iter()
            .zip(&values)
            .enumerate()
            .filter(|(index, (_, value))| self.values.get(*index) != Some(value))
            .map(|(_, ((name, _), value))| status(name, value))
            .collect();
        self.values = values;
        changed
    }
}

fn status(name: &str, value: &str) -> PgWireBackendMessage {
    PgWireBackendMessage::ParameterStatus(ParameterStatus::new(name.to_owned(), wire_text(value)))
}
