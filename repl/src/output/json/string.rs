//! Strings, and JSON within JSON.

/// Appends text as a JSON string.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..=0x1f => {
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(escape.as_bytes());
    }
    out.push(b'"');
}

/// Embeds JSON text as it is, on one line. Text that is not JSON becomes a string, so that the line stays
/// JSON.
pub(super) fn write_embedded(text: &str, out: &mut Vec<u8>) {
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        // Line ends in JSON stand only between tokens; inside a string they are escaped.
        Ok(json) => {
            for line in json.get().split(['\n', '\r']) {
                out.extend_from_slice(line.trim_ascii().as_bytes());
            }
        }
        Err(_) => write_string(text, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_and_quotes_are_escaped() {
        assert_eq!(written(|out| write_string("a\"b\\c\n\u{1}é", out)), r#""a\"b\\c\n\u0001é""#);
    }

    #[test]
    fn embedded_json_stays_on_its_line_and_broken_json_becomes_a_string() {
        let json = |text| written(|out| write_embedded(text, out));
        assert_eq!(json("{\n  \"a\": 1.50\n}"), r#"{"a": 1.50}"#);
        assert_eq!(json("{oops"), r#""{oops""#);
    }
}
