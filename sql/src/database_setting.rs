//! Settings of the database: ALTER DATABASE SET changes them for everybody, and
//! SHOW shows them among those of the session.

use microprolly_engine::{self as engine, Compression, GrowthPolicy};

/// How what is written is stored.
pub(crate) const COMPRESSION: &str = "microprolly.compression";

/// When garbage is collected unasked.
pub(crate) const GARBAGE_COLLECTION: &str = "microprolly.garbage_collection";

/// The value of one of these settings, none for another name.
pub(crate) fn value(engine: &engine::Session, name: &str) -> Option<String> {
    match name {
        COMPRESSION => Some(compression_text(engine.compression())),
        GARBAGE_COLLECTION => Some(growth_text(engine.automatic_collection())),
        _ => None,
    }
}

/// Reads `none`, `zstd` or `zstd(n)`.
pub(crate) fn compression(text: &str) -> Option<Compression> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "none" => Some(Compression::None),
        "zstd" => Some(Compression::default()),
        other => {
            let level = other.strip_prefix("zstd(")?.strip_suffix(')')?;
            Some(Compression::Zstd { level: level.trim().parse().ok()? })
        }
    }
}

fn compression_text(compression: Compression) -> String {
    match compression {
        Compression::None => "none".to_owned(),
        Compression::Zstd { level } => format!("zstd({level})"),
    }
}

/// Reads `off`, `on` or by how much of its size a database grows until garbage is
/// collected, as in `50%`.
pub(crate) fn garbage_collection(text: &str) -> Option<Option<GrowthPolicy>> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "off" => Some(None),
        "on" => Some(Some(GrowthPolicy::default())),
        other => {
            let percent: f64 = other.strip_suffix('%')?.trim().parse().ok()?;
            let is_growth = percent.is_finite() && percent > 0.0;
            is_growth.then(|| Some(GrowthPolicy { growth: percent / 100.0, ..GrowthPolicy::default() }))
        }
    }
}

fn growth_text(policy: Option<GrowthPolicy>) -> String {
    match policy {
        None => "off".to_owned(),
        // Rounded, since a part of a hundred is rarely one of two.
        Some(policy) => format!("{}%", (policy.growth * 100_000.0).round() / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_shown_as_it_can_be_set() {
        for text in ["none", "zstd(1)", "zstd(22)", "zstd(-3)"] {
            assert_eq!(compression_text(compression(text).unwrap()), text);
        }
        assert_eq!(compression(" ZSTD "), Some(Compression::default()));
        for text in ["", "lz4", "zstd()", "zstd(x)", "zstd(1", "zstd 1"] {
            assert_eq!(compression(text), None, "{text}");
        }
    }

    #[test]
    fn growth_is_shown_as_it_can_be_set() {
        for text in ["off", "50%", "100%", "12.5%", "7%"] {
            assert_eq!(growth_text(garbage_collection(text).unwrap()), text);
        }
        assert_eq!(garbage_collection("ON"), Some(Some(GrowthPolicy::default())));
        for text in ["", "50", "%", "-1%", "0%", "inf%", "nan%", "maybe"] {
            assert_eq!(garbage_collection(text), None, "{text}");
        }
    }
}
