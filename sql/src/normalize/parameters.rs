//! Parameters in casts.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use sqlparser::ast::{self, Expr, Value, visit_expressions};

use crate::error::SqlError;
use crate::planning::cast_type;
use crate::scope::Scope;

/// The types that casts give to parameters, where nothing else has: `$1::BIGINT`.
///
/// # Errors
/// For a cast to an unknown type.
pub(crate) fn cast_parameters(
    scope: &Scope,
    statement: &ast::Statement,
    given: &[Option<DataType>],
) -> Result<Vec<Option<DataType>>, SqlError> {
    let mut types = given.to_vec();
    let mut casts = Vec::new();
    let visited: ControlFlow<()> = visit_expressions(statement, |expression| {
        if let Expr::Cast { expr, data_type, .. } = expression
            && let Expr::Value(value) = &**expr
            && let Value::Placeholder(name) = &value.value
            && let Some(index) =
                name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1))
        {
            casts.push((index, data_type.clone()));
        }
        ControlFlow::Continue(())
    });
    debug_assert!(visited.is_continue(), "nothing stops the walk");
    for (index, data_type) in casts {
        if index >= types.len() {
            types.resize(index + 1, None);
        }
        if let Some(slot @ None) = types.get_mut(index) {
            *slot = Some(cast_type(scope, &data_type)?);
        }
    }
    Ok(types)
}
