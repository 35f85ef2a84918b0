//! What is in a directory that is to be, or to become, a store.

use std::path::Path;

use super::layout::{LOCK, MANIFEST, SEGMENTS, segment_name, segment_path, segments_dir};
use super::segment::{HEADER_LEN, SETTINGS_RECORD_LEN};
use crate::error::Result;
use crate::vfs::{EntryKind, OpenMode, Vfs, durable};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Survey {
    /// A store.
    Store,
    /// Nothing that could be lost: no directory, an empty one, or one in which
    /// the creation of a store was interrupted. The text says which.
    Free(&'static str),
    /// Something else. The text says what, and why it is not a store.
    Taken(String),
}

/// Looks at `dir`, and changes nothing.
pub(super) fn survey(vfs: &dyn Vfs, dir: &Path) -> Result<Survey> {
    match vfs.entry(dir)? {
        None => return Ok(Survey::Free("it does not exist")),
        Some(EntryKind::File) => return Ok(Survey::Taken("it is a file, not a directory".into())),
        Some(EntryKind::Directory) => {}
    }
    let names = vfs.list(dir)?;
    if names.is_empty() {
        return Ok(Survey::Free("it is empty"));
    }
    if names.iter().any(|name| name == MANIFEST) {
        return Ok(Survey::Store);
    }
    let prepared = durable::temporary_path(Path::new(""), MANIFEST);
    for name in &names {
        let taken = if name == SEGMENTS {
            segments_with_data(vfs, dir)?
        } else if name == LOCK || Path::new(name) == prepared {
            None
        } else {
            Some(format!("it has no MANIFEST, and holds {name:?}"))
        };
        if let Some(reason) = taken {
            return Ok(Survey::Taken(reason));
        }
    }
    Ok(Survey::Free("the creation of a store in it was interrupted; create it again"))
}

/// Why the segments in `dir` are more than an interrupted creation leaves.
fn segments_with_data(vfs: &dyn Vfs, dir: &Path) -> Result<Option<String>> {
    if vfs.entry(&segments_dir(dir))? != Some(EntryKind::Directory) {
        return Ok(Some(format!("it has no MANIFEST, and {SEGMENTS:?} is not a directory")));
    }
    for name in vfs.list(&segments_dir(dir))? {
        let is_fresh = || {
            let len = vfs.open(&segment_path(dir, 1), OpenMode::Read)?.len()?;
            Ok(len <= HEADER_LEN + SETTINGS_RECORD_LEN)
        };
        if name != segment_name(1) || !is_fresh()? {
            return Ok(Some(format!(
                "its MANIFEST is missing, though {SEGMENTS}/{name} is there; run repair"
            )));
        }
    }
    Ok(None)
}
