//! The packets before a session stands.

use std::collections::BTreeMap;

use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::{GssEncRequest, SslRequest, Startup};
use pgwire::messages::{DecodeContext, Message, ProtocolVersion};
use tokio::io::AsyncRead;

use super::{FrameReader, Malformed};
use crate::options::Limits;

/// Length and version: the least that a first packet has.
const PACKET_BYTES_MIN: usize = 8;

/// What a client opens with.
#[derive(Debug)]
pub(crate) enum StartupPacket {
    /// It asks for TLS, or for GSSAPI encryption.
    Encryption,
    /// It asks to stop another connection's statement.
    Cancel {
        /// The other connection's number.
        pid: i32,
        /// The secret that goes with it.
        secret: i32,
    },
    /// It asks for a session.
    Startup {
        /// The minor version of protocol 3 that it asks for.
        minor_version: u16,
        /// `user`, `database`, `options`, and settings.
        parameters: BTreeMap<String, String>,
    },
}

/// The next packet; `None` when the client closes instead.
pub(crate) async fn read_startup<R: AsyncRead + Unpin>(
    input: &mut FrameReader<R>,
    limits: &Limits,
) -> Result<Option<StartupPacket>, Malformed> {
    let Some(mut packet) = input.startup_packet(PACKET_BYTES_MIN, limits.startup_packet_bytes_max).await?
    else {
        return Ok(None);
    };
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    if SslRequest::is_ssl_request_packet(&packet) || GssEncRequest::is_gss_enc_request_packet(&packet) {
        return Ok(Some(StartupPacket::Encryption));
    }
    if CancelRequest::is_cancel_request_packet(&packet) {
        let request = CancelRequest::decode(&mut packet, &context)
            .ok()
            .flatten()
            .ok_or(Malformed::Body("a cancel request has a process number and a key"))?;
        // A key of another length than the one that was given out is nobody's.
        let secret = request.secret_key.as_i32().ok_or(Malformed::Body("the key of a cancel request"))?;
        return Ok(Some(StartupPacket::Cancel { pid: request.pid, secret }));
    }
    let (major, minor) = version(&packet);
    if major != 3 {
        return Err(Malformed::Protocol(major, minor));
    }
    let body = packet.get(PACKET_BYTES_MIN..).unwrap_or_default();
    check_parameters(body)?;
    let startup = Startup::decode(&mut packet, &context)
        .ok()
        .flatten()
        .ok_or(Malformed::Body("the start-up packet cannot be read"))?;
    Ok(Some(StartupPacket::Startup {
        minor_version: startup.protocol_number_minor,
        parameters: startup.parameters,
    }))
}

/// The version that follows the length.
fn version(packet: &[u8]) -> (u16, u16) {
    let number = |range: std::ops::Range<usize>| {
        packet.get(range).unwrap_or_default().iter().fold(0, |number, &byte| number << 8 | u16::from(byte))
    };
    (number(4..6), number(6..8))
}

/// Names and values in turn, each ending in NUL, and a NUL at the end of all.
fn check_parameters(body: &[u8]) -> Result<(), Malformed> {
    let Some(texts) = body.strip_suffix(b"\0") else {
        return Err(Malformed::Body("the start-up packet has no end"));
    };
    if texts.is_empty() {
        return Ok(());
    }
    let Some(texts) = texts.strip_suffix(b"\0") else {
        return Err(Malformed::Body("a start-up parameter has no end"));
    };
    let mut count = 0;
    for (index, text) in texts.split(|&byte| byte == 0).enumerate() {
        if index % 2 == 0 && text.is_empty() {
            return Err(Malformed::Body("a start-up parameter has no name"));
        }
        std::str::from_utf8(text).map_err(|_| Malformed::Body("a start-up parameter is not UTF-8"))?;
        count += 1;
    }
    if count % 2 == 0 { Ok(()) } else { Err(Malformed::Body("a start-up parameter has no value")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(packet: &[u8]) -> Result<Option<StartupPacket>, Malformed> {
        let limits = Limits::default();
        read_startup(&mut FrameReader::new(packet, &limits), &limits).await
    }

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let mut packet = (body.len() as u32 + 8).to_be_bytes().to_vec();
        packet.extend(code.to_be_bytes());
        packet.extend(body);
        packet
    }

    #[tokio::test]
    async fn the_four_opening_packets_are_told_apart() {
        assert!(matches!(read(&packet(80_877_103, b"")).await, Ok(Some(StartupPacket::Encryption))));
        assert!(matches!(read(&packet(80_877_104, b"")).await, Ok(Some(StartupPacket::Encryption))));
        let cancel = packet(80_877_102, b"\0\0\0\x07\0\0\0\x09");
        assert!(matches!(read(&cancel).await, Ok(Some(StartupPacket::Cancel { pid: 7, secret: 9 }))));
        let startup = packet(3 << 16, b"user\0ann\0database\0\0\0");
        match read(&startup).await.unwrap().unwrap() {
            StartupPacket::Startup { minor_version: 0, parameters } => {
                assert_eq!(parameters["user"], "ann");
                assert_eq!(parameters["database"], "");
            }
            other => panic!("{other:?}"),
        }
        assert!(read(b"").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_no_packet_of_the_protocol_is_refused() {
        assert!(matches!(read(b"GET / HTTP/1.1\r\n\r\n").await, Err(Malformed::Length { .. })));
        assert!(matches!(read(&packet(2 << 16, b"\0")).await, Err(Malformed::Protocol(2, 0))));
        assert!(matches!(read(&packet(80_877_102, b"\0\0")).await, Err(Malformed::Body(_))));
        for body in [&b"user\0ann\0"[..], b"user\0\0", b"\0ann\0\0", b"user", b"", b"user\0\xff\0\0"] {
            assert!(matches!(read(&packet(3 << 16, body)).await, Err(Malformed::Body(_))), "{body:?}");
        }
        assert!(matches!(read(b"\0\0\0\x04").await, Err(Malformed::Length { .. })));
        assert!(matches!(read(b"\0\0\0\x20\0\x03").await, Err(Malformed::Truncated)));
    }
}
