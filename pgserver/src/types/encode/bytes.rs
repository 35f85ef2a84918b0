//! Text that has another form in binary, and bytes.

use ::bytes::{BufMut, BytesMut};
use arrow::array::{Array, ArrayAccessor};
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;

use super::BinaryEncoder;

/// The encoder of a column of text that is announced as `pg_type`; `None` where the text is all there is.
pub(super) fn texts<A>(array: A, pg_type: &Type) -> Option<Box<dyn BinaryEncoder>>
where
    A: Array + Send + 'static,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    match *pg_type {
        Type::UUID => Some(Box::new(Uuids(array))),
        Type::JSONB => Some(Box::new(Jsonbs(array))),
        Type::CHAR => Some(Box::new(Chars(array))),
        _ => None,
    }
}

struct Uuids<A>(A);

impl<A> BinaryEncoder for Uuids<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
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

impl<A> BinaryEncoder for Jsonbs<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        /// The only version of jsonb's binary form: the text follows.
        const VERSION: u8 = 1;
        out.put_u8(VERSION);
        out.put_slice((&self.0).value(row).as_bytes());
        Ok(())
    }
}

/// The one-byte type `"char"`.
struct Chars<A>(A);

impl<A> BinaryEncoder for Chars<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a str>,
{
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_u8((&self.0).value(row).bytes().next().unwrap_or(0));
        Ok(())
    }
}

/// Byte strings.
pub(super) struct Bytes<A>(pub(super) A);

impl<A> BinaryEncoder for Bytes<A>
where
    A: Array + Send,
    for<'a> &'a A: ArrayAccessor<Item = &'a [u8]>,
{
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_slice((&self.0).value(row));
        Ok(())
    }
}
