//! Messages to the person: everything that is not a result set.

use std::fmt;
use std::io::{self, Write};

/// Writes one line to stderr.
///
/// A message that cannot be written has nobody left to read it, so a closed stderr (`2>&1 | head`) is not
/// an error: `eprintln!` would panic.
pub(crate) fn say(message: impl fmt::Display) {
    drop(writeln!(io::stderr().lock(), "{message}"));
}
