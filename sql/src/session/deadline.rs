//! How long a statement may take (`statement_timeout`).
//!
//! A statement whose time runs out is dropped, and so ends at the next place
//! where it waits, as one that is cancelled does.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, StreamExt, stream};
use tokio::time::Sleep;

use crate::copy::CopyOut;
use crate::error::{SqlError, SqlState};
use crate::outcome::Outcome;

/// When the time of one statement runs out.
pub(super) struct Deadline(Pin<Box<Sleep>>);

impl Deadline {
    /// So long from now.
    pub(super) fn after(limit: Duration) -> Self {
        Self(Box::pin(tokio::time::sleep(limit)))
    }

    /// What `work` comes to, or the error for time that ran out first. The
    /// time is looked at before each step, so what is refused was not done.
    pub(super) async fn limit<T>(
        &mut self,
        work: impl Future<Output = Result<T, SqlError>>,
    ) -> Result<T, SqlError> {
        tokio::select! {
            biased;
            () = self.0.as_mut() => Err(timed_out()),
            done = work => done,
        }
    }

    /// The outcome of the work, whose rows must have come by then, too. How
    /// long the client takes to send the data of a COPY is its own affair.
    pub(super) fn limit_rows(self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Rows { schema, stream, command } => {
                let rows = RecordBatchStreamAdapter::new(stream.schema(), self.limit_items(stream));
                Outcome::Rows { schema, stream: Box::pin(rows), command }
            }
            Outcome::CopyOut(copy) => {
                Outcome::CopyOut(CopyOut { stream: self.limit_items(copy.stream).boxed(), ..copy })
            }
            Outcome::Done { .. } | Outcome::CopyIn(_) => outcome,
        }
    }

    fn limit_items<T, E: From<SqlError>>(
        mut self,
        mut items: impl Stream<Item = Result<T, E>> + Unpin,
    ) -> impl Stream<Item = Result<T, E>> {
        stream::poll_fn(move |context| match self.0.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(timed_out().into()))),
            Poll::Pending => items.poll_next_unpin(context),
        })
    }
}

fn timed_out() -> SqlError {
    SqlError::new(SqlState::QUERY_CANCELED, "canceling statement due to statement timeout")
}
