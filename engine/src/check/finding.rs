//! What a check finds.

use microprolly_storage::{
    ChunkHash, SegmentFault, SegmentFaultKind, StorageError, TreeFault, TreeFaultKind,
};

use crate::commit::CommitId;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The object: a hash, or where there is none the name of a branch, tag or
    /// file.
    pub object: String,
    /// The file that it is in, if that is known.
    pub file: Option<String>,
    /// Where in the file, in bytes.
    pub offset: Option<u64>,
    /// What leads to it, such as `branch main, commit 0123…`; none if nothing
    /// does or that was not followed.
    pub reached_by: Option<String>,
    /// In words.
    pub detail: String,
}

/// The kinds of findings, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Something in use is not there.
    MissingObject,
    /// Something is there, and its bytes are not what they were.
    CorruptObject,
    /// A branch or tag leads nowhere.
    BrokenReference,
    /// A tree node has another number of entries below it than its parent says.
    WrongCount,
    /// Keys are not in order.
    WrongOrder,
    /// A commit contradicts those before it.
    WrongHistory,
    /// The segment that is written to is damaged.
    UnsealedDamage,
    /// An object is not where its index says.
    MisplacedObject,
    /// Bytes of a segment are no record.
    CorruptSegment,
    /// Nothing leads to an object. It takes room, and does no harm.
    OrphanedObject,
}

impl FindingKind {
    /// The word that results show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingObject => "missing_object",
            Self::CorruptObject => "corrupt_object",
            Self::BrokenReference => "broken_reference",
            Self::WrongCount => "wrong_count",
            Self::WrongOrder => "wrong_order",
            Self::WrongHistory => "wrong_history",
            Self::UnsealedDamage => "unsealed_damage",
            Self::MisplacedObject => "misplaced_object",
            Self::CorruptSegment => "corrupt_segment",
            Self::OrphanedObject => "orphaned_object",
        }
    }

    /// Whether something is damaged or missing.
    pub fn is_damage(self) -> bool {
        self != Self::OrphanedObject
    }
}

impl Finding {
    /// What is wrong in a segment.
    pub(super) fn of_segment(fault: &SegmentFault) -> Self {
        let kind = match fault.kind {
            SegmentFaultKind::CorruptChunk => FindingKind::CorruptObject,
            SegmentFaultKind::MisplacedChunk => FindingKind::MisplacedObject,
            SegmentFaultKind::CorruptRecord | SegmentFaultKind::CorruptIndex => FindingKind::CorruptSegment,
            SegmentFaultKind::UnsealedDamage => FindingKind::UnsealedDamage,
        };
        Self {
            kind,
            object: fault.chunk.map_or_else(|| fault.file.clone(), |chunk| chunk.to_string()),
            file: Some(fault.file.clone()),
            offset: fault.offset,
            reached_by: None,
            detail: fault.detail.clone(),
        }
    }

    /// What is wrong in a tree that `by` leads to.
    pub(crate) fn of_tree(fault: &TreeFault, by: &str) -> Self {
        let kind = match fault.kind() {
            TreeFaultKind::Missing => FindingKind::MissingObject,
            TreeFaultKind::Corrupt => FindingKind::CorruptObject,
            TreeFaultKind::WrongCount => FindingKind::WrongCount,
            TreeFaultKind::WrongOrder => FindingKind::WrongOrder,
        };
        let by = match &fault.last_key {
            Some(key) => format!("{by}, node up to key \"{}\"", key.escape_ascii()),
            None => format!("{by}, root"),
        };
        Self::reached(kind, fault.chunk, &by, fault.error.to_string())
    }

    /// A commit that `by` leads to and that cannot be read.
    pub(crate) fn lost_commit(id: CommitId, by: &str, error: &StorageError) -> Self {
        let kind = match error {
            StorageError::NotFound { .. } => FindingKind::MissingObject,
            _ => FindingKind::CorruptObject,
        };
        Self::reached(kind, id.chunk(), by, error.to_string())
    }

    /// Something about an object that `by` leads to.
    pub(super) fn reached(kind: FindingKind, chunk: ChunkHash, by: &str, detail: String) -> Self {
        let (object, reached_by) = (chunk.to_string(), Some(by.to_owned()));
        Self { kind, object, file: None, offset: None, reached_by, detail }
    }

    /// An object that nothing leads to.
    pub(super) fn orphan(hash: ChunkHash, file: String) -> Self {
        Self {
            kind: FindingKind::OrphanedObject,
            object: hash.to_string(),
            file: Some(file),
            offset: None,
            reached_by: None,
            detail: "nothing leads to it; a collection removes it".to_owned(),
        }
    }
}
