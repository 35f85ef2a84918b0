//! Arrays of one dimension.

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use microprolly_sql::{SqlError, SqlState};
use pgwire::api::Type;

use super::super::arrow_type;
use super::{convert, text};

/// The elements as one list. Numerics are brought to the widest of their scales.
pub(super) fn list(values: Vec<ScalarValue>, element: &Type) -> Result<ScalarValue, SqlError> {
    let data_type = match arrow_type(element) {
        Some(data_type) => data_type,
        None => {
            let scale = values.iter().fold(0, |widest, value| match value.data_type() {
                DataType::Decimal128(_, scale) => widest.max(scale),
                _ => widest,
            });
            DataType::Decimal128(38, scale)
        }
    };
    let values =
        values.into_iter().map(|value| convert(value, &data_type, element)).collect::<Result<Vec<_>, _>>()?;
    Ok(ScalarValue::List(ScalarValue::new_list_nullable(&values, &data_type)))
}

/// `{a,"b c",NULL}`.
pub(super) fn from_text(text: &str, element: &Type) -> Result<ScalarValue, SqlError> {
    let malformed = |detail: &str| {
        SqlError::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("malformed array literal: \"{text}\""))
            .with_detail(detail.to_owned())
    };
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or_else(|| malformed("array value must start with \"{\" and end with \"}\""))?;
    let mut values = Vec::new();
    let mut chars = inner.chars().peekable();
    if inner.trim().is_empty() {
        return list(values, element);
    }
    loop {
        while chars.next_if(|char| char.is_ascii_whitespace()).is_some() {}
        let mut item = String::new();
        let quoted = chars.next_if_eq(&'"').is_some();
        if quoted {
            loop {
                match chars.next().ok_or_else(|| malformed("a quoted element has no end"))? {
                    '"' => break,
                    '\\' => item.push(chars.next().ok_or_else(|| malformed("unexpected end of input"))?),
                    char => item.push(char),
                }
            }
            while chars.next_if(|char| char.is_ascii_whitespace()).is_some() {}
        } else {
            while let Some(char) = chars.next_if(|&char| char != ',') {
                match char {
                    '{' => return Err(SqlError::not_supported("parameters of more than one dimension")),
                    '}' | '"' => return Err(malformed("an unquoted element has a brace or a quote in it")),
                    '\\' => item.push(chars.next().ok_or_else(|| malformed("unexpected end of input"))?),
                    char => item.push(char),
                }
            }
            item.truncate(item.trim_end().len());
            if item.is_empty() {
                return Err(malformed("an element is missing"));
            }
        }
        values.push(if !quoted && item.eq_ignore_ascii_case("null") {
            ScalarValue::Null
        } else {
            text::value(&item, element)?
        });
        match chars.next() {
            None => return list(values, element),
            Some(',') => {}
            Some(_) => return Err(malformed("a comma or the end must follow an element")),
        }
    }
}
