//! The arguments, read with clap.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use crate::import::ImportRequest;
use crate::output::Format;

/// Where the database lives unless `--data` says otherwise.
const DEFAULT_DATA_DIRECTORY: &str = "./microprolly-data";
/// Where `serve` listens unless told otherwise: not PostgreSQL's own port, so that both can run.
const DEFAULT_LISTEN_ADDRESS: &str = "127.0.0.1:5433";

const AFTER_HELP: &str = "\
Without -c and -f, statements come from stdin, or from you if stdin is a terminal.
Only result sets go to stdout. Tags, notices, errors, timings and progress go to stderr.

Formats:
  table  aligned columns and a row count, for people
  csv    RFC 4180 with a header and LF line ends; NULL is an empty field, the empty string is \"\"
  json   one JSON object per row and line (NDJSON); numbers stay exact, NaN and Infinity are strings,
         timestamps are ISO 8601, bytea is \\x and hex digits; of two columns `id` the second is `id_2`

Exit codes:
  0  everything succeeded
  1  a statement, the import or the start failed, and nothing after it ran; or something is damaged
  2  the command line was wrong

Examples:
  microprolly                                       open the shell on ./microprolly-data
  microprolly -c 'SHOW BRANCHES' --format json
  microprolly import flights.csv.gz --table flights --key year,month,day,carrier,flight --null NA
  microprolly serve                                 then: psql -h 127.0.0.1 -p 5433
  microprolly check                                 is everything there, and whole?
  microprolly repair --salvage ./saved              mends what can be mended, and saves what can be read";

#[derive(Debug, Parser)]
#[command(
    name = "microprolly",
    version,
    about = "A database that branches like Git",
    after_help = AFTER_HELP,
    subcommand_negates_reqs = true
)]
struct CommandLine {
    /// The directory of the database; made on first use
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIRECTORY, global = true)]
    data: PathBuf,

    /// The branch to work on [default: main]
    #[arg(long, value_name = "BRANCH", global = true)]
    branch: Option<String>,

    /// Run these statements or this backslash command, then leave; may be given several times
    #[arg(short = 'c', long = "command", value_name = "SQL", allow_hyphen_values = true)]
    command: Vec<String>,

    /// Run the statements of this file (- is stdin), then leave; runs in order with -c
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Vec<PathBuf>,

    /// How results are written
    #[arg(long, value_name = "FORMAT", default_value = "table", global = true)]
    format: Format,

    #[command(subcommand)]
    subcommand: Option<Subcommand>,
}

/// What to do other than run statements.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Serve the database to psql and every other PostgreSQL client
    Serve(ServeRequest),
    /// Load a CSV file (also gzipped) into a table, in one transaction
    Import(ImportRequest),
    /// Read everything in the database that no other process has open, and list what is damaged
    Check,
    /// Mend what can be mended of a damaged database that no other process has open
    Repair(RepairRequest),
}

/// The arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct ServeRequest {
    /// The address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN_ADDRESS)]
    pub(super) listen: SocketAddr,
}

/// The arguments of `repair`.
#[derive(Debug, clap::Args)]
pub(super) struct RepairRequest {
    /// After that, save what can be read of every branch and tag into a new database
    #[arg(long, value_name = "NEWDIR")]
    pub(super) salvage: Option<PathBuf>,
}

/// One `-c` or `-f`, or stdin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// `-c`: the text itself.
    Text(String),
    /// `-f`: a file.
    File(PathBuf),
    /// `-f -`, or no `-c` and `-f` and no terminal.
    Stdin,
}

/// The arguments, checked against each other.
#[derive(Debug)]
pub(super) struct Arguments {
    /// The directory of the database.
    pub(super) data: PathBuf,
    /// The branch to start on.
    pub(super) branch: Option<String>,
    /// `-c` and `-f` in the order given.
    pub(super) sources: Vec<Source>,
    /// How results are written.
    pub(super) format: Format,
    /// `serve`, `import`, `check` or `repair`.
    pub(super) subcommand: Option<Subcommand>,
}

/// Reads the arguments of this process. Wrong ones, `--help` and `--version` end it.
pub(super) fn parse() -> Arguments {
    let matches = CommandLine::command().get_matches();
    from_matches(matches).unwrap_or_else(|error| error.exit())
}

fn from_matches(matches: ArgMatches) -> Result<Arguments, clap::Error> {
    let line = CommandLine::from_arg_matches(&matches)?;
    let sources = sources(&matches, line.command, line.file);
    if let Some(subcommand) = &line.subcommand {
        let given = |name| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        let lists = matches!(subcommand, Subcommand::Check | Subcommand::Repair(_));
        let stray = if given("command") {
            Some("-c")
        } else if given("file") {
            Some("-f")
        } else if given("format") && !lists {
            Some("--format")
        } else if line.branch.is_some() && !matches!(subcommand, Subcommand::Import(_)) {
            Some("--branch")
        } else {
            None
        };
        if let Some(stray) = stray {
            let name = matches.subcommand_name().unwrap_or_default();
            return Err(CommandLine::command().error(
                clap::error::ErrorKind::ArgumentConflict,
                format!("{stray} cannot be used with the command '{name}'"),
            ));
        }
    }
    Ok(Arguments {
        data: line.data,
        branch: line.branch,
        sources,
        format: line.format,
        subcommand: line.subcommand,
    })
}

/// Puts `-c` and `-f` back into one sequence: clap keeps a list for each, and where each value stood.
fn sources(matches: &ArgMatches, commands: Vec<String>, files: Vec<PathBuf>) -> Vec<Source> {
    let places = |name| matches.indices_of(name).into_iter().flatten().collect::<Vec<_>>();
    let texts = places("command").into_iter().zip(commands.into_iter().map(Source::Text));
    let files = places("file").into_iter().zip(
        files.into_iter().map(
            |path| {
                if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path) }
            },
        ),
    );
    let mut placed: Vec<_> = texts.chain(files).collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, source)| source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        let all = std::iter::once("microprolly").chain(arguments.iter().copied());
        CommandLine::command().try_get_matches_from(all).and_then(from_matches)
    }

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn commands_and_files_keep_the_order_in_which_they_were_given() {
        let arguments = parse(&["-c", "a", "-f", "b.sql", "-c", "c", "--file=-"]).unwrap();
        assert_eq!(
            arguments.sources,
            [Source::Text("a".into()), Source::File("b.sql".into()), Source::Text("c".into()), Source::Stdin]
        );
    }

    #[test]
    fn a_statement_may_begin_with_a_comment() {
        let arguments = parse(&["-c", "-- nothing\nSELECT 1"]).unwrap();
        assert_eq!(arguments.sources, [Source::Text("-- nothing\nSELECT 1".into())]);
    }

    #[test]
    fn the_data_directory_may_stand_before_or_after_the_command() {
        for arguments in [["--data", "d", "serve"], ["serve", "--data", "d"]] {
            assert_eq!(parse(&arguments).unwrap().data, PathBuf::from("d"));
        }
    }

    #[test]
    fn the_format_of_a_list_may_stand_before_or_after_the_command() {
        for arguments in [["--format", "csv", "check"], ["repair", "--format", "csv"]] {
            assert_eq!(parse(&arguments).unwrap().format, Format::Csv);
        }
        assert_eq!(parse(&["check"]).unwrap().format, Format::Table);
    }

    #[test]
    fn statements_together_with_a_command_are_wrong_usage() {
        for arguments in [
            &["-c", "SELECT 1", "serve"][..],
            &["--format", "csv", "serve"],
            &["serve", "--branch", "b"],
            &["serve", "--format", "csv"],
            &["check", "--branch", "b"],
            &["--branch", "b", "repair"],
            &["repair", "-c", "SELECT 1"],
            &["-f", "x", "import", "f.csv", "--table", "t", "--key", "k"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }
}
