//! The stack that a deep statement needs.
//!
//! Parser, planner and every walk over a tree recurse as deep as the statement is nested. How deep that may be
//! is limited ([`super::limits`]), yet a build without optimization needs more for it than the 2 MiB that a
//! worker thread has. Such a statement runs on a stack of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

/// What one level of parentheses takes of the stack: a sub-query in `FROM` costs the parser most.
const BYTES_PER_NESTING: usize = 128 << 10;

/// What one operator of a chain takes of the stack: copying a chain of UNION costs most.
const BYTES_PER_OPERATOR: usize = 32 << 10;

/// What is needed besides.
const BYTES_FREE: usize = 256 << 10;

/// How deep a statement goes, as its tokens tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Depth {
    /// Parentheses, brackets and `CASE`s inside each other.
    pub(crate) nesting: usize,
    /// Operators on one path of a tree, set operations and joins among them.
    pub(crate) operators: usize,
}

impl Depth {
    /// Runs `work` with as much stack as statements of this depth need: on the one that there is, if enough of
    /// it is left, else on one that is made for it.
    pub(crate) fn with_stack<R>(self, work: impl FnOnce() -> R) -> R {
        let bytes = self.nesting * BYTES_PER_NESTING + self.operators * BYTES_PER_OPERATOR + BYTES_FREE;
        stacker::maybe_grow(bytes, bytes, work)
    }
}

/// A future of which every step has the stack that statements of some depth need.
pub(crate) struct OnStack<F> {
    depth: Depth,
    future: Pin<Box<F>>,
}

impl<F: Future> OnStack<F> {
    pub(crate) fn new(depth: Depth, future: F) -> Self {
        OnStack { depth, future: Box::pin(future) }
    }
}

impl<F: Future> Future for OnStack<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let depth = self.depth;
        depth.with_stack(|| self.future.as_mut().poll(context))
    }
}
