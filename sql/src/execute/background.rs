//! Work that reads much of the database, on a thread of its own.

use tokio::runtime::Handle;

use crate::error::SqlError;

/// Does work that may take long where it holds up nobody. It goes on to its end
/// if the future is dropped.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SqlError> {
    if Handle::try_current().is_err() {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|failure| SqlError::internal(format!("work in the background broke off: {failure}")))
}
