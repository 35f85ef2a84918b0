//! `microprolly serve`: the PostgreSQL server until a signal ends it.

use std::net::SocketAddr;
use std::path::Path;

use microprolly_pgserver::{Server, ServerOptions};

use crate::cli::open;
use crate::console::say;
use crate::failure::Failure;

/// Serves the database in `directory` on `listen` until SIGINT or SIGTERM.
pub(super) async fn serve(directory: &Path, listen: SocketAddr) -> Result<(), Failure> {
    let database = open::database(directory)?;
    // Before the first client may come: from here on a signal ends the server in good order.
    let shutdown = shutdown_signal()?;
    let options = ServerOptions { listen, ..ServerOptions::default() };
    let server = Server::bind(database, options)
        .await
        .map_err(|error| Failure::refused(format!("cannot listen on {listen}: {error}")))?;
    let address = server.local_addr();
    say(format_args!("listening on {address} (psql -h {} -p {})", address.ip(), address.port()));
    server.serve(shutdown).await;
    Ok(())
}

/// A future that ends with the first SIGINT or SIGTERM after this call.
#[cfg(unix)]
fn shutdown_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let install =
        |kind| signal(kind).map_err(|error| Failure::refused(format!("cannot wait for signals: {error}")));
    let mut interrupt = install(SignalKind::interrupt())?;
    let mut terminate = install(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        say("shutting down");
    })
}

/// A future that ends with the first Ctrl-C.
#[cfg(not(unix))]
fn shutdown_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            say(format_args!("cannot wait for Ctrl-C: {error}"));
            std::future::pending::<()>().await;
        }
        say("shutting down");
    })
}
