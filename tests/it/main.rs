//! Tests of the whole program, as a user runs it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod kill;
mod oracle;
mod program;
