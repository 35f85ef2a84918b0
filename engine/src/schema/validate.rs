//! Checking a key and a value against the type that claims the key.

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::definition::TypeDefinition;
use super::json::Fields;
use super::row_key::RowKey;
use super::value::Value;
use crate::error::{EngineError, Result, Violation};

impl TypeDefinition {
    /// Checks that `value` is a row of this type that belongs under `key`.
    ///
    /// # Errors
    /// [`EngineError::InvalidValue`] with the key, the field and the rule.
    pub fn validate(&self, key: &Bytes, value: &[u8]) -> Result<()> {
        let refuse = |column: Option<&str>, violation, reason| EngineError::InvalidValue {
            key: key.clone(),
            column: column.map(str::to_owned),
            reason,
            violation,
        };
        let malformed = |detail: String| {
            refuse(
                None,
                Violation::Malformed,
                format!("the value for {} is not a JSON object: {detail}", shown(key)),
            )
        };
        // The parser does not look at the bytes of strings that it passes over.
        let text = std::str::from_utf8(value).map_err(|failure| malformed(failure.to_string()))?;
        serde_json::from_str::<IgnoredAny>(text).map_err(|failure| malformed(failure.to_string()))?;
        let fields = Fields::of(value).ok_or_else(|| malformed("it is another kind of JSON".to_owned()))?;

        // Of each column whether it is given, and if so whether as null.
        let mut seen = vec![None; self.columns.len()];
        let mut key_values = vec![None; self.primary_key.len()];
        for (name, json) in fields {
            let Some(position) = self.columns.iter().position(|column| column.is_named(name)) else {
                continue;
            };
            let column = &self.columns[position];
            let value = Value::parse(json, &column.column_type).map_err(|failure| {
                let reason =
                    format!("column \"{}\" of table \"{}\": {}", column.name, self.name, failure.reason);
                refuse(Some(&column.name), failure.violation, reason)
            })?;
            if seen[position].replace(value.is_null()).is_some() {
                let reason = format!("column \"{}\" of table \"{}\" is given twice", column.name, self.name);
                return Err(refuse(Some(&column.name), Violation::Malformed, reason));
            }
            if let Some(index) = self.primary_key.iter().position(|name| *name == column.name) {
                key_values[index] = Some(value);
            }
        }
        if let Some((column, _)) =
            self.columns.iter().zip(&seen).find(|(column, seen)| column.required && **seen != Some(false))
        {
            let reason = format!(
                "null value in column \"{}\" of table \"{}\" violates its not-null constraint",
                column.name, self.name
            );
            return Err(refuse(Some(&column.name), Violation::Missing, reason));
        }
        if self.has_generated_key() {
            // SQL shows the id as text.
            if RowKey::id_of(&self.name, key).is_none_or(|id| id.contains('\0')) {
                let reason = format!("the id in the key {} is not text", shown(key));
                return Err(refuse(None, Violation::KeyMismatch, reason));
            }
        } else {
            let mut expected = RowKey::new(&self.name, self.primary_key.len());
            key_values.iter().flatten().for_each(|value| expected.push(&value.to_text()));
            if expected.as_bytes() != &key[..] {
                let reason = format!(
                    "the row's primary key belongs under {}, not under {}",
                    shown(expected.as_bytes()),
                    shown(key)
                );
                return Err(refuse(None, Violation::KeyMismatch, reason));
            }
        }
        Ok(())
    }
}

/// A key in a message.
fn shown(key: &[u8]) -> String {
    format!("\"{}\"", key.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, ColumnType};

    fn user() -> TypeDefinition {
        TypeDefinition::new(
            "user",
            vec![
                Column::new("id", ColumnType::TEXT),
                Column::new("role", ColumnType::TEXT).required(),
                Column::new("age", ColumnType::BigInt),
            ],
        )
        .checked()
        .unwrap()
    }

    fn violation(key: &str, value: &str) -> Option<Violation> {
        match user().validate(&Bytes::copy_from_slice(key.as_bytes()), value.as_bytes()) {
            Ok(()) => None,
            Err(EngineError::InvalidValue { violation, .. }) => Some(violation),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_row_is_taken_with_fields_that_are_not_declared() {
        assert_eq!(violation("user:1", r#"{"id":"1","role":"admin","nickname":["x"]}"#), None);
    }

    /// A field that no column declares was passed over without a look at its
    /// bytes, and its row could then not be shown as text.
    #[test]
    fn what_is_not_utf8_is_refused_wherever_it_stands() {
        let refused = |definition: &TypeDefinition, key: &[u8], value: &[u8]| {
            let outcome = definition.validate(&Bytes::copy_from_slice(key), value);
            outcome.err().map(|failure| match failure {
                EngineError::InvalidValue { violation, .. } => violation,
                other => panic!("{other}"),
            })
        };
        let value = b"{\"id\":\"1\",\"role\":\"a\",\"more\":\"\xff\"}";
        assert_eq!(refused(&user(), b"user:1", value), Some(Violation::Malformed));
        let generated = TypeDefinition::new("event", vec![Column::new("at", ColumnType::Date)]);
        assert_eq!(refused(&generated, b"event:1", b"{}"), None);
        assert_eq!(refused(&generated, b"event:\xff", b"{}"), Some(Violation::KeyMismatch));
        assert_eq!(refused(&generated, b"event:\0", b"{}"), Some(Violation::KeyMismatch));
    }

    #[test]
    fn every_broken_rule_is_named() {
        for (key, value, expected) in [
            ("user:1", "{\"id\":\"1\",", Violation::Malformed),
            ("user:1", "[1]", Violation::Malformed),
            ("user:1", r#"{"id":"1","id":"1","role":"a"}"#, Violation::Malformed),
            ("user:1", r#"{"id":"1","role":null,"role":"a"}"#, Violation::Malformed),
            ("user:1", r#"{"id":"1","role":"a","role":null}"#, Violation::Malformed),
            ("user:1", r#"{"id":"1","role":"a","age":null,"\u0061ge":null}"#, Violation::Malformed),
            ("user:1", r#"{"id":"1","role":"a\u0000"}"#, Violation::WrongType),
            ("user:1", r#"{"id":"1","role":7}"#, Violation::WrongType),
            ("user:1", r#"{"id":"1"}"#, Violation::Missing),
            ("user:1", r#"{"id":"1","role":null}"#, Violation::Missing),
            ("user:1", r#"{"id":"2","role":"a"}"#, Violation::KeyMismatch),
            ("user:1", r#"{"id":"1","role":"a","age":1.5}"#, Violation::WrongType),
        ] {
            assert_eq!(violation(key, value), Some(expected), "{value}");
        }
    }
}
