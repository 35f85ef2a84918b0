//! The start of a connection: encryption refused, a cancel request done, or a session made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use microprolly_sql::{CatalogExtension, Principal, Session, SqlError, SqlState};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{ReadyForQuery, SslResponse, TransactionStatus};
use pgwire::messages::startup::{Authentication, BackendKeyData, NegotiateProtocolVersion, SecretKey};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Shared;
use super::outbound::Outbound;
use super::settings::ReportedSettings;
use crate::cancel::CancelSlot;
use crate::catalog::PgCatalog;
use crate::error::Closed;
use crate::frame::{FrameReader, StartupPacket, read_startup};

/// Databases that tools connect to unasked; they mean the default branch unless a branch has that name.
const DEFAULT_DATABASES: [&str; 2] = ["postgres", "microprolly"];

/// Encryption that a client may ask for before it starts a session: TLS, GSSAPI.
const ENCRYPTION_REQUESTS_MAX: usize = 2;

/// A client that has been let in.
pub(crate) struct Greeted {
    pub(crate) session: Session,
    pub(crate) cancel: CancelSlot,
    pub(crate) reported: ReportedSettings,
}

/// Takes a client from its first packet to the first ReadyForQuery. `None` if it did not want a session.
pub(crate) async fn greet<R, W>(
    inbound: &mut FrameReader<R>,
    outbound: &mut Outbound<W>,
    shared: &Arc<Shared>,
    refused: bool,
) -> Result<Option<Greeted>, Closed>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let patience = Duration::from_millis(shared.limits.startup_ms_max);
    let opening = tokio::time::timeout(patience, open(inbound, outbound, shared)).await;
    let opening = opening.map_err(|_| Closed::Protocol("no start-up packet came in time".to_owned()))?;
    let Some((minor_version, parameters)) = opening? else { return Ok(None) };
    if refused {
        return Err(fatal(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many clients already"));
    }
    negotiate(outbound, minor_version, &parameters)?;
    let cancel = shared.cancels.register();
    let (session, user) = make_session(shared, &parameters, &cancel).await?;

    outbound.put(PgWireBackendMessage::Authentication(Authentication::Ok))?;
    let mut reported = ReportedSettings::default();
    for status in reported.initial(&session, &user) {
        outbound.put(status)?;
    }
    let key = SecretKey::I32(cancel.secret());
    outbound.put(PgWireBackendMessage::BackendKeyData(BackendKeyData::new(cancel.pid(), key)))?;
    outbound.put(PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(TransactionStatus::Idle)))?;
    outbound.flush().await?;
    tracing::info!(pid = cancel.pid(), user, branch = session.branch(), "connected");
    Ok(Some(Greeted { session, cancel, reported }))
}

/// Reads up to the start-up packet. `None` if the client closed, or wanted to cancel only.
async fn open<R, W>(
    inbound: &mut FrameReader<R>,
    outbound: &mut Outbound<W>,
    shared: &Shared,
) -> Result<Option<(u16, BTreeMap<String, String>)>, Closed>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut encryption_requests = 0;
    loop {
        match read_startup(inbound, &shared.limits).await? {
            None => return Ok(None),
            Some(StartupPacket::Encryption) => {
                encryption_requests += 1;
                if encryption_requests > ENCRYPTION_REQUESTS_MAX {
                    return Err(Closed::Protocol("too many requests for encryption".to_owned()));
                }
                outbound.put(PgWireBackendMessage::SslResponse(SslResponse::Refuse))?;
                outbound.flush().await?;
            }
            Some(StartupPacket::Cancel { pid, secret }) => {
                let found = shared.cancels.cancel(pid, secret);
                tracing::info!(pid, found, "cancel request");
                return Ok(None);
            }
            Some(StartupPacket::Startup { minor_version, parameters }) => {
                return Ok(Some((minor_version, parameters)));
            }
        }
    }
}

/// Tells a client that asks for more than protocol 3.0 that this is what it gets.
fn negotiate<W: AsyncWrite + Unpin>(
    outbound: &mut Outbound<W>,
    minor_version: u16,
    parameters: &BTreeMap<String, String>,
) -> Result<(), Closed> {
    /// 3.0 as the protocol writes it: the major version in the upper half.
    const NEWEST: i32 = 3 << 16;
    let unknown: Vec<String> = parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if minor_version > 0 || !unknown.is_empty() {
        outbound.put(PgWireBackendMessage::NegotiateProtocolVersion(NegotiateProtocolVersion::new(
            NEWEST, unknown,
        )))?;
    }
    Ok(())
}

/// The session that the parameters ask for, and the user's name.
async fn make_session(
    shared: &Arc<Shared>,
    parameters: &BTreeMap<String, String>,
    cancel: &CancelSlot,
) -> Result<(Session, String), Closed> {
    let user = parameters.get("user").filter(|user| !user.is_empty()).cloned().ok_or_else(|| {
        fatal(
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
        )
    })?;
    if parameters
        .get("replication")
        .is_some_and(|value| !matches!(value.as_str(), "false" | "off" | "no" | "0"))
    {
        return Err(fatal(SqlState::FEATURE_NOT_SUPPORTED, "replication connections are not supported"));
    }
    let catalog: Arc<dyn CatalogExtension> = Arc::new(PgCatalog::new(cancel.pid()));
    let mut session =
        shared.database.session_with(Principal::all_powerful(&user), Some(catalog)).map_err(Closed::Fatal)?;
    choose_branch(&mut session, parameters.get("database").map(String::as_str), &user).await?;

    let options = parameters.get("options").map_or(Ok(Vec::new()), |options| parse_options(options))?;
    let given = parameters
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "user" | "database" | "options" | "replication"))
        .filter(|(name, _)| !name.starts_with("_pq_."))
        .map(|(name, value)| (name.clone(), value.clone()));
    for (name, value) in options.into_iter().chain(given) {
        let value = if name.eq_ignore_ascii_case("client_encoding") { utf8_only(&value)? } else { value };
        match session.set_setting(&name, &value) {
            // JDBC sends the machine's zone unasked, and reads timestamps in binary or with their offset.
            Err(error) if name.eq_ignore_ascii_case("TimeZone") => {
                tracing::info!(value, %error, "the client's time zone is not taken over");
            }
            set => set.map_err(Closed::Fatal)?,
        }
    }
    Ok((session, user))
}

/// Goes to the branch, tag or commit that the database is named after.
async fn choose_branch(session: &mut Session, database: Option<&str>, user: &str) -> Result<(), Closed> {
    let database = database.filter(|name| !name.is_empty()).unwrap_or(user);
    match session.use_revision(database).await {
        Ok(()) => Ok(()),
        Err(error) if !is_unknown_revision(&error) => Err(Closed::Fatal(error)),
        Err(_) if database == user || DEFAULT_DATABASES.contains(&database) => Ok(()),
        Err(error) => {
            let branches = session.branch_names().join(", ");
            let unknown = SqlError::new(
                SqlState::INVALID_CATALOG_NAME,
                format!("database \"{database}\" does not exist"),
            )
            .with_detail(error.message)
            .with_hint(format!("A database is a branch, a tag or a commit. Branches: {branches}."));
            Err(Closed::Fatal(unknown))
        }
    }
}

/// Whether a revision is not there, as against ambiguous, damaged or forbidden.
fn is_unknown_revision(error: &SqlError) -> bool {
    matches!(error.code, SqlState::INVALID_CATALOG_NAME | SqlState::UNDEFINED_OBJECT | SqlState::INVALID_NAME)
}

/// The encodings that are UTF-8 by another name, or none at all.
fn utf8_only(encoding: &str) -> Result<String, Closed> {
    let plain: String =
        encoding.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect();
    if matches!(plain.as_str(), "utf8" | "unicode" | "sqlascii") {
        return Ok("UTF8".to_owned());
    }
    Err(Closed::Fatal(
        SqlError::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"client_encoding\": \"{encoding}\""),
        )
        .with_hint("The only encoding is UTF8."),
    ))
}

/// Settings from `-c name=value` and `--name=value`; a backslash keeps a blank from parting words.
fn parse_options(options: &str) -> Result<Vec<(String, String)>, Closed> {
    let invalid = |word: &str| {
        fatal(SqlState::SYNTAX_ERROR, format!("invalid command-line argument for server process: {word}"))
    };
    let mut words = split_words(options).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(setting) => setting.to_owned(),
            None => match word.strip_prefix("-c") {
                Some("") => words.next().ok_or_else(|| invalid(&word))?,
                Some(setting) => setting.to_owned(),
                None => return Err(invalid(&word)),
            },
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| invalid(&setting))?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            char if char.is_ascii_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

fn fatal(code: SqlState, message: impl Into<String>) -> Closed {
    Closed::Fatal(SqlError::new(code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_a_command_line() {
        let parsed =
            parse_options(r"-c TimeZone=UTC  -capplication_name=my\ tool --search-path=public").unwrap();
        let expected = [("TimeZone", "UTC"), ("application_name", "my tool"), ("search_path", "public")];
        assert_eq!(parsed, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for options in ["-x", "-c", "-c novalue", "word"] {
            assert!(parse_options(options).is_err(), "{options}");
        }
    }

    #[test]
    fn only_utf8_is_spoken() {
        for name in ["UTF8", "utf-8", "'utf-8'", "UNICODE", "SQL_ASCII"] {
            assert_eq!(utf8_only(name).unwrap(), "UTF8");
        }
        assert!(utf8_only("LATIN1").is_err());
    }
}
