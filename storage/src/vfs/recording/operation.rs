//! What was asked of a recorded file system.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// A file, under whatever name: what file systems call an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(pub(super) u64);

/// Something that was done, or noted. The path of a file whose bytes are concerned
/// is the one under which it was opened, for people to read.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Create {
        path: PathBuf,
        file: FileId,
    },
    CreateDir {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
        file: FileId,
    },
    Remove {
        path: PathBuf,
    },
    Append {
        path: PathBuf,
        file: FileId,
        /// Where the first of the bytes went: the length that the file had.
        offset: u64,
        bytes: Bytes,
    },
    Truncate {
        path: PathBuf,
        file: FileId,
        len: u64,
    },
    Sync {
        path: PathBuf,
        file: FileId,
    },
    SyncDir {
        path: PathBuf,
    },
    /// A note that the work of this number begins.
    Begin(u64),
    /// A note that somebody was told that the work of this number is done.
    Acknowledge(u64),
}

impl Operation {
    /// The directory whose sync makes it durable, if it changes names. A rename
    /// counts for the directory that the file moves to.
    pub(super) fn directory(&self) -> Option<&Path> {
        let path = match self {
            Self::Create { path, .. } | Self::CreateDir { path } | Self::Remove { path } => path,
            Self::Rename { to, .. } => to,
            _ => return None,
        };
        Some(path.parent().unwrap_or(Path::new("")))
    }

    /// The file whose sync makes it durable, if it changes bytes.
    pub(super) fn data_of(&self) -> Option<FileId> {
        match self {
            Self::Append { file, .. } | Self::Truncate { file, .. } => Some(*file),
            _ => None,
        }
    }

    /// How many bytes it appends, if it does.
    pub(super) fn appended_len(&self) -> Option<usize> {
        match self {
            Self::Append { bytes, .. } => Some(bytes.len()),
            _ => None,
        }
    }

    /// Whether it is a note, which no disk knows of.
    pub(super) fn is_note(&self) -> bool {
        matches!(self, Self::Begin(_) | Self::Acknowledge(_))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { path, .. } => write!(f, "create {}", path.display()),
            Self::CreateDir { path } => write!(f, "create directory {}", path.display()),
            Self::Rename { from, to, .. } => write!(f, "rename {} to {}", from.display(), to.display()),
            Self::Remove { path } => write!(f, "remove {}", path.display()),
            Self::Append { path, bytes, .. } => {
                write!(f, "append {} bytes to {}", bytes.len(), path.display())
            }
            Self::Truncate { path, len, .. } => write!(f, "truncate {} to {len} bytes", path.display()),
            Self::Sync { path, .. } => write!(f, "sync {}", path.display()),
            Self::SyncDir { path } => write!(f, "sync directory {:?}", path.display().to_string()),
            Self::Begin(step) => write!(f, "begin step {step}"),
            Self::Acknowledge(step) => write!(f, "acknowledge step {step}"),
        }
    }
}
