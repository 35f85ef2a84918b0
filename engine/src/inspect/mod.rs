//! Looking into a database: what its commits, trees and objects are made of.
//! Changes nothing.

mod commit;
mod object;
mod tree;

pub use commit::CommitInspection;
pub use object::ObjectInspection;
pub use tree::{TreeComparison, TreeInspection};
