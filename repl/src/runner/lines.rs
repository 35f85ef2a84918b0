//! Lines of input: scripts, the text of `-c`, the terminal.

use std::io::{self, BufRead};

use crate::failure::Failure;
use crate::runner::Pending;

/// What the next line is for; the terminal prompts accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The beginning of a statement, in a script also the rest of one.
    Statement,
    /// The rest of a statement.
    Continuation(Pending),
    /// Data of COPY FROM STDIN.
    CopyData,
}

/// Something that lines are read from.
pub(crate) trait LineSource {
    /// The script's name; none for the shell and `-c`.
    fn name(&self) -> Option<&str>;

    /// The next line without its end, or none at the end of the input.
    fn next_line(&mut self, want: Want) -> Result<Option<String>, Failure>;

    /// The number of the line read last, from 1.
    fn line_number(&self) -> usize;
}

/// A script: a file or stdin. Data of COPY FROM STDIN follows the statement, up to a line of `\.`.
pub(crate) struct ScriptLines<R> {
    name: String,
    reader: R,
    line_number: usize,
}

impl<R: BufRead> ScriptLines<R> {
    /// A script of this name.
    pub(crate) fn new(name: impl Into<String>, reader: R) -> Self {
        Self { name: name.into(), reader, line_number: 0 }
    }
}

impl<R: BufRead> LineSource for ScriptLines<R> {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn next_line(&mut self, _want: Want) -> Result<Option<String>, Failure> {
        self.line_number += 1;
        let mut line = read_line(&mut self.reader).map_err(|source| Failure::Input {
            name: format!("{}:{}", self.name, self.line_number),
            source,
        })?;
        if self.line_number == 1
            && let Some(line) = &mut line
            && line.starts_with('\u{feff}')
        {
            line.remove(0);
        }
        Ok(line)
    }

    fn line_number(&self) -> usize {
        self.line_number
    }
}

/// The text of one `-c`. Data of COPY FROM STDIN is read from the process's stdin.
pub(crate) struct TextLines<'a> {
    lines: std::str::Split<'a, char>,
    line_number: usize,
}

impl<'a> TextLines<'a> {
    /// The lines of this text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { lines: text.split('\n'), line_number: 0 }
    }
}

impl LineSource for TextLines<'_> {
    fn name(&self) -> Option<&str> {
        None
    }

    fn next_line(&mut self, want: Want) -> Result<Option<String>, Failure> {
        if want == Want::CopyData {
            return read_line(&mut io::stdin().lock())
                .map_err(|source| Failure::Input { name: "<stdin>".to_owned(), source });
        }
        self.line_number += 1;
        Ok(self.lines.next().map(str::to_owned))
    }

    fn line_number(&self) -> usize {
        self.line_number
    }
}

/// Reads one line without its end; none at the end of the input. Bytes that are not UTF-8 are an error.
fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if line.ends_with('\n') {
        line.pop();
    }
    Ok(Some(line))
}
