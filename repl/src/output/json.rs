//! Result sets as JSON: one object per row, one row per line (NDJSON).

use std::fmt;
use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{Datelike, NaiveDate};

use super::number::{write_float32, write_float64};
use super::text::{special_name, write_bytes, write_interval, write_time};
use super::unique_names;
use super::value::{Value, value_at};

/// Writes rows as they come.
pub(crate) struct JsonWriter {
    schema: SchemaRef,
    /// Per column, its name as a JSON string.
    names: Vec<String>,
    line: String,
}

impl JsonWriter {
    /// A writer for rows with these columns.
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let names = unique_names(schema).iter().map(|name| quoted(name)).collect();
        Self { schema: schema.clone(), names, line: String::new() }
    }

    /// Writes a line per row.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        for row in 0..batch.num_rows() {
            self.line.clear();
            self.line.push('{');
            let columns = batch.columns().iter().zip(self.schema.fields()).zip(&self.names);
            for (index, ((column, field), name)) in columns.enumerate() {
                if index > 0 {
                    self.line.push(',');
                }
                self.line.push_str(name);
                self.line.push(':');
                write_json(&value_at(column.as_ref(), field, row), &mut self.line)
                    .map_err(io::Error::other)?;
            }
            self.line.push_str("}\n");
            out.write_all(self.line.as_bytes())?;
        }
        Ok(())
    }
}

/// Appends the value as JSON.
pub(super) fn write_json(value: &Value<'_>, out: &mut impl fmt::Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Boolean(value) => write!(out, "{value}"),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Float32(value) if value.is_finite() => write_float32(*value, out),
        Value::Float32(value) => write!(out, "\"{}\"", special_name(f64::from(*value))),
        Value::Float64(value) if value.is_finite() => write_float64(*value, out),
        Value::Float64(value) => write!(out, "\"{}\"", special_name(*value)),
        Value::Decimal(digits) => out.write_str(digits),
        Value::Text(text) => write_string(text, out),
        Value::Other(text) => write_string(text, out),
        Value::Json(text) => write_embedded(text, out),
        Value::Bytes(bytes) => {
            // The backslash of `\x` is escaped, as JSON demands.
            out.write_str("\"\\")?;
            write_bytes(bytes, out)?;
            out.write_char('"')
        }
        Value::Date(date) => {
            out.write_char('"')?;
            write_iso_date(*date, out)?;
            out.write_char('"')
        }
        Value::Time(time) => {
            out.write_char('"')?;
            write_time(*time, out)?;
            out.write_char('"')
        }
        Value::Timestamp(moment, offset) => {
            out.write_char('"')?;
            write_iso_date(moment.date(), out)?;
            out.write_char('T')?;
            write_time(moment.time(), out)?;
            match offset.map(|offset| (offset, offset.local_minus_utc())) {
                None => {}
                Some((_, 0)) => out.write_char('Z')?,
                Some((offset, _)) => write!(out, "{offset}")?,
            }
            out.write_char('"')
        }
        Value::Interval(interval) => {
            out.write_char('"')?;
            write_interval(*interval, out)?;
            out.write_char('"')
        }
        Value::List(elements) => {
            out.write_char('[')?;
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write_json(element, out)?;
            }
            out.write_char(']')
        }
        Value::Object(entries) => {
            out.write_char('{')?;
            for (index, (name, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write_string(name, out)?;
                out.write_char(':')?;
                write_json(value, out)?;
            }
            out.write_char('}')
        }
    }
}

/// ISO 8601: four digits, or a sign and at least four outside the years 0 to 9999.
fn write_iso_date(date: NaiveDate, out: &mut impl fmt::Write) -> fmt::Result {
    match date.year() {
        year @ 0..=9999 => write!(out, "{year:04}")?,
        year => write!(out, "{year:+05}")?,
    }
    write!(out, "-{:02}-{:02}", date.month(), date.day())
}

/// Embeds JSON text as it is, on one line. Text that is not JSON becomes a string, so that the line stays
/// JSON.
fn write_embedded(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        // Line ends in JSON stand only between tokens; inside a string they are escaped.
        Ok(json) if json.get().contains(['\n', '\r']) => {
            json.get().split(['\n', '\r']).try_for_each(|line| out.write_str(line.trim_ascii()))
        }
        Ok(json) => out.write_str(json.get()),
        Err(_) => write_string(text, out),
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::new();
    write_string(text, &mut json).expect("writing to a String cannot fail");
    json
}

fn write_string(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain_from = 0;
    for (offset, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..=0x1f => "",
            _ => continue,
        };
        out.write_str(&text[plain_from..offset])?;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}")?;
        } else {
            out.write_str(escape)?;
        }
        plain_from = offset + 1;
    }
    out.write_str(&text[plain_from..])?;
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::super::{Format, samples};
    use super::*;

    #[test]
    fn every_type_has_its_json_form() {
        let written = samples::written(Format::Json, &samples::every_type());
        insta::assert_snapshot!(written.replace(",\"", ",\n\""));
    }

    #[test]
    fn every_line_is_json_by_itself() {
        let written = samples::written(Format::Json, &samples::every_type());
        assert_eq!(written.lines().count(), 2);
        for line in written.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    #[test]
    fn two_columns_of_one_name_both_stay_readable() {
        let batch = samples::text_columns(&[("id", &["a"]), ("id", &["b"]), ("id_2", &["c"])]);
        assert_eq!(samples::written(Format::Json, &batch), "{\"id\":\"a\",\"id_3\":\"b\",\"id_2\":\"c\"}\n");
    }

    #[test]
    fn control_characters_and_quotes_are_escaped() {
        assert_eq!(quoted("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\u0001é""#);
    }

    #[test]
    fn embedded_json_stays_on_its_line_and_broken_json_becomes_a_string() {
        let json = |text| {
            let mut out = String::new();
            write_embedded(text, &mut out).unwrap();
            out
        };
        assert_eq!(json("{\n  \"a\": 1.50\n}"), r#"{"a": 1.50}"#);
        assert_eq!(json("{oops"), r#""{oops""#);
    }
}
