//! Proofs that a tree has a key with a value, or does not have it.
//!
//! A root hash vouches for the root node, which names the hashes of its children,
//! and so on down. The nodes from the root to the leaf where a key is or would be
//! are therefore proof of its value or its absence to anyone who knows the root
//! hash; no store is needed. If the key is above all of the tree, the root alone
//! shows it.
//!
//! # Encoding
//!
//! All integers are little-endian. There is one encoding of a proof; what is longer
//! or shorter than its fields say is refused.
//!
//! | bytes | field |
//! |------:|-------|
//! | 1 | proof format version: 1 |
//! | 1 | `n`, number of nodes: 1 to 65 |
//! | 1 | 1 if the value is kept out of line, and a blob chunk follows the nodes; else 0 |
//! | `n` times 4 + `L` | `L`, bytes of a node's encoding, and the encoding; the root comes first |
//! | 4 + `L`, or 0 | likewise the blob chunk |

use bytes::Bytes;

use super::Tree;
use super::limits::LEVEL_MAX;
use super::node::Node;
use super::node_store::check_child;
use super::value::StoredValue;
use crate::chunk::{ChunkStore, MemoryChunks};
use crate::error::{Result, StorageError};
use crate::hash::{ChunkHash, RootHash};

/// The proof format version that this build writes, and the newest it reads.
const PROOF_FORMAT_VERSION: u8 = 1;

/// Most nodes on the way to a key.
const NODES_MAX: u8 = LEVEL_MAX + 1;

/// What shows, to one who knows the root hash alone, which value a tree has for a
/// key, or that it has none. From [`Tree::prove`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Encodings of the nodes from the root down to where the key is or would be.
    nodes: Vec<Bytes>,
    /// The encoding of the blob chunk, if the value is out of line.
    blob: Option<Bytes>,
}

impl Tree {
    /// A proof of the value of a key, or of its absence. It has a node per level of
    /// the tree.
    ///
    /// # Errors
    /// A failed read.
    pub fn prove(&self, key: &[u8]) -> Result<Proof> {
        let nodes = self.nodes();
        let mut node = nodes.load(&self.root().chunk())?;
        let mut way = vec![node.encoding().clone()];
        loop {
            let (index, is_there) = node.search(key);
            if node.is_leaf() {
                let blob = is_there.then(|| node.blob(index)).flatten();
                let blob = blob.map(|blob| nodes.chunks().read(&blob.hash())).transpose()?;
                return Ok(Proof { nodes: way, blob });
            }
            if index == node.len() {
                return Ok(Proof { nodes: way, blob: None });
            }
            node = nodes.load_child(&node, index)?;
            way.push(node.encoding().clone());
        }
    }
}

impl Proof {
    /// The value that the tree with a root has for a key; none when it has no such
    /// key. The root hash must come from where it can be trusted; the proof need not.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] that names what is wrong, when this is not exactly
    /// what [`Tree::prove`] gives for that root and key, or
    /// [`StorageError::NewerFormat`].
    pub fn verify(&self, root: &RootHash, key: &[u8]) -> Result<Option<Bytes>> {
        let mut encodings = self.nodes.iter();
        let mut node = next_node(&mut encodings, root.chunk())?;
        let stored = loop {
            let (index, is_there) = node.search(key);
            if node.is_leaf() {
                break is_there.then(|| node.value(index));
            }
            if index == node.len() {
                break None;
            }
            let child = next_node(&mut encodings, node.child(index).hash)?;
            check_child(&node, index, &child)?;
            node = child;
        };
        if encodings.next().is_some() {
            return Err(refused("it has nodes that are not on the way to the key"));
        }
        if self.blob.is_some() && !matches!(stored, Some(StoredValue::Blob(_))) {
            return Err(refused("it has a blob, but no value of the key that is out of line"));
        }
        stored.map(|stored| self.value(stored)).transpose()
    }

    /// The proof as bytes, for [`Proof::decode`]. The layout is frozen: see the table in
    /// this module.
    pub fn encode(&self) -> Vec<u8> {
        let count = u8::try_from(self.nodes.len()).expect("no way has more nodes than a tree has levels");
        let mut bytes = vec![PROOF_FORMAT_VERSION, count, u8::from(self.blob.is_some())];
        for chunk in self.nodes.iter().chain(&self.blob) {
            let len = u32::try_from(chunk.len()).expect("a chunk is far below 4 GiB");
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(chunk);
        }
        bytes
    }

    /// Takes a proof apart that may come from anywhere. Its chunks are not looked
    /// into before [`Proof::verify`].
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] that names what is wrong, or
    /// [`StorageError::NewerFormat`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let [version, count, has_blob, rest @ ..] = bytes else {
            return Err(refused(format!("{} bytes are too few for a header", bytes.len())));
        };
        if *version > PROOF_FORMAT_VERSION {
            return Err(StorageError::NewerFormat {
                what: "proof".into(),
                found: u32::from(*version),
                supported: u32::from(PROOF_FORMAT_VERSION),
            });
        }
        if *version != PROOF_FORMAT_VERSION {
            return Err(refused(format!("there is no proof format version {version}")));
        }
        if !(1..=NODES_MAX).contains(count) {
            return Err(refused(format!("it cannot have {count} nodes")));
        }
        let mut rest = rest;
        let nodes = (0..*count).map(|_| take_chunk(&mut rest)).collect::<Result<Vec<_>>>()?;
        let blob = match has_blob {
            0 => None,
            1 => Some(take_chunk(&mut rest)?),
            other => return Err(refused(format!("{other} does not say whether it has a blob"))),
        };
        if !rest.is_empty() {
            return Err(refused(format!("{} bytes follow its last chunk", rest.len())));
        }
        Ok(Self { nodes, blob })
    }

    /// The value that a leaf stores, with the blob as the only chunk at hand. That
    /// one is found by its hash, and so can only be the right one.
    fn value(&self, stored: StoredValue) -> Result<Bytes> {
        let chunks = MemoryChunks::new();
        if let Some(blob) = &self.blob {
            chunks.write(blob)?;
        }
        stored.resolve(&chunks).map_err(|error| match error {
            StorageError::NotFound { hash } => refused(format!("it lacks the blob {hash}")),
            other => other,
        })
    }
}

/// The next node of a proof, after checking that it has a hash.
fn next_node<'a>(encodings: &mut impl Iterator<Item = &'a Bytes>, hash: ChunkHash) -> Result<Node> {
    let encoding = encodings.next().ok_or_else(|| refused(format!("it lacks the node {hash}")))?;
    let found = ChunkHash::of(encoding);
    if found != hash {
        return Err(refused(format!("it has the chunk {found} in place of the node {hash}")));
    }
    Node::decode(&hash, encoding.clone())
}

/// Takes a chunk and its length off the front.
fn take_chunk(rest: &mut &[u8]) -> Result<Bytes> {
    let cut_off = || refused("it ends within a chunk");
    let (len, after) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
    let (chunk, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or_else(cut_off)?;
    *rest = after;
    Ok(Bytes::copy_from_slice(chunk))
}

/// The error for a proof that does not hold.
fn refused(detail: impl Into<String>) -> StorageError {
    StorageError::corrupt("proof", detail)
}
