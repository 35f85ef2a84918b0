//! The built binary, run as a person runs it: arguments and stdin in, stdout, stderr and exit code out.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)]

mod batch;
mod command;
mod formats;
mod import;
mod import_refusals;
mod maintenance;
mod meta_commands;
mod store;
mod usage;
