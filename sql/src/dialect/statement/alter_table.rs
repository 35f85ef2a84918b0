//! `ALTER TABLE`.

use sqlparser::tokenizer::Token as SqlToken;

use super::create_table::{CheckConstraint, ColumnDefinition, Expression, UniqueConstraint};
use super::create_table::{Elements, read_default, refuse_one_of};
use super::name::{Name, TableName};
use super::{Statement, column_type};
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// `ALTER TABLE [IF EXISTS] name operation, …`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterTable {
    /// The table.
    pub name: TableName,
    /// Be content if it does not exist.
    pub if_exists: bool,
    /// At least one, to be applied in order, all or none.
    pub operations: Vec<AlterTableOperation>,
}

/// One change of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterTableOperation {
    /// `ADD [COLUMN] [IF NOT EXISTS] column`
    AddColumn {
        /// Be content if it exists.
        if_not_exists: bool,
        /// The column.
        column: ColumnDefinition,
        /// Its `CHECK`s.
        checks: Vec<CheckConstraint>,
        /// `UNIQUE`, if said.
        unique: Option<UniqueConstraint>,
    },
    /// `DROP [COLUMN] [IF EXISTS] column [CASCADE | RESTRICT]`
    DropColumn {
        /// Be content if it does not exist.
        if_exists: bool,
        /// The column.
        column: Name,
    },
    /// `RENAME [COLUMN] a TO b`
    RenameColumn {
        /// The old name.
        column: Name,
        /// The new name.
        to: Name,
    },
    /// `RENAME TO name`
    RenameTable {
        /// The new name.
        to: Name,
    },
    /// `ALTER [COLUMN] a [SET DATA] TYPE type [USING expression]`, which is read and then refused.
    SetType {
        /// The column.
        column: Name,
    },
    /// `ALTER [COLUMN] a SET DEFAULT expression`
    SetDefault {
        /// The column.
        column: Name,
        /// Its new default.
        default: Expression,
    },
    /// `ALTER [COLUMN] a DROP DEFAULT`
    DropDefault {
        /// The column.
        column: Name,
    },
    /// `ALTER [COLUMN] a SET NOT NULL`
    SetNotNull {
        /// The column.
        column: Name,
    },
    /// `ALTER [COLUMN] a DROP NOT NULL`
    DropNotNull {
        /// The column.
        column: Name,
    },
    /// `ADD [CONSTRAINT name] CHECK (…)`
    AddCheck(CheckConstraint),
    /// `ADD [CONSTRAINT name] UNIQUE (…)`
    AddUnique(UniqueConstraint),
    /// `DROP CONSTRAINT [IF EXISTS] name`
    DropConstraint {
        /// Be content if it does not exist.
        if_exists: bool,
        /// The constraint.
        name: Name,
    },
}

const COLUMN: &str = "the name of a column";

/// Reads what follows `ALTER TABLE`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_exists = cursor.take_if_exists();
    let name = cursor.table_name()?;
    let operations = cursor.comma_separated(read_operation)?;
    Ok(Statement::AlterTable(AlterTable { name, if_exists, operations }))
}

fn read_operation(cursor: &mut Cursor<'_>) -> Result<AlterTableOperation, SqlError> {
    if cursor.take_word("ADD") {
        read_add(cursor)
    } else if cursor.take_word("DROP") {
        read_drop(cursor)
    } else if cursor.take_word("RENAME") {
        read_rename(cursor)
    } else if cursor.take_word("ALTER") {
        read_alter_column(cursor)
    } else {
        refuse_one_of(
            cursor,
            &[
                "OWNER", "SET", "RESET", "ENABLE", "DISABLE", "CLUSTER", "INHERIT", "NO", "ATTACH", "DETACH",
                "VALIDATE", "REPLICA", "FORCE", "OF",
            ],
        )?;
        Err(cursor.unexpected("ADD, DROP, RENAME or ALTER"))
    }
}

fn read_add(cursor: &mut Cursor<'_>) -> Result<AlterTableOperation, SqlError> {
    let position = cursor.position();
    let mut elements = Elements::default();
    if !cursor.at_words(&["COLUMN"]) && elements.read_constraint(cursor)? {
        return match (elements.checks.pop(), elements.uniques.pop()) {
            (Some(check), _) => Ok(AlterTableOperation::AddCheck(check)),
            (_, Some(unique)) => Ok(AlterTableOperation::AddUnique(unique)),
            _ => Err(key_is_fixed(position)),
        };
    }
    cursor.take_word("COLUMN");
    let if_not_exists = cursor.take_if_not_exists();
    elements.read_column(cursor)?;
    if !elements.primary_key.is_empty() {
        return Err(key_is_fixed(position));
    }
    match (elements.columns.pop(), elements.checks, elements.uniques.pop()) {
        (Some(column), checks, unique) => {
            Ok(AlterTableOperation::AddColumn { if_not_exists, column, checks, unique })
        }
        (None, ..) => Err(cursor.unexpected("a column")),
    }
}

fn key_is_fixed(position: usize) -> SqlError {
    SqlError::not_supported("the primary key of a table cannot be changed")
        .with_hint("create a new table with that key, and INSERT INTO it SELECT from this one")
        .with_position(position)
}

fn read_drop(cursor: &mut Cursor<'_>) -> Result<AlterTableOperation, SqlError> {
    let constraint = cursor.take_word("CONSTRAINT");
    if !constraint {
        cursor.take_word("COLUMN");
    }
    let if_exists = cursor.take_if_exists();
    let name = cursor.name(if constraint { "the name of a constraint" } else { COLUMN })?;
    // Nothing depends on a column or a constraint.
    cursor.take_one_of(&["CASCADE", "RESTRICT"]);
    Ok(match constraint {
        true => AlterTableOperation::DropConstraint { if_exists, name },
        false => AlterTableOperation::DropColumn { if_exists, column: name },
    })
}

fn read_rename(cursor: &mut Cursor<'_>) -> Result<AlterTableOperation, SqlError> {
    if cursor.take_word("TO") {
        return Ok(AlterTableOperation::RenameTable { to: cursor.name("the name of a table")? });
    }
    refuse_one_of(cursor, &["CONSTRAINT"])?;
    if cursor.at_words(&["COLUMN"]) && !cursor.at_words(&["COLUMN", "TO"]) {
        cursor.skip(1);
    }
    let column = cursor.name(COLUMN)?;
    cursor.expect_word("TO")?;
    Ok(AlterTableOperation::RenameColumn { column, to: cursor.name(COLUMN)? })
}

fn read_alter_column(cursor: &mut Cursor<'_>) -> Result<AlterTableOperation, SqlError> {
    refuse_one_of(cursor, &["CONSTRAINT"])?;
    cursor.take_word("COLUMN");
    let column = cursor.name(COLUMN)?;
    if cursor.take_words(&["SET", "NOT", "NULL"]) {
        Ok(AlterTableOperation::SetNotNull { column })
    } else if cursor.take_words(&["DROP", "NOT", "NULL"]) {
        Ok(AlterTableOperation::DropNotNull { column })
    } else if cursor.take_words(&["DROP", "DEFAULT"]) {
        Ok(AlterTableOperation::DropDefault { column })
    } else if cursor.take_words(&["SET", "DEFAULT"]) {
        Ok(match read_default(cursor)? {
            Some(default) => AlterTableOperation::SetDefault { column, default },
            None => AlterTableOperation::DropDefault { column },
        })
    } else if cursor.take_words(&["SET", "DATA", "TYPE"]) || cursor.take_word("TYPE") {
        column_type::read(cursor)?;
        refuse_one_of(cursor, &["COLLATE"])?;
        if cursor.take_word("USING") {
            let tokens = cursor.take_until(|token| token.token == SqlToken::Comma);
            cursor.stored_expression(tokens)?;
        }
        Ok(AlterTableOperation::SetType { column })
    } else {
        Err(cursor.unexpected("TYPE, SET DEFAULT, DROP DEFAULT, SET NOT NULL or DROP NOT NULL"))
    }
}
