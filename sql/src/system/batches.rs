//! From rows one by one to columns and batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use microprolly_engine::{BATCH_ROWS_TARGET, Timestamp};

use crate::error::SqlError;
use crate::table::Rows;

/// Bytes of a batch, so that large values do not add up to much memory.
const BATCH_BYTES_TARGET: usize = 8 * 1024 * 1024;

/// How many times more rows a batch has than the one before it.
const GROWTH: usize = 8;

/// Gathers items into batches of 1, 8, 64, … rows: who wants a few rows waits
/// for a few, and who wants all does not pay for many batches. `bytes` tells
/// what an item weighs. Ends after the first error.
pub(super) fn in_batches<T: Send + 'static>(
    items: impl Iterator<Item = Result<T, SqlError>> + Send + 'static,
    bytes: impl Fn(&T) -> usize + Send + 'static,
    make: impl Fn(&[T]) -> Result<RecordBatch, SqlError> + Send + 'static,
) -> Rows {
    let mut items = items.fuse();
    let mut rows_max = 1;
    let mut failed = false;
    Box::new(std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let mut gathered = Vec::new();
        let mut gathered_bytes = 0;
        while gathered.len() < rows_max && gathered_bytes < BATCH_BYTES_TARGET {
            match items.next() {
                Some(Ok(item)) => {
                    gathered_bytes += bytes(&item);
                    gathered.push(item);
                }
                Some(Err(failure)) => {
                    failed = true;
                    return Some(Err(failure));
                }
                None => break,
            }
        }
        rows_max = (rows_max * GROWTH).min(BATCH_ROWS_TARGET);
        if gathered.is_empty() {
            return None;
        }
        let batch = make(&gathered);
        failed = batch.is_err();
        Some(batch)
    }))
}

/// A column of moments.
pub(super) fn moments(times: impl Iterator<Item = Timestamp>) -> ArrayRef {
    let micros = times.map(|time| Some(time.as_micros()));
    Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    fn rows(items: impl Iterator<Item = Result<i64, SqlError>> + Send + 'static) -> Rows {
        in_batches(
            items,
            |_| 8,
            |items| {
                let array: ArrayRef = Arc::new(Int64Array::from(items.to_vec()));
                Ok(RecordBatch::try_from_iter([("n", array)]).unwrap())
            },
        )
    }

    #[test]
    fn batches_grow_and_no_row_is_made_before_its_batch_is_asked_for() {
        let (sender, made) = std::sync::mpsc::channel();
        let rows = rows((0..100_i64).map(move |item| {
            sender.send(item).unwrap();
            Ok(item)
        }));
        let mut sizes = Vec::new();
        for batch in rows {
            sizes.push(batch.unwrap().num_rows());
            assert_eq!(made.try_iter().count(), *sizes.last().unwrap());
        }
        assert_eq!(sizes, [1, 8, 64, 27]);
    }

    #[test]
    fn nothing_follows_an_error() {
        let failing = (0..5).map(|item| if item == 3 { Err(SqlError::internal("three")) } else { Ok(item) });
        let outcomes: Vec<bool> = rows(failing).map(|batch| batch.is_ok()).collect();
        assert_eq!(outcomes, [true, false]);
    }
}
