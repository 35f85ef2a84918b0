//! Text, and what travels as bytes.

use ::bytes::{BufMut, BytesMut};
use arrow::array::{Array, ArrayAccessor};
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;

use super::Encoder;

/// A column of nulls.
pub(super) struct Nothing;

impl Encoder for Nothing {
    fn text(&self, _row: usize, _out: &mut BytesMut) -> Result<(), SqlError> {
        Ok(())
    }
}

/// The encoder of a column of text that is announced as `pg_type`.
pub(super) fn texts<A>(array: A, pg_type: &Type) -> Box<dyn Encoder>
where
    A: Array + Send + 'static,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    match *pg_type {
        Type::UUID => Box::new(Uuids(array)),
        Type::JSONB => Box::new(Jsonbs(array)),
        Type::CHAR => Box::new(Chars(array)),
        _ => Box::new(Texts(array)),
    }
}

struct Texts<A>(A);

impl<A> Encoder for Texts<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row).as_bytes());
        Ok(())
    }
}

struct Uuids<A>(A);

impl<A> Encoder for Uuids<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row).as_bytes());
        Ok(())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let text = (&self.0).value(row);
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| {
            SqlError::new(SqlState::DATA_EXCEPTION, format!("stored text is not a uuid: \"{text}\""))
        })?;
        out.put_slice(uuid.as_bytes());
        Ok(())
    }
}

struct Jsonbs<A>(A);

impl<A> Encoder for Jsonbs<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row).as_bytes());
        Ok(())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        /// The only version of jsonb's binary form: the text follows.
        const VERSION: u8 = 1;
        out.put_u8(VERSION);
        self.text(row, out)
    }
}

/// The one-byte type `"char"`.
struct Chars<A>(A);

impl<A> Encoder for Chars<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row).as_bytes());
        Ok(())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_u8((&self.0).value(row).bytes().next().unwrap_or(0));
        Ok(())
    }
}

/// Byte strings.
pub(super) struct Bytes<A>(pub(super) A);

impl<A> Encoder for Bytes<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a [u8]>,
{
    fn text(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let bytes = (&self.0).value(row);
        out.reserve(2 + 2 * bytes.len());
        out.put_slice(b"\\x");
        for byte in bytes {
            out.put_u8(DIGITS[usize::from(byte >> 4)]);
            out.put_u8(DIGITS[usize::from(byte & 15)]);
        }
        Ok(())
    }

    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row));
        Ok(())
    }
}
