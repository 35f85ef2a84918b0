//! Text that is safe and aligned on a terminal, whatever is stored.

use unicode_width::UnicodeWidthStr;

/// Columns between tab stops.
const TAB_COLUMNS: usize = 8;

/// How many columns the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text on one line: control characters, line ends included, are written as escapes.
pub(crate) fn escape_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        push_safe(&mut line, character);
    }
    line
}

/// The text as the lines of a table's cell: line ends are kept, other control characters are written as
/// escapes.
pub(super) fn escape_lines(text: &str) -> Vec<String> {
    text.split('\n').map(|line| escape_line(line.strip_suffix('\r').unwrap_or(line))).collect()
}

fn push_safe(line: &mut String, character: char) {
    match character {
        '\t' => {
            let column = width(line);
            line.extend(std::iter::repeat_n(' ', TAB_COLUMNS - column % TAB_COLUMNS));
        }
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        // C0 and DEL: an escape sequence could move the cursor or rename the window.
        '\0'..='\u{1f}' | '\u{7f}' => line.push_str(&format!("\\x{:02X}", u32::from(character))),
        // C1 controls; and the marks that turn the direction of text around what follows.
        '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            line.push_str(&format!("\\u{:04X}", u32::from(character)));
        }
        _ => line.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stored_can_send_a_control_sequence_to_the_terminal() {
        assert_eq!(escape_line("\u{1b}[2J\u{7}\u{9b}x\u{202e}"), "\\x1B[2J\\x07\\u009Bx\\u202E");
    }

    #[test]
    fn tabs_reach_to_the_next_stop() {
        assert_eq!(escape_line("ab\tc"), "ab      c");
    }

    #[test]
    fn line_ends_split_a_cell() {
        assert_eq!(escape_lines("a\r\nb\n"), ["a", "b", ""]);
    }
}
