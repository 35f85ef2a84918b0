//! Keys and values, in process and without SQL: what the engine costs by itself, beside redb and SQLite used in the same way.
//!
//! In reading order: [`entries`] and [`rows`] are what is stored, [`store`] is what a system must be able to do ([`engine`] is
//! MicroProlly, [`redb`] and [`sqlite`] are the peers, [`limit`] is the least that can be done), [`task`] says what is measured and
//! in which file.

mod branch_depth;
mod bulk;
mod chunking;
mod commit;
mod durable;
mod engine;
mod entries;
pub(crate) mod limit;
mod opening;
mod point;
mod recovery;
pub(crate) mod redb;
mod rows;
mod sqlite;
mod store;
mod task;
mod temporary;
mod versions;

pub(crate) use entries::{file_name as input_name, write as write_input};
pub(crate) use task::KeyValueTask;
