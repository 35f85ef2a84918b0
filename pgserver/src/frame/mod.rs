//! Frames: where one message of the protocol ends and the next begins.
//!
//! pgwire's decoders trust every length and count that they find, and panic or allocate on a wrong one. So
//! nothing reaches them that has not passed here: [`FrameReader`] cuts the stream into whole frames and
//! refuses lengths beyond the limits, [`check`] walks through a frame's inner lengths, and only then
//! [`decode`] hands the frame, in a buffer of its own, to pgwire.

mod check;
mod reader;
mod startup;

use std::io;

use bytes::BytesMut;
use pgwire::messages::{DecodeContext, PgWireFrontendMessage, ProtocolVersion};

pub(crate) use check::check;
pub(crate) use reader::FrameReader;
pub(crate) use startup::{StartupPacket, read_startup};

/// One message as it came: type byte, length, body.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The type byte.
    pub(crate) kind: u8,
    /// The whole message with its header.
    pub(crate) bytes: BytesMut,
}

/// Bytes between a frame's start and its body: the type byte and the length.
pub(crate) const HEADER_BYTES: usize = 5;

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// A length outside what its message may have.
    #[error("invalid message length {length} (at most {max} bytes are accepted)")]
    Length {
        /// The length that was sent.
        length: i64,
        /// The largest accepted.
        max: usize,
    },
    /// A body that is too short, too long, or inconsistent with the counts in it.
    #[error("invalid message format: {0}")]
    Body(&'static str),
    /// A type byte that no client sends at this point.
    #[error("invalid frontend message type {0}")]
    Kind(u8),
    /// A first packet that is none of the protocol's.
    #[error("unsupported frontend protocol {0}.{1}: server supports 3.0")]
    Protocol(u16, u16),
    /// Text that is not UTF-8.
    #[error("invalid byte sequence for encoding \"UTF8\"")]
    NotUtf8,
    /// The stream ended inside a message.
    #[error("unexpected end of the stream")]
    Truncated,
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The message in a frame. Runs [`check`] first.
pub(crate) fn decode(mut frame: Frame) -> Result<PgWireFrontendMessage, Malformed> {
    check(&frame)?;
    let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    context.awaiting_frontend_ssl = false;
    context.awaiting_frontend_startup = false;
    match PgWireFrontendMessage::decode(&mut frame.bytes, &context) {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(Malformed::Body("the message is shorter than its length says")),
        Err(_) => Err(Malformed::Kind(frame.kind)),
    }
}
