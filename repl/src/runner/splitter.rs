//! Cutting input into statements: a semicolon ends one unless it stands in a string, a quoted name, a
//! comment or a dollar-quoted body. A backslash outside of those begins a command.

/// A statement as the user wrote it, leading comments left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The text, with its semicolon if it has one.
    pub(crate) text: String,
    /// The line of its first word, from 1.
    pub(crate) line: usize,
    /// Whether it ended in `\gx`, which shows this one result as a list of records.
    pub(crate) expanded: bool,
}

/// What input is cut into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A statement to run.
    Statement(Statement),
    /// A backslash command, up to the end of its line.
    Command {
        /// The text from the backslash.
        text: String,
        /// Its line, from 1.
        line: usize,
    },
}

/// What the end of the input so far stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Nothing, or only comments and space.
    Nothing,
    /// A statement that lacks its semicolon.
    Statement,
    /// A string.
    String,
    /// A quoted name.
    QuotedName,
    /// A comment `/* … */`.
    Comment,
    /// A body in dollar quotes.
    DollarQuote,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    /// `'…'`; with `E'…'` a backslash takes the next character along.
    String {
        escapes: bool,
    },
    QuotedName,
    LineComment,
    /// How many comments are open within each other.
    BlockComment {
        depth: usize,
    },
    /// The tag with both dollars: `$$`, `$body$`.
    DollarQuote {
        delimiter: String,
    },
}

/// Cuts lines into pieces as they come.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// What is not yet handed out.
    buffer: String,
    /// How far the buffer has been looked through, in bytes.
    position: usize,
    /// The line on which the buffer begins, from 1.
    line: usize,
    /// Where the first word of the statement begins, once there is one.
    begin: Option<usize>,
    state: State,
}

impl Splitter {
    /// Adds a line without its end; `number` is its number in the input.
    pub(crate) fn push_line(&mut self, line: &str, number: usize) {
        if self.buffer.is_empty() {
            self.line = number;
        }
        self.buffer.push_str(line);
        self.buffer.push('\n');
    }

    /// What the input so far ends in.
    pub(crate) fn pending(&self) -> Pending {
        match &self.state {
            State::String { .. } => Pending::String,
            State::QuotedName => Pending::QuotedName,
            State::BlockComment { .. } => Pending::Comment,
            State::DollarQuote { .. } => Pending::DollarQuote,
            State::Plain | State::LineComment if self.begin.is_some() => Pending::Statement,
            State::Plain | State::LineComment => Pending::Nothing,
        }
    }

    /// The unfinished statement.
    pub(crate) fn unfinished(&self) -> &str {
        &self.buffer[self.begin.unwrap_or(self.buffer.len())..]
    }

    /// Forgets the unfinished statement.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The unfinished statement at the end of the input, as a statement of its own.
    pub(crate) fn finish(&mut self) -> Option<Statement> {
        let statement =
            self.begin.map(|begin| self.statement(begin, self.buffer.trim_ascii_end().len(), false));
        self.clear();
        statement
    }

    /// The next complete piece, or none until more lines come.
    pub(crate) fn next_piece(&mut self) -> Option<Piece> {
        while let Some(character) = self.buffer[self.position..].chars().next() {
            let rest = &self.buffer[self.position..];
            let mut step = character.len_utf8();
            match &mut self.state {
                State::Plain => match character {
                    ';' => {
                        let end = self.position + 1;
                        let begin = self.begin.take();
                        let piece = begin.map(|begin| Piece::Statement(self.statement(begin, end, false)));
                        self.consume(end);
                        if piece.is_some() {
                            return piece;
                        }
                        continue;
                    }
                    '\\' => {
                        if let Some(piece) = self.take_command() {
                            return Some(piece);
                        }
                        continue;
                    }
                    '-' if rest.starts_with("--") => self.state = State::LineComment,
                    '/' if rest.starts_with("/*") => {
                        self.state = State::BlockComment { depth: 1 };
                        step = 2;
                    }
                    _ if character.is_whitespace() => {}
                    _ => {
                        self.begin.get_or_insert(self.position);
                        match character {
                            '\'' => {
                                let escapes = self.is_escape_string();
                                self.state = State::String { escapes };
                            }
                            '"' => self.state = State::QuotedName,
                            '$' => {
                                if let Some(delimiter) = self.dollar_delimiter() {
                                    step = delimiter.len();
                                    self.state = State::DollarQuote { delimiter };
                                }
                            }
                            _ => {}
                        }
                    }
                },
                State::String { escapes } => match character {
                    // A doubled quote closes and opens again, which comes to the same.
                    '\'' => self.state = State::Plain,
                    '\\' if *escapes => step += rest[1..].chars().next().map_or(0, char::len_utf8),
                    _ => {}
                },
                State::QuotedName if character == '"' => self.state = State::Plain,
                State::LineComment if character == '\n' => self.state = State::Plain,
                State::BlockComment { depth } if rest.starts_with("/*") => {
                    *depth += 1;
                    step = 2;
                }
                State::BlockComment { depth } if rest.starts_with("*/") => {
                    *depth -= 1;
                    step = 2;
                    if *depth == 0 {
                        self.state = State::Plain;
                    }
                }
                State::DollarQuote { delimiter } if rest.starts_with(delimiter.as_str()) => {
                    step = delimiter.len();
                    self.state = State::Plain;
                }
                State::QuotedName
                | State::LineComment
                | State::BlockComment { .. }
                | State::DollarQuote { .. } => {}
            }
            self.position += step;
        }
        if self.begin.is_none() && self.state == State::Plain {
            // Only space and comments: the next line begins afresh.
            self.consume(self.buffer.len());
        }
        None
    }

    /// Cuts the command at the position out of the buffer. `\g` and `\gx` end the statement before them.
    fn take_command(&mut self) -> Option<Piece> {
        let start = self.position;
        let end = start + self.buffer[start..].find('\n').unwrap_or(self.buffer.len() - start);
        let text = self.buffer[start..end].trim_ascii_end().to_owned();
        let expanded = match text.as_str() {
            "\\g" => Some(false),
            "\\gx" => Some(true),
            _ => None,
        };
        if let (Some(expanded), Some(begin)) = (expanded, self.begin.take_if(|_| expanded.is_some())) {
            let statement = self.statement(begin, start, expanded);
            self.consume(end);
            return Some(Piece::Statement(statement));
        }
        let line = self.line_at(start);
        self.buffer.replace_range(start..end, "");
        Some(Piece::Command { text, line })
    }

    fn statement(&self, begin: usize, end: usize, expanded: bool) -> Statement {
        let text = self.buffer[begin..end.max(begin)].trim_ascii_end().to_owned();
        Statement { text, line: self.line_at(begin), expanded }
    }

    fn line_at(&self, offset: usize) -> usize {
        self.line + self.buffer[..offset].matches('\n').count()
    }

    /// Drops the beginning of the buffer; what only ends a line goes with it.
    fn consume(&mut self, end: usize) {
        self.line = self.line_at(end);
        self.buffer.drain(..end);
        if self.buffer.trim_ascii().is_empty() {
            self.buffer.clear();
        }
        self.position = 0;
        self.begin = None;
    }

    /// Whether the quote at the position belongs to an `E'…'`.
    fn is_escape_string(&self) -> bool {
        let mut before = self.buffer[..self.position].chars().rev();
        matches!(before.next(), Some('e' | 'E')) && !before.next().is_some_and(is_word_character)
    }

    /// The opening `$tag$` at the position. A `$` within a word and a `$1` open nothing.
    fn dollar_delimiter(&self) -> Option<String> {
        if self.buffer[..self.position].chars().next_back().is_some_and(is_word_character) {
            return None;
        }
        let rest = &self.buffer[self.position + 1..];
        let tag = &rest[..rest.find('$')?];
        let is_tag = !tag.starts_with(|c: char| c.is_ascii_digit()) && tag.chars().all(is_word_character);
        is_tag.then(|| format!("${tag}$"))
    }
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pieces of a text, and what is pending at its end.
    fn split(text: &str) -> (Vec<Piece>, Pending) {
        let mut splitter = Splitter::default();
        let mut pieces = Vec::new();
        for (index, line) in text.split('\n').enumerate() {
            splitter.push_line(line, index + 1);
            while let Some(piece) = splitter.next_piece() {
                pieces.push(piece);
            }
        }
        (pieces, splitter.pending())
    }

    fn statements(text: &str) -> Vec<String> {
        let texts = split(text).0.into_iter().map(|piece| match piece {
            Piece::Statement(statement) => statement.text,
            Piece::Command { text, .. } => text,
        });
        texts.collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement() {
        assert_eq!(statements("SELECT 1; SELECT\n2;\nSELECT 3"), ["SELECT 1;", "SELECT\n2;"]);
        assert_eq!(split("SELECT 3").1, Pending::Statement);
    }

    #[test]
    fn a_semicolon_within_quotes_or_comments_does_not() {
        for text in [
            "SELECT ';', 'it''s;';",
            "SELECT \"a;\"\"b\";",
            "SELECT 1 -- not; here\n;",
            "SELECT /* not; /* nor; */ here; */ 1;",
            "SELECT $$ a; b $$, $tag$ c; $$ d; $tag$;",
            "SELECT E'it\\';', e'\\\\';",
        ] {
            assert_eq!(statements(text), [text]);
        }
    }

    #[test]
    fn a_backslash_in_an_ordinary_string_is_a_character() {
        assert_eq!(statements("SELECT '\\'; SELECT 2;"), ["SELECT '\\';", "SELECT 2;"]);
        assert_eq!(statements("SELECT type'\\'; SELECT 2;"), ["SELECT type'\\';", "SELECT 2;"]);
    }

    #[test]
    fn a_dollar_in_a_parameter_or_name_opens_nothing() {
        assert_eq!(statements("SELECT $1, $2, a$b$c;"), ["SELECT $1, $2, a$b$c;"]);
    }

    #[test]
    fn empty_statements_and_leading_comments_are_left_out() {
        assert_eq!(statements(";; -- c\n/* d */ SELECT 1;"), ["SELECT 1;"]);
        assert_eq!(split("-- only a comment").1, Pending::Nothing);
    }

    #[test]
    fn the_end_of_the_input_is_known_for_the_prompt() {
        for (text, pending) in [
            ("", Pending::Nothing),
            ("SELECT", Pending::Statement),
            ("SELECT 'a", Pending::String),
            ("SELECT \"a", Pending::QuotedName),
            ("/* a", Pending::Comment),
            ("SELECT $$ a", Pending::DollarQuote),
        ] {
            assert_eq!(split(text).1, pending, "{text}");
        }
    }

    #[test]
    fn statements_and_commands_know_their_lines() {
        let (pieces, _) = split("\n-- c\nSELECT 1; SELECT\n2;\n\n\\dt\nSELECT 3;");
        let lines: Vec<_> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Statement(statement) => statement.line,
                Piece::Command { line, .. } => *line,
            })
            .collect();
        assert_eq!(lines, [3, 3, 6, 7]);
    }

    #[test]
    fn a_command_within_a_statement_leaves_the_statement_as_it_was() {
        assert_eq!(statements("SELECT\n\\timing on \n1;"), ["\\timing on", "SELECT\n\n1;"]);
    }

    #[test]
    fn g_ends_a_statement_like_a_semicolon() {
        let (pieces, pending) = split("SELECT 1 \\gx\n\\g");
        let first = Statement { text: "SELECT 1".into(), line: 1, expanded: true };
        assert_eq!(pieces[0], Piece::Statement(first));
        assert_eq!(pieces[1], Piece::Command { text: "\\g".into(), line: 2 });
        assert_eq!(pending, Pending::Nothing);
    }

    #[test]
    fn the_end_of_a_script_ends_its_last_statement() {
        let mut splitter = Splitter::default();
        splitter.push_line("SELECT 1 -- last", 1);
        assert_eq!(splitter.next_piece(), None);
        assert_eq!(splitter.finish().map(|s| s.text).as_deref(), Some("SELECT 1 -- last"));
        assert_eq!(splitter.finish(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_without_losing_a_statement_or_failing(text in "[ a-zé0-9'\"$;/*\\\\\n-]{0,60}") {
            let (pieces, _) = split(&text);
            for piece in pieces {
                if let Piece::Statement(statement) = piece {
                    proptest::prop_assert!(!statement.text.trim().is_empty());
                }
            }
        }
    }
}
