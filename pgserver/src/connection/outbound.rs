//! What goes to the client: messages are gathered and handed to the socket in pieces.

use bytes::BytesMut;
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::Closed;

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct Outbound<W> {
    output: W,
    buffer: BytesMut,
    send_bytes: usize,
}

impl<W: AsyncWrite + Unpin> Outbound<W> {
    /// A sender that gathers about `send_bytes` before it is full.
    pub(crate) fn new(output: W, send_bytes: usize) -> Self {
        Self { output, buffer: BytesMut::new(), send_bytes }
    }

    /// Adds a message.
    pub(crate) fn put(&mut self, message: PgWireBackendMessage) -> Result<(), Closed> {
        let start = self.buffer.len();
        message.encode(&mut self.buffer).map_err(|error| {
            self.buffer.truncate(start);
            Closed::Protocol(error.to_string())
        })
    }

    /// Where messages are gathered, for those that are written in place. Whole messages only.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Whether it is time to send.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() >= self.send_bytes
    }

    /// Sends everything. May be dropped half-way and called again.
    pub(crate) async fn flush(&mut self) -> Result<(), Closed> {
        self.output.write_all_buf(&mut self.buffer).await?;
        self.output.flush().await?;
        Ok(())
    }

    /// Sends everything and ends the stream.
    pub(crate) async fn close(&mut self) -> Result<(), Closed> {
        self.flush().await?;
        self.output.shutdown().await?;
        Ok(())
    }
}
