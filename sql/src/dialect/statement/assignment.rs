//! `SET column = value` of `UPDATE` and `ON CONFLICT DO UPDATE`.

use sqlparser::ast::{self, Expr};

use super::name::Name;
use super::target;
use crate::SqlError;
use crate::dialect::cursor::Cursor;

/// One `column = value`. `(a, b) = (1, 2)` is two of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The column.
    pub column: Name,
    /// Its new value; `None` is `DEFAULT`.
    pub value: Option<Box<Expr>>,
}

/// Whether a value is the word `DEFAULT`, which stands for the default of the column it goes to.
pub(crate) fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}

/// Makes them of sqlparser's trees.
pub(super) fn from_ast(
    assignments: Vec<ast::Assignment>,
    cursor: &Cursor<'_>,
) -> Result<Vec<Assignment>, SqlError> {
    let mut flat = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        match assignment.target {
            ast::AssignmentTarget::ColumnName(column) => {
                flat.push(one(target::column(&column, cursor)?, assignment.value));
            }
            ast::AssignmentTarget::Tuple(columns) => {
                let start = columns.first().and_then(|column| target::position(column, cursor));
                let values = values_of_row(assignment.value, start)?;
                if values.len() != columns.len() {
                    return Err(SqlError::syntax("number of columns does not match number of values")
                        .or_position(start));
                }
                for (column, value) in columns.iter().zip(values) {
                    flat.push(one(target::column(column, cursor)?, value));
                }
            }
        }
    }
    Ok(flat)
}

fn one(column: Name, value: Expr) -> Assignment {
    Assignment { column, value: (!is_default(&value)).then(|| Box::new(value)) }
}

/// The values of `(1, 2)`.
fn values_of_row(row: Expr, start: Option<usize>) -> Result<Vec<Expr>, SqlError> {
    match row {
        Expr::Tuple(values) => Ok(values),
        Expr::Nested(value) => Ok(vec![*value]),
        _ => Err(SqlError::not_supported("only a list of values can be assigned to a list of columns")
            .with_hint("write SET a = (SELECT …), b = (SELECT …)")
            .or_position(start)),
    }
}
