//! Integration tests of the sql crate.
#![allow(clippy::unwrap_used)]

mod dialect;
mod diff;
mod scene;
mod show;
mod system;
