//! Opening a store that was closed.

use super::rows::Rows;
use super::store::KeyValueStore;
use crate::Result;
use crate::child::Order;
use crate::measure::{self, Figure, Unit};
use crate::task::expect_rows;

pub(super) fn measure<S: KeyValueStore>(order: &Order) -> Result<Vec<Figure>> {
    let key = Rows::of(order)?.sample(1);
    let directory = order.directory();
    let (store, time) = measure::clocked(|| {
        let store = S::open(&directory)?;
        expect_rows("the first read", store.get(&key)?, 1)?;
        Ok(store)
    })?;
    let memory_bytes = measure::peak_rss_bytes(None)?;
    store.close()?;
    Ok(vec![
        Figure::time("open and read a value", time),
        Figure::new("peak memory", Unit::Bytes, memory_bytes as f64),
    ])
}
