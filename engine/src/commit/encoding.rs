//! The bytes of a commit.
//!
//! | field | bytes |
//! |---|---|
//! | chunk kind (3) | 1 |
//! | format version (1) | 1 |
//! | root | 32 |
//! | number of parents, then each | 1 + 32 · n |
//! | jump pointer: depth, then id; absent at depth 0 | 0 or 8 + 32 |
//! | depth, generation, timestamp (µs) | 8 + 8 + 8 |
//! | salt | 16 |
//! | author, committer, message, metadata, each behind a length | 4 + n |
//!
//! The depth stands before the jump pointer, since it tells whether there is
//! one. Integers are little-endian.

use bytes::Bytes;
use microprolly_storage::{ChunkHash, ChunkKind, StorageError};

use super::{Commit, CommitId, Jump};
use crate::codec::{Reader, put_sized};
use crate::environment::Timestamp;
use crate::error::{EngineError, Result};

const VERSION: u8 = 1;

impl Commit {
    /// The chunk encoding.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![ChunkKind::Commit as u8, VERSION];
        out.extend_from_slice(self.root.chunk().as_bytes());
        out.push(u8::try_from(self.parents.len()).expect("a commit has at most two parents"));
        for parent in &self.parents {
            out.extend_from_slice(parent.chunk().as_bytes());
        }
        out.extend_from_slice(&self.depth.to_le_bytes());
        if let Some(jump) = &self.jump {
            out.extend_from_slice(&jump.depth.to_le_bytes());
            out.extend_from_slice(jump.id.chunk().as_bytes());
        }
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.timestamp.as_micros().to_le_bytes());
        out.extend_from_slice(&self.salt);
        for text in [&self.author, &self.committer, &self.message, &self.metadata] {
            put_sized(&mut out, text.as_bytes());
        }
        out
    }

    /// Decodes a chunk that should hold a commit.
    ///
    /// # Errors
    /// Corrupt, when it does not; newer format, when a later version wrote it.
    pub(crate) fn decode(id: CommitId, encoding: Bytes) -> Result<Self> {
        if ChunkKind::of(&encoding) != Some(ChunkKind::Commit) {
            return Err(corrupt(id, "the chunk is not a commit"));
        }
        match encoding.get(1) {
            Some(&VERSION) => {}
            Some(&found) if found > VERSION => {
                return Err(EngineError::Storage(StorageError::NewerFormat {
                    what: format!("commit {id}"),
                    found: found.into(),
                    supported: VERSION.into(),
                }));
            }
            _ => return Err(corrupt(id, "it has no format version")),
        }
        let mut reader = Reader::new(encoding.slice(2..));
        let commit =
            read(&mut reader).ok_or_else(|| corrupt(id, "it ends too early or holds invalid text"))?;
        if !reader.is_at_end() {
            return Err(corrupt(id, "bytes follow its end"));
        }
        if commit.jump.is_some_and(|jump| jump.depth >= commit.depth) {
            return Err(corrupt(id, "its jump pointer does not lead back"));
        }
        Ok(commit)
    }
}

fn read(reader: &mut Reader) -> Option<Commit> {
    let root = ChunkHash::from_bytes(reader.array()?).into();
    let parents = (0..reader.u8()?).map(|_| read_id(reader)).collect::<Option<Vec<_>>>()?;
    let depth = reader.u64()?;
    let jump = match depth {
        0 => None,
        _ => {
            let depth = reader.u64()?;
            Some(Jump { depth, id: read_id(reader)? })
        }
    };
    Some(Commit {
        root,
        parents,
        depth,
        jump,
        generation: reader.u64()?,
        timestamp: Timestamp::from_micros(reader.i64()?),
        salt: reader.array()?,
        author: reader.text()?,
        committer: reader.text()?,
        message: reader.text()?,
        metadata: reader.text()?,
    })
}

fn read_id(reader: &mut Reader) -> Option<CommitId> {
    reader.array().map(|bytes| ChunkHash::from_bytes(bytes).into())
}

fn corrupt(id: CommitId, detail: &str) -> EngineError {
    StorageError::corrupt(format!("commit {id}"), detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Commit {
        let hash = |byte| ChunkHash::from_bytes([byte; 32]);
        Commit {
            root: hash(1).into(),
            parents: vec![hash(2).into(), hash(3).into()],
            author: "Ada <ada@example.org>".into(),
            committer: "root".into(),
            message: "why".into(),
            metadata: "{\"ticket\":7}".into(),
            timestamp: Timestamp::from_micros(-5),
            generation: 9,
            depth: 8,
            jump: Some(Jump { id: hash(4).into(), depth: 3 }),
            salt: [7; 16],
        }
    }

    #[test]
    fn a_commit_comes_back_as_it_was_written() {
        let commit = sample();
        let encoding = Bytes::from(commit.encode());
        let id = ChunkHash::of(&encoding).into();
        assert_eq!(Commit::decode(id, encoding).unwrap(), commit);
    }

    #[test]
    fn a_commit_of_a_later_version_is_refused_by_its_number() {
        let mut encoding = sample().encode();
        encoding[1] = VERSION + 1;
        let id = ChunkHash::of(&encoding).into();
        match Commit::decode(id, encoding.into()) {
            Err(EngineError::Storage(StorageError::NewerFormat { what, found: 2, supported: 1 })) => {
                assert_eq!(what, format!("commit {id}"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_truncation_or_flipped_byte_makes_the_decoder_panic() {
        let encoding = sample().encode();
        let id = ChunkHash::of(&encoding).into();
        for len in 0..encoding.len() {
            assert!(Commit::decode(id, Bytes::copy_from_slice(&encoding[..len])).is_err());
        }
        for at in 0..encoding.len() {
            let mut damaged = encoding.clone();
            damaged[at] ^= 0xff;
            drop(Commit::decode(id, damaged.into()));
        }
    }
}
