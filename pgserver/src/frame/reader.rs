//! Cuts a byte stream into frames.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Frame, HEADER_BYTES, Malformed};
use crate::options::Limits;

/// How much room a read asks for at the least; a buffer grows with the bytes that arrive, never with the
/// length that a peer claims.
const READ_BYTES: usize = 8 * 1024;

/// A byte stream as frames. Every method may be dropped half-way and called again: bytes that were read are
/// kept.
#[derive(Debug)]
pub(crate) struct FrameReader<R> {
    input: R,
    buffer: BytesMut,
    ended: bool,
    message_bytes_max: usize,
    read_ahead_bytes_max: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader from the stream's current position.
    pub(crate) fn new(input: R, limits: &Limits) -> Self {
        Self {
            input,
            buffer: BytesMut::new(),
            ended: false,
            message_bytes_max: limits.message_bytes_max,
            read_ahead_bytes_max: limits.read_ahead_bytes_max,
        }
    }

    /// The next frame; `None` when the stream ended between two frames.
    pub(crate) async fn frame(&mut self) -> Result<Option<Frame>, Malformed> {
        loop {
            if let Some(length) = self.frame_length()?
                && self.buffer.len() >= length
            {
                let bytes = self.buffer.split_to(length);
                let kind = bytes.first().copied().unwrap_or_default();
                return Ok(Some(Frame { kind, bytes }));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Malformed::Truncated) };
            }
        }
    }

    /// The type byte of the next frame, which stays unread; `None` at the end of the stream.
    pub(crate) async fn peek_kind(&mut self) -> Result<Option<u8>, Malformed> {
        while self.buffer.is_empty() {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        Ok(self.buffer.first().copied())
    }

    /// A packet without type byte, as the start of a connection has them: length, then body. The result
    /// includes the length. `None` when the stream ended before its first byte.
    pub(crate) async fn startup_packet(
        &mut self,
        bytes_min: usize,
        bytes_max: usize,
    ) -> Result<Option<BytesMut>, Malformed> {
        loop {
            if let Some(length) = read_i32(&self.buffer, 0) {
                let length = checked_length(length, bytes_min, bytes_max)?;
                if self.buffer.len() >= length {
                    return Ok(Some(self.buffer.split_to(length)));
                }
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Malformed::Truncated) };
            }
        }
    }

    /// Resolves when the peer has gone. Reads ahead to find out, up to a limit; with more than that unread it
    /// never resolves, and the end shows when those messages have been handled.
    pub(crate) async fn disconnected(&mut self) {
        while !self.ended {
            if self.buffer.len() >= self.read_ahead_bytes_max {
                return std::future::pending().await;
            }
            if self.fill().await.is_err() {
                return;
            }
        }
    }

    /// The whole length of the next frame, once its header is there.
    fn frame_length(&self) -> Result<Option<usize>, Malformed> {
        let Some(length) = read_i32(&self.buffer, 1) else { return Ok(None) };
        Ok(Some(1 + checked_length(length, HEADER_BYTES - 1, self.message_bytes_max)?))
    }

    /// Reads what there is; false at the end of the stream.
    async fn fill(&mut self) -> Result<bool, Malformed> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.reserve(READ_BYTES);
        match self.input.read_buf(&mut self.buffer).await {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) => {
                self.ended = true;
                return Err(error.into());
            }
        }
        Ok(!self.ended)
    }
}

/// The big-endian number at `offset`, if all of it is there.
fn read_i32(bytes: &[u8], offset: usize) -> Option<i32> {
    let bytes = bytes.get(offset..offset + 4)?;
    bytes.try_into().ok().map(i32::from_be_bytes)
}

/// A length field within its bounds.
fn checked_length(length: i32, min: usize, max: usize) -> Result<usize, Malformed> {
    usize::try_from(length)
        .ok()
        .filter(|length| (min..=max).contains(length))
        .ok_or(Malformed::Length { length: length.into(), max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &'static [u8]) -> FrameReader<&'static [u8]> {
        let limits = Limits { message_bytes_max: 100, ..Limits::default() };
        FrameReader::new(bytes, &limits)
    }

    #[tokio::test]
    async fn frames_come_one_by_one_and_then_the_end() {
        let mut reader = reader(b"Q\0\0\0\x06a\0S\0\0\0\x04");
        let first = reader.frame().await.unwrap().unwrap();
        assert_eq!((first.kind, &first.bytes[..]), (b'Q', &b"Q\0\0\0\x06a\0"[..]));
        assert_eq!(reader.peek_kind().await.unwrap(), Some(b'S'));
        assert_eq!(reader.frame().await.unwrap().unwrap().kind, b'S');
        assert!(reader.frame().await.unwrap().is_none());
        assert_eq!(reader.peek_kind().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_length_that_is_negative_too_small_or_above_the_limit_is_refused() {
        for length in [i32::MIN, -1, 0, 3, 101, i32::MAX] {
            let mut bytes = vec![b'Q'];
            bytes.extend(length.to_be_bytes());
            bytes.extend([0; 8]);
            let mut reader = reader(bytes.leak());
            assert!(matches!(reader.frame().await, Err(Malformed::Length { .. })), "length {length}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_inside_a_frame_is_truncated() {
        assert!(matches!(reader(b"Q\0\0\0\x09ab").frame().await, Err(Malformed::Truncated)));
        assert!(matches!(reader(b"Q\0").frame().await, Err(Malformed::Truncated)));
    }

    #[tokio::test]
    async fn the_end_of_the_stream_shows_while_messages_wait_to_be_read() {
        let mut reader = reader(b"S\0\0\0\x04");
        reader.disconnected().await;
        assert_eq!(reader.frame().await.unwrap().unwrap().kind, b'S');
    }
}
