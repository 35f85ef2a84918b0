//! Text to statements: the script is cut into tokens, each statement's tokens are checked for size and
//! rewritten where PostgreSQL's grammar does not reach, and then read: our own statements word by word, queries
//! and expressions by sqlparser.
//!
//! 1. [`parse_script`] is the way in; [`ParsedStatement`] what comes out.
//! 2. [`Statement`] is what the executor matches on. No text is ever made of a tree again: it would not be the
//!    same.
//! 3. A table reference with a version carries a mark ([`version_index`]) into
//!    [`ParsedStatement::versions`]; [`Statement::visit_tables`] walks over all references, and knows CTEs.

mod checks;
mod cursor;
mod later;
mod limits;
mod parser;
mod postgres;
mod rewrite;
mod script;
mod source;
mod stack;
mod statement;
mod tables;
mod token;
mod version;

pub(crate) use checks::check_default;
pub use script::ParsedStatement;
pub(crate) use script::{parse_expression, parse_script};
pub(crate) use statement::*;
#[cfg(test)]
pub(crate) use tables::TableReference;
pub(crate) use tables::identifier;
pub(crate) use version::{VersionClause, version_index};

#[cfg(test)]
mod tests;
