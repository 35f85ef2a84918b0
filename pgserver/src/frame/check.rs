//! The lengths and counts inside a message.

use super::{Frame, HEADER_BYTES, Malformed};

/// Walks through a frame's body, so that whatever pgwire will read is there, and nothing is left over.
pub(crate) fn check(frame: &Frame) -> Result<(), Malformed> {
    let mut body = Body(frame.bytes.get(HEADER_BYTES..).unwrap_or_default());
    match frame.kind {
        b'Q' | b'f' => body.text()?,
        b'P' => {
            body.text()?;
            body.text()?;
            let types = body.u16()?;
            body.skip(4 * usize::from(types))?;
        }
        b'B' => {
            body.text()?;
            body.text()?;
            let formats = body.u16()?;
            body.skip(2 * usize::from(formats))?;
            for _ in 0..body.u16()? {
                match body.i32()? {
                    -1 => {}
                    length => body.skip(
                        usize::try_from(length)
                            .map_err(|_| Malformed::Body("the length of a parameter is negative"))?,
                    )?,
                }
            }
            let formats = body.u16()?;
            body.skip(2 * usize::from(formats))?;
        }
        b'D' | b'C' => {
            let target = body.u8()?;
            if !matches!(target, b'S' | b'P') {
                return Err(Malformed::Body("neither a statement nor a portal is named"));
            }
            body.text()?;
        }
        b'E' => {
            body.text()?;
            body.skip(4)?;
        }
        b'd' => return Ok(()),
        b'H' | b'S' | b'X' | b'c' => {}
        kind => return Err(Malformed::Kind(kind)),
    }
    body.end()
}

/// What is left of a body.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or(Malformed::Body("insufficient data left in message"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.take(count).map(|_| ())
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes.iter().fold(0, |_, &byte| byte))
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.take(2).map(|bytes| bytes.iter().fold(0, |number, &byte| number << 8 | u16::from(byte)))
    }

    fn i32(&mut self) -> Result<i32, Malformed> {
        self.take(4).map(|bytes| bytes.iter().fold(0, |number, &byte| number << 8 | i32::from(byte)))
    }

    /// Text up to a NUL.
    fn text(&mut self) -> Result<(), Malformed> {
        let length = self.0.iter().position(|&byte| byte == 0).ok_or(Malformed::Body("a text has no end"))?;
        let text = self.take(length)?;
        self.skip(1)?;
        std::str::from_utf8(text).map_err(|_| Malformed::NotUtf8)?;
        Ok(())
    }

    fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Body("data is left over in message")) }
    }
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use pgwire::messages::PgWireFrontendMessage;
    use proptest::prelude::*;

    use super::super::decode;
    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Frame {
        let mut bytes = BytesMut::new();
        bytes.put_u8(kind);
        bytes.put_u32(body.len() as u32 + 4);
        bytes.put_slice(body);
        Frame { kind, bytes }
    }

    #[test]
    fn whole_messages_are_decoded() {
        let bind = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\x01\0\x01";
        match decode(frame(b'B', bind)).unwrap() {
            PgWireFrontendMessage::Bind(bind) => {
                assert_eq!(bind.portal_name.as_deref(), Some("p"));
                assert_eq!(bind.parameters, [Some("x".into()), None]);
                assert_eq!(bind.result_column_format_codes, [1]);
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            decode(frame(b'Q', b"select 1\0")).unwrap(),
            PgWireFrontendMessage::Query(query) if query.query == "select 1"
        ));
    }

    #[test]
    fn counts_and_lengths_that_reach_beyond_the_message_are_refused() {
        let bodies: &[(u8, &[u8])] = &[
            (b'P', b"s\0select 1\0\xff\xff"),
            (b'P', b"s\0select 1\0"),
            (b'P', b"s\0select 1"),
            (b'B', b"p\0s\0\0\0\0\x01\x7f\xff\xff\xff"),
            (b'B', b"p\0s\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
            (b'B', b"p\0s\0\xff\xff"),
            (b'B', b"p\0s\0\0\0\xff\xff"),
            (b'B', b"p\0s\0\0\0\0\0\xff\xff"),
            (b'E', b"p\0\0\0"),
            (b'D', b""),
            (b'C', b"Zs\0"),
            (b'Q', b"select 1\0left over\0"),
            (b'Q', b""),
            (b'f', b"no end"),
            (b'S', b"x"),
        ];
        for (kind, body) in bodies {
            let refused = decode(frame(*kind, body));
            assert!(matches!(refused, Err(Malformed::Body(_))), "{} {body:?}: {refused:?}", *kind as char);
        }
        assert!(matches!(decode(frame(b'F', b"")), Err(Malformed::Kind(b'F'))));
        assert!(matches!(decode(frame(b'p', b"secret\0")), Err(Malformed::Kind(b'p'))));
        assert!(matches!(decode(frame(b'Q', b"\xff\xfe\0")), Err(Malformed::NotUtf8)));
    }

    proptest! {
        #[test]
        fn no_frame_makes_the_decoder_panic(kind in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _message = decode(frame(kind, &body));
        }

        #[test]
        fn no_bind_with_random_numbers_makes_the_decoder_panic(
            numbers in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255), Just(127), Just(2)], 0..40)
        ) {
            let mut body = b"p\0s\0".to_vec();
            body.extend(numbers);
            let _message = decode(frame(b'B', &body));
        }
    }
}
