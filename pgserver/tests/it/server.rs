//! A server on an in-memory database, for one test.

use std::net::SocketAddr;

use microprolly_pgserver::{Limits, Server, ServerOptions};
use microprolly_sql::Database;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let database = Database::in_memory().unwrap();
        let options = ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), limits };
        let server = Server::bind(database, options).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.serve(async move {
            stopped.await.ok();
        }));
        Self { address, stop: Some(stop), task }
    }

    /// A configuration for the default branch.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.address.port()).user("ann");
        config
    }

    /// A client on the default branch.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.config()).await.unwrap()
    }

    /// Tells the server to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        connection.await.ok();
    });
    Ok(client)
}

/// The SQLSTATE of a failed statement.
pub(crate) fn code<T>(result: Result<T, tokio_postgres::Error>) -> String {
    match result {
        Ok(_) => panic!("the statement did not fail"),
        Err(error) => match error.code() {
            Some(code) => code.code().to_owned(),
            None => panic!("not an error of the server: {error}"),
        },
    }
}
