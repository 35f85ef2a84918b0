//! What a change of a definition does to the rows that are there.

use bytes::Bytes;

use super::json::Fields;
use super::value::write_string;

/// A change of one field in every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldChange {
    /// Rows stay as they are.
    None,
    /// Rows that lack the field get it, with this JSON value.
    Fill {
        /// The field.
        name: String,
        /// Its value, as JSON.
        json: String,
    },
    /// The field is taken out.
    Remove {
        /// The field.
        name: String,
    },
    /// The field goes by another name.
    Rename {
        /// The old name.
        name: String,
        /// The new name.
        to: String,
    },
}

impl FieldChange {
    /// The row after the change; none if it stays as it is.
    pub(crate) fn apply(&self, row: &[u8]) -> Option<Bytes> {
        let named =
            |raw: &[u8], name: &str| raw == name.as_bytes() || unescaped(raw).is_some_and(|raw| raw == name);
        let mut out = vec![b'{'];
        let mut changed = false;
        let mut found = false;
        for (raw, value) in Fields::of(row)? {
            let mut field = quoted(raw);
            match self {
                Self::None => return None,
                Self::Fill { name, .. } => found |= named(raw, name),
                Self::Remove { name } if named(raw, name) => {
                    changed = true;
                    continue;
                }
                Self::Rename { name, to } if named(raw, name) => {
                    changed = true;
                    field.clear();
                    write_string(&mut field, to);
                }
                // A field of the new name that no column declared gives way.
                Self::Rename { to, .. } if named(raw, to) => {
                    changed = true;
                    continue;
                }
                Self::Remove { .. } | Self::Rename { .. } => {}
            }
            append(&mut out, &field, value);
        }
        if let Self::Fill { name, json } = self
            && !found
        {
            changed = true;
            let mut field = Vec::new();
            write_string(&mut field, name);
            append(&mut out, &field, json.as_bytes());
        }
        out.push(b'}');
        changed.then(|| out.into())
    }
}

fn append(out: &mut Vec<u8>, field: &[u8], value: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    out.extend_from_slice(field);
    out.push(b':');
    out.extend_from_slice(value);
}

fn quoted(raw: &[u8]) -> Vec<u8> {
    [b"\"", raw, b"\""].concat()
}

fn unescaped(raw: &[u8]) -> Option<String> {
    if raw.contains(&b'\\') { serde_json::from_slice(&quoted(raw)).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(change: &FieldChange, row: &str) -> Option<String> {
        change.apply(row.as_bytes()).map(|row| String::from_utf8(row.to_vec()).unwrap())
    }

    #[test]
    fn only_the_named_field_changes() {
        let row = r#"{"a":1,"b":{"a":2},"c":"x"}"#;
        let remove = FieldChange::Remove { name: "a".into() };
        assert_eq!(apply(&remove, row).as_deref(), Some(r#"{"b":{"a":2},"c":"x"}"#));
        let rename = FieldChange::Rename { name: "a".into(), to: "z".into() };
        assert_eq!(apply(&rename, row).as_deref(), Some(r#"{"z":1,"b":{"a":2},"c":"x"}"#));
        let fill = FieldChange::Fill { name: "d".into(), json: "0".into() };
        assert_eq!(apply(&fill, row).as_deref(), Some(r#"{"a":1,"b":{"a":2},"c":"x","d":0}"#));
    }

    #[test]
    fn a_row_that_the_change_does_not_touch_is_left_as_it_is() {
        assert_eq!(apply(&FieldChange::Remove { name: "q".into() }, r#"{"a":1}"#), None);
        assert_eq!(apply(&FieldChange::Fill { name: "a".into(), json: "0".into() }, r#"{"a":null}"#), None);
    }
}
