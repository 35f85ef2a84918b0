//! The binary `microprolly` and psql, run in a directory of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The binary, as the sources are now. Cargo builds it with the tests of the
/// whole workspace, but not with these alone: what lies there may be old.
fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(build);
    &BINARY
}

/// Builds the binary into the directory that this test was built into; there
/// is nothing to do when it is up to date.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.parent().and_then(Path::parent).unwrap();
    let profile = match directory.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        profile => profile,
    };
    let target = directory.parent().unwrap().to_str().unwrap();
    // The whole workspace, since dependencies have other features for a crate of its own.
    let arguments =
        ["build", "--workspace", "--bin", "microprolly", "--profile", profile, "--target-dir", target];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).stdin(Stdio::null()).current_dir(repository());
    // What cargo says of this package to its tests would have some build scripts run again.
    for (name, _) in std::env::vars_os() {
        let is_of_package = |name: &str| {
            ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        };
        if name.to_str().is_some_and(is_of_package) {
            cargo.env_remove(name);
        }
    }
    succeeded("cargo", &arguments, cargo.output().expect("cargo is needed to build the binary"));
    directory.join("microprolly")
}

/// Runs `microprolly` with arguments and gives what it printed, which must be a success.
pub(crate) fn microprolly(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .current_dir(repository())
        .output()
        .unwrap();
    succeeded("microprolly", arguments, output)
}

fn succeeded(program: &str, arguments: &[&str], output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} ended with {}: {stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// A server on a port of its own, ended when dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        Self::try_start(data).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The server, or what it said before it gave up.
    pub(crate) fn try_start(data: &Path) -> Result<Self, String> {
        let mut process = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let port = lines.by_ref().find_map(|line| {
            let port =
                line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            said.push(line);
            port
        });
        let Some(port) = port else {
            let status = process.wait().unwrap();
            return Err(format!("the server does not start, {status}: {}", said.join("\n")));
        };
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, port })
    }

    /// Where it listens on the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as `kill -9` does: it gets to do nothing more.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Runs psql on a branch and gives what it printed, which must be a success.
    pub(crate) fn psql(&self, branch: &str, arguments: &[&str]) -> String {
        let output = Command::new("psql")
            .args(["-X", "-q", "-h", "127.0.0.1", "-U", "tester", "-v", "ON_ERROR_STOP=1"])
            .args(["-p", &self.port.to_string(), "-d", branch])
            .args(arguments)
            .stdin(Stdio::null())
            .current_dir(repository())
            .output()
            .expect("psql is needed (package postgresql-client); tests/run.sh installs it");
        succeeded("psql", arguments, output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
