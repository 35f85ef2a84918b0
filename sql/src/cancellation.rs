//! Lets a running query be stopped wherever it is.
//!
//! A query stops when its stream is dropped, which can happen only while it
//! waits for something. DataFusion sees to it that scans and exchanges wait now
//! and then; but a join can make millions of rows out of one batch without
//! asking for another, and would neither notice a cancel nor let other tasks
//! run. So every join is followed by a node that waits now and then as well.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// Nodes that can give many more rows than they are given.
const MULTIPLYING: [&str; 8] = [
    "CrossJoinExec",
    "HashJoinExec",
    "NestedLoopJoinExec",
    "PiecewiseMergeJoinExec",
    "RecursiveQueryExec",
    "SortMergeJoinExec",
    "SymmetricHashJoinExec",
    "UnnestExec",
];

/// Puts a [`CooperativeExec`] above every node that multiplies rows.
#[derive(Debug)]
pub(crate) struct YieldAfterJoins;

impl PhysicalOptimizerRule for YieldAfterJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if MULTIPLYING.contains(&node.name()) {
                let yielding: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(node));
                return Ok(Transformed::yes(yielding));
            }
            Ok(Transformed::no(node))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "yield_after_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
