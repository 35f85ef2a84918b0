//! Backslash commands: the table that lists them, and the way from a name to what it does.

mod arguments;
mod copy;
mod describe;
mod display;
mod files;
mod help;
pub(crate) mod statements;

use crate::failure::Failure;
use crate::runner::{Flow, NoCopyData, Origin, Runner, Statement};

/// How alike two names must be for one to be suggested for the other (Jaro-Winkler, 0 to 1).
const SUGGESTION_SIMILARITY: f64 = 0.8;
/// Most suggestions for a wrong name.
const MAX_SUGGESTIONS: usize = 3;

/// What stands behind a command, for completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Nothing that could be completed.
    None,
    /// A table.
    Table,
    /// A branch, or another revision.
    Revision,
    /// A file.
    File,
    /// A statement of ours, by its first words.
    Statement,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A backslash command as `\?` lists it.
pub(crate) struct Command {
    /// Its name with the backslash.
    pub(crate) name: &'static str,
    /// What may stand behind it, for a person.
    pub(crate) usage: &'static str,
    /// What it does.
    pub(crate) summary: &'static str,
    /// What may stand behind it, for completion.
    pub(crate) argument: Argument,
    /// The group under which `\?` lists it.
    pub(crate) group: &'static str,
}

const ON_OFF: Argument = Argument::Word(&["on", "off"]);

const GENERAL: &str = "General";
const LOOKING: &str = "Looking around";
const INPUT: &str = "Input and output";
const DISPLAY: &str = "Display";

/// All commands, in the order in which `\?` lists them.
pub(crate) const COMMANDS: &[Command] = &[
    entry(GENERAL, "\\?", "", "this list", Argument::None),
    entry(
        GENERAL,
        "\\h",
        "[STATEMENT]",
        "syntax of the statements that PostgreSQL does not have",
        Argument::Statement,
    ),
    entry(GENERAL, "\\errverbose", "", "the last error with all that is known", Argument::None),
    entry(GENERAL, "\\q", "", "leave (also Ctrl-D)", Argument::None),
    entry(LOOKING, "\\d", "[TABLE]", "columns of a table, or all tables", Argument::Table),
    entry(
        LOOKING,
        "\\dt",
        "[PATTERN]",
        "tables; PATTERN may hold * and ?, and a schema: prolly.*",
        Argument::Table,
    ),
    entry(LOOKING, "\\l", "", "branches", Argument::None),
    entry(
        LOOKING,
        "\\c",
        "[BRANCH]",
        "switch to a branch, or read-only to a tag or commit",
        Argument::Revision,
    ),
    entry(LOOKING, "\\conninfo", "", "the database, the branch and the transaction", Argument::None),
    entry(INPUT, "\\g", "", "run the statement, like a semicolon", Argument::None),
    entry(INPUT, "\\gx", "", "run the statement, and show its result as with \\x on", Argument::None),
    entry(INPUT, "\\r", "", "forget the statement typed so far (also Ctrl-C)", Argument::None),
    entry(INPUT, "\\i", "FILE", "run the statements of a file", Argument::File),
    entry(INPUT, "\\o", "[FILE]", "write results to a file, or again to the terminal", Argument::File),
    entry(
        INPUT,
        "\\copy",
        "TABLE FROM FILE csv header",
        "load a file into a table; or TABLE|(QUERY) TO FILE …",
        Argument::Table,
    ),
    entry(
        DISPLAY,
        "\\format",
        "table|csv|json",
        "how results are written",
        Argument::Word(&["table", "csv", "json"]),
    ),
    entry(DISPLAY, "\\x", "[on|off]", "one line per column instead of one per row", ON_OFF),
    entry(DISPLAY, "\\timing", "[on|off]", "say how long each statement took", ON_OFF),
    entry(DISPLAY, "\\pset", "null [TEXT]", "what stands for NULL in a table", Argument::Word(&["null"])),
];

const fn entry(
    group: &'static str,
    name: &'static str,
    usage: &'static str,
    summary: &'static str,
    argument: Argument,
) -> Command {
    Command { name, usage, summary, argument, group }
}

/// Runs a backslash command. `text` begins with the backslash and is one line.
pub(crate) async fn run(runner: &mut Runner, text: &str) -> Result<Flow, Failure> {
    let (name, rest) = match text.find(|c: char| c.is_whitespace() || c == ';') {
        Some(end) => (&text[..end], text[end..].trim_start_matches(';').trim()),
        None => (text, ""),
    };
    if name == "\\copy" {
        return copy::run(runner, rest).await.map(|()| Flow::Continue);
    }
    let words = arguments::split(rest)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (name, words.as_slice()) {
        ("\\q", []) => return Ok(Flow::Quit),
        ("\\r", []) => return Ok(Flow::Clear),
        // With a statement before them these never come here.
        ("\\g" | "\\gx", []) => {}
        ("\\i", [file]) => return files::include(runner, file).await,
        ("\\?", []) => help::list_commands(),
        ("\\h", words) => help::explain_statement(&words.join(" "))?,
        ("\\errverbose", []) => help::explain_last_failure(runner),
        ("\\d", []) | ("\\dt", []) => describe::list_tables(runner, "public.*")?,
        ("\\d", [table]) if !table.contains(['*', '?']) => describe::describe_table(runner, table)?,
        ("\\d" | "\\dt", [pattern]) => describe::list_tables(runner, pattern)?,
        ("\\l", []) => run_text(runner, "SHOW BRANCHES").await?,
        ("\\c", []) | ("\\conninfo", []) => describe::say_where(runner),
        ("\\c", [revision]) => {
            runner.session.use_revision(revision).await?;
            describe::say_where(runner);
        }
        ("\\o", []) => files::results_to_stdout(runner),
        ("\\o", [file]) => files::results_to_file(runner, file)?,
        ("\\format", words) => display::set_format(runner, words)?,
        ("\\x", words) => display::set_expanded(runner, words)?,
        ("\\timing", words) => display::set_timing(runner, words)?,
        ("\\pset", ["null", null @ ..]) if null.len() <= 1 => display::set_null(runner, null),
        _ => return Err(wrong(name)),
    }
    Ok(Flow::Continue)
}

/// Runs a statement that a command stands for.
async fn run_text(runner: &mut Runner, text: &str) -> Result<(), Failure> {
    let statement = Statement { text: text.to_owned(), line: 1, expanded: false };
    runner.run_statement(&statement, Origin::unnamed(1), &mut NoCopyData, None).await
}

/// A command with wrong arguments, or a name that no command has.
fn wrong(name: &str) -> Failure {
    if let Some(command) = COMMANDS.iter().find(|command| command.name == name) {
        let usage = format!("{} {}", command.name, command.usage);
        return Failure::refused_with_hint(
            format!("wrong arguments for {name}"),
            format!("Usage: {}", usage.trim_end()),
        );
    }
    let suggestions = suggest(name, COMMANDS.iter().map(|command| command.name));
    let hint = match suggestions.as_slice() {
        [] => "\\? lists the commands.".to_owned(),
        names => format!("Did you mean {}? \\? lists the commands.", names.join(" or ")),
    };
    Failure::refused_with_hint(format!("there is no command {name}"), hint)
}

/// The names most like a wrong one, best first; and those that the wrong one spells out, as `\quit` does `\q`.
fn suggest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let bare = |name: &str| name.trim_start_matches('\\').to_lowercase();
    let wrong = bare(wrong);
    let mut scored: Vec<_> = names
        .map(|name| (strsim::jaro_winkler(&bare(name), &wrong), name))
        .filter(|(score, name)| *score >= SUGGESTION_SIMILARITY || wrong.starts_with(&bare(name)))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_command_suggests_those_most_like_it() {
        let Failure::Refused { message, hint } = wrong("\\timig") else { panic!("not refused") };
        assert_eq!(message, "there is no command \\timig");
        assert_eq!(hint.as_deref(), Some("Did you mean \\timing? \\? lists the commands."));
        let Failure::Refused { hint, .. } = wrong("\\connect") else { panic!("not refused") };
        assert_eq!(hint.as_deref(), Some("Did you mean \\c? \\? lists the commands."));
    }

    #[test]
    fn a_command_with_wrong_arguments_says_how_it_is_used() {
        let Failure::Refused { hint, .. } = wrong("\\i") else { panic!("not refused") };
        assert_eq!(hint.as_deref(), Some("Usage: \\i FILE"));
    }
}
