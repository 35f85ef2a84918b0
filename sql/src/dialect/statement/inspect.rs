//! `INSPECT COMMIT`, `INSPECT TREE`, `INSPECT OBJECT` and `INSPECT SEGMENTS`.

use super::Statement;
use super::name::Argument;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// What `INSPECT` looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspect {
    /// `INSPECT COMMIT 'rev'`.
    Commit(Argument),
    /// `INSPECT TREE 'rev' [COMPARED WITH 'rev']`.
    Tree {
        /// The version that the tree is of, or the hash of its root.
        revision: Argument,
        /// Another one, to see what both share.
        compared_with: Option<Argument>,
    },
    /// `INSPECT OBJECT 'hash'`.
    Object(Argument),
    /// `INSPECT SEGMENTS`.
    Segments,
}

/// Reads what follows `INSPECT`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    const REVISION: &str = "a revision";
    let inspect = match cursor.take_one_of(&["COMMIT", "TREE", "OBJECT", "SEGMENTS"]) {
        Some("COMMIT") => Inspect::Commit(cursor.text_or_name(REVISION)?),
        Some("TREE") => {
            let revision = cursor.text_or_name(REVISION)?;
            let compared_with = match cursor.take_words(&["COMPARED", "WITH"]) {
                true => Some(cursor.text_or_name(REVISION)?),
                false => None,
            };
            Inspect::Tree { revision, compared_with }
        }
        Some("SEGMENTS") => Inspect::Segments,
        Some(_) => Inspect::Object(cursor.text_or_name("the hash of an object")?),
        None => return Err(cursor.unexpected("COMMIT, TREE, OBJECT or SEGMENTS")),
    };
    Ok(Statement::Inspect(inspect))
}
