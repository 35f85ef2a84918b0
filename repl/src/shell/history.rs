//! Where the shell's history is kept.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Most entries that are kept.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// The history file of this user: in `$XDG_STATE_HOME`, or in `~/.local/state`. None without a home.
pub(super) fn path() -> Option<PathBuf> {
    path_from(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

fn path_from(state_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The XDG specification has relative paths ignored.
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = state_home.map(PathBuf::from).filter(absolute);
    let state =
        state.or_else(|| home.map(PathBuf::from).filter(absolute).map(|home| home.join(".local/state")))?;
    Some(state.join("microprolly").join("history"))
}

/// Makes the directory that holds the file.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => std::fs::create_dir_all(directory),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_kept_where_xdg_says() {
        let path = |state: Option<&str>, home: Option<&str>| {
            path_from(state.map(OsString::from), home.map(OsString::from))
        };
        assert_eq!(path(Some("/s"), Some("/h")), Some(PathBuf::from("/s/microprolly/history")));
        assert_eq!(
            path(Some("relative"), Some("/h")),
            Some(PathBuf::from("/h/.local/state/microprolly/history"))
        );
        assert_eq!(path(None, None), None);
    }
}
