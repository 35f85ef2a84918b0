//! What a disk holds after a power cut.

use std::collections::HashSet;
use std::fmt;
use std::vec;

use xxhash_rust::xxh3::Xxh3;

use super::choice::Choice;
use super::disk::{Disk, Entries};
use super::fate::Fill;
use crate::vfs::MemoryVfs;

/// What a disk may hold after the power failed. It says how it was made, so that a
/// failure can be told and replayed.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) entries: Entries,
    description: String,
}

impl Image {
    /// A file system that holds this, all of it synced. Each is a new one.
    pub fn vfs(&self) -> MemoryVfs {
        MemoryVfs::with_entries(&self.entries)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

/// The images of one crash, each once.
pub(super) struct Images {
    disk: Disk,
    /// Says after which operation the power failed.
    moment: String,
    choices: vec::IntoIter<Choice>,
    /// A choice that leaves holes, which were filled with zeros.
    with_holes: Option<Choice>,
    garbage: Fill,
    seen: HashSet<u128>,
    left: usize,
}

impl Images {
    /// At most `max` images of what `choices` leave on `disk`.
    pub(super) fn new(disk: Disk, moment: String, choices: Vec<Choice>, garbage: Fill, max: usize) -> Self {
        let (choices, seen) = (choices.into_iter(), HashSet::new());
        Self { disk, moment, choices, with_holes: None, garbage, seen, left: max }
    }
}

impl Iterator for Images {
    type Item = Image;

    fn next(&mut self) -> Option<Image> {
        while self.left > 0 {
            let (choice, hole) = match self.with_holes.take() {
                Some(choice) => (choice, self.garbage),
                None => (self.choices.next()?, Fill::Zeros),
            };
            let unsynced = self.disk.unsynced();
            let fates = choice.fates(unsynced, self.garbage);
            let (contents, has_holes) = self.disk.with(&fates, hole);
            if has_holes && hole == Fill::Zeros {
                self.with_holes = Some(choice);
            }
            let entries = contents.entries();
            if self.seen.insert(digest(&entries)) {
                let mut description = format!("{}: {}", self.moment, choice.describe(unsynced, &fates));
                if has_holes {
                    description += &format!(", {hole} in the holes");
                }
                self.left -= 1;
                return Some(Image { entries, description });
            }
        }
        None
    }
}

fn digest(entries: &Entries) -> u128 {
    let mut hasher = Xxh3::new();
    for (path, bytes) in entries {
        let path = path.as_os_str().as_encoded_bytes();
        let len = bytes.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
        hasher.update(&(path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update(&len.to_le_bytes());
        if let Some(bytes) = bytes {
            hasher.update(bytes);
        }
    }
    hasher.digest128()
}
