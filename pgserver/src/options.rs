//! What a server is started with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a server listens and what it allows.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The address to listen on; port 0 takes any free port. Only a loopback address is accepted, since
    /// there is neither encryption nor authentication yet. Default: `127.0.0.1:5433`.
    pub listen: SocketAddr,
    /// The limits that protect the server from its clients.
    pub limits: Limits,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5433), limits: Limits::default() }
    }
}

/// Every limit of the server, by name and unit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections served at one time; one more is answered with 53300. Default: 100.
    pub connections_max: usize,
    /// Connections above `connections_max` that are read far enough at one time to be told so, or to cancel
    /// a statement of another connection; above that they are closed without a word. Default: 32.
    pub refusals_max: usize,
    /// How long a client may take from connecting to the end of its start-up packet, and how long a last
    /// message to a client that is being closed may take. Default: 60,000 milliseconds.
    pub startup_ms_max: u64,
    /// Length of a packet before the session stands: start-up, cancel, encryption request.
    /// Default: 10,000 bytes, as in PostgreSQL.
    pub startup_packet_bytes_max: usize,
    /// Length of any later message: a statement, a set of parameters, a piece of COPY data.
    /// Default: 64 MiB.
    pub message_bytes_max: usize,
    /// Prepared statements that one connection may hold. Default: 10,000.
    pub statements_max: usize,
    /// Portals that one connection may hold. Default: 1,000.
    pub portals_max: usize,
    /// Result bytes that are gathered before they are handed to the socket. Default: 64 KiB.
    pub send_bytes: usize,
    /// Bytes that are read ahead while a statement runs, to notice that the client has gone.
    /// Default: 64 KiB.
    pub read_ahead_bytes_max: usize,
    /// How long statements may go on after the server was told to stop. Default: 5,000 milliseconds.
    pub shutdown_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 100,
            refusals_max: 32,
            startup_ms_max: 60_000,
            startup_packet_bytes_max: 10_000,
            message_bytes_max: 64 * 1024 * 1024,
            statements_max: 10_000,
            portals_max: 1_000,
            send_bytes: 64 * 1024,
            read_ahead_bytes_max: 64 * 1024,
            shutdown_ms_max: 5_000,
        }
    }
}
