//! The server: listens, and gives every client a task of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use microprolly_sql::Database;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::cancel::CancelRegistry;
use crate::connection::{self, Shared};
use crate::error::{Closed, ServerError};
use crate::options::{Limits, ServerOptions};

/// How long to wait after the operating system could not give a connection, which it cannot when it has run
/// out of file descriptors.
const ACCEPT_RETRY_MS: u64 = 100;

/// A database on the PostgreSQL protocol.
///
/// Every connection is a task with a session of its own; the name of the database that a client asks for is
/// the branch that its session is on. A panic in one task is logged and ends that connection only.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    database: Database,
    limits: Limits,
}

impl Server {
    /// Listens at `options.listen`; clients wait until [`Server::serve`] is called.
    ///
    /// Fails if the address is not a loopback address, or if the operating system refuses it.
    pub async fn bind(database: Database, options: ServerOptions) -> Result<Self, ServerError> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(ServerError::NotLoopback(address));
        }
        let listen_error = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        Ok(Self { listener, address, database, limits: options.limits })
    }

    /// The address that clients connect to; with the port that was chosen if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves clients until `shutdown` resolves. Then no more are let in, idle ones are sent away with
    /// 57P01, and statements that run have [`Limits::shutdown_ms_max`] to end.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            database: self.database,
            limits: self.limits.clone(),
            cancels: Arc::new(CancelRegistry::default()),
            stopping,
        });
        let admission = Admission {
            connections: Arc::new(Semaphore::new(self.limits.connections_max)),
            refusals: Arc::new(Semaphore::new(self.limits.refusals_max)),
        };
        let mut tasks = JoinSet::new();
        tracing::info!(address = %self.address, "listening");
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next() => log_end(ended),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => admission.admit(&mut tasks, &shared, stream, peer),
                    Err(error) => {
                        tracing::warn!(%error, "could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                    }
                },
            }
        }
        drop(self.listener);
        tracing::info!(connections = tasks.len(), "stopping");
        stop.send_replace(true);
        let patience = Duration::from_millis(self.limits.shutdown_ms_max);
        let all_ended = async {
            while let Some(ended) = tasks.join_next().await {
                log_end(ended);
            }
        };
        if tokio::time::timeout(patience, all_ended).await.is_err() {
            tracing::warn!(connections = tasks.len(), "statements still run; they are dropped");
            tasks.shutdown().await;
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Who is let in.
struct Admission {
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Admission {
    /// Starts a connection's task. Above the limit of connections it serves only to say so, and to cancel;
    /// above the limit of those, the connection is closed.
    fn admit(
        &self,
        tasks: &mut JoinSet<Result<(), Closed>>,
        shared: &Arc<Shared>,
        stream: TcpStream,
        peer: SocketAddr,
    ) {
        let take = |semaphore: &Arc<Semaphore>| Arc::clone(semaphore).try_acquire_owned().ok();
        let (permit, refused) = match take(&self.connections) {
            Some(permit) => (Some(permit), false),
            None => (take(&self.refusals), true),
        };
        let Some(permit) = permit else {
            tracing::warn!(%peer, "too many connections; closed unread");
            return;
        };
        tasks.spawn(serve_one(Arc::clone(shared), stream, peer, refused, permit));
    }
}

async fn serve_one(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    refused: bool,
    permit: OwnedSemaphorePermit,
) -> Result<(), Closed> {
    let outcome = connection::serve(stream, shared, refused).await;
    match &outcome {
        Ok(()) => tracing::debug!(%peer, "disconnected"),
        Err(closed @ (Closed::ByClient | Closed::Io(_) | Closed::Shutdown)) => {
            tracing::debug!(%peer, reason = %closed, "disconnected");
        }
        Err(closed) => tracing::info!(%peer, reason = %closed, "connection closed"),
    }
    drop(permit);
    outcome
}

/// A task's end has been logged by the task itself, unless it panicked.
fn log_end(ended: Result<Result<(), Closed>, JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}
