//! The text of a script as the tokenizer sees it: lines, columns, and the offsets behind them.

use sqlparser::tokenizer::{Location, Span};

/// Where each line of a script begins. The tokenizer counts lines and columns, in characters from 1; clients
/// are told characters from 1, and text is cut by bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineStarts {
    /// For each line, the characters before it.
    characters: Vec<usize>,
    /// The characters in all.
    total: usize,
}

impl LineStarts {
    /// Reads the lines of a script.
    pub(crate) fn new(script: &str) -> Self {
        let mut characters = vec![0];
        let mut total = 0;
        for character in script.chars() {
            total += 1;
            if character == '\n' {
                characters.push(total);
            }
        }
        LineStarts { characters, total }
    }

    /// The position of a location, in characters from 1; `None` for the empty location and for one outside
    /// the script.
    pub(crate) fn position(&self, location: Location) -> Option<usize> {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?;
        let position = self.characters.get(line)?.checked_add(column)?;
        (column > 0 && position <= self.total + 1).then_some(position)
    }

    /// The position at which a span begins.
    pub(crate) fn start_of(&self, span: Span) -> Option<usize> {
        self.position(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_not_bytes() {
        let lines = LineStarts::new("é\nüx");
        assert_eq!(lines.position(Location::new(1, 1)), Some(1));
        assert_eq!(lines.position(Location::new(2, 2)), Some(4));
        assert_eq!(lines.position(Location::new(2, 3)), Some(5));
        assert_eq!(lines.position(Location::new(3, 1)), None);
        assert_eq!(lines.position(Location::new(0, 0)), None);
    }
}
