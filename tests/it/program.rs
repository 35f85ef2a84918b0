//! The binary `microprolly` and psql, run in a directory of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The binary that this build made. Cargo builds it with the tests of the
/// workspace, beside this test's own directory.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("microprolly");
    assert!(binary.exists(), "{} is not there: cargo build -p microprolly", binary.display());
    binary
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
        let mut process = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map(|line| line.unwrap())
            .find_map(|line| line.split("127.0.0.1:").nth(1)?.split_whitespace().next()?.parse().ok())
            .expect("the server says where it listens");
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port }
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
