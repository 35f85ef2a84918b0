//! What Tab offers: commands behind a backslash, revisions where one is named, tables behind FROM, and
//! keywords and columns everywhere else.

use super::keywords::{BEFORE_REVISION, BEFORE_TABLE, KEYWORDS, REVISION_SETTINGS};
use crate::meta::statements::STATEMENTS;
use crate::meta::{Argument, COMMANDS};

/// Names in the session that can be completed.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Tables, those of the system with their schema.
    pub(super) tables: Vec<String>,
    /// Tables with their columns.
    pub(super) columns: Vec<(String, Vec<String>)>,
    /// Branches.
    pub(super) branches: Vec<String>,
}

/// What fits at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// A file.
    File,
    /// Words, in order, that replace the line from `start` (a byte offset) to the cursor.
    Words {
        /// Where the word begins.
        start: usize,
        /// The words.
        words: Vec<String>,
    },
}

/// Completes `line`, which ends at the cursor. `unfinished` is the part of the statement before it.
pub(super) fn complete(unfinished: &str, line: &str, names: &Names) -> Completion {
    if unfinished.is_empty()
        && let Some(offset) = line.find(|c: char| !c.is_whitespace())
        && line[offset..].starts_with('\\')
    {
        return complete_command(line, offset, names);
    }
    let context = format!("{unfinished}\n{line}");
    let tokens = Tokens::read(&context);
    match tokens.last {
        Last::OpenString { offset } => {
            let start = (offset + 1).saturating_sub(unfinished.len() + 1).min(line.len());
            let partial = &line[start..];
            let words = if tokens.expects_revision() {
                matching(partial, names.branches.iter().map(String::as_str))
                    .into_iter()
                    .map(|name| format!("{}'", name.replace('\'', "''")))
                    .collect()
            } else {
                Vec::new()
            };
            Completion::Words { start, words }
        }
        Last::OpenOther => Completion::Words { start: line.len(), words: Vec::new() },
        Last::Word | Last::Space => {
            let start = word_start(line);
            Completion::Words { start, words: words_for(&tokens, &line[start..], &context, names) }
        }
    }
}

fn complete_command(line: &str, offset: usize, names: &Names) -> Completion {
    let Some(space) = line[offset..].find(char::is_whitespace) else {
        let words = matching(&line[offset..], COMMANDS.iter().map(|command| command.name));
        return Completion::Words { start: offset, words };
    };
    let name = &line[offset..offset + space];
    let start = line.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let partial = &line[start..];
    let is_first = line[offset + space..start].trim().is_empty();
    let argument =
        COMMANDS.iter().find(|command| command.name == name).map_or(Argument::None, |c| c.argument);
    let words = match argument {
        Argument::File => return Completion::File,
        // Behind FROM or TO of \copy stands a file.
        Argument::Table if !is_first => return Completion::File,
        _ if !is_first && argument != Argument::Statement => Vec::new(),
        Argument::Table => matching(partial, names.tables.iter().map(String::as_str)),
        Argument::Revision => matching(partial, names.branches.iter().map(String::as_str)),
        Argument::Word(words) => matching(partial, words.iter().copied()),
        Argument::Statement => {
            let start =
                offset + space + (line[offset + space..].len() - line[offset + space..].trim_start().len());
            let words = matching(&line[start..], STATEMENTS.iter().map(|statement| statement.name));
            return Completion::Words { start, words };
        }
        Argument::None => Vec::new(),
    };
    Completion::Words { start, words }
}

fn words_for(tokens: &Tokens, partial: &str, context: &str, names: &Names) -> Vec<String> {
    if let Some((table, column)) = partial.rsplit_once('.') {
        let columns = columns_of(table, names);
        let dotted = matching(column, columns.iter().map(String::as_str));
        let mut words: Vec<_> =
            dotted.into_iter().map(|column| format!("{table}.{}", identifier(&column))).collect();
        words.extend(matching(partial, names.tables.iter().map(String::as_str)));
        return words;
    }
    if tokens.expects_revision() {
        let branches = matching(partial, names.branches.iter().map(String::as_str));
        return branches.iter().map(|name| revision_literal(name)).collect();
    }
    if tokens.expects_table() {
        let tables = matching(partial, names.tables.iter().map(String::as_str));
        return tables.iter().map(|name| identifier(name)).collect();
    }
    if partial.is_empty() {
        return Vec::new();
    }
    let mentioned = |table: &str| context.to_lowercase().contains(&table.to_lowercase());
    let columns = names.columns.iter().filter(|(table, _)| mentioned(table)).flat_map(|(_, columns)| columns);
    let mut words: Vec<_> =
        matching(partial, columns.map(String::as_str)).iter().map(|name| identifier(name)).collect();
    let is_lower = partial.chars().all(|c| !c.is_uppercase());
    for keyword in matching(partial, KEYWORDS.iter().copied()) {
        words.push(if is_lower { keyword.to_lowercase() } else { keyword });
    }
    words
}

/// Those that begin with the partial word in any case, each once, in order.
fn matching<'a>(partial: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let partial = partial.to_lowercase();
    let mut words: Vec<_> =
        candidates.filter(|name| name.to_lowercase().starts_with(&partial)).map(str::to_owned).collect();
    words.sort();
    words.dedup();
    words
}

fn columns_of<'a>(table: &str, names: &'a Names) -> &'a [String] {
    let found = names.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(table));
    found.map_or(&[], |(_, columns)| columns)
}

/// The name as SQL takes it: in double quotes unless it is lower case and plain. A schema stays outside.
fn identifier(name: &str) -> String {
    let plain = |part: &str| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if name.split('.').all(plain) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn revision_literal(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Where the word that ends at the cursor begins.
fn word_start(line: &str) -> usize {
    line.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
        .map_or(0, |offset| offset + line[offset..].chars().next().map_or(0, char::len_utf8))
}

/// What the text ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// Behind a complete token.
    Space,
    /// In a word.
    Word,
    /// In a string that opened at this byte.
    OpenString { offset: usize },
    /// In a quoted name or a comment.
    OpenOther,
}

/// The words of a statement before the one at the cursor, as completion needs them: words in upper case,
/// strings as `'`, everything else by its character.
#[derive(Debug)]
struct Tokens {
    before: Vec<String>,
    last: Last,
}

impl Tokens {
    fn read(text: &str) -> Self {
        let mut before: Vec<String> = Vec::new();
        let mut characters = text.char_indices().peekable();
        let mut last = Last::Space;
        while let Some((offset, character)) = characters.next() {
            last = Last::Space;
            match character {
                ';' => before.clear(),
                '\'' | '"' => {
                    let open = character;
                    if !characters.by_ref().any(|(_, c)| c == open) {
                        last = if open == '\'' { Last::OpenString { offset } } else { Last::OpenOther };
                        break;
                    }
                    before.push(open.to_string());
                }
                '-' if characters.next_if(|(_, c)| *c == '-').is_some() => {
                    if !characters.by_ref().any(|(_, c)| c == '\n') {
                        last = Last::OpenOther;
                    }
                }
                c if c.is_whitespace() => {}
                c if c.is_alphanumeric() || c == '_' => {
                    let mut word = c.to_uppercase().to_string();
                    while let Some((_, c)) =
                        characters.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '.'))
                    {
                        word.extend(c.to_uppercase());
                    }
                    if characters.peek().is_none() {
                        last = Last::Word;
                    } else {
                        before.push(word);
                    }
                }
                c => before.push(c.to_string()),
            }
        }
        Self { before, last }
    }

    fn back(&self, steps: usize) -> &str {
        self.before.iter().rev().nth(steps).map_or("", String::as_str)
    }

    fn first(&self) -> &str {
        self.before.first().map_or("", String::as_str)
    }

    fn expects_revision(&self) -> bool {
        let verb = self.back(1);
        match self.back(0) {
            // A branch that is being made has no name to be completed.
            "BRANCH" | "TAG" if verb == "CREATE" => false,
            "OF" => verb == "AS",
            // The second revision of a DIFF.
            "'" => verb == "DIFF",
            "." => self.first() == "DIFF",
            "FROM" => self.before.iter().take(2).map(String::as_str).eq(["CREATE", "BRANCH"]),
            "=" | "TO" => REVISION_SETTINGS.contains(&verb),
            word => BEFORE_REVISION.contains(&word),
        }
    }

    fn expects_table(&self) -> bool {
        match self.back(0) {
            "ON" => matches!(self.first(), "DIFF"),
            word => BEFORE_TABLE.contains(&word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names {
            tables: columns(&["flights", "airlines", "Mixed", "prolly.log"]),
            columns: vec![
                ("flights".into(), columns(&["carrier", "dep_delay", "Dest"])),
                ("airlines".into(), columns(&["carrier", "name"])),
            ],
            branches: columns(&["main", "feature-x", "fix"]),
        }
    }

    /// The line with each of the words put in.
    fn completed(unfinished: &str, line: &str) -> Vec<String> {
        match complete(unfinished, line, &names()) {
            Completion::File => vec!["<file>".to_owned()],
            Completion::Words { start, words } => {
                words.into_iter().map(|word| format!("{}{word}", &line[..start])).collect()
            }
        }
    }

    #[test]
    fn tables_are_offered_behind_from_and_its_like() {
        assert_eq!(completed("", "SELECT * FROM fl"), ["SELECT * FROM flights"]);
        assert_eq!(completed("", "select * from M"), ["select * from \"Mixed\""]);
        assert_eq!(completed("SELECT *\n", "FROM prolly.l"), ["FROM prolly.log"]);
        assert_eq!(completed("", "DIFF 'a' 'b' ON a"), ["DIFF 'a' 'b' ON airlines"]);
    }

    #[test]
    fn branches_are_offered_within_quotes_where_a_revision_is_named() {
        assert_eq!(
            completed("", "SELECT * FROM flights ON BRANCH 'fe"),
            ["SELECT * FROM flights ON BRANCH 'feature-x'"]
        );
        assert_eq!(completed("", "SELECT * FROM flights AS OF 'ma"), ["SELECT * FROM flights AS OF 'main'"]);
        assert_eq!(completed("SELECT * FROM flights\n", "AS OF 'ma"), ["AS OF 'main'"]);
        assert_eq!(completed("", "DIFF 'main' 'fi"), ["DIFF 'main' 'fix'"]);
        assert_eq!(completed("", "CREATE BRANCH x FROM 'ma"), ["CREATE BRANCH x FROM 'main'"]);
        assert_eq!(completed("", "SET microprolly.branch = 'fi"), ["SET microprolly.branch = 'fix'"]);
        assert!(completed("", "SELECT 'ma").is_empty());
    }

    #[test]
    fn branches_are_quoted_where_no_quote_is_open() {
        assert_eq!(completed("", "USE BRANCH fe"), ["USE BRANCH 'feature-x'"]);
        assert!(completed("", "CREATE BRANCH fe").is_empty());
    }

    #[test]
    fn columns_of_the_tables_named_so_far_come_before_keywords() {
        assert_eq!(
            completed("", "SELECT * FROM flights WHERE d"),
            [
                "SELECT * FROM flights WHERE \"Dest\"",
                "SELECT * FROM flights WHERE dep_delay",
                "SELECT * FROM flights WHERE database",
                "SELECT * FROM flights WHERE date",
                "SELECT * FROM flights WHERE default",
                "SELECT * FROM flights WHERE delete",
                "SELECT * FROM flights WHERE desc",
                "SELECT * FROM flights WHERE diff",
                "SELECT * FROM flights WHERE distinct",
                "SELECT * FROM flights WHERE do",
                "SELECT * FROM flights WHERE double precision",
                "SELECT * FROM flights WHERE drop",
                "SELECT * FROM flights WHERE dry run",
            ]
        );
        assert_eq!(completed("", "SELECT airlines.n"), ["SELECT airlines.name"]);
    }

    #[test]
    fn keywords_keep_the_case_of_what_was_typed() {
        assert_eq!(completed("", "SEL"), ["SELECT"]);
        assert_eq!(completed("", "sel"), ["select"]);
    }

    #[test]
    fn commands_and_their_arguments_are_offered_behind_a_backslash() {
        assert_eq!(completed("", "\\tim"), ["\\timing"]);
        assert_eq!(completed("", "\\d fl"), ["\\d flights"]);
        assert_eq!(completed("", "\\c fe"), ["\\c feature-x"]);
        assert_eq!(completed("", "\\format c"), ["\\format csv"]);
        assert_eq!(completed("", "\\h create b"), ["\\h CREATE BRANCH"]);
        assert_eq!(completed("", "\\i se"), ["<file>"]);
        assert_eq!(completed("", "\\copy flights from fl"), ["<file>"]);
    }

    #[test]
    fn nothing_is_offered_within_comments_and_ordinary_strings() {
        assert!(completed("", "SELECT 1 -- fr").is_empty());
        assert!(completed("", "SELECT \"ca").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn completing_never_fails(unfinished in "[ a-zé'\"\n.;-]{0,20}", line in "[ \\\\a-zé'\".;-]{0,20}") {
            match complete(&unfinished, &line, &names()) {
                Completion::Words { start, .. } => proptest::prop_assert!(line.is_char_boundary(start)),
                Completion::File => {}
            }
        }
    }
}
