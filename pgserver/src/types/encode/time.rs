//! Dates, times, intervals. PostgreSQL's binary forms count from the year 2000, Arrow's from 1970.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, IntervalMonthDayNanoType, IntervalUnit,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use bytes::{BufMut, BytesMut};
use microprolly_sql::{SqlError, SqlState};

use super::{BinaryEncoder, cannot_write};

/// 2000-01-01 in days since 1970-01-01.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
/// 2000-01-01 in microseconds since 1970-01-01.
pub(crate) const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

pub(super) struct Dates(pub(super) PrimitiveArray<Date32Type>);
pub(super) struct Times(pub(super) PrimitiveArray<Time64MicrosecondType>);
/// Timestamps with time zone and without, which are the same in binary.
pub(super) struct Timestamps(pub(super) PrimitiveArray<TimestampMicrosecondType>);
/// Spans of time of any kind.
pub(super) enum Intervals {
    Calendar(PrimitiveArray<IntervalMonthDayNanoType>),
    Elapsed(PrimitiveArray<DurationMicrosecondType>),
}

impl BinaryEncoder for Dates {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i32(self.0.value(row).checked_sub(EPOCH_DAYS).ok_or_else(out_of_range)?);
        Ok(())
    }
}

impl BinaryEncoder for Times {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.0.value(row));
        Ok(())
    }
}

impl BinaryEncoder for Timestamps {
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        out.put_i64(self.0.value(row).checked_sub(EPOCH_MICROSECONDS).ok_or_else(out_of_range)?);
        Ok(())
    }
}

impl Intervals {
    pub(super) fn new(array: &ArrayRef) -> Result<Self, SqlError> {
        Ok(match array.data_type() {
            DataType::Duration(_) => Self::Elapsed(array.as_primitive().clone()),
            _ => {
                let array =
                    cast(array, &DataType::Interval(IntervalUnit::MonthDayNano)).map_err(cannot_write)?;
                Self::Calendar(array.as_primitive().clone())
            }
        })
    }
}

impl BinaryEncoder for Intervals {
    /// Microseconds, days and months, which do not convert into each other.
    fn binary(&self, row: usize, out: &mut BytesMut) -> Result<(), SqlError> {
        let (months, days, microseconds) = match self {
            Self::Calendar(values) => {
                let value = values.value(row);
                (value.months, value.days, value.nanoseconds / 1000)
            }
            Self::Elapsed(values) => (0, 0, values.value(row)),
        };
        out.put_i64(microseconds);
        out.put_i32(days);
        out.put_i32(months);
        Ok(())
    }
}

fn out_of_range() -> SqlError {
    SqlError::new(SqlState::DATETIME_FIELD_OVERFLOW, "date or time out of range")
}
