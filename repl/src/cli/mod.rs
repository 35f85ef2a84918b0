//! The command line: arguments, and which part of the program they ask for.

mod args;
mod batch;
mod check;
mod open;
mod repair;
mod serve;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use args::{Arguments, Subcommand};

use crate::console::say;
use crate::failure::Failure;
use crate::report::{self, Verbosity};
use crate::{import, shell};

/// Stack of each worker thread, in bytes. Plans of deeply nested statements are walked recursively.
const WORKER_STACK_BYTES: usize = 8 << 20;

/// Exit code for a failed statement, import or start.
const EXIT_FAILURE: u8 = 1;
/// Exit code for a command line that makes no sense; clap uses the same.
const EXIT_USAGE: u8 = 2;

/// Runs the program and gives its exit code: 0, 1 (something failed), 2 (wrong usage).
pub(crate) fn main() -> ExitCode {
    let arguments = args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(WORKER_STACK_BYTES)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(Failure::refused(format!("cannot start worker threads: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // As when SIGPIPE ends a tool: the statements not run yet are not reported as done.
        Err(Failure::OutputClosed) => ExitCode::from(EXIT_FAILURE),
        Err(Failure::Usage(message)) => {
            say(format_args!("error: {message}\n\nFor more information, try '--help'."));
            ExitCode::from(EXIT_USAGE)
        }
        Err(failure) => {
            say(report::render(&failure, Verbosity::Normal));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.subcommand {
        Some(Subcommand::Serve(serve)) => serve::serve(&arguments.data, serve.listen).await,
        Some(Subcommand::Import(request)) => {
            import::check(&request)?;
            let runner = open::runner(&arguments.data, arguments.branch.as_deref()).await?;
            import::run(runner, request).await
        }
        Some(Subcommand::Check) => check::check(&arguments.data, arguments.format),
        Some(Subcommand::Repair(request)) => repair::repair(&arguments.data, &request, arguments.format),
        None => {
            let is_new = !arguments.data.exists();
            let mut runner = open::runner(&arguments.data, arguments.branch.as_deref()).await?;
            runner.settings.format = arguments.format;
            if !arguments.sources.is_empty() {
                batch::run(runner, &arguments.sources).await
            } else if io::stdin().is_terminal() {
                shell::run(runner, shell::Greeting { directory: arguments.data, is_new }).await
            } else {
                batch::run(runner, &[args::Source::Stdin]).await
            }
        }
    }
}
