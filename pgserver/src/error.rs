//! Two errors: why a server cannot start, and why a message could not be handled.

use std::io;
use std::net::SocketAddr;

use datafusion::error::DataFusionError;
use microprolly_sql::{Notice, SqlError, SqlState};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};

use crate::frame::Malformed;

/// Why a server cannot start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is not a loopback address.
    #[error(
        "refusing to listen on {0}: there is no encryption and no authentication yet, so only a loopback \
         address such as 127.0.0.1 is accepted"
    )]
    NotLoopback(SocketAddr),
    /// The operating system refused the address: taken, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What a handler of a message gives in place of success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The statement failed; the client is told and the connection goes on.
    Statement(SqlError),
    /// The connection is over.
    Connection(Closed),
}

/// Why a connection ends other than by its client's wish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    /// The client went away.
    #[error("the client closed the connection")]
    ByClient,
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer does not speak the protocol.
    #[error("protocol violation: {0}")]
    Protocol(String),
    /// The session is refused or cannot go on; the client is told why.
    #[error("{0}")]
    Fatal(SqlError),
    /// The server stops.
    #[error("the server is stopping")]
    Shutdown,
}

impl Closed {
    /// What the client is told before the socket closes, if it can be told anything.
    pub(crate) fn farewell(&self) -> Option<SqlError> {
        match self {
            Self::ByClient | Self::Io(_) => None,
            Self::Protocol(message) => Some(SqlError::new(SqlState::PROTOCOL_VIOLATION, message.clone())),
            Self::Fatal(error) => Some(error.clone()),
            Self::Shutdown => Some(SqlError::new(
                SqlState::ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
            )),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Statement(error)
    }
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        Self::Connection(closed)
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            // The frame is whole and its end is known, so the connection can go on, as in PostgreSQL.
            Malformed::NotUtf8 => Self::Statement(SqlError::new(
                SqlState::CHARACTER_NOT_IN_REPERTOIRE,
                "invalid byte sequence for encoding \"UTF8\"",
            )),
            other => Self::Connection(other.into()),
        }
    }
}

impl From<Malformed> for Closed {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Io(error) => Self::Io(error),
            Malformed::Truncated => Self::ByClient,
            other => Self::Protocol(other.to_string()),
        }
    }
}

/// How bad an error is to the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The statement failed.
    Error,
    /// The connection ends.
    Fatal,
}

/// The message that tells a client of an error.
pub(crate) fn error_response(error: &SqlError, severity: Severity) -> PgWireBackendMessage {
    let severity = match severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
    };
    let mut fields = vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', error.code.as_str().to_owned()),
        (b'M', wire_text(&error.message)),
    ];
    fields.extend(error.detail.as_deref().map(|detail| (b'D', wire_text(detail))));
    fields.extend(error.hint.as_deref().map(|hint| (b'H', wire_text(hint))));
    fields.extend(error.position.map(|position| (b'P', position.to_string())));
    PgWireBackendMessage::ErrorResponse(ErrorResponse::new(fields))
}

/// The message that carries a notice.
pub(crate) fn notice_response(notice: &Notice) -> PgWireBackendMessage {
    let mut fields = vec![
        (b'S', notice.severity.to_owned()),
        (b'V', notice.severity.to_owned()),
        (b'C', notice.code.to_owned()),
        (b'M', wire_text(&notice.message)),
    ];
    fields.extend(notice.hint.as_deref().map(|hint| (b'H', wire_text(hint))));
    PgWireBackendMessage::NoticeResponse(NoticeResponse::new(fields))
}

/// Text of a message travels up to its first NUL, so none may be in it.
pub(crate) fn wire_text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// An error in the middle of a result, which comes through DataFusion.
pub(crate) fn stream_error(error: DataFusionError) -> SqlError {
    SqlError::from(&error)
}
