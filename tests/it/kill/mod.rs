//! Kills: the real server under load, `kill -9` at a moment of chance, and the server again on what is left, over and over. All that a
//! client was told is done must be there, and of what was in flight each statement or transaction as a whole or not at all.
//!
//! [`worker`] does the work, and [`holdings`] is what a client may rely on: each has a table, branches, versions and transfers of its
//! own, so that what must be there is known. The accounts belong to all, and follow from the transfers.
//!
//! | variable | says, in the long run |
//! |----------|------|
//! | `MICROPROLLY_SEED` | with which chance the first database is worked on |
//! | `MICROPROLLY_KILLS` | how often the server is killed; 500 times if it does not say |
//!
//! ```text
//! MICROPROLLY_KILLS=500 cargo test -p microprolly-tests --test it kill::five_hundred -- --ignored --nocapture
//! ```

mod dice;
mod holdings;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use microprolly_engine::{Database, Principal};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::program::Server;
use dice::Dice;
use holdings::{Holdings, table};
use worker::Worker;

const SEED: &str = "MICROPROLLY_SEED";
const KILLS: &str = "MICROPROLLY_KILLS";

/// Clients at work at the same time.
const CLIENTS: i64 = 3;

/// Accounts, and what is in each at the beginning.
const ACCOUNTS: i64 = 10;
const BALANCE: i64 = 1_000;

/// A database is killed so often, then a new one is begun: what it holds has to be read after each kill.
const KILLS_PER_DATABASE: u64 = 25;

/// After so many kills, and after the last, a copy of the database is checked object by object.
const CHECK_EVERY: u64 = 7;

/// How long the server may work before it is killed, in milliseconds.
const LOAD_MS_MIN: i64 = 20;
const LOAD_MS_MAX: i64 = 900;

/// How long a client may take to notice that the server is gone.
const NOTICE_SECONDS_MAX: u64 = 60;

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    kills: u64,
    acknowledged: u64,
    conflicts: u64,
    collections: u64,
    /// Operations in flight at a kill.
    in_flight: u64,
    /// Those of them that changed something, and are there.
    in_flight_done: u64,
    /// Databases that were checked object by object.
    checks: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.acknowledged += other.acknowledged;
        self.conflicts += other.conflicts;
        self.collections += other.collections;
        self.in_flight += other.in_flight;
        self.in_flight_done += other.in_flight_done;
        self.checks += other.checks;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, acknowledged, conflicts, collections, in_flight, in_flight_done, checks } = self;
        write!(
            f,
            "{kills} kills: {acknowledged} operations acknowledged ({collections} collections, {conflicts} conflicts), \
             {in_flight} in flight, of which {in_flight_done} are there; {checks} checks; nothing lost, nothing by half"
        )
    }
}

/// A database, from its creation on.
struct Life {
    directory: TempDir,
    dice: Dice,
    workers: Vec<Worker>,
    tally: Tally,
}

impl Life {
    /// Creates a database, with the tables that the clients work on.
    async fn begin(seed: u64) -> Result<Self, String> {
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let mut dice = Dice::new(seed);
        let workers =
            (0..CLIENTS).map(|client| Worker::new(client, seed ^ dice.below(i64::MAX).unsigned_abs()));
        let workers = workers.collect();
        let life = Self { directory, dice, workers, tally: Tally::default() };
        let server = Server::try_start(&life.data())?;
        let connection = connect(server.port()).await.map_err(|error| error.to_string())?;
        let accounts: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, {BALANCE})")).collect();
        let mut statements = vec![
            "CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT)".to_owned(),
            "CREATE TABLE transfers (id BIGINT PRIMARY KEY, giver BIGINT, taker BIGINT, amount BIGINT)"
                .to_owned(),
            format!("INSERT INTO accounts VALUES {}", accounts.join(", ")),
        ];
        let columns = "(id BIGINT PRIMARY KEY, batch BIGINT, mark BIGINT, payload TEXT)";
        statements.extend((0..CLIENTS).map(|client| format!("CREATE TABLE {} {columns}", table(client))));
        for statement in statements {
            connection.batch_execute(&statement).await.map_err(|error| format!("{statement}: {error:?}"))?;
        }
        server.kill();
        Ok(life)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Starts the server, compares, lets the clients work, and kills it.
    async fn round(&mut self) -> Result<(), String> {
        let server = Server::try_start(&self.data())?;
        self.compare(server.port()).await?;
        let is_killed = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = mem::take(&mut self.workers)
            .into_iter()
            .map(|worker| tokio::spawn(worker.work(server.port(), is_killed.clone())))
            .collect();
        let load = LOAD_MS_MIN + self.dice.below(LOAD_MS_MAX - LOAD_MS_MIN);
        sleep(Duration::from_millis(load.unsigned_abs())).await;
        is_killed.store(true, Ordering::SeqCst);
        server.kill();
        for task in tasks {
            let ended = timeout(Duration::from_secs(NOTICE_SECONDS_MAX), task).await;
            let ended = ended.map_err(|_| "a client waits for a server that is gone".to_owned())?;
            self.workers.push(ended.map_err(|error| error.to_string())??);
        }
        self.tally.kills += 1;
        Ok(())
    }

    /// Starts the server once more, and compares.
    async fn end(&mut self) -> Result<(), String> {
        self.check()?;
        let server = Server::try_start(&self.data())?;
        self.compare(server.port()).await
    }

    /// Compares what is there with what the clients were told.
    async fn compare(&mut self, port: u16) -> Result<(), String> {
        let seen = try_join_all(self.workers.iter().map(|worker| observe(port, worker.client))).await?;
        let mut balances: BTreeMap<i64, i64> = (0..ACCOUNTS).map(|id| (id, BALANCE)).collect();
        for transfer in seen.iter().flat_map(|holdings| holdings.transfers.values()) {
            *balances.entry(transfer.giver).or_default() -= transfer.amount;
            *balances.entry(transfer.taker).or_default() += transfer.amount;
        }
        let connection = connect(port).await.map_err(|error| error.to_string())?;
        let rows = query(&connection, "SELECT id, balance FROM accounts ORDER BY id").await?;
        let found: BTreeMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        if found != balances {
            return Err(format!("accounts are {found:?}, and by the transfers {balances:?}"));
        }
        for (worker, seen) in self.workers.iter_mut().zip(seen) {
            worker.reconcile(seen)?;
        }
        Ok(())
    }

    /// Checks a copy of the files object by object, so that it is the server which recovers.
    fn check(&mut self) -> Result<(), String> {
        let copy = TempDir::new().map_err(|error| error.to_string())?;
        copy_files(&self.data(), copy.path()).map_err(|error| error.to_string())?;
        let database =
            Database::open(copy.path()).map_err(|error| format!("a copy does not open: {error}"))?;
        let session =
            database.session(Principal::all_powerful("check")).map_err(|error| error.to_string())?;
        let report = session.check().map_err(|error| format!("a copy cannot be checked: {error}"))?;
        let damage: Vec<_> = report.findings.iter().filter(|finding| finding.kind.is_damage()).collect();
        if !damage.is_empty() {
            return Err(format!("a check finds {damage:?}"));
        }
        self.tally.checks += 1;
        Ok(())
    }

    /// What happened to it, and to its clients.
    fn tally(&self) -> Tally {
        let mut tally = self.tally;
        self.workers.iter().for_each(|worker| tally.add(worker.tally));
        tally
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What a client finds.
async fn observe(port: u16, client: i64) -> Result<Holdings, String> {
    let connection = connect(port).await.map_err(|error| format!("client {client}: {error}"))?;
    Holdings::observe(&connection, client).await
}

/// A connection on the default branch.
async fn connect(port: u16) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).user("tester");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // The client hears of it, too.
        connection.await.ok();
    });
    Ok(client)
}

async fn query(connection: &Client, sql: &str) -> Result<Vec<Row>, String> {
    connection.query(sql, &[]).await.map_err(|error| format!("{sql}: {error:?}"))
}

/// Kills so often, and says what happened.
async fn kill(seed: u64, kills: u64) {
    let mut total = Tally::default();
    let databases = kills.div_ceil(KILLS_PER_DATABASE);
    for database in 0..databases {
        let seed = seed + database;
        let kills = KILLS_PER_DATABASE.min(kills - database * KILLS_PER_DATABASE);
        let mut life = Life::begin(seed).await.unwrap();
        for kill in 1..=kills {
            let outcome = match life.round().await {
                Ok(()) if kill == kills => life.end().await,
                Ok(()) if kill.is_multiple_of(CHECK_EVERY) => life.check(),
                other => other,
            };
            if let Err(what) = outcome {
                let kept = life.directory.keep();
                panic!(
                    "seed {seed}, kill {kill}: {what}\n  the files are in {}\n  {SEED}={seed} {KILLS}={kill} \
                     cargo test -p microprolly-tests --test it kill::five_hundred -- --ignored --nocapture",
                    kept.display()
                );
            }
        }
        total.add(life.tally());
        if databases > 1 {
            println!("database {} of {databases}, seed {seed}: {total}", database + 1);
        }
    }
    println!("{total}");
    assert!(total.acknowledged > kills, "there was hardly any load: {total}");
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_server_under_load_lose_nothing_acknowledged() {
    kill(1, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes seven minutes"]
async fn five_hundred_kills_of_the_server_under_load_lose_nothing_acknowledged() {
    kill(from_environment(SEED).unwrap_or(1_000), from_environment(KILLS).unwrap_or(500)).await;
}
