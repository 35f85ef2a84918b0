//! What a store's directory holds.
//!
//! ```text
//! LOCK                    locked by whoever has the store open
//! MANIFEST                which segments there are; replaced as a whole
//! segments/00000001.seg   sealed
//! segments/00000002.seg   active: the one that is appended to
//! ```

use std::path::{Path, PathBuf};

/// The file that stands for the lock. Its content is of no interest.
pub(super) const LOCK: &str = "LOCK";

/// The file that says which segments make up the store.
pub(super) const MANIFEST: &str = "MANIFEST";

/// The directory of the segments.
pub(super) const SEGMENTS: &str = "segments";

/// The directory of the segments of the store in `dir`.
pub(super) fn segments_dir(dir: &Path) -> PathBuf {
    dir.join(SEGMENTS)
}

/// The file name of segment `number`.
pub(super) fn segment_name(number: u64) -> String {
    format!("{number:08}.seg")
}

/// The number in a segment's file name; `None` for other names.
pub(super) fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// Where segment `number` of the store in `dir` is.
pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    segments_dir(dir).join(segment_name(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_name_and_its_number_belong_together() {
        for number in [0, 1, 99_999_999, 123_456_789_012, u64::MAX] {
            assert_eq!(segment_number(&segment_name(number)), Some(number));
        }
        for other in ["1.seg", "+0000001.seg", "00000001.SEG", "00000001.seg.tmp", "", "LOCK"] {
            assert_eq!(segment_number(other), None, "{other}");
        }
    }
}
