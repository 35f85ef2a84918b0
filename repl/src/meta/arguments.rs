//! The words behind a backslash command.

use crate::failure::Failure;

/// Splits into words. Quotes, single or double, keep spaces and are doubled to stand for themselves. A
/// semicolon at the end is left out, since fingers type it.
pub(super) fn split(text: &str) -> Result<Vec<String>, Failure> {
    let text = text.trim_end().trim_end_matches(';');
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        Some(c) if c == character => {
                            if characters.next_if_eq(&character).is_none() {
                                break;
                            }
                            word.push(c);
                        }
                        Some(c) => word.push(c),
                        None => return Err(Failure::refused(format!("the quote {character} is not closed"))),
                    }
                }
            }
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_space_outside_of_quotes() {
        assert_eq!(split("a  'b c' d\"e\"  ''").unwrap(), ["a", "b c", "de", ""]);
        assert_eq!(split("'it''s' x;").unwrap(), ["it's", "x"]);
        assert_eq!(split("").unwrap(), Vec::<String>::new());
        assert!(split("'open").is_err());
    }
}
