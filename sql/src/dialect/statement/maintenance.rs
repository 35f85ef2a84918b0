//! `COLLECT GARBAGE`, `CHECK DATABASE` and `REPAIR DATABASE`.

use super::Statement;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `COLLECT GARBAGE [DRY RUN]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectGarbage {
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// Reads what follows `COLLECT`.
pub(super) fn read_collect(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.expect_word("GARBAGE")?;
    let dry_run = cursor.take_words(&["DRY", "RUN"]);
    Ok(Statement::CollectGarbage(CollectGarbage { dry_run }))
}

/// Reads what follows `CHECK`.
pub(super) fn read_check(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.expect_word("DATABASE")?;
    Ok(Statement::CheckDatabase)
}

/// Reads what follows `REPAIR`.
pub(super) fn read_repair(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    cursor.expect_word("DATABASE")?;
    Ok(Statement::RepairDatabase)
}
