//! `\?`, `\h`, `\errverbose`: help.

use super::statements::{STATEMENTS, find};
use super::{COMMANDS, suggest};
use crate::console::say;
use crate::failure::Failure;
use crate::report::{self, Verbosity};
use crate::runner::Runner;

/// `\?`: all commands, and our statements on a few lines.
pub(super) fn list_commands() {
    say(command_list());
}

/// The text of `\?`.
pub(super) fn command_list() -> String {
    let shown = |command: &super::Command| format!("{} {}", command.name, command.usage);
    let width = COMMANDS.iter().map(|command| shown(command).len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut group = "";
    for command in COMMANDS {
        if command.group != group {
            group = command.group;
            text.push_str(&format!("{}{group}\n", if text.is_empty() { "" } else { "\n" }));
        }
        text.push_str(&format!("  {:<width$}  {}\n", shown(command), command.summary));
    }
    text.push_str("\nStatements beyond PostgreSQL's (\\h NAME shows the syntax)\n");
    for statement in STATEMENTS {
        text.push_str(&format!("  {:<24}{}\n", statement.name, statement.summary));
    }
    text.truncate(text.trim_end().len());
    text
}

/// `\h`: the syntax of the statements that begin with these words.
pub(super) fn explain_statement(words: &str) -> Result<(), Failure> {
    if words.is_empty() {
        for statement in STATEMENTS {
            say(format_args!("{:<24}{}", statement.name, statement.summary));
        }
        return Ok(());
    }
    let found = find(words);
    if found.is_empty() {
        let near = suggest(words, STATEMENTS.iter().map(|statement| statement.name));
        let hint = match near.as_slice() {
            [] => "\\h lists the statements; all others are as in PostgreSQL.".to_owned(),
            near => format!("Did you mean {}? All others are as in PostgreSQL.", near.join(" or ")),
        };
        return Err(Failure::refused_with_hint(format!("there is no help on {words}"), hint));
    }
    let texts: Vec<_> = found
        .iter()
        .map(|statement| format!("{}: {}\n{}", statement.name, statement.summary, indented(statement.syntax)))
        .collect();
    say(texts.join("\n\n"));
    Ok(())
}

fn indented(syntax: &str) -> String {
    syntax.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// `\errverbose`: the last failure again, with all that is known.
pub(super) fn explain_last_failure(runner: &Runner) {
    match &runner.last_failure {
        Some(failure) => say(report::render(failure, Verbosity::Verbose)),
        None => say("No statement has failed."),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_commands_fits_a_terminal() {
        let text = super::command_list();
        insta::assert_snapshot!(text);
        for line in text.lines() {
            assert!(line.chars().count() <= 110, "{line}");
        }
    }
}
