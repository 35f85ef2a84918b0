//! Reading the fields of a JSON object without parsing the whole of it.
//!
//! Scans want a few fields of many rows, so the reader finds where each
//! top-level value begins and ends and leaves the rest alone. It relies on the
//! object being valid JSON, which every write through a type has checked; on
//! other input it ends early or gives a slice that fails to parse, never a
//! panic.

use std::borrow::Cow;

/// The top-level fields of a JSON object: name and raw value, in order.
pub(crate) struct Fields<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Begins to read an object; none if the text does not begin one.
    pub(crate) fn of(text: &'a [u8]) -> Option<Self> {
        let at = skip_space(text, 0);
        (text.get(at) == Some(&b'{')).then_some(Self { text, at: at + 1 })
    }
}

impl<'a> Iterator for Fields<'a> {
    /// The name, still as between its quotes, and the value's text.
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut at = skip_space(self.text, self.at);
        if self.text.get(at) == Some(&b',') {
            at = skip_space(self.text, at + 1);
        }
        if self.text.get(at) != Some(&b'"') {
            return None;
        }
        let name_end = skip_string(self.text, at)?;
        let name = self.text.get(at + 1..name_end - 1)?;
        at = skip_space(self.text, name_end);
        if self.text.get(at) != Some(&b':') {
            return None;
        }
        at = skip_space(self.text, at + 1);
        let end = skip_value(self.text, at)?;
        self.at = end;
        Some((name, self.text.get(at..end)?))
    }
}

/// A JSON value as far as a column wants to know it.
#[derive(Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Boolean(bool),
    /// The digits as written.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An array or object, as written.
    Composite(&'a str),
}

/// Classifies one value's text; none if it is no JSON.
pub(crate) fn scalar(text: &[u8]) -> Option<Scalar<'_>> {
    Some(match text.first()? {
        b'n' => Scalar::Null,
        b't' => Scalar::Boolean(true),
        b'f' => Scalar::Boolean(false),
        b'"' => {
            let inner = text.get(1..text.len().checked_sub(1)?)?;
            Scalar::Text(if inner.contains(&b'\\') {
                Cow::Owned(serde_json::from_slice(text).ok()?)
            } else {
                Cow::Borrowed(std::str::from_utf8(inner).ok()?)
            })
        }
        b'[' | b'{' => Scalar::Composite(std::str::from_utf8(text).ok()?),
        _ => Scalar::Number(std::str::from_utf8(text).ok()?),
    })
}

/// Whether all escapes in the strings of a JSON text stand for characters that
/// text can hold: none for NUL, and none for half of a surrogate pair.
pub(super) fn are_escapes_text(json: &str) -> bool {
    let mut rest = json.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at..];
        let len = match (escape.get(1), code_unit(escape)) {
            (Some(b'u'), Some(0xd800..=0xdbff)) => match escape.get(6..).and_then(code_unit) {
                Some(0xdc00..=0xdfff) => 12,
                _ => return false,
            },
            (Some(b'u'), None | Some(0 | 0xdc00..=0xdfff)) => return false,
            (Some(b'u'), Some(_)) => 6,
            _ => 2,
        };
        rest = escape.get(len..).unwrap_or_default();
    }
    true
}

/// The UTF-16 unit of a `\uXXXX` at the beginning of a text.
fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0_u32, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The position after the string that begins at `at`.
fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position after the value that begins at `at`.
fn skip_value(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => skip_string(text, at),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = at;
            loop {
                match text.get(at)? {
                    b'"' => {
                        at = skip_string(text, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let rest = text.get(at..)?;
            let len = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
                .unwrap_or(rest.len());
            (len > 0).then_some(at + len)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        Fields::of(text.as_bytes())
            .unwrap()
            .map(|(name, value)| {
                (String::from_utf8(name.to_vec()).unwrap(), String::from_utf8(value.to_vec()).unwrap())
            })
            .collect()
    }

    #[test]
    fn values_end_where_json_says_they_end() {
        let text = r#" { "a" : 1 ,"b":"x,\"}","c":{"d":[1,{"e":"]"}]}, "f":null,"g":-1.5e3} "#;
        assert_eq!(
            fields(text).iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
            [
                ("a", "1"),
                ("b", "\"x,\\\"}\""),
                ("c", r#"{"d":[1,{"e":"]"}]}"#),
                ("f", "null"),
                ("g", "-1.5e3")
            ]
        );
    }

    #[test]
    fn no_truncation_panics() {
        let text = r#"{"a":"b\\","c":[{"d":tru"#;
        for len in 0..text.len() {
            if let Some(fields) = Fields::of(&text.as_bytes()[..len]) {
                fields.for_each(|(_, value)| drop(scalar(value)));
            }
        }
    }

    #[test]
    fn escapes_of_nul_and_of_half_a_character_are_no_text() {
        for text in [r#""\\u0000""#, r#"["\ud83d\ude00","\u00e4\n\"","\uD83D\uDE00"]"#, "\\"] {
            assert!(are_escapes_text(text), "{text}");
        }
        for text in [
            r#""a\u0000b""#,
            r#"{"\u0000":1}"#,
            r#"["\ud800"]"#,
            r#""\ud800x""#,
            r#""\ud800\n""#,
            r#""\ud800\u0041""#,
            r#""\ude00\ud83d""#,
            r#""\u00""#,
            r#""\u+041""#,
        ] {
            assert!(!are_escapes_text(text), "{text}");
        }
    }

    #[test]
    fn escapes_are_undone_only_where_there_are_some() {
        assert_eq!(scalar(br#""pl\u00e4in""#), Some(Scalar::Text(Cow::Owned("pläin".into()))));
        assert!(matches!(scalar(br#""plain""#), Some(Scalar::Text(Cow::Borrowed("plain")))));
    }
}
