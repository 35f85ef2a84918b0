//! `microprolly`: the shell, the command line and the server of MicroProlly in one binary.
//!
//! In reading order:
//! - [`cli`] reads the arguments and picks what to do;
//! - [`runner`] holds a session and runs statements and backslash commands, whatever they come from;
//! - [`meta`] are the backslash commands, one file per group, and the table that lists them;
//! - [`shell`] is the interactive loop: line editor, completion, prompt, history;
//! - [`output`] turns record batches into a table, CSV or JSON;
//! - [`import`] loads a CSV file into a table whose types it finds out itself;
//! - [`failure`] and [`report`] are what can go wrong and how a person is told.
//!
//! Result sets are all that ever reaches stdout. Tags, notices, errors, timings and progress go to stderr.
#![cfg_attr(test, allow(clippy::unwrap_used))]
// The command line talks to the outside world: it reads the user's files and times what the user waits for.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod cli;
mod console;
mod failure;
mod import;
mod meta;
mod output;
mod report;
mod runner;
mod shell;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
