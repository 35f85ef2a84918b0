//! PostgreSQL: a cluster of its own per store, stock settings (so durability is on), one connection over a Unix socket.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::{Client, Config, NoTls};

use crate::dataset::Dataset;
use crate::system::Store;
use crate::{Result, machine, measure};

/// What the report says about it.
pub(crate) fn setup() -> Result<String> {
    let server = programs()?.join("postgres");
    let version =
        machine::output(server.to_str().ok_or("the path of PostgreSQL is not UTF-8")?, &["--version"])?;
    let version = version.trim_start_matches("postgres (PostgreSQL) ").to_owned();
    Ok(format!(
        "{version}, stock settings, one connection over a Unix socket; memory is that of its backend process"
    ))
}

/// The users that may own a cluster where the benchmark runs as root, the first that exists.
const OWNERS: [&str; 2] = ["postgres", "nobody"];
const MAIN: &str = "bench";
const SUPERUSER: &str = "bench";

/// A running cluster and a connection to its database.
pub(crate) struct Postgres {
    client: Client,
    /// Stops the server if nobody closed the store: dropped after the client.
    cluster: Cluster,
}

impl Store for Postgres {
    async fn create(directory: &Path) -> Result<Self> {
        let cluster = Cluster::create(directory)?;
        let server = cluster.connect("postgres").await?;
        server.batch_execute(&format!("CREATE DATABASE {MAIN}")).await?;
        Ok(Postgres { client: cluster.connect(MAIN).await?, cluster })
    }

    async fn open(directory: &Path) -> Result<Self> {
        let cluster = Cluster::start(directory)?;
        Ok(Postgres { client: cluster.connect(MAIN).await?, cluster })
    }

    async fn load(&mut self, dataset: &Dataset, csv: &Path) -> Result<()> {
        self.client.batch_execute(&dataset.create_table()).await?;
        let copy = format!("COPY {} FROM STDIN (FORMAT csv, HEADER)", dataset.table());
        let mut sink = pin!(self.client.copy_in::<_, Bytes>(&copy).await?);
        let mut file = File::open(csv)?;
        while let Some(piece) = crate::dataset::next_piece(&mut file)? {
            sink.send(piece).await?;
        }
        let rows = sink.finish().await?;
        if rows == dataset.rows() { Ok(()) } else { Err(format!("COPY loaded {rows} rows").into()) }
    }

    async fn after_load(&mut self, dataset: &Dataset) -> Result<()> {
        Ok(self.client.batch_execute(&format!("VACUUM ANALYZE {}", dataset.table())).await?)
    }

    async fn group_by(&mut self, dataset: &Dataset) -> Result<u64> {
        let rows = self.client.query(dataset.group_by(), &[]).await?;
        let counts = rows.iter().map(|row| row.try_get::<_, i64>(0));
        Ok(counts.sum::<std::result::Result<i64, _>>()? as u64)
    }

    async fn branch(&mut self, name: &str) -> Result<()> {
        // A database with connections cannot be a template.
        self.client = self.cluster.connect("postgres").await?;
        self.wait_until_alone().await?;
        self.client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {MAIN}")).await?;
        self.client = self.cluster.connect(name).await?;
        Ok(())
    }

    async fn drop_branch(&mut self, name: &str) -> Result<()> {
        self.client = self.cluster.connect(MAIN).await?;
        Ok(self.client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?)
    }

    async fn peak_memory(&mut self) -> Result<u64> {
        let process: i32 = self.client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        measure::peak_rss_bytes(Some(process.try_into()?))
    }

    async fn close(mut self, dataset: &Dataset) -> Result<u64> {
        let size = format!("SELECT pg_total_relation_size('{}')", dataset.table());
        let bytes: i64 = self.client.query_one(&size, &[]).await?.try_get(0)?;
        self.cluster.stop("fast")?;
        Ok(bytes as u64)
    }
}

impl Postgres {
    /// Returns once the backend of the connection that was given up is gone.
    async fn wait_until_alone(&self) -> Result<()> {
        const TRIES_MAX: u32 = 1_000;
        for _ in 0..TRIES_MAX {
            let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1";
            if self.client.query_one(others, &[&MAIN]).await?.try_get::<_, i64>(0)? == 0 {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        Err("a connection to the template does not end".into())
    }
}

/// The files of a cluster and its running server.
struct Cluster {
    directory: PathBuf,
    programs: PathBuf,
    owner: Option<&'static str>,
    running: bool,
}

impl Cluster {
    /// Makes a cluster in an empty directory and starts it.
    fn create(directory: &Path) -> Result<Cluster> {
        let cluster = Cluster::at(directory)?;
        if let Some(owner) = cluster.owner {
            let id = |flag| Ok::<u32, crate::AnyError>(machine::output("id", &[flag, owner])?.parse()?);
            chown(directory, Some(id("-u")?), Some(id("-g")?))?;
        }
        let data = cluster.data()?;
        cluster.run("initdb", &["-D", &data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C"])?;
        cluster.started()
    }

    fn start(directory: &Path) -> Result<Cluster> {
        Cluster::at(directory)?.started()
    }

    fn at(directory: &Path) -> Result<Cluster> {
        let owner = if machine::output("id", &["-u"])? == "0" { Some(unprivileged_user()?) } else { None };
        Ok(Cluster { directory: directory.to_owned(), programs: programs()?, owner, running: false })
    }

    fn started(mut self) -> Result<Cluster> {
        let socket = self.directory.to_str().ok_or("the scratch directory's name is not UTF-8")?;
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{socket}'");
        let log = format!("{socket}/log");
        self.run("pg_ctl", &["start", "-w", "-s", "-D", &self.data()?, "-l", &log, "-o", &options])?;
        self.running = true;
        Ok(self)
    }

    fn stop(&mut self, mode: &str) -> Result<()> {
        self.run("pg_ctl", &["stop", "-w", "-s", "-D", &self.data()?, "-m", mode])?;
        self.running = false;
        Ok(())
    }

    async fn connect(&self, database: &str) -> Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.directory).user(SUPERUSER).dbname(database);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("PostgreSQL ended the connection: {error}");
            }
        });
        Ok(client)
    }

    fn data(&self) -> Result<String> {
        let path = self.directory.join("data").into_os_string();
        path.into_string().map_err(|_| "the scratch directory's name is not UTF-8".into())
    }

    /// Runs one of PostgreSQL's programs as the user who owns the files.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let path = self.programs.join(program);
        let mut command = match self.owner {
            Some(owner) => {
                let mut command = Command::new("runuser");
                command.args(["-u", owner, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        // The server inherits what is not redirected here, and whoever reads our own output would wait for it to end.
        let messages = self.directory.join(format!("{program}.messages"));
        let file = File::create(&messages)?;
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        if command.status()?.success() {
            return Ok(());
        }
        Err(format!("{program}: {}", fs::read_to_string(messages)?.trim()).into())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.running
            && let Err(error) = self.stop("immediate")
        {
            eprintln!("PostgreSQL in {} may still run: {error}", self.directory.display());
        }
    }
}

/// Where the server's programs are: `$PG_BIN`, else the newest of Debian's, else what `pg_config` says.
fn programs() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("PG_BIN") {
        return Ok(path.into());
    }
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let with_server = installed.filter(|path| path.join("bin/postgres").exists());
    match with_server.max_by_key(|path| version(path)) {
        Some(path) => Ok(path.join("bin")),
        None => machine::output("pg_config", &["--bindir"]).map(PathBuf::from).map_err(|error| {
            format!("no PostgreSQL server (package postgresql; or set PG_BIN): {error}").into()
        }),
    }
}

fn unprivileged_user() -> Result<&'static str> {
    let exists = |user: &&str| machine::output("id", &["-u", user]).is_ok();
    OWNERS.into_iter().find(exists).ok_or_else(|| format!("none of the users {OWNERS:?} exists").into())
}
