//! Reads of single entries, and counts.

use bytes::Bytes;

use super::chunker::unordered;
use super::node::{KeyRef, Node};
use super::{Entry, Tree};
use crate::error::Result;
use crate::key_range::KeyRange;

impl Tree {
    /// The value of a key.
    ///
    /// # Errors
    /// A failed read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let nodes = self.nodes();
        let mut node = nodes.load(&self.root().chunk())?;
        loop {
            let (index, is_there) = node.search(key);
            if node.is_leaf() {
                return is_there.then(|| node.value(index).resolve(&**nodes.chunks())).transpose();
            }
            if index == node.len() {
                return Ok(None);
            }
            node = nodes.load_child(&node, index)?;
        }
    }

    /// The values of several keys, in the order of the keys, which must ascend
    /// (the same key may come again). Each node is read once.
    ///
    /// # Errors
    /// [`StorageError::Unordered`](crate::StorageError::Unordered), or a failed read.
    pub fn get_many(&self, sorted_keys: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        let chunks = self.nodes().chunks();
        self.find_many(sorted_keys, None, &|leaf, index| leaf.value(index).resolve(&**chunks).map(Some))
    }

    /// Which of several keys are there, as [`Tree::get_many`] would find them. No
    /// value is read.
    ///
    /// # Errors
    /// As there.
    pub fn contains_many(&self, sorted_keys: &[Bytes]) -> Result<Vec<bool>> {
        self.find_many(sorted_keys, false, &|_, _| Ok(true))
    }

    /// What `present` makes of the entry of each key, and `absent` for a key that
    /// has none.
    fn find_many<T: Clone>(
        &self,
        sorted_keys: &[Bytes],
        absent: T,
        present: &dyn Fn(&Node, usize) -> Result<T>,
    ) -> Result<Vec<T>> {
        if let Some(pair) = sorted_keys.windows(2).find(|pair| pair[0] > pair[1]) {
            return Err(unordered(&pair[1]));
        }
        let mut found = Vec::with_capacity(sorted_keys.len());
        if !sorted_keys.is_empty() {
            let root = self.nodes().load(&self.root().chunk())?;
            self.find_below(&root, sorted_keys, &absent, present, &mut found)?;
            // Keys beyond the last of the tree are in no subtree.
            found.resize(sorted_keys.len(), absent);
        }
        Ok(found)
    }

    /// Appends what is found of those `keys` that are not beyond the node's last.
    fn find_below<T: Clone>(
        &self,
        node: &Node,
        mut keys: &[Bytes],
        absent: &T,
        present: &dyn Fn(&Node, usize) -> Result<T>,
        found: &mut Vec<T>,
    ) -> Result<()> {
        while let Some(key) = keys.first() {
            let (index, is_there) = node.search(key);
            if index == node.len() {
                break;
            }
            if node.is_leaf() {
                found.push(if is_there { present(node, index)? } else { absent.clone() });
                keys = &keys[1..];
            } else {
                let end = node.key(index);
                let inside = keys.partition_point(|key| KeyRef::whole(key) <= end);
                let child = self.nodes().load_child(node, index)?;
                self.find_below(&child, &keys[..inside], absent, present, found)?;
                keys = &keys[inside..];
            }
        }
        Ok(())
    }

    /// The number of entries in a range, from the counts in internal nodes.
    ///
    /// # Errors
    /// A failed read.
    pub fn count(&self, range: &KeyRange) -> Result<u64> {
        let (start, end) = self.ranks(range)?;
        Ok(end - start)
    }

    /// The `n`-th entry in order of keys, the first being number 0; none when the
    /// tree has no more than `n`.
    ///
    /// # Errors
    /// A failed read.
    pub fn nth(&self, mut n: u64) -> Result<Option<Entry>> {
        let nodes = self.nodes();
        let mut node = nodes.load(&self.root().chunk())?;
        if n >= node.entries() {
            return Ok(None);
        }
        while !node.is_leaf() {
            let Some((index, rest)) = node.child_of_nth(n) else {
                return Ok(None);
            };
            node = nodes.load_child(&node, index)?;
            n = rest;
        }
        // Below the node's entries, which in a leaf are its length.
        let index = n as usize;
        let value = node.value(index).resolve(&**nodes.chunks())?;
        Ok(Some((node.key(index).to_bytes(), value)))
    }

    /// The numbers of the first entry inside a range and of the first beyond it,
    /// in ascending order.
    pub(super) fn ranks(&self, range: &KeyRange) -> Result<(u64, u64)> {
        let root = self.nodes().load(&self.root().chunk())?;
        if range.is_empty() {
            return Ok((0, 0));
        }
        let start = if range.start.is_empty() { 0 } else { self.rank(&root, &range.start)? };
        let end = range.end.as_ref().map_or(Ok(root.entries()), |end| self.rank(&root, end))?;
        Ok((start, end.max(start)))
    }

    /// The number of entries below a node whose keys are below `key`.
    fn rank(&self, root: &Node, key: &[u8]) -> Result<u64> {
        let (index, is_there) = root.search(key);
        if root.is_leaf() {
            return Ok(index as u64);
        }
        let before = root.entries_before(index);
        if index == root.len() {
            return Ok(before);
        }
        if is_there {
            // The key is the last below this child.
            return Ok(before + root.child(index).entries - 1);
        }
        let child = self.nodes().load_child(root, index)?;
        Ok(before + self.rank(&child, key)?)
    }
}
