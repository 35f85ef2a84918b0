//! Values on the wire: in text as `microprolly_sql::text` writes them, and in binary.
//!
//! A [`BinaryEncoder`] is made once per column and batch, so that types are looked at once and rows are then
//! written without a decision.

mod bytes;
mod nested;
mod number;
mod time;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::bytes::{BufMut, BytesMut};
use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use microprolly_sql::text::write_text_in;
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;

use super::{Format, pg_type};

pub(crate) use time::{EPOCH_DAYS, EPOCH_MICROSECONDS};

/// Writes the values of one column of one batch in their binary form.
trait BinaryEncoder: Send {
    /// Appends the binary form of a row's value, which is not null.
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError>;
}

/// Writes the values of one column of one batch.
pub(crate) struct ColumnEncoder {
    array: ArrayRef,
    /// `None` where the binary form is the text.
    binary: Option<Box<dyn BinaryEncoder>>,
    timezone: Tz,
}

impl ColumnEncoder {
    /// An encoder for a column with this field. Timestamps with time zone are shown in `timezone`.
    pub(crate) fn new(array: &ArrayRef, field: &Field, timezone: Tz) -> Result<Self, SqlError> {
        let pg_type = pg_type(field);
        let mut array = plain(array)?;
        if is_oid(&array, &pg_type) {
            array = number::without_sign(&array)?;
        }
        let binary = encoder(&array, &pg_type, timezone)?;
        Ok(Self { array, binary, timezone })
    }

    /// Appends a value with its length before it, as rows and arrays have it.
    pub(crate) fn value(&self, row: usize, format: Format, out: &mut BytesMut) -> Result<(), SqlError> {
        let start = out.len();
        out.put_i32(-1);
        if self.is_null(row) {
            return Ok(());
        }
        match (format, &self.binary) {
            (Format::Binary, Some(encoder)) => encoder.binary(row, out)?,
            (Format::Binary, None) | (Format::Text, _) => {
                write_text_in(&*self.array, row, Some(self.timezone), out)?;
            }
        }
        let length = i32::try_from(out.len() - start - 4).map_err(|_| {
            SqlError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "a value is too long for the protocol")
        })?;
        if let Some(prefix) = out.get_mut(start..start + 4) {
            prefix.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row) || self.array.data_type() == &DataType::Null
    }
}

/// Encoders for all columns of a batch.
pub(crate) fn batch_encoders(batch: &RecordBatch, timezone: Tz) -> Result<Vec<ColumnEncoder>, SqlError> {
    let schema = batch.schema();
    batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| ColumnEncoder::new(array, field, timezone))
        .collect()
}

/// The array without dictionary or run-length encoding, and with one of the two layouts that Arrow has for
/// some types.
fn plain(array: &ArrayRef) -> Result<ArrayRef, SqlError> {
    let to = match array.data_type() {
        DataType::Dictionary(_, value) => value.as_ref().clone(),
        DataType::RunEndEncoded(_, value) => value.data_type().clone(),
        DataType::FixedSizeList(element, _)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => DataType::List(Arc::clone(element)),
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(TimeUnit::Nanosecond) => {
            DataType::Time64(TimeUnit::Microsecond)
        }
        DataType::Timestamp(unit, timezone) if *unit != TimeUnit::Microsecond => {
            DataType::Timestamp(TimeUnit::Microsecond, timezone.clone())
        }
        DataType::Duration(unit) if *unit != TimeUnit::Microsecond => {
            DataType::Duration(TimeUnit::Microsecond)
        }
        _ => return Ok(Arc::clone(array)),
    };
    let array = cast(array, &to).map_err(cannot_write)?;
    // A dictionary may hold what is itself not plain.
    plain(&array)
}

/// Whether whole numbers are announced as object identifiers, of whatever kind.
fn is_oid(array: &ArrayRef, pg_type: &Type) -> bool {
    match array.data_type() {
        DataType::Int32 => *pg_type != Type::INT4,
        DataType::Int64 => *pg_type != Type::INT8,
        _ => false,
    }
}

fn encoder(
    array: &ArrayRef,
    pg_type: &Type,
    timezone: Tz,
) -> Result<Option<Box<dyn BinaryEncoder>>, SqlError> {
    let encoder: Box<dyn BinaryEncoder> = match array.data_type() {
        DataType::Boolean => Box::new(Booleans(array.as_boolean().clone())),
        DataType::Int16 => Box::new(number::Int16s(array.as_primitive().clone())),
        DataType::Int32 => Box::new(number::Int32s(array.as_primitive().clone())),
        DataType::UInt32 => Box::new(number::Oids(array.as_primitive().clone())),
        DataType::Int64 => Box::new(number::Int64s(array.as_primitive().clone())),
        DataType::Float32 => Box::new(number::Float32s(array.as_primitive().clone())),
        DataType::Float64 => Box::new(number::Float64s(array.as_primitive().clone())),
        DataType::Decimal128(..) | DataType::Decimal256(..) => Box::new(number::Numerics(Arc::clone(array))),
        DataType::Utf8 => return Ok(bytes::texts(array.as_string::<i32>().clone(), pg_type)),
        DataType::LargeUtf8 => return Ok(bytes::texts(array.as_string::<i64>().clone(), pg_type)),
        DataType::Utf8View => return Ok(bytes::texts(array.as_string_view().clone(), pg_type)),
        DataType::Binary => Box::new(bytes::Bytes(array.as_binary::<i32>().clone())),
        DataType::LargeBinary => Box::new(bytes::Bytes(array.as_binary::<i64>().clone())),
        DataType::BinaryView => Box::new(bytes::Bytes(array.as_binary_view().clone())),
        DataType::FixedSizeBinary(_) => Box::new(bytes::Bytes(array.as_fixed_size_binary().clone())),
        DataType::Date32 => Box::new(time::Dates(array.as_primitive().clone())),
        DataType::Time64(TimeUnit::Microsecond) => Box::new(time::Times(array.as_primitive().clone())),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Box::new(time::Timestamps(array.as_primitive().clone()))
        }
        DataType::Interval(_) | DataType::Duration(TimeUnit::Microsecond) => {
            Box::new(time::Intervals::new(array)?)
        }
        DataType::List(element) => Box::new(nested::Lists::new(array.as_list(), element, timezone)?),
        DataType::Struct(fields) => Box::new(nested::Records::new(array.as_struct(), fields, timezone)?),
        _ => return Ok(None),
    };
    Ok(Some(encoder))
}

struct Booleans(BooleanArray);

impl BinaryEncoder for Booleans {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_u8(u8::from(self.0.value(row)));
        Ok(())
    }
}

/// A value that its type on the wire cannot hold.
fn cannot_write(error: ArrowError) -> SqlError {
    SqlError::new(SqlState::DATA_EXCEPTION, format!("a value cannot be sent: {error}"))
}
