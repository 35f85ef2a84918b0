//! Integration tests of the sql crate.
#![allow(clippy::unwrap_used)]

mod copy;
mod dialect;
mod diff;
mod dml;
mod scene;
mod show;
mod system;
