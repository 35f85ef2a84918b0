//! Running `microprolly` on a store of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; none if a signal ended the process.
    pub(crate) code: Option<i32>,
    /// All of stdout.
    pub(crate) stdout: String,
    /// All of stderr.
    pub(crate) stderr: String,
}

impl Run {
    /// The stdout of a run that must have succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout
    }

    /// The stderr of a run that must have failed with this code.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self.stderr
    }
}

/// A directory with a store in it, and room for other files.
pub(crate) struct Store {
    directory: TempDir,
}

impl Store {
    /// A directory without a store: the first run makes it.
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    /// Where the store is, or will be.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Writes a file beside the store and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The path of a file beside the store.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command with `--data` set, in the store's directory, with nothing on stdin.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = microprolly(self.directory.path());
        command.arg("--data").arg(self.data()).args(arguments);
        command
    }

    /// Runs with nothing on stdin.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments).spawn().unwrap(), "")
    }

    /// Runs with this text on stdin.
    pub(crate) fn run_with_stdin(&self, arguments: &[&str], stdin: &str) -> Run {
        finish(self.command(arguments).stdin(Stdio::piped()).spawn().unwrap(), stdin)
    }

    /// Runs statements that must succeed, and gives their results as CSV.
    #[track_caller]
    pub(crate) fn csv(&self, statements: &str) -> String {
        self.run(&["--format", "csv", "-c", statements]).success()
    }
}

/// The binary, with all streams captured and an environment that no user's settings reach.
pub(crate) fn microprolly(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microprolly"));
    command
        .current_dir(directory)
        .env("HOME", directory)
        .env_remove("XDG_STATE_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Feeds stdin and waits for the end.
pub(crate) fn finish(mut child: Child, stdin: &str) -> Run {
    let input = child.stdin.take();
    let text = stdin.to_owned();
    let writer = std::thread::spawn(move || {
        // A process that fails early does not read all of its input.
        if let Some(mut input) = input {
            drop(input.write_all(text.as_bytes()));
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
