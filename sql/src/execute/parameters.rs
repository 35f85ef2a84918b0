//! What a statement that changes rows was given for `$1`, `$2`, …

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use sqlparser::ast::Expr;

use super::syntax;
use crate::dialect::ParsedStatement;
use crate::error::SqlError;
use crate::planning;

/// Types and, once it runs, values of a statement's parameters.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    /// As far as they are known.
    pub(super) types: Vec<Option<DataType>>,
    /// None while the statement is only described.
    values: Option<Vec<ScalarValue>>,
    count: usize,
}

impl Parameters {
    /// Of a statement that is described: the types that the client gave.
    pub(super) fn described(parsed: &ParsedStatement, given: &[Option<DataType>]) -> Self {
        let count = parsed.parameter_count().max(given.len());
        Self { types: given.to_vec(), values: None, count }
    }

    /// Of a statement that runs.
    pub(super) fn given(values: &[ScalarValue]) -> Self {
        let types =
            values.iter().map(|value| Some(value.data_type()).filter(|data_type| !data_type.is_null()));
        Self { types: types.collect(), values: Some(values.to_vec()), count: values.len() }
    }

    /// The values as far as they are known.
    pub(super) fn values(&self) -> Vec<Option<ScalarValue>> {
        match &self.values {
            Some(values) => values.iter().cloned().map(Some).collect(),
            None => vec![None; self.count],
        }
    }

    /// An expression that is a parameter has the type of the column to which
    /// it goes, unless something else is known of it.
    pub(super) fn note(&mut self, expression: &Expr, column_type: &DataType) {
        let Some(index) = syntax::parameter(expression).and_then(|number| number.checked_sub(1)) else {
            return;
        };
        if index >= self.count {
            return;
        }
        if index >= self.types.len() {
            self.types.resize(index + 1, None);
        }
        if let Some(slot) = self.types.get_mut(index)
            && slot.is_none()
        {
            *slot = Some(column_type.clone());
        }
    }

    /// A plan with the values in their places, if they are known.
    pub(super) fn bind(&self, plan: LogicalPlan, parsed: &ParsedStatement) -> Result<LogicalPlan, SqlError> {
        match &self.values {
            Some(values) => planning::bind_parameters(plan, values, Some(parsed)),
            None => Ok(plan),
        }
    }

    /// The types of all parameters, as all plans of a statement tell them.
    pub(super) fn told_by(
        self,
        plans: &[LogicalPlan],
        parsed: &ParsedStatement,
    ) -> Result<Vec<DataType>, SqlError> {
        planning::parameter_types(plans, &self.types, parsed)
    }
}
