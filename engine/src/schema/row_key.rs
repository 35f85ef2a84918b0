//! Keys of rows.
//!
//! A row of type `user` whose primary key is one column lies under
//! `user:<value>`, the value as text just as the user would write it. Of a
//! composite key all values but the last have `\` and `:` escaped by a
//! backslash, and a `:` stands between them: `flight:2013:1:1:UA`.

use bytes::Bytes;
use microprolly_storage::KeyRange;

/// The column under which SQL shows the id of a type without a primary key.
pub const GENERATED_KEY_COLUMN: &str = "_id";

const SEPARATOR: char = ':';
const ESCAPE: char = '\\';

/// Builds the key of a row, value by value.
#[derive(Clone, Debug)]
pub struct RowKey {
    text: String,
    remaining: usize,
}

impl RowKey {
    /// Begins a key of `components` values in the type `type_name`. A type
    /// with a generated key has one: the id itself.
    pub fn new(type_name: &str, components: usize) -> Self {
        Self { text: Self::prefix_of(type_name), remaining: components.max(1) }
    }

    /// What every key of a type begins with.
    pub fn prefix_of(type_name: &str) -> String {
        format!("{type_name}{SEPARATOR}")
    }

    /// The keys that belong to a type of a name.
    pub fn range_of(type_name: &str) -> KeyRange {
        KeyRange::prefix(Self::prefix_of(type_name).as_bytes())
    }

    /// Appends the next value. A call past the last value changes nothing.
    pub fn push(&mut self, value: &str) {
        match self.remaining {
            0 => return,
            1 => self.text.push_str(value),
            _ => {
                for c in value.chars() {
                    if c == SEPARATOR || c == ESCAPE {
                        self.text.push(ESCAPE);
                    }
                    self.text.push(c);
                }
                self.text.push(SEPARATOR);
            }
        }
        self.remaining -= 1;
    }

    /// Whether every value has been given, so that the text is a whole key and
    /// not a prefix of keys.
    pub fn is_whole(&self) -> bool {
        self.remaining == 0
    }

    /// How many values are still to be given.
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    /// The key so far, or the prefix that every row with these leading values has.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The key so far.
    pub fn into_bytes(self) -> Bytes {
        self.text.into()
    }

    /// The id within a key of the type: what follows `<type>:`.
    pub fn id_of<'a>(type_name: &str, key: &'a [u8]) -> Option<&'a str> {
        let rest = key.strip_prefix(type_name.as_bytes())?.strip_prefix(&[SEPARATOR as u8])?;
        std::str::from_utf8(rest).ok()
    }

    /// The name of the type that would claim a key: what precedes its first colon.
    pub fn type_of(key: &[u8]) -> Option<&str> {
        let end = key.iter().position(|&byte| byte == SEPARATOR as u8)?;
        std::str::from_utf8(&key[..end]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[&str]) -> String {
        let mut key = RowKey::new("t", values.len());
        values.iter().for_each(|value| key.push(value));
        assert!(key.is_whole());
        String::from_utf8(key.into_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_single_value_stands_as_the_user_wrote_it() {
        assert_eq!(key(&["a:b\\c"]), "t:a:b\\c");
    }

    #[test]
    fn composite_keys_are_distinct_for_distinct_values() {
        assert_ne!(key(&["a:b", "c"]), key(&["a", "b:c"]));
        assert_ne!(key(&["a\\", "b"]), key(&["a", "\\b"]));
        assert_eq!(key(&["2013", "UA"]), "t:2013:UA");
    }
}
