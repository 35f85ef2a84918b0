//! `CREATE TABLE`.

use std::collections::HashSet;

use sqlparser::tokenizer::Token as SqlToken;

use super::{Statement, column_type};
use crate::dialect::cursor::Cursor;
use crate::dialect::token::Token;
use crate::{SqlError, SqlState};
use sqlparser::ast::Expr;

use super::column_type::ColumnType;
use super::name::{Name, TableName};

/// `CREATE TABLE`. Constraints of columns and of the table are gathered here alike; that every column they
/// name exists, and exists once, is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    /// The table to be made.
    pub name: TableName,
    /// Be content if it exists.
    pub if_not_exists: bool,
    /// At least one.
    pub columns: Vec<ColumnDefinition>,
    /// The columns of the primary key in order; empty if there is none.
    pub primary_key: Vec<Name>,
    /// `CHECK (…)`.
    pub checks: Vec<CheckConstraint>,
    /// `UNIQUE (…)`.
    pub uniques: Vec<UniqueConstraint>,
}

/// One column of `CREATE TABLE` or `ADD COLUMN`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub column_type: ColumnType,
    /// `NOT NULL`, or part of the primary key.
    pub not_null: bool,
    /// `DEFAULT …`; `DEFAULT NULL` is left out.
    pub default: Option<Expression>,
}

/// An expression that is stored with the table: the tree to plan now and the text to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The parsed expression.
    pub expr: Box<Expr>,
    /// The user's text of it.
    pub text: String,
    /// Where it begins, in characters from 1.
    pub position: usize,
}

/// `[CONSTRAINT name] CHECK (expression)`.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckConstraint {
    /// The name, if it was given one.
    pub name: Option<Name>,
    /// What must not be false.
    pub expression: Expression,
}

/// `[CONSTRAINT name] UNIQUE (columns)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueConstraint {
    /// The name, if it was given one.
    pub name: Option<Name>,
    /// The columns, at least one.
    pub columns: Vec<Name>,
}

/// Reads what follows `CREATE TABLE`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Statement, SqlError> {
    let if_not_exists = cursor.take_if_not_exists();
    let name = cursor.table_name()?;
    if cursor.at_words(&["AS"]) {
        return Err(SqlError::not_supported("CREATE TABLE … AS is not supported")
            .with_hint("create the table with its columns, then INSERT INTO … SELECT")
            .with_position(cursor.position()));
    }
    let position = cursor.position();
    cursor.expect_symbol(&SqlToken::LParen)?;
    let mut elements = Elements::default();
    if !cursor.at(&SqlToken::RParen) {
        cursor.comma_separated(|cursor| elements.read(cursor))?;
    }
    cursor.expect_symbol(&SqlToken::RParen)?;
    refuse_one_of(cursor, &["INHERITS", "PARTITION", "USING", "WITH", "WITHOUT", "ON", "TABLESPACE"])?;
    elements.check(position)?;
    for column in &mut elements.columns {
        column.not_null |= elements.primary_key.iter().any(|key| key.value == column.name.value);
    }
    Ok(Statement::CreateTable(CreateTable {
        name,
        if_not_exists,
        columns: elements.columns,
        primary_key: elements.primary_key,
        checks: elements.checks,
        uniques: elements.uniques,
    }))
}

/// What stands between the parentheses.
#[derive(Default)]
pub(super) struct Elements {
    pub(super) columns: Vec<ColumnDefinition>,
    pub(super) primary_key: Vec<Name>,
    pub(super) checks: Vec<CheckConstraint>,
    pub(super) uniques: Vec<UniqueConstraint>,
}

impl Elements {
    /// Reads a column or a constraint of the table.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
        match self.read_constraint(cursor)? {
            true => Ok(()),
            false => self.read_column(cursor),
        }
    }

    /// Reads `[CONSTRAINT name] PRIMARY KEY (…) | UNIQUE (…) | CHECK (…)`, if one is next.
    pub(super) fn read_constraint(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SqlError> {
        let opens =
            |ahead| cursor.peek_at(ahead).is_some_and(|token: &Token| token.token == SqlToken::LParen);
        let is_next = cursor.at_words(&["CONSTRAINT"])
            || cursor.at_words(&["PRIMARY", "KEY"])
            || cursor.at_words(&["FOREIGN", "KEY"])
            || cursor.at_words(&["EXCLUDE", "USING"])
            || cursor.at_words(&["LIKE"])
            || (cursor.at_words(&["UNIQUE"]) && (opens(1) || cursor.at_words(&["UNIQUE", "NULLS"])))
            || (cursor.at_words(&["CHECK"]) && opens(1));
        if !is_next {
            return Ok(false);
        }
        let name = read_constraint_name(cursor)?;
        let position = cursor.position();
        if cursor.take_words(&["PRIMARY", "KEY"]) {
            let columns = cursor.names_in_parentheses("the name of a column")?;
            self.set_primary_key(columns, position)?;
        } else if cursor.take_word("UNIQUE") {
            refuse_one_of(cursor, &["NULLS"])?;
            let columns = cursor.names_in_parentheses("the name of a column")?;
            self.uniques.push(UniqueConstraint { name, columns });
        } else if cursor.take_word("CHECK") {
            self.checks.push(read_check(cursor, name)?);
        } else {
            refuse_one_of(cursor, &["FOREIGN", "EXCLUDE", "LIKE"])?;
            return Err(cursor.unexpected("PRIMARY KEY, UNIQUE or CHECK"));
        }
        refuse_one_of(cursor, &["DEFERRABLE", "INITIALLY", "NOT", "INCLUDE", "WITH", "USING"])?;
        Ok(true)
    }

    /// Reads `name type [constraint …]`.
    pub(super) fn read_column(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
        let name = cursor.name("the name of a column")?;
        let column_type = column_type::read(cursor)?;
        let mut column = ColumnDefinition { name, column_type, not_null: false, default: None };
        let mut nullable = false;
        loop {
            let constraint = read_constraint_name(cursor)?;
            let position = cursor.position();
            if cursor.take_words(&["NOT", "NULL"]) {
                column.not_null = true;
            } else if cursor.take_word("NULL") {
                nullable = true;
            } else if cursor.take_words(&["PRIMARY", "KEY"]) {
                self.set_primary_key(vec![column.name.clone()], position)?;
            } else if cursor.take_word("UNIQUE") {
                refuse_one_of(cursor, &["NULLS"])?;
                self.uniques.push(UniqueConstraint { name: constraint, columns: vec![column.name.clone()] });
            } else if cursor.take_word("CHECK") {
                self.checks.push(read_check(cursor, constraint)?);
            } else if cursor.take_word("DEFAULT") {
                if column.default.is_some() {
                    return Err(SqlError::syntax(format!(
                        "multiple default values for column \"{}\"",
                        column.name.value
                    ))
                    .with_position(position));
                }
                column.default = read_default(cursor)?;
            } else {
                refuse_one_of(cursor, &["REFERENCES", "GENERATED", "COLLATE", "STORAGE", "COMPRESSION"])?;
                if constraint.is_some() {
                    return Err(cursor.unexpected("a constraint"));
                }
                break;
            }
            if nullable && column.not_null {
                return Err(SqlError::syntax(format!(
                    "conflicting NULL/NOT NULL declarations for column \"{}\"",
                    column.name.value
                ))
                .with_position(position));
            }
        }
        self.columns.push(column);
        Ok(())
    }

    fn set_primary_key(&mut self, columns: Vec<Name>, position: usize) -> Result<(), SqlError> {
        if !self.primary_key.is_empty() {
            let message = "multiple primary keys for one table are not allowed";
            return Err(SqlError::new(SqlState::INVALID_TABLE_DEFINITION, message)
                .with_hint("a key of several columns is written PRIMARY KEY (a, b)")
                .with_position(position));
        }
        self.primary_key = columns;
        Ok(())
    }

    /// Every column must exist once, and every column that a constraint names must exist.
    fn check(&self, position: usize) -> Result<(), SqlError> {
        if self.columns.is_empty() {
            return Err(SqlError::new(
                SqlState::INVALID_TABLE_DEFINITION,
                "a table must have at least one column",
            )
            .with_position(position));
        }
        let mut names = HashSet::new();
        for column in &self.columns {
            if !names.insert(column.name.value.as_str()) {
                return Err(duplicate("specified more than once", &column.name));
            }
        }
        let lists = self.uniques.iter().map(|unique| &unique.columns).chain([&self.primary_key]);
        for list in lists {
            let mut used = HashSet::new();
            for column in list {
                if !names.contains(column.value.as_str()) {
                    return Err(SqlError::new(
                        SqlState::UNDEFINED_COLUMN,
                        format!("column \"{}\" named in key does not exist", column.value),
                    )
                    .with_position(column.position));
                }
                if !used.insert(column.value.as_str()) {
                    return Err(duplicate("appears twice in a key", column));
                }
            }
        }
        Ok(())
    }
}

fn duplicate(what: &str, column: &Name) -> SqlError {
    SqlError::new(SqlState::DUPLICATE_COLUMN, format!("column \"{}\" {what}", column.value))
        .with_position(column.position)
}

/// Reads `[CONSTRAINT name]`.
fn read_constraint_name(cursor: &mut Cursor<'_>) -> Result<Option<Name>, SqlError> {
    match cursor.take_word("CONSTRAINT") {
        true => cursor.name("the name of a constraint").map(Some),
        false => Ok(None),
    }
}

/// Reads `(expression)`.
fn read_check(cursor: &mut Cursor<'_>, name: Option<Name>) -> Result<CheckConstraint, SqlError> {
    cursor.expect_symbol(&SqlToken::LParen)?;
    let tokens = cursor.take_until(|_| false);
    let expression = cursor.stored_expression(tokens)?;
    cursor.expect_symbol(&SqlToken::RParen)?;
    Ok(CheckConstraint { name, expression })
}

/// Reads the expression of a default, up to the next constraint; `None` for `NULL`.
pub(super) fn read_default(cursor: &mut Cursor<'_>) -> Result<Option<Expression>, SqlError> {
    const ENDS: [&str; 10] = [
        "NOT",
        "NULL",
        "PRIMARY",
        "UNIQUE",
        "CHECK",
        "CONSTRAINT",
        "REFERENCES",
        "GENERATED",
        "COLLATE",
        "DEFAULT",
    ];
    let mut first = true;
    let tokens = cursor.take_until(|token| {
        let is_first = std::mem::take(&mut first);
        token.token == SqlToken::Comma || (!is_first && ENDS.iter().any(|word| token.is_word(word)))
    });
    match tokens {
        [null] if null.is_word("NULL") => Ok(None),
        tokens => cursor.stored_expression(tokens).map(Some),
    }
}

/// Refuses the clauses that PostgreSQL has and tables here do not, if one is next.
pub(super) fn refuse_one_of(cursor: &Cursor<'_>, words: &[&str]) -> Result<(), SqlError> {
    match words.iter().find(|word| cursor.at_words(&[word])) {
        Some(word) => Err(SqlError::not_supported(format!("{word} is not supported for tables"))
            .with_position(cursor.position())),
        None => Ok(()),
    }
}
