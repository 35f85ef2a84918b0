//! The statements that PostgreSQL does not have, or has otherwise: what `\h` says of them.

/// A statement of ours.
pub(crate) struct StatementHelp {
    /// Its first words.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) summary: &'static str,
    /// Its syntax.
    pub(crate) syntax: &'static str,
}

const fn help(name: &'static str, summary: &'static str, syntax: &'static str) -> StatementHelp {
    StatementHelp { name, summary, syntax }
}

/// In the order of a session: look, branch, change, commit, compare, go back; then what keeps a database well.
pub(crate) const STATEMENTS: &[StatementHelp] = &[
    help(
        "AS OF",
        "read a table at a revision",
        "SELECT … FROM table [ON BRANCH 'branch'] AS OF 'revision' [alias] …
A revision is a branch 'main', a tag 'v1.0', a commit '9f2c41ab', 'HEAD', 'main~3', 'main^',
'WORKING' or a time '2026-01-31 12:00:00Z'.
SET microprolly.as_of = 'revision';   RESET microprolly.as_of;",
    ),
    help(
        "ON BRANCH",
        "read a table on another branch",
        "SELECT … FROM table ON BRANCH 'branch' [AS OF 'revision'] [alias] …",
    ),
    help(
        "DIFF",
        "what differs between two revisions",
        "DIFF 'from' 'to' [ON table [WHERE condition] [SUMMARY]]
DIFF 'from'...'to' ON table          since the two parted
SELECT … FROM diff('from', 'to', 'table') …
Rows: diff_type (added, removed, modified), the key columns, from_<column>, to_<column>.",
    ),
    help("CREATE BRANCH", "make a branch", "CREATE BRANCH [IF NOT EXISTS] branch [FROM 'revision']"),
    help("USE BRANCH", "switch the session to a branch", "USE BRANCH branch"),
    help("DROP BRANCH", "remove a branch", "DROP BRANCH [IF EXISTS] branch [FORCE]"),
    help("ALTER BRANCH", "rename a branch", "ALTER BRANCH branch RENAME TO name"),
    help(
        "COMMIT MESSAGE",
        "make a version of the branch",
        "COMMIT MESSAGE 'why' [AUTHOR 'Name <mail>'] [METADATA '{…}'] [ALLOW EMPTY]
A plain COMMIT ends a transaction.",
    ),
    help("CREATE TAG", "name a commit", "CREATE TAG tag [AT 'revision'] [MESSAGE 'text']"),
    help("DROP TAG", "remove a tag", "DROP TAG tag"),
    help(
        "SHOW",
        "branches, tags, history, uncommitted changes",
        "SHOW BRANCHES | TAGS | LOG ['revision' | 'a'..'b'] | STATUS | SEGMENTS
Each is a SELECT on prolly.branches, prolly.tags, prolly.log, prolly.status, prolly.segments.",
    ),
    help(
        "COPY",
        "load or write rows",
        "COPY table [(column, …)] FROM STDIN [(FORMAT csv, HEADER, NULL 'NA', …)]
COPY table | (SELECT …) TO STDOUT [(FORMAT csv, HEADER)]
\\copy does the same with a file.",
    ),
    help(
        "kv",
        "every key of the branch, typed or not",
        "SELECT key, value FROM kv WHERE key LIKE 'config:%'",
    ),
    help(
        "COLLECT GARBAGE",
        "give back the room of what nothing leads to",
        "COLLECT GARBAGE [DRY RUN]
A dry run says what would be removed from the segments that are sealed, and removes nothing.",
    ),
    help(
        "CHECK DATABASE",
        "whether everything is there, and whole",
        "CHECK DATABASE
A row for each thing damaged or missing (type, object, file, offset, reached_by, detail), and for garbage.",
    ),
    help(
        "REPAIR DATABASE",
        "mend what can be mended",
        "REPAIR DATABASE
A database that does not open is repaired by: microprolly repair [--salvage NEWDIR]",
    ),
    help(
        "INSPECT",
        "look into commits, trees and objects",
        "INSPECT COMMIT 'revision'
INSPECT TREE 'revision' [COMPARED WITH 'revision']
INSPECT OBJECT 'hash'",
    ),
    help(
        "ALTER DATABASE",
        "change settings of the whole database",
        "ALTER DATABASE SET compression = 'none' | 'zstd' | 'zstd(level)'
ALTER DATABASE SET garbage_collection = 'off' | 'on' | '50%'      collects when it has grown so much
SHOW microprolly.compression;   SHOW microprolly.garbage_collection;",
    ),
];

/// The statements whose name begins with these words, or holds them if none does.
pub(crate) fn find(words: &str) -> Vec<&'static StatementHelp> {
    let words = words.trim_end_matches(';').to_lowercase();
    let with = |test: &dyn Fn(&str) -> bool| -> Vec<_> {
        STATEMENTS.iter().filter(|statement| test(&statement.name.to_lowercase())).collect()
    };
    let beginning = with(&|name| name.starts_with(&words));
    if beginning.is_empty() { with(&|name| name.contains(&words)) } else { beginning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_found_by_the_beginning_and_else_by_any_part() {
        let names = |words| find(words).iter().map(|statement| statement.name).collect::<Vec<_>>();
        assert_eq!(names("create"), ["CREATE BRANCH", "CREATE TAG"]);
        assert_eq!(names("tag"), ["CREATE TAG", "DROP TAG"]);
        assert!(names("vacuum").is_empty());
    }
}
